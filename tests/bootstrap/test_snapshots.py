"""SnapStart's phases, as processes go through them."""

from __future__ import annotations

import json
import random
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from perdure_bootstrap import snapshots
from perdure_bootstrap.runtime_api import RuntimeApiError
from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
HOOKED = """
import random
from snapshot_restore_py import register_after_restore, register_before_snapshot

told = []

@register_before_snapshot
def first():
    told.append("before 1")

register_before_snapshot(told.append, "before 2")
register_after_restore(told.append, "after 1")
register_after_restore(lambda *, name: told.append(name), name="after 2")
drawn = random.Random()
random.seed(7)
drawn.setstate(random.getstate())

def handler(event, context):
    return [told, random.random() == drawn.random()]
"""


@pytest.fixture(params=["socket", "native"])
def choice(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_hooks_run_around_the_restore_and_randomness_is_made_anew(
    api: ScriptedRuntimeApi, write_app: Write, choice: str
) -> None:
    api.push(Delivery())
    environ = SNAP_START | {"PERDURE_RUNTIME_API": choice}
    with RuntimeProcess(api.address, write_app(HOOKED), environ=environ) as runtime:
        waiting = api.take("restore")
        assert (waiting.method, waiting.path) == ("GET", "/2018-06-01/runtime/restore/next")
        # Registered before the snapshot: afterwards it is too late.
        api.take_extension("register")
        api.restore()
        api.take("next")
        told, alike = json.loads(api.take("response").body)
        assert runtime.terminate() == (0, "", "")
    assert told == ["before 2", "before 1", "after 1", "after 2"]
    assert not alike


def test_no_snapshot_is_waited_for_unless_lambda_says_so(api: ScriptedRuntimeApi, write_app: Write) -> None:
    api.push(Delivery())
    environ = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}
    with RuntimeProcess(api.address, write_app(HOOKED), environ=environ) as runtime:
        api.take("next")
        assert json.loads(api.take("response").body) == [[], True]
        assert runtime.terminate().status == 0


def test_process_without_hooks_passes_its_snapshot(api: ScriptedRuntimeApi, write_app: Write) -> None:
    api.push(Delivery(b"1"))
    with RuntimeProcess(api.address, write_app("def handler(e, c): return e"), environ=SNAP_START) as runtime:
        api.take("restore")
        api.restore()
        api.take("next")
        assert api.take("response").body == b"1"
        assert runtime.terminate() == (0, "", "")


@pytest.mark.parametrize(
    ("when", "call", "path", "phase", "status"),
    [
        ("before_snapshot", "init", "/init/error", "Runtime.BeforeSnapshotError", 64),
        ("after_restore", "restore error", "/restore/error", "Runtime.AfterRestoreError", 65),
    ],
)
@pytest.mark.parametrize("hook", ["1 / 0", "exit(3)"])
def test_hook_that_fails_ends_the_process_after_its_report(
    api: ScriptedRuntimeApi,
    write_app: Write,
    choice: str,
    when: str,
    call: str,
    path: str,
    phase: str,
    status: int,
    hook: str,
) -> None:
    root = write_app(f"""
        import snapshot_restore_py

        @snapshot_restore_py.register_{when}
        def hook():
            {hook}

        def handler(event, context): ...
    """)
    api.restore()
    environ = SNAP_START | {"PERDURE_RUNTIME_API": choice}
    with RuntimeProcess(api.address, root, environ=environ) as runtime:
        if call == "restore error":
            api.take("restore")
        record = api.take(call)
        ended = runtime.wait()
    report = json.loads(record.body)
    kind, message = ("ZeroDivisionError", "division by zero") if hook == "1 / 0" else ("Runtime.ExitError", None)
    assert record.path == f"/2018-06-01/runtime{path}"
    assert record.headers["lambda-runtime-function-error-type"] == phase
    assert report["errorType"] == kind
    assert message is None or report["errorMessage"] == message
    assert ended.status == status
    assert ended.stdout.startswith(f"[ERROR] {kind}: ")


def test_restore_that_is_refused_is_an_error_before_the_snapshot(write_app: Write, choice: str) -> None:
    environ = SNAP_START | {"PERDURE_RUNTIME_API": choice}
    with (
        ScriptedRuntimeApi(restore_status=403) as api,
        RuntimeProcess(api.address, write_app("def handler(e, c): ..."), environ=environ) as runtime,
    ):
        api.restore()
        api.take("restore")
        record = api.take("init")
        assert runtime.wait().status == 64
    assert record.headers["lambda-runtime-function-error-type"] == "Runtime.BeforeSnapshotError"
    assert json.loads(record.body)["errorType"] == "RuntimeApiError"


