"""Packs are made of an installation by a start of its own, and processes start from them."""

from __future__ import annotations

import json
import shutil
import subprocess
from marshal import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import perdure
from perdure_bootstrap.packing import Recorder
from support.cold_start import interpreter, packed_copy, recorded
from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable

TELL = """
import sys
{decorator}
{colour} handler(event, context):
    ours = {{name: module for name, module in sys.modules.items() if name.startswith("perdure")}}
    return {{name: type(module.__loader__).__name__ for name, module in ours.items()}}
"""
"""Tells by what each module of ours was loaded: those of a pack by a plain loader, others by that of our finder."""
DECORATOR = "from perdure import durable\n@durable"
PLAIN = TELL.format(decorator="", colour="def")
DURABLE = TELL.format(decorator=DECORATOR, colour="def")
DURABLE_ASYNC = TELL.format(decorator=DECORATOR, colour="async def")
ENVELOPE = {
    "DurableExecutionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:1/durable-execution/e/1",
    "CheckpointToken": "token",
    "InitialExecutionState": {
        "Operations": [
            {"Id": "e", "Type": "EXECUTION", "Status": "STARTED", "ExecutionDetails": {"InputPayload": "{}"}}
        ]
    },
}
FIRST = {"perdure", "perdure_bootstrap", "perdure_runtime"}
FIRST |= {f"perdure_bootstrap.{name}" for name in ("__main__", "submodules", "packs")}
WITH_LOGGING = {f"perdure_runtime.logs.{name}" for name in ("fields", "lines", "sinks", "standard")}
"""asyncio imports `logging`, and when that arrives, these are imported."""
PACKED, BY_ITSELF = "SourceFileLoader", "ReadLoader"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> str:
    return packed_copy(tmp_path_factory.mktemp("installation"))


def answer(api: ScriptedRuntimeApi, root: Path, installation: str, event: object) -> Any:
    api.push(Delivery(json.dumps(event).encode()))
    # A measured process imports what coverage needs, and that, modules of ours.
    environ = {"PYTHONPATH": installation, "COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
    with RuntimeProcess(api.address, root, environ=environ):
        api.take("next")
        body = json.loads(api.take("response").body)
        api.take("next")
    return body


def test_a_plain_handler_is_served_from_the_first_pack_only(
    api: ScriptedRuntimeApi, write_app: Callable[..., Path], installation: str
) -> None:
    loaders = answer(api, write_app(PLAIN), installation, {})
    assert loaders["perdure_bootstrap.loop"] == PACKED
    assert not [name for name in loaders if name == "perdure" or name.startswith("perdure_runtime.core")]


@pytest.mark.parametrize(
    ("source", "of_colour"), [(DURABLE, "hub"), (DURABLE_ASYNC, "aio_lanes")], ids=["def", "async"]
)
def test_a_durable_function_is_served_from_packs_with_those_of_its_colour(
    api: ScriptedRuntimeApi, write_app: Callable[..., Path], installation: str, source: str, of_colour: str
) -> None:
    answered = answer(api, write_app(source), installation, ENVELOPE)
    assert answered["Status"] == "SUCCEEDED", answered
    loaders = json.loads(answered["Result"])
    assert loaders["perdure_bootstrap.loop"] == loaders[f"perdure_runtime.drivers.{of_colour}"] == PACKED


@pytest.mark.parametrize(("start", "besides"), [("a step", set()), ("a step, async", WITH_LOGGING)])
def test_what_every_start_imports_is_in_packs_but_for_the_sdk(installation: str, start: str, besides: set[str]) -> None:
    packed = {name for pack in names(packs_of(installation)) for name, *_ in pack}
    needed = {name for name in recorded()[start] if not name.startswith("perdure.")}
    assert needed - packed == FIRST | besides


def test_a_source_that_has_changed_is_what_runs(
    api: ScriptedRuntimeApi, write_app: Callable[..., Path], tmp_path: Path
) -> None:
    installation = packed_copy(tmp_path / "installation")
    changed = Path(installation, "perdure_runtime", "host.py")
    changed.write_text(changed.read_text("utf-8") + "\nraise RuntimeError('changed')\n", "utf-8")
    with RuntimeProcess(api.address, write_app(DURABLE), environ={"PYTHONPATH": installation}):
        assert json.loads(api.take("init").body)["errorMessage"] == "changed"


def test_packs_are_made_without_byte_code_too_and_again(tmp_path: Path) -> None:
    installation = packed_copy(tmp_path / "installation")
    made = packs_of(installation)
    for cached in Path(installation).rglob("*.pyc"):
        cached.unlink()
    ran = subprocess.run(
        interpreter("from perdure_bootstrap.packing import main; main()", [installation]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sorted(ran.stdout.split()) == sorted(made)
    # The code is the same, and goes for the same sources; what order a set has in it follows the seed of hashes.
    assert names(packs_of(installation)) == names(made)


def test_what_is_packed_is_what_a_start_without_options_runs(tmp_path: Path) -> None:
    installation = packed_copy(tmp_path / "installation")
    for cached in Path(installation).rglob("*.pyc"):
        cached.unlink()
    python, *arguments = interpreter("from perdure_bootstrap.packing import main; main()", [installation])
    subprocess.run([python, "-OO", *arguments], capture_output=True, check=True)
    codes = {name: code for pack in packs_of(installation).values() for name, _, _, code in loads(pack[4:])}  # noqa: S302
    for name in ("perdure_bootstrap.entry", "perdure_runtime.host"):
        assert isinstance(codes[name].co_consts[0], str)  # the docstring


def packs_of(installation: str) -> dict[str, bytes]:
    folder = Path(installation, "perdure_bootstrap", "__pycache__")
    return {str(path): path.read_bytes() for path in sorted(folder.glob("*.pack"))}


def names(packs: dict[str, bytes]) -> list[list[tuple[str, bool, bytes]]]:
    return [[module[:3] for module in loads(pack[4:])] for pack in packs.values()]  # noqa: S302  our own


def test_packs_that_cannot_be_written_are_told_of(tmp_path: Path) -> None:
    installation = packed_copy(tmp_path / "installation")
    cache = Path(installation, "perdure_bootstrap", "__pycache__")
    shutil.rmtree(cache)
    cache.write_text("no folder")
    ran = subprocess.run(
        interpreter("from perdure_bootstrap.packing import main; main()", [installation]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr.startswith("the pack cannot be written: ")


def test_only_modules_of_the_packages_named_are_noted() -> None:
    recorder = Recorder(("perdure.",))
    path = list(perdure.__path__)
    assert recorder.find_spec("perdure") is None
    assert recorder.find_spec("perdure_runtime.host", path) is None
    assert recorder.find_spec("perdure.nowhere", path) is None
    assert recorder.taken() == []
