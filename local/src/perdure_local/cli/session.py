"""One run: a service is brought up, one execution is started or taken up, followed to its end, and all is taken down.

Other executions that are in the journal stay as they are. Whatever ends the command, an interrupt included, it takes
the worker with it; the journal keeps what was done, and `--resume` goes on from there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import signal
import sys
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from perdure_local.cli.companions import companions
from perdure_local.cli.feed import Broken, Feed, Item
from perdure_local.cli.leftovers import choose, resume_line
from perdure_local.cli.places import JOURNAL
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.cli.redaction import Masks
from perdure_local.cli.screens import Ending, Heading, Screen
from perdure_local.cli.targets import check_target, on_terms
from perdure_local.cli.whereabouts import published
from perdure_local.ledger import ExecutionStatus, Fault
from perdure_local.notices import FunctionInvoked
from perdure_local.service import LocalService, Summary
from perdure_local.store import JournalRefused
from perdure_local.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

    from perdure_local.functions import Function
    from perdure_local.notices import Notice

TICK = 0.1
"""Real seconds between two looks at the screen when nothing happens."""
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
    resume: str | None = None
    """Which execution of the journal is to go on, as `choose` reads it; None for one of this run's own."""
    companions: Mapping[str, str] = MappingProxyType({})
    """Handlers of other functions, by name."""
    options: Sequence[str] = ()
    """What is to be said again when it is resumed."""


class Begun(NamedTuple):
    """An execution that runs, or is over already."""

    timeline: Timeline
    """What was recorded of it before, if anything was."""
    payload: str
    """As it may be shown."""
    is_over: bool


class Interrupted(BaseException):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number  # as shells have it


def carry_out(order: Order, screen: Screen, environ: Mapping[str, str]) -> int:
    """Run an order and return the command's exit status."""
    began = time.monotonic()
    begun: Begun | None = None
    with _signals_raised():
        try:
            if order.resume is not None and not order.journal.exists():
                raise Problem(f"There is no journal {order.journal_shown}, so there is nothing to resume.")
            found = check_target(order.function, environ)
            others, redacted = companions(order.function, order.companions, found.durables, environ)
            order = order._replace(function=on_terms(order.function, found.terms))
            masks = Masks({**redacted, **found.redacted})
            with (
                _service(order, environ) as service,
                Feed(service, masks) as feed,
                published(order.journal, service.endpoint),
            ):
                begun = _begin(order, others, service, masks)
                feed.follow(begun.timeline.arn)
                summary = _show(order, begun, feed, screen, began)
        except Interrupted as interrupt:
            sys.stderr.write("Interrupted.\n" if begun is None else _way_on(order, begun))
            return interrupt.status
    return 0 if summary.status is ExecutionStatus.SUCCEEDED else FAILURE


def _begin(order: Order, others: Sequence[Function], service: LocalService, masks: Masks) -> Begun:
    """Start the execution that is asked for, or take up the one that is there."""
    function = order.function
    for each in (function, *others):
        fields = {field.name: getattr(each, field.name) for field in dataclasses.fields(each)}
        service.add_function(**fields, take_up=False)
    # What a workflow invoked goes on with the workflow, not by itself.
    found = _found(order, [one for one in service.executions(function.name) if one.parent is None])
    recorded = [] if found is None else _recorded(service, found.arn)  # before it goes on
    if found is not None and order.resume is not None:
        arn, payload = found.arn, found.payload or ""
        service.take_up(arn)
    else:
        arn, payload = _start(order, service), order.payload
    timeline = Timeline(arn)
    for notice in recorded:
        timeline.observe(masks.shown(notice))
    is_over = found is not None and found.status is not ExecutionStatus.RUNNING
    return Begun(timeline, masks.text(payload), is_over)


def _recorded(service: LocalService, arn: str) -> list[Notice]:
    """Return what is recorded of an execution, and of those that it has invoked, in the order in which it happened."""
    notices = service.notices(arn)
    for notice in tuple(notices):
        if isinstance(notice, FunctionInvoked) and notice.execution is not None:
            with contextlib.suppress(Fault):  # it was not started yet
                notices += _recorded(service, notice.execution)
    return sorted(notices, key=lambda notice: notice.at)


def _found(order: Order, known: Sequence[Summary]) -> Summary | None:
    if order.resume is not None:
        return choose(order.resume, known, order.function.handler, order.journal_shown)
    return next((one for one in known if one.name == order.name), None)


def _start(order: Order, service: LocalService) -> str:
    try:
        return service.start(order.function.name, order.payload, order.name)
    except Fault as fault:
        raise _refusal(order, fault) from None


def _show(order: Order, begun: Begun, feed: Feed, screen: Screen, began: float) -> Summary:
    timeline = begun.timeline
    with screen:
        heading = Heading(
            order.function.handler, begun.payload, order.journal_shown, order.skips_time, _callback_options(order)
        )
        screen.begin(heading, timeline)
        summary = _follow(feed, timeline, screen)
        seconds = time.monotonic() - began
        for item in feed.last_words():
            _take(item, timeline, screen)
        screen.end(Ending(summary, timeline.operations, seconds, is_new=not begun.is_over))
    return summary


def _callback_options(order: Order) -> str:
    return "" if order.journal_shown == JOURNAL else f" --journal {shlex.quote(order.journal_shown)}"


def _follow(feed: Feed, timeline: Timeline, screen: Screen) -> Summary:
    last = shown = time.monotonic()
    while not isinstance(item := feed.next(TICK), Summary):
        before = timeline.now
        if item is not None:
            _take(item, timeline, screen)
        now = time.monotonic()
        if timeline.now != before:  # what a worker wrote has no time of its own
            last = now
        if item is None or now - shown >= TICK:  # a thousand steps a second need no thousand pictures
            screen.refresh(now - last)
            shown = now
    return item


def _way_on(order: Order, begun: Begun) -> str:
    line = resume_line(order.function.handler, begun.timeline.arn, order.options)
    return f"Interrupted. To go on from here:\n  {line}\n"


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
