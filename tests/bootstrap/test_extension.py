"""The internal extension, against the Extensions API and real signals."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from perdure_bootstrap.extension import Extension, is_wanted
from support.runtime_api import IDENTIFIER, PATIENCE, Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Write = Callable[..., Path]

PLAIN = "def handler(event, context): return event"


class Warnings:
    """What was warned of, and the threads that were started; they are not daemons, so that none is left unseen."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self, run: Callable[[], object], arguments: tuple[()]) -> None:
        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def extension(self, api: ScriptedRuntimeApi) -> Extension:
        return Extension(api.address, self.lines.append, self.start)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, True),
        ("", True),
        ("1", True),
        ("on", True),
        ("0", False),
        ("off", False),
        ("OFF", False),
        (" False ", False),
        ("no", False),
    ],
)
def test_extension_is_wanted_unless_the_environment_says_no(value: str | None, *, wanted: bool) -> None:
    assert is_wanted({} if value is None else {"PERDURE_EXTENSION": value}) is wanted


def test_it_registers_for_no_events_and_asks_for_one(api: ScriptedRuntimeApi) -> None:
    warnings = Warnings()
    extension = warnings.extension(api)
    extension.begin()
    extension.settle()
    registration = api.take_extension("register")
    assert (registration.method, registration.path) == ("POST", "/2020-01-01/extension/register")
    assert registration.headers["lambda-extension-name"] == "perdure"
    assert registration.body == b'{"events": []}'
    asked = api.take_extension("event")
    assert (asked.method, asked.path) == ("GET", "/2020-01-01/extension/event/next")
    assert asked.headers["lambda-extension-identifier"] == IDENTIFIER
    api.push_event(status=500)
    warnings.join()
    assert warnings.lines == []


@pytest.mark.parametrize(("status", "told"), [(403, True), (500, True), (404, False), (405, False), (501, False)])
def test_refused_registration_is_told_where_extensions_are_known(status: int, *, told: bool) -> None:
    with ScriptedRuntimeApi(register_status=status) as api:
        warnings = Warnings()
        extension = warnings.extension(api)
        extension.begin()
        extension.settle()
        warnings.join()
        api.take_extension("register")
        assert not api.has_extension
    if told:
        [line] = warnings.lines
        assert f"HTTP {status}" in line
        assert "PERDURE_EXTENSION=off" in line
    else:
        assert warnings.lines == []


def test_registration_without_a_name_is_told() -> None:
    with ScriptedRuntimeApi(identifies=False) as api:
        warnings = Warnings()
        extension = warnings.extension(api)
        extension.begin()
        warnings.join()
    assert "HTTP 200" in warnings.lines[0]


def test_extensions_api_that_is_not_there_is_told(api: ScriptedRuntimeApi) -> None:
    api.close()
    warnings = Warnings()
    extension = warnings.extension(api)
    extension.begin()
    extension.settle()
    warnings.join()
    assert "ConnectionRefusedError" in warnings.lines[0]


def test_no_thread_to_be_had_is_told(api: ScriptedRuntimeApi) -> None:
    def refuse(run: Callable[[], object], arguments: tuple[()]) -> NoReturn:
        raise RuntimeError("can't start new thread")

    lines: list[str] = []
    extension = Extension(api.address, lines.append, refuse)
    extension.begin()
    extension.settle()
    assert "can't start new thread" in lines[0]


@pytest.fixture
def signals() -> Iterator[list[int]]:
    """The SIGTERMs that come."""
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    yield came
    signal.signal(signal.SIGTERM, before)


def test_wait_goes_on_after_an_event_and_after_a_connection_that_died(
    api: ScriptedRuntimeApi, signals: list[int]
) -> None:
    warnings = Warnings()
    warnings.extension(api).begin()
    api.take_extension("register")
    api.push_event(eventType="INVOKE")
    api.push_event(status=0)
    api.push_event(eventType="INVOKE")
    for _ in range(4):
        api.take_extension("event")
    api.push_event(eventType="LATER")
    warnings.join()
    assert signals == []
    assert warnings.lines == []


def test_wait_ends_where_nobody_answers(api: ScriptedRuntimeApi) -> None:
    warnings = Warnings()
    warnings.extension(api).begin()
    api.push_event(status=0)
    api.push_event(status=0)
    warnings.join()
    assert warnings.lines == []


@pytest.mark.parametrize("facts", [{}, {"reason": 3}])
def test_event_of_no_kind_ends_the_wait(api: ScriptedRuntimeApi, signals: list[int], facts: dict[str, int]) -> None:
    warnings = Warnings()
    warnings.extension(api).begin()
    api.push_event(200, **facts)
    warnings.join()
    assert signals == []


def test_shutdown_event_is_the_same_as_sigterm(api: ScriptedRuntimeApi, signals: list[int]) -> None:
    warnings = Warnings()
    warnings.extension(api).begin()
    api.push_event(eventType="SHUTDOWN", shutdownReason="spindown")
    warnings.join()
    assert signals == [signal.SIGTERM]


@pytest.mark.slow
def test_runtime_registers_before_its_first_invocation(write_app: Write) -> None:
    # As slow as that: were `next` not to wait for it, it would come first.
    with (
        ScriptedRuntimeApi([Delivery(b"1")], register_delay=0.2) as api,
        RuntimeProcess(api.address, write_app(PLAIN)) as runtime,
    ):
        first = api.take("next")
        registration = api.take_extension("register")
        assert registration.connection < first.connection
        assert api.take("response").body == b"1"
        api.take_extension("event")
        assert runtime.terminate() == (0, "", "")


def test_runtime_without_an_extension_serves_all_the_same(api: ScriptedRuntimeApi, write_app: Write) -> None:
    api.push(Delivery(b"1"))
    with RuntimeProcess(api.address, write_app(PLAIN), environ={"PERDURE_EXTENSION": "off"}) as runtime:
        api.take("next")
        assert api.take("response").body == b"1"
        assert not api.has_extension
        assert runtime.terminate() == (0, "", "")


def test_runtime_that_may_not_register_says_so_and_serves(write_app: Write) -> None:
    with (
        ScriptedRuntimeApi([Delivery(b"1")], register_status=403) as api,
        RuntimeProcess(api.address, write_app(PLAIN)) as runtime,
    ):
        api.take("next")
        assert api.take("response").body == b"1"
        ended = runtime.terminate()
    assert ended.status == 0
    assert "the internal extension could not be registered (HTTP 403" in ended.stdout


def test_shutdown_event_ends_the_runtime(api: ScriptedRuntimeApi, write_app: Write) -> None:
    with RuntimeProcess(api.address, write_app(PLAIN)) as runtime:
        api.take("next")
        api.push_event(eventType="SHUTDOWN", shutdownReason="spindown")
        assert runtime.wait() == (0, "", "")
