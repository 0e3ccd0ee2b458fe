"""Gather, race, first success, settle: what they answer, live and on replay."""

import pytest

from perdure import BatchError, BatchStatus, child, failure, step
from support.colours import both
from support.hosting import run, said, status
from support.ledger_service import Faults, succeeded
from support.step_bodies import Declined, add


def operations(harness):
    return [(str(one.kind), one.name) for one in harness.execution.operations][1:]


def waiting(colour, seconds, value):
    @colour
    def branch(ctx):
        yield ctx.wait(seconds=seconds)
        return value

    return branch


def failing(colour, seconds, error):
    @colour
    def branch(ctx):
        yield ctx.wait(seconds=seconds)
        raise error

    return branch


@both
def test_gather_returns_all_results_in_order(colour):
    @colour
    def workflow(event, ctx):
        found = yield ctx.gather(waiting(colour, 9, "slow"), waiting(colour, 1, 2), lambda c: c.step(add, 1, 2))
        assert isinstance(found, tuple)
        yield ctx.wait(seconds=1)
        return found

    assert succeeded(run(workflow, strict=True).execution) == ["slow", 2, 3]


@both
def test_gather_raises_what_the_first_to_fail_raised_live_and_on_replay(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.gather(
                failing(colour, 50, KeyError("late")), failing(colour, 5, Declined("early", 1)), waiting(colour, 90, 0)
            )
        except Declined as error:
            seen.append((error.args, failure(error), type(error.__cause__), error.__notes__))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert seen[0][0] == ("early", 1)
    assert harness.service.clock.now - harness.execution.spec.started_at == 6


@both
def test_race_answers_as_the_first_that_is_over(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.race(waiting(colour, 50, "slow"), waiting(colour, 5, "quick"))))
        try:
            yield ctx.race(waiting(colour, 50, "slow"), failing(colour, 5, Declined("quick")))
        except Declined as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[-2:] == ["quick", "quick"]
    assert set(seen) == {"quick"}


@both
def test_the_winner_of_a_race_stays_the_winner_when_others_could_end_too(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((1, (yield ctx.race(waiting(colour, 6, "first"), waiting(colour, 5, "second")))))
        yield ctx.wait(seconds=60)
        seen.append((2, (yield ctx.race(lambda c: c.step("a", lambda: "a"), waiting(colour, 5, "b")))))
        yield ctx.wait(seconds=60)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert len(seen) > 3
    assert set(seen) == {(1, "second"), (2, "a")}


@both
@pytest.mark.parametrize("crash", range(1, 9))
def test_a_crash_anywhere_leaves_one_winner(colour, crash):
    seen = []

    @colour
    def workflow(event, ctx):
        winner = yield ctx.race(waiting(colour, 6, "first"), waiting(colour, 5, "second"))
        yield ctx.step("use it", lambda: seen.append(winner))
        yield ctx.wait(seconds=60)
        return winner

    for faults in (Faults(before=frozenset({crash})), Faults(after=frozenset({crash}))):
        seen.clear()
        harness = run(workflow, faults=faults, strict=True)
        assert status(harness) == "SUCCEEDED", said(harness)
        assert {succeeded(harness.execution)} == set(seen)


@both
def test_first_success_passes_over_failures(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.first_success(failing(colour, 1, Declined("no")), waiting(colour, 5, "yes"))))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == ["yes", "yes"]


@both
def test_first_success_raises_a_batch_error_where_all_failed(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.first_success(failing(colour, 2, Declined("one")), failing(colour, 1, KeyError("two")))
        except BatchError as error:
            seen.append((str(error), [repr(one) for one in error.exceptions]))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert seen[0][1] == ["Declined('one')", "KeyError('two')"]


@both
def test_settle_tells_what_became_of_each(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        items = yield ctx.settle(
            failing(colour, 2, Declined("one")), waiting(colour, 1, 2), lambda c: c.step(add, 1, 2)
        )
        assert isinstance(items, tuple)
        seen.append([(item.index, item.status, item.result, repr(item.error)) for item in items])
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert [line[1] for line in seen[0]] == [BatchStatus.FAILED, BatchStatus.SUCCEEDED, BatchStatus.SUCCEEDED]


@both
def test_nothing_to_gather_is_nothing(colour):
    @colour
    def workflow(event, ctx):
        one = yield ctx.gather()
        two = yield ctx.settle()
        yield ctx.wait(seconds=1)
        return [one, two]

    assert succeeded(run(workflow, strict=True).execution) == [[], []]


@both
def test_a_name_is_the_batch_s_and_none_is_made_up(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.gather(waiting(colour, 1, 0), name="given")
        yield ctx.race(waiting(colour, 1, 0))
        yield ctx.settle(waiting(colour, 1, 0), name="settled")

    names = [name for kind, name in operations(run(workflow)) if kind == "CONTEXT"]
    assert names == ["given", "parallel-branch-0", None, "parallel-branch-0", "settled", "parallel-branch-0"]


@both
def test_steps_and_children_are_branches_of_a_combinator(colour):
    @step(name="plain")
    def plain():
        return "plain"

    @colour
    def code(ctx):
        return (yield ctx.step("inner", lambda: ctx.index))

    @colour
    def workflow(event, ctx):
        return (yield ctx.gather(plain, child(code, name="named"), code))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == ["plain", 1, 2]


@both
def test_combinators_nest(colour):
    @colour
    def inner(ctx):
        return (yield ctx.race(waiting(colour, 9, "slow"), waiting(colour, 3, "quick")))

    @colour
    def outer(ctx):
        return (yield ctx.gather(inner, inner))

    @colour
    def workflow(event, ctx):
        return (yield ctx.first_success(outer, waiting(colour, 60, "never")))

    assert succeeded(run(workflow, strict=True).execution) == ["quick", "quick"]


@both
def test_large_results_come_back_on_replay(colour):
    seen = []

    @colour
    def branch(ctx):
        return (yield ctx.step("big", lambda: "x" * 200_000))

    @colour
    def workflow(event, ctx):
        found = yield ctx.gather(branch, branch)
        one = yield ctx.race(branch, waiting(colour, 60, 0))
        seen.append(([len(text) for text in found], len(one)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == [([200_000, 200_000], 200_000)] * 2
