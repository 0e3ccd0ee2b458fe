"""Conditions: checked from one state to the next, with the workflow suspended in between."""

from dataclasses import dataclass

import pytest

from perdure import (
    ConditionError,
    DurableCallRefused,
    Poll,
    RetryDecision,
    current_step,
    failure,
    step,
)
from support.colours import both
from support.hosting import hosted, run, said, status
from support.ledger_service import Faults, LedgerService, succeeded


@dataclass
class Job:
    polls: int = 0


def operations(harness):
    return [(str(one.kind), one.sub_type, one.name) for one in harness.execution.operations][1:]


def delays(harness):
    return [
        u["StepOptions"]["NextAttemptDelaySeconds"]
        for r in harness.service.requests
        for u in r.updates
        if u["Action"] == "RETRY"
    ]


def grown(state):
    return state + 1


@both
def test_a_condition_is_checked_until_it_is_met(colour):
    checks = []

    def check(state):
        checks.append((state, current_step().attempt))
        return state + 1

    @colour
    def workflow(event, ctx):
        found = yield ctx.wait_for_condition(check, 0, until=lambda state: state >= 3, poll=Poll.fixed(delay=7))
        yield ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == 3
    assert checks == [(0, 1), (1, 2), (2, 3)]
    assert delays(harness) == [7, 7]
    assert operations(harness)[0] == ("STEP", "WaitForCondition", "check")
    assert len(harness.outputs) == 4


@both
def test_an_async_check_is_awaited(colour):
    async def check(state):
        return state + 1

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(check, 0, until=lambda state: state == 2))

    assert succeeded(run(workflow, strict=True).execution) == 2


@both
@pytest.mark.parametrize(
    "poll",
    [
        lambda state, attempt: None if state >= 3 else attempt,
        lambda state, attempt: RetryDecision.stop() if state >= 3 else RetryDecision.retry_after(attempt),
        Poll.custom(lambda state, attempt: None if state >= 3 else attempt),
    ],
)
def test_a_poll_of_ones_own_says_both(colour, poll):
    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(grown, 0, poll=poll))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == 3
    assert delays(harness) == [1, 2]


@both
def test_the_default_poll_waits_longer_and_longer(colour):
    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(grown, 0, until=lambda state: state == 5))

    assert delays(run(workflow)) == [5, 8, 12, 17]


@both
def test_the_state_keeps_its_type(colour):
    def check(job: Job) -> Job:
        assert isinstance(job, Job)
        return Job(job.polls + 1)

    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.wait_for_condition(check, Job(), until=lambda job: job.polls == 2)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == [Job(2), Job(2)]


@both
@pytest.mark.parametrize("wrong", ["check", "until", "poll", "exhausted", "serdes", "delay"])
def test_failures_are_condition_errors_and_equal_live_and_on_replay(colour, wrong):
    seen = []

    def check(state):
        if wrong == "check":
            raise ZeroDivisionError("cannot look")
        return object() if wrong == "serdes" else state + 1

    def until(state):
        if wrong == "until":
            raise ZeroDivisionError("cannot look")
        return False

    def poll(state, attempt):
        if wrong == "poll":
            raise ZeroDivisionError("cannot look")
        return "soon"

    options = {"poll": poll} if wrong in {"poll", "delay"} else {"until": until, "poll": Poll.fixed(attempts=2)}

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.wait_for_condition(check, 0, name="ready", **options)
        except ConditionError as error:
            seen.append((error.args, str(error), error.error_type, error.data, failure(error), type(error.__cause__)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    if wrong in {"check", "until", "poll"}:
        assert "cannot look" in seen[0][1]
        assert len(harness.outputs) == 2


@both
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ctx: ctx.wait_for_condition(grown, 0), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, poll=Poll.fixed()), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, until=5), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, poll=5), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, until=bool, poll=lambda s, a: None), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, until=bool, name=""), ValueError),
        (lambda ctx: ctx.wait_for_condition(5, 0, until=bool), TypeError),
        (lambda ctx: ctx.wait_for_condition(grown, 0, until=bool, serdes=5), TypeError),
    ],
)
def test_what_is_refused_takes_no_place(colour, call, error):
    @colour
    def workflow(event, ctx):
        with pytest.raises(error):
            call(ctx)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert operations(harness) == [("STEP", "Step", "after")]


@both
def test_a_crash_during_a_check_goes_on_from_the_state_before(colour):
    checks = []

    def check(state):
        checks.append(state)
        return state + 1

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(check, 0, until=lambda state: state >= 3))

    harness = run(workflow, faults=Faults(before=frozenset({2})))
    assert succeeded(harness.execution) == 3
    assert checks == [0, 1, 1, 2]


@both
def test_no_durable_call_inside_a_check(colour):
    @colour
    def workflow(event, ctx):
        def check(state):
            with pytest.raises(DurableCallRefused):
                ctx.wait(seconds=5)
            return state

        return (yield ctx.wait_for_condition(check, "state", until=lambda state: True))

    assert succeeded(run(workflow).execution) == "state"


@both
def test_the_state_is_recorded_at_each_check(colour):
    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(grown, 10, until=lambda state: state == 13))

    harness = run(workflow)
    texts = [
        (u["Action"], u.get("Payload"), "Error" in u)
        for r in harness.service.requests
        for u in r.updates
        if u["Action"] != "START"
    ]
    assert texts == [("RETRY", "11", False), ("RETRY", "12", False), ("SUCCEED", "13", False)]


@both
def test_the_state_that_until_sees_is_the_one_a_replay_would_see(colour):
    kinds = []

    @colour
    def workflow(event, ctx):
        def until(state):
            kinds.append(type(state["pair"]))
            return state["n"] == 2

        return (
            yield ctx.wait_for_condition(lambda state: {"n": state["n"] + 1, "pair": (1, 2)}, {"n": 0}, until=until)
        )

    assert status(run(workflow)) == "SUCCEEDED"
    assert len(set(kinds)) == 1


@both
def test_conditions_of_branches_are_checked_together(colour):
    @colour
    def code(ctx, item):
        return (yield ctx.wait_for_condition(grown, 0, until=lambda state: state == item, poll=Poll.fixed(delay=5)))

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, [1, 2, 3, 3])).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [1, 2, 3, 3]
    assert len(harness.outputs) == 3


@both
def test_a_step_may_be_the_check(colour):
    @step(name="named")
    def check(state):
        return state + 1

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_condition(check, 0, until=lambda state: True))

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == 1