def test_sigterm_ends_a_process_that_waits_for_its_restore(
    api: ScriptedRuntimeApi, write_app: Write, choice: str
) -> None:
    root = write_app("import atexit\natexit.register(print, 'bye')\ndef handler(e, c): ...")
    environ = SNAP_START | {"PERDURE_RUNTIME_API": choice}
    with RuntimeProcess(api.address, root, environ=environ) as runtime:
        api.take("restore")
        assert runtime.terminate() == (0, "bye\n", "")


class Phases:
    """A loop that only notes what it is asked for."""

    def __init__(self, *, is_refused: bool = False) -> None:
        self.told: list[object] = []
        self._is_refused = is_refused

    def wait_for_restore(self) -> None:
        self.told.append("restored")
        if self._is_refused:
            raise RuntimeApiError("restore next", 403)

    def report_init(self, error: BaseException, phase: str | None = None) -> None:
        self.told.append(phase)

    def report_restore(self, error: BaseException, phase: str) -> None:
        self.told.append(phase)

    def renew(self) -> None:
        self.told.append("renewed")


def pass_snapshot(loop: Phases, renew: Callable[[], object] | None = None) -> None:
    snapshots.pass_snapshot(loop, renew or loop.renew)  # type: ignore[arg-type]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """In the place of snapshot-restore-py, whose own lists belong to the whole process."""
    before: list[object] = []
    after: list[object] = []
    hooks = SimpleNamespace(
        before=before, after=after, get_before_snapshot=lambda: before, get_after_restore=lambda: after
    )
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", hooks)
    return hooks


def test_connections_and_credentials_are_made_anew_before_the_hooks_after_the_restore(
    registry: SimpleNamespace,
) -> None:
    loop = Phases()
    registry.before += [(loop.told.append, ("b1",), {}), (loop.told.append, ("b2",), {})]
    registry.after += [(loop.told.append, ("a1",), {}), (loop.told.append, ("a2",), {})]
    pass_snapshot(loop)
    assert loop.told == ["b2", "b1", "restored", "renewed", "a1", "a2"]


def test_hook_may_register_another(registry: SimpleNamespace) -> None:
    loop = Phases()
    registry.before.append((registry.before.append, ((loop.told.append, ("second",), {}),), {}))
    pass_snapshot(loop)
    assert loop.told == ["second", "restored", "renewed"]


def test_renewal_that_fails_is_an_error_after_the_restore() -> None:
    def fail() -> None:
        raise OSError("no")

    loop = Phases()
    with pytest.raises(SystemExit) as caught:
        pass_snapshot(loop, fail)
    assert (caught.value.code, loop.told) == (65, ["restored", "Runtime.AfterRestoreError"])


def test_hook_that_fails_keeps_the_process_from_its_snapshot(registry: SimpleNamespace) -> None:
    loop = Phases()
    registry.before.append((int, ("x",), {}))
    with pytest.raises(SystemExit) as caught:
        pass_snapshot(loop)
    assert (caught.value.code, loop.told) == (64, ["Runtime.BeforeSnapshotError"])


def test_refused_restore_is_told_by_its_phase() -> None:
    loop = Phases(is_refused=True)
    with pytest.raises(SystemExit) as caught:
        pass_snapshot(loop)
    assert (caught.value.code, loop.told) == (64, ["restored", "Runtime.BeforeSnapshotError"])


def test_generators_that_python_and_openssl_keep_are_seeded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[tuple[int, float]] = []
    state = random.getstate()
    monkeypatch.setitem(
        sys.modules, "_ssl", SimpleNamespace(RAND_add=lambda entropy, amount: added.append((len(entropy), amount)))
    )
    try:
        random.seed(1)
        before = random.getstate()
        pass_snapshot(Phases())
        assert random.getstate() != before
    finally:
        random.setstate(state)
    assert added == [(48, 48)]


def test_users_own_module_called_random_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "random", SimpleNamespace())
    monkeypatch.delitem(sys.modules, "_ssl", raising=False)
    loop = Phases()
    pass_snapshot(loop)
    assert loop.told == ["restored", "renewed"]
