"""Runs of shapes against a ledger that keeps its eyes open.

A `Weather` is all that may happen to a run and must not change what it comes to: where the worker dies and requests are
cut, how the time goes, whether the world outside speaks up in the middle of an invocation. After each run the laws are
looked at that hold for every run (`broken_laws`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

import orjson
import pytest

from perdure.errors import ServiceError
from perdure_local.ledger import AWS_LIMITS, Operation
from perdure_local.ledger.operation import milliseconds
from perdure_runtime.drivers.aio_loop import the_loop
from perdure_runtime.drivers.hub import Hub
from perdure_runtime.logs.settings import SETTINGS
from support.hosting import LambdaContext, hosted
from support.ledger_service import Faults, Harness, LedgerService
from support.paged_service import PagedService
from support.shape_workflows import COLOURS, Watch
from support.shapes import Nodes, answers_for

PATIENT = replace(AWS_LIMITS, invocation_failures=1_000, operations=30_000)
MOST_INVOCATIONS = 600
ENDS = frozenset({"SUCCEED", "FAIL"})
PLACE = re.compile(r", at [\w.]+:\d+ in [\w.<>]+")
"""In the notes of an error, where it was raised: that tells the colour, too."""


@dataclass(frozen=True)
class Weather:
    """What a run goes through."""

    before: frozenset[int] = frozenset()
    """Checkpoints that the worker dies before; `after`, those it dies right after."""
    after: frozenset[int] = frozenset()
    cuts: tuple[int, ...] = ()
    """Where each request is cut."""
    jumps: tuple[int, ...] = ()
    """Seconds that pass before each invocation besides those that are waited for, over and over."""
    eager: bool = False
    """Whether callbacks and invokes are answered during an invocation, too."""
    restarts: bool = False
    """Whether the service forgets all but its changes after each invocation."""
    schedule: int | None = None
    """The seed of an order of its own in which what is ready goes on."""
    hurry: bool = False
    """Whether each invocation is near its deadline from the start."""
    pages: int = 1_000
    """How many operations make a page of the state."""


CALM = Weather()


class Accepted(NamedTuple):
    """An update that is recorded."""

    invocation: int
    update: dict[str, Any]


class WatchfulService(PagedService):
    """A ledger that remembers which updates it took, and which it refused."""

    def __init__(self, pages: int, **options: Any) -> None:
        super().__init__(pages, **options)
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        self.on_record: Callable[[Sequence[dict[str, Any]]], None] = lambda _updates: None

    def _checkpoint(self, arn: str, token: str, updates: Any, client_token: str) -> Any:
        is_lost = self.is_dead or self.checkpoints + 1 in self.faults.before
        if not is_lost:
            invocation = self.execution.progress.invocations
            self.accepted += (Accepted(invocation, update) for update in updates)
            self.on_record(updates)
        try:
            return super()._checkpoint(arn, token, updates, client_token)
        except ServiceError as refusal:
            self.refused.append(str(refusal))
            raise

    def is_over(self, operation_id: str) -> bool:
        """Whether an operation has an outcome that its code is not needed for any more."""
        with self._lock:
            found = next((one for one in self.execution.operations if one.id == operation_id), None)
        return found is not None and found.status.is_terminal and not found.replay_children


class Ran(NamedTuple):
    """A run that is over."""

    harness: Harness
    watch: Watch
    service: WatchfulService

    @property
    def ending(self) -> tuple[object, ...]:
        progress = self.harness.execution.progress
        return progress.status, progress.result, progress.error and progress.error["ErrorMessage"]

    @property
    def history(self) -> list[tuple[object, ...]]:
        """What is recorded in the end, apart from what depends on times.

        That is which of two lines was first, and whether a callback is answered that nobody waits for any more.
        """
        return sorted(
            (
                *(one.id, one.kind, one.sub_type or "", one.name or "", one.parent_id or ""),
                *(("", "") if one.kind == "CALLBACK" else (one.status, _text(one.payload))),
            )
            for one in self.harness.execution.operations
            if one.kind != "EXECUTION"
        )


def ran(shape: Nodes, colour: str = "sync", weather: Weather = CALM) -> Ran:
    """Run a shape to its end."""
    watch = Watch()
    faults = Faults(before=weather.before, after=weather.after, cut=lambda _updates: weather.cuts)
    service = WatchfulService(
        weather.pages, faults=faults, limits=PATIENT, answers=answers_for(shape), eager=weather.eager
    )
    service.on_record = watch.lazy_values.record
    watch.is_over = service.is_over
    watch.is_dead = lambda: service.is_dead
    watch.advance = service.clock.advance
    harness = hosted(COLOURS[colour](shape, watch), service, strict=True)
    with quiet(), shuffled(weather.schedule), hurried(weather):
        _drive(harness, service, weather)
    return Ran(harness, watch, service)


def _drive(harness: Harness, service: WatchfulService, weather: Weather) -> None:
    jumps = itertools.cycle(weather.jumps or (0,))
    while service.execution.is_running:
        invocations = len(harness.outputs)
        harness.step()
        if len(harness.outputs) > invocations:
            assert invocations < MOST_INVOCATIONS, f"stuck: {harness.outputs[-3:]}"
            service.clock.advance(next(jumps))
            if weather.restarts:
                service.restart()


def replayed(run: Ran, shape: Nodes, colour: str, *, with_all: bool) -> tuple[dict[str, Any], LedgerService, Watch]:
    """One more invocation over the history of a finished run; what it answers, sends and sees.

    A service leaves out what lies within a finished context; `with_all`, it does not.
    """
    service, watch = LedgerService(), Watch()
    event = orjson.loads(service.begin())
    operations = list(run.harness.execution.operations)[1:]
    shown = operations if with_all else list(_needed(operations))
    event["InitialExecutionState"]["Operations"] += [one.wire(milliseconds) for one in shown]
    harness = hosted(COLOURS[colour](shape, watch), service, strict=True)
    with quiet():
        return orjson.loads(harness.answer(orjson.dumps(event))), service, watch


@contextmanager
def quiet() -> Iterator[None]:
    """Thousands of failing attempts are no news here."""
    level, SETTINGS.level = SETTINGS.level, 100
    try:
        yield
    finally:
        SETTINGS.level = level


@contextmanager
def shuffled(seed: int | None) -> Iterator[None]:
    """What is ready goes on in any order, on the loop and in the hub, as long as nothing runs twice or never."""
    if seed is None:
        yield
        return
    random, loop, turn = Random(seed), the_loop(), Hub._turn  # noqa: S311
    select = loop.idle.select

    def shuffling(timeout: float | None = None) -> Any:
        events = select(timeout)
        _shuffle(random, getattr(loop, "_ready"))  # noqa: B009  not declared by its type
        return events

    def shuffling_turn(hub: Hub) -> None:
        _shuffle(random, hub._ready)
        turn(hub)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.idle, "select", shuffling)
        patch.setattr(Hub, "_turn", shuffling_turn)
        yield


@contextmanager
def hurried(weather: Weather) -> Iterator[None]:
    """No time is left for any body but the first of an invocation."""
    with pytest.MonkeyPatch.context() as patch:
        if weather.hurry:
            patch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _self: 500)
        yield


def _shuffle(random: Random, ready: deque[Any]) -> None:
    inside = list(ready)
    random.shuffle(inside)
    ready.clear()
    ready.extend(inside)


def _needed(operations: list[Operation]) -> Iterator[Operation]:
    hidden: set[str] = set()
    for one in operations:
        if one.parent_id in hidden:
            hidden.add(one.id)
            continue
        if one.hides_children:
            hidden.add(one.id)
        yield one


# Laws


def broken_laws(run: Ran) -> list[str]:
    """What went against a law that holds in any weather."""
    return [fault for law in LAWS for fault in law(run)]


def _nothing_is_refused(run: Ran) -> Iterator[str]:
    yield from run.service.refused


def _no_code_runs_after_its_outcome(run: Ran) -> Iterator[str]:
    yield from run.watch.too_late


def _once_is_once(run: Ran) -> Iterator[str]:
    for (operation_id, attempt), times in run.watch.bodies.items():
        if operation_id in run.watch.once and times > 1:
            yield f"once: {operation_id[:6]} ran {times} times in attempt {attempt}"


def _nothing_follows_an_end(run: Ran) -> Iterator[str]:
    """Neither of an operation itself, nor of anything inside it."""
    parents: dict[str, str | None] = {}
    over: set[str] = set()
    for _, update in run.service.accepted:
        parents[update["Id"]] = update.get("ParentId")
        one: str | None = update["Id"]
        while one is not None:
            if one in over:
                yield f"orphan: {update['Type']} {update['Action']} {update['Id'][:6]} after the end of {one[:6]}"
            one = parents.get(one)
        if update["Action"] in ENDS:
            over.add(update["Id"])


def _an_id_stands_for_one_operation(run: Ran) -> Iterator[str]:
    known: dict[str, tuple[object, ...]] = {}
    started: set[str] = set()
    for _, update in run.service.accepted:
        facts = tuple(update.get(field) for field in ("Type", "SubType", "Name", "ParentId"))
        if known.setdefault(update["Id"], facts) != facts:
            yield f"identity: {update['Id'][:6]} is {facts}, and was {known[update['Id']]}"
        if update["Type"] != "STEP" and update["Action"] == "START":
            if update["Id"] in started:
                yield f"identity: {update['Id'][:6]} started twice"
            started.add(update["Id"])


def _all_but_the_last_are_pending(run: Ran) -> Iterator[str]:
    answers = [orjson.loads(one) for one in run.harness.outputs if isinstance(one, bytes)]
    for answer in answers[:-1]:
        if answer["Status"] != "PENDING":
            yield f"status: {answer} before the end"
    if answers[-1]["Status"] == "PENDING" or not isinstance(run.harness.outputs[-1], bytes):
        yield f"status: the last answer is {run.harness.outputs[-1]!r}"
    for output in run.harness.outputs:
        if isinstance(output, Exception):
            yield f"status: an invocation raised {output!r}"


def _work_rests_on_what_is_settled(run: Ran) -> Iterator[str]:
    """A body that began had seen what every later run of the code around it sees there, too."""
    for operation_id, seen in run.watch.saw.items():
        if len(seen) > 1:
            yield f"unsettled: {operation_id[:6]} began after {' and after '.join(sorted(seen))}"


def _nothing_begins_beside_what_may_be_lost(run: Ran) -> Iterator[str]:
    """Not in any line of work: what rests on a lazy value that is not recorded is lazy itself."""
    yield from (f"lazy: {fault}" for fault in run.watch.lazy_values.lost)


LAWS: tuple[Callable[[Ran], Iterator[str]], ...] = (
    _nothing_is_refused,
    _no_code_runs_after_its_outcome,
    _once_is_once,
    _nothing_follows_an_end,
    _an_id_stands_for_one_operation,
    _all_but_the_last_are_pending,
    _work_rests_on_what_is_settled,
    _nothing_begins_beside_what_may_be_lost,
)


# What two runs have in common


def lines_of(run: Ran) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The updates of each line of work, in order, without stacks."""
    batches = {update["Id"] for _, update in run.service.accepted if update.get("SubType") in {"Parallel", "Map"}}
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for _, update in run.service.accepted:
        shown = {**update, "Payload": _text(update.get("Payload"))}
        if "Error" in update:
            shown["Error"] = {key: _text(value) for key, value in update["Error"].items() if key != "StackTrace"}
        parent = update.get("ParentId") or ""
        # Right below a batch are branches, and in a flat one what they do: each goes its own way.
        line = (parent, update["Id"]) if parent in batches else (parent,)
        found.setdefault(line, []).append(shown)
    return found


def _text(payload: str | None) -> str:
    """A recorded text without what tells the colour of the code, and how far a replay went: stacks and places."""
    try:
        return json.dumps(_without_stacks(json.loads(payload or "null")))
    except ValueError:
        return PLACE.sub("", payload or "")


def _without_stacks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_stacks(inner) for name, inner in value.items() if name != "StackTrace"}
    if isinstance(value, list):
        return [_without_stacks(inner) for inner in value]
    if isinstance(value, str):
        return _text(value) if value.startswith("{") else PLACE.sub("", value)
    return value
