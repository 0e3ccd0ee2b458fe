"""Random workflows, crashed anywhere, their requests cut anywhere: what must hold all the same (CONVENTIONS 11)."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdure_local.ledger import AWS_LIMITS
from perdure_local.ledger.operation import milliseconds
from perdure_runtime.logs.settings import SETTINGS
from support.hosting import hosted, run
from support.ledger_service import Faults, LedgerService
from support.shapes import SHAPES, Step, Try, Wait, Watch, workflow


@pytest.fixture(autouse=True, scope="module")
def silence():
    """Thousands of failing attempts are no news here."""
    level, SETTINGS.level = SETTINGS.level, 100
    yield
    SETTINGS.level = level


THOROUGH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def watched(shape, faults=None):
    """A run to its end, and what was seen of it."""
    watch = Watch()
    service = LedgerService(faults=faults, limits=PATIENT)
    watch.is_recorded = lambda operation_id: any(
        operation.id == operation_id and operation.status.value == "SUCCEEDED"
        for operation in service.execution.operations
    )
    harness = hosted(workflow(shape, watch), service, strict=True)
    harness.most = 400
    harness.run()
    return harness, watch


def ended(harness):
    progress = harness.execution.progress
    return progress.status, progress.result, progress.error and progress.error["ErrorMessage"]


def recorded(harness):
    """What the history holds in the end, apart from times."""
    return [
        (operation.id, operation.kind, operation.name, operation.status)
        for operation in harness.execution.operations
        if operation.kind != "EXECUTION"
    ]


CRASHES = st.frozensets(st.integers(1, 60), max_size=12)
PATIENT = replace(AWS_LIMITS, invocation_failures=1_000)
CUTS = st.lists(st.integers(1, 3), max_size=3)


@pytest.mark.slow
@THOROUGH
@given(SHAPES, CRASHES, CRASHES, CUTS)
def test_crashes_anywhere_change_nothing(shape, before, after, cuts):
    undisturbed, _ = watched(shape)
    crashed, watch = watched(shape, Faults(before=before, after=after, cut=lambda _updates: cuts))
    assert ended(crashed) == ended(undisturbed)
    assert recorded(crashed) == recorded(undisturbed)
    assert watch.after_success == []


@pytest.mark.slow
@THOROUGH
@given(SHAPES, CRASHES, CRASHES, CUTS)
def test_a_once_body_runs_at_most_once_in_each_attempt(shape, before, after, cuts):
    once = tuple(_only_once(node) for node in shape)
    _, watch = watched(once, Faults(before=before, after=after, cut=lambda _updates: cuts))
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
@THOROUGH
@given(SHAPES)
def test_the_replay_of_a_finished_run_emits_nothing_and_runs_nothing(shape):
    harness, watch = watched(shape)
    runs = dict(watch.bodies)
    last = harness.outputs[-1]
    replay = LedgerService()
    event = orjson.loads(replay.begin())
    finished = list(harness.execution.operations)[1:]
    event["InitialExecutionState"]["Operations"] += [operation.wire(milliseconds) for operation in finished]
    again = hosted(workflow(shape, watch), replay, strict=True)
    answer = orjson.loads(again.answer(orjson.dumps(event)))
    first = orjson.loads(last)
    assert (answer["Status"], answer.get("Result")) == (first["Status"], first.get("Result"))
    assert replay.requests == []
    assert dict(watch.bodies) == runs


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
