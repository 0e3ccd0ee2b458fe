"""Random workflows, crashed anywhere, their requests cut anywhere: what must hold all the same (CONVENTIONS 11)."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure_local.ledger import AWS_LIMITS
from perdure_local.ledger.operation import milliseconds
from perdure_runtime.drivers.aio_loop import the_loop
from perdure_runtime.logs.settings import SETTINGS
from support.hosting import hosted, run
from support.ledger_service import Faults, LedgerService
from support.shapes import LEAVES, SHAPES, Step, Try, Wait, Watch, as_async, async_workflow, planned, workflow


@pytest.fixture(autouse=True, scope="module")
def silence():
    """Thousands of failing attempts are no news here."""
    level, SETTINGS.level = SETTINGS.level, 100
    yield
    SETTINGS.level = level


THOROUGH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


COLOURS = pytest.mark.parametrize("colour", [workflow, async_workflow], ids=["sync", "async"])


def watched(shape, faults=None, colour=workflow):
    """A run to its end, and what was seen of it."""
    watch = Watch()
    service = LedgerService(faults=faults, limits=PATIENT)
    watch.is_recorded = lambda operation_id: any(
        operation.id == operation_id and operation.status.value == "SUCCEEDED"
        for operation in service.execution.operations
    )
    harness = hosted(colour(shape, watch), service, strict=True)
    harness.most = 400
    harness.run()
    return harness, watch


def ended(harness):
    progress = harness.execution.progress
    return progress.status, progress.result, progress.error and progress.error["ErrorMessage"]


def recorded(harness):
    """What the history holds in the end, apart from times."""
    return [
        (operation.id, operation.kind, operation.name or "", operation.status)
        for operation in harness.execution.operations
        if operation.kind != "EXECUTION"
    ]


CRASHES = st.frozensets(st.integers(1, 60), max_size=12)
PATIENT = replace(AWS_LIMITS, invocation_failures=1_000)
CUTS = st.lists(st.integers(1, 3), max_size=3)


@pytest.mark.slow
@COLOURS
@THOROUGH
@given(SHAPES, CRASHES, CRASHES, CUTS)
def test_crashes_anywhere_change_nothing(colour, shape, before, after, cuts):
    undisturbed, _ = watched(shape)
    crashed, watch = watched(shape, Faults(before=before, after=after, cut=lambda _updates: cuts), colour)
    assert ended(crashed) == ended(undisturbed)
    assert recorded(crashed) == recorded(undisturbed)
    assert watch.after_success == []


@pytest.mark.slow
@COLOURS
@THOROUGH
@given(SHAPES, CRASHES, CRASHES, CUTS)
def test_a_once_body_runs_at_most_once_in_each_attempt(colour, shape, before, after, cuts):
    once = tuple(_only_once(node) for node in shape)
    _, watch = watched(once, Faults(before=before, after=after, cut=lambda _updates: cuts), colour)
    assert all(runs == 1 for runs in watch.bodies.values())


def _only_once(node):
    match node:
        case Step():
            return Step(node.name, node.value, once=True, attempts=40, interrupted=True)
        case Try(body, rescue, last):
            return Try(*(tuple(map(_only_once, part)) for part in (body, rescue, last)))
        case Wait():
            return node
        case _:
            return type(node)(node.times, tuple(map(_only_once, node.body)))


@pytest.mark.slow
@COLOURS
@THOROUGH
@given(SHAPES)
def test_the_replay_of_a_finished_run_emits_nothing_and_runs_nothing(colour, shape):
    harness, watch = watched(shape, colour=colour)
    runs = dict(watch.bodies)
    last = harness.outputs[-1]
    replay = LedgerService()
    event = orjson.loads(replay.begin())
    finished = list(harness.execution.operations)[1:]
    event["InitialExecutionState"]["Operations"] += [operation.wire(milliseconds) for operation in finished]
    again = hosted(colour(shape, watch), replay, strict=True)
    answer = orjson.loads(again.answer(orjson.dumps(event)))
    first = orjson.loads(last)
    assert (answer["Status"], answer.get("Result")) == (first["Status"], first.get("Result"))
    assert replay.requests == []
    assert dict(watch.bodies) == runs


@pytest.mark.slow
@THOROUGH
@given(SHAPES)
def test_both_colours_record_the_same_bytes_in_the_same_order(shape):
    sync, _ = watched(shape)
    other, _ = watched(shape, colour=async_workflow)
    assert sent(other) == sent(sync)
    assert ended(other) == ended(sync)


def sent(harness):
    """Every update, in order; an error's stack tells the colour of the code, so it is left out."""
    updates = [update for request in harness.service.requests for update in request.updates]
    for update in updates:
        update.get("Error", {}).pop("StackTrace", None)
    return updates


@pytest.mark.slow
@THOROUGH
@given(st.lists(st.lists(LEAVES, max_size=5).map(tuple), max_size=4), st.integers())
def test_random_schedules_change_nothing(groups, seed):
    async def handler(event, ctx):
        seen = []
        for group in groups:
            found = await asyncio.gather(*(operation(leaf, ctx) for leaf in group), return_exceptions=True)
            seen.append([str(item) for item in found])
        return seen

    def operation(leaf, ctx):
        if isinstance(leaf, Wait):
            return ctx.wait(leaf.seconds, name=leaf.name)
        body = planned(leaf, Watch())
        return ctx.step(body if len(leaf.name) > 1 else as_async(body))

    in_order = run(handler, strict=True)
    with shuffled(Random(seed)):  # noqa: S311
        at_random = run(handler, strict=True)
    assert ended(at_random) == ended(in_order)
    # Which of two lines of work reaches the service first is the only thing that a schedule decides.
    assert sorted(recorded(at_random)) == sorted(recorded(in_order))


@contextmanager
def shuffled(random):
    """The loop runs what is ready in any order, as long as nothing runs twice or never."""
    loop = the_loop()
    select = loop.idle.select

    def shuffling(timeout=None):
        events = select(timeout)
        ready = list(loop._ready)
        random.shuffle(ready)
        loop._ready.clear()
        loop._ready.extend(ready)
        return events

    loop.idle.select = shuffling
    try:
        yield
    finally:
        del loop.idle.select


@pytest.mark.slow
@THOROUGH
@given(SHAPES)
def test_every_invocation_but_the_last_is_pending(shape):
    harness, _ = watched(shape)
    statuses = [orjson.loads(output)["Status"] for output in harness.outputs]
    assert statuses[:-1] == ["PENDING"] * (len(statuses) - 1)
    assert statuses[-1] in {"SUCCEEDED", "FAILED"}


@pytest.mark.slow
@THOROUGH
@given(SHAPES)
def test_a_service_that_restarts_between_any_two_moves_changes_nothing(shape):
    undisturbed, _ = watched(shape)
    service = LedgerService()
    harness = hosted(workflow(shape, Watch()), service)
    harness.most = 400
    while service.execution.is_running:
        harness.step()
        service.restart()
    assert ended(harness) == ended(undisturbed)


def test_the_watch_would_see_a_body_that_runs_twice():
    """The property has teeth: an ordinary step does run twice when its success is not recorded."""
    watch = Watch()
    run(workflow((Step("a", 1),), watch), faults=Faults(before=frozenset({1})))
    assert list(watch.bodies.values()) == [2]
