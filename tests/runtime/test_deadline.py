"""Near Lambda's deadline: no body begins that could not end; what is left is handed over to the next invocation."""

import asyncio

import pytest

from perdure import Poll, Retry, current_step, step
from support.colours import both
from support.hosting import LambdaContext, hosted, moves, status
from support.ledger_service import LedgerService, succeeded

HANDED_OVER = "perdure.HandedOver"


class Shrinking(LambdaContext):
    """An invocation whose time is up as soon as a test says so."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def get_remaining_time_in_millis(self):
        return 10 if self.clock["late"] else 60_000


@pytest.fixture
def clock(monkeypatch):
    """Every invocation begins with time to spare; `late` says that there is none left."""
    clock = {"late": False}

    def begin():
        clock["late"] = False
        return Shrinking(clock)

    monkeypatch.setattr("support.hosting.LambdaContext", begin)
    return clock


def updates(harness, action):
    return [update for request in harness.service.requests for update in request.updates if update["Action"] == action]


@both
def test_the_next_step_is_handed_over_where_nothing_is_pending(colour, clock):
    runs = []

    def body(number):
        runs.append((number, current_step().attempt))
        clock["late"] = True
        return number

    @colour
    def workflow(event, ctx):
        one = yield ctx.step(body, 1)
        two = yield ctx.step(body, 2)
        three = yield ctx.step(body, 3)
        return [one, two, three]

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == [1, 2, 3]
    assert runs == [(1, 1), (2, 1), (3, 1)]
    assert len(harness.outputs) == 3
    assert harness.outputs[0] == b'{"Status":"PENDING"}'
    handed = updates(harness, "RETRY")
    assert len(handed) == 2
    assert {update["StepOptions"]["NextAttemptDelaySeconds"] for update in handed} == {1}
    assert {update["Error"]["ErrorType"] for update in handed} == {HANDED_OVER}
    assert harness.service.clock.now - harness.execution.spec.started_at == 2


@both
def test_hand_overs_do_not_count_as_attempts(colour, clock):
    attempts = []

    def late():
        clock["late"] = True

    @step(retry=Retry.fixed(attempts=3, delay=7))
    def failing():
        attempts.append(current_step().attempt)
        if len(attempts) == 2:
            clock["late"] = True  # what comes after this attempt is late again
        raise ValueError(f"attempt {current_step().attempt}")

    seen = []

    @colour
    def workflow(event, ctx):
        yield ctx.step(late)
        try:
            yield ctx.step(failing)
        except ValueError as error:
            seen.append((str(error), error.__notes__))
        yield ctx.wait(seconds=1)
        return "ok"

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == "ok"
    assert attempts == [1, 2, 3]
    assert seen[0] == seen[1]
    assert seen[0][0] == "attempt 3"
    delays = [update["StepOptions"]["NextAttemptDelaySeconds"] for update in updates(harness, "RETRY")]
    assert delays == [1, 7, 7]


@both
def test_many_hand_overs_in_a_row_do_not_count_either(colour, monkeypatch):
    runs = []

    class Late(LambdaContext):
        calls = 0

        def get_remaining_time_in_millis(self):
            return 10

    monkeypatch.setattr("support.hosting.LambdaContext", Late)

    @step(retry=Retry.fixed(attempts=2, delay=3))
    def body():
        runs.append(current_step().attempt)
        if len(runs) == 1:
            raise ValueError("once")
        return "done"

    @colour
    def workflow(event, ctx):
        yield ctx.step("first", lambda: None)
        return (yield ctx.step(body))

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == "done"
    assert runs == [1, 2]


@both
def test_the_first_body_of_an_invocation_always_begins(colour, monkeypatch):
    class Late(LambdaContext):
        def get_remaining_time_in_millis(self):
            return 10

    monkeypatch.setattr("support.hosting.LambdaContext", Late)

    @colour
    def workflow(event, ctx):
        found = []
        for number in range(5):
            found.append((yield ctx.step(f"step {number}", lambda n=number: n)))  # noqa: PERF401
        return found

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == [0, 1, 2, 3, 4]
    assert len(harness.outputs) == 5


@both
@pytest.mark.parametrize(("seconds", "retries"), [(30, 1), (1, 0)])
def test_work_is_handed_over_unless_the_service_calls_again_soon_anyway(colour, clock, seconds, retries):
    runs = []

    def late(number):
        runs.append(number)
        clock["late"] = True

    @colour
    def waiting(ctx):
        yield ctx.wait(seconds=seconds)
        return "waited"

    @colour
    def working(ctx):
        yield ctx.step("one", late, 1)
        yield ctx.step("two", late, 2)
        return "worked"

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([waiting, working])).values()

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == ["waited", "worked"]
    assert runs == [1, 2]
    assert len(updates(harness, "RETRY")) == retries
    assert harness.outputs[0] == b'{"Status":"PENDING"}'


@both
def test_a_map_cut_by_the_deadline_hands_one_step_over_and_runs_each_body_once(colour, clock):
    runs = []

    def body(item):
        runs.append(item)
        if len(runs) % 7 == 0:
            clock["late"] = True
        return item

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(body), list(range(30)), concurrency=3)).values()

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == list(range(30))
    assert sorted(runs) == list(range(30))
    handed = updates(harness, "RETRY")
    assert len(handed) == len(harness.outputs) - 1


@both
@pytest.mark.slow
def test_a_large_map_cut_by_the_deadline_runs_each_body_once(colour, clock):
    runs = []

    def body(item):
        runs.append(item)
        if len(runs) % 20 == 0:
            clock["late"] = True
        return item

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(body), list(range(100)))).values()

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == list(range(100))
    assert sorted(runs) == list(range(100))


@both
def test_async_bodies_are_handed_over_too(colour, clock):
    runs = []

    async def body(number):
        await asyncio.sleep(0)
        runs.append((number, current_step().attempt))
        clock["late"] = True
        return number

    @colour
    def branch(ctx, item):
        return (yield ctx.step(body, item))

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(branch, [1, 2, 3], concurrency=1)).values()

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == [1, 2, 3]
    assert runs == [(1, 1), (2, 1), (3, 1)]


@both
def test_a_once_step_is_handed_over_before_it_begins(colour, clock):
    runs = []

    def late():
        clock["late"] = True

    @step(once=True)
    def body():
        runs.append(current_step().attempt)
        return "paid"

    @colour
    def workflow(event, ctx):
        yield ctx.step(late)
        return (yield ctx.step(body))

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == "paid"
    assert runs == [1]


@both
def test_the_check_of_a_condition_is_handed_over_and_counts_as_one(colour, clock):
    checks = []

    def late():
        clock["late"] = True

    def check(state):
        checks.append((state, current_step().attempt))
        return state + 1

    @colour
    def workflow(event, ctx):
        yield ctx.step(late)
        return (
            yield ctx.wait_for_condition(
                check, 0, until=lambda state: state >= 3, poll=Poll.fixed(attempts=4, delay=9), name="cond"
            )
        )

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert status(harness) == "SUCCEEDED"
    assert succeeded(harness.execution) == 3
    assert checks == [(0, 2), (1, 3), (2, 4)]


@both
def test_the_submitter_of_a_callback_is_handed_over(colour, clock):
    submitted = []

    def late():
        clock["late"] = True

    @colour
    def workflow(event, ctx):
        yield ctx.step(late)
        return (yield ctx.wait_for_callback(submitted.append, name="human"))

    harness = hosted(workflow, LedgerService(answers={"*": "yes"}))
    harness.run()
    assert succeeded(harness.execution) == "yes"
    assert len(submitted) == 1


@both
def test_waits_and_ends_need_no_time(colour, clock):
    def late():
        clock["late"] = True

    @colour
    def workflow(event, ctx):
        yield ctx.step(late)
        yield ctx.wait(seconds=5)
        yield ctx.step("again", late)
        return "end"

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == "end"
    assert len(harness.outputs) == 2
    assert not updates(harness, "RETRY")
    assert ["WAIT START"] in [request[-1:] for request in moves(harness)]


@both
def test_recorded_steps_are_read_however_late_it_is(colour, monkeypatch):
    class Late(LambdaContext):
        def get_remaining_time_in_millis(self):
            return 10

    @colour
    def workflow(event, ctx):
        found = []
        for number in range(3):
            found.append((yield ctx.step(f"s{number}", lambda: 1)))  # noqa: PERF401  a comprehension cannot yield
        yield ctx.wait(seconds=5)
        return found

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    monkeypatch.setattr("support.hosting.LambdaContext", Late)
    harness.run()
    assert succeeded(harness.execution) == [1, 1, 1]
    assert len(harness.outputs) == 2
