"""One run: a service of its own is brought up, one execution is started, followed to its end, and all is taken down.

Whatever ends the command, an interrupt included, it takes the worker with it; the journal keeps what was done.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import signal
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from perdure_local.cli.feed import Broken, Feed, Item
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.cli.screens import Ending, Heading, Screen
from perdure_local.cli.targets import check_target
from perdure_local.ledger import ExecutionStatus, Fault
from perdure_local.service import LocalService, Summary
from perdure_local.store import JournalRefused
from perdure_local.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

    from perdure_local.functions import Function

TICK = 0.1
"""Real seconds between two looks at the screen when nothing happens."""
SETTLED = 0.05
"""Real seconds after which nothing is under way any more that happened together with the last notice."""
_OWNER_ONLY = 0o700
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # no SIGHUP on Windows


class Order(NamedTuple):
    """What is to be run, and how."""

    function: Function
    payload: str
    name: str | None
    skips_time: bool
    journal: Path
    journal_shown: str
    """The journal as the user would name it."""


class Interrupted(BaseException):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number  # as shells have it


def carry_out(order: Order, screen: Screen, environ: Mapping[str, str]) -> int:
    """Run an order and return the command's exit status."""
    began = time.monotonic()
    with _signals_raised():
        try:
            check_target(order.function, environ)
            summary = _run(order, screen, environ, began)
        except Interrupted as interrupt:
            kept = f" What was done until now stands in {order.journal_shown}." if order.journal.exists() else ""
            sys.stderr.write(f"Interrupted.{kept}\n")
            return interrupt.status
    return 0 if summary.status is ExecutionStatus.SUCCEEDED else FAILURE


def _run(order: Order, screen: Screen, environ: Mapping[str, str], began: float) -> Summary:
    with _service(order, environ) as service:
        feed = Feed(service)
        function = _unused(order, service)
        service.add_function(**{field.name: getattr(function, field.name) for field in dataclasses.fields(function)})
        try:
            arn = service.start(function.name, order.payload, order.name)
        except Fault as fault:
            raise _refusal(order, fault) from None
        feed.follow(arn)
        timeline = Timeline(arn)
        with screen:
            screen.begin(Heading(function.handler, order.payload, order.journal_shown, order.skips_time), timeline)
            summary = _follow(feed, timeline, screen)
            seconds = time.monotonic() - began
            service.close()  # reads what workers wrote last
            while (item := feed.next(0)) is not None:
                _take(item, timeline, screen)
            screen.end(Ending(summary, len(timeline.rows), seconds, is_new=timeline.started_at is not None))
    return summary


def _follow(feed: Feed, timeline: Timeline, screen: Screen) -> Summary:
    last = time.monotonic()
    patience = SETTLED
    while not isinstance(item := feed.next(patience), Summary):
        before = timeline.now
        if item is not None:
            _take(item, timeline, screen)
        elif held_back := timeline.settle():
            screen.show(None, held_back)
        if timeline.now != before:  # what a worker wrote has no time of its own
            last = time.monotonic()
        screen.refresh(time.monotonic() - last)
        patience = TICK if item is None else SETTLED
    return item


def _take(item: Item, timeline: Timeline, screen: Screen) -> None:
    match item:
        case Broken(reason=reason):
            raise Problem(f"The local service broke: {reason}", FAILURE) from None
        case Summary():
            pass
        case _:
            screen.show(item, timeline.observe(item))


def _refusal(order: Order, fault: Fault) -> Problem:
    if fault.code == "DurableExecutionAlreadyStartedException":
        text = f"An execution named {order.name} was started before with another input"
        return Problem(f"{text}: choose another --name, or the same --input.")
    return Problem(f"The execution was not started. {fault.message}")


@contextlib.contextmanager
def _service(order: Order, environ: Mapping[str, str]) -> Iterator[LocalService]:
    service = LocalService(order.journal, skip_time=order.skips_time, environ=environ)
    try:
        _make_private(order.journal.parent)
        service.open()
    except JournalRefused as refusal:
        raise Problem(str(refusal), FAILURE) from None
    except OSError as error:
        place = error.filename or "127.0.0.1"
        raise Problem(f"The local service cannot start: {place}: {error.strerror or error}.", FAILURE) from None
    try:
        yield service
    finally:
        service.close()


def _make_private(folder: Path) -> None:
    """Make the journal's folder, for its owner only and nothing that belongs under version control."""
    if folder.is_dir():
        return
    folder.mkdir(mode=_OWNER_ONLY, parents=True)
    (folder / ".gitignore").write_text("*\n", "utf-8")


def _unused(order: Order, service: LocalService) -> Function:
    """Return the function under a name without unfinished executions: a service goes on with those of what it hosts.

    An execution that this run names is another matter: it is to go on.
    """
    function = order.function
    for number in itertools.count(2):
        known = service.executions(function.name)
        if any(execution.name == order.name for execution in known):
            break
        if not any(execution.status is ExecutionStatus.RUNNING for execution in known):
            break
        suffix = f"-{number}"
        function = dataclasses.replace(function, name=order.function.name[: 64 - len(suffix)] + suffix)
    return function


@contextlib.contextmanager
def _signals_raised() -> Iterator[None]:
    """Have the first signal raise `Interrupted`; while that is under way, more of them change nothing."""

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
