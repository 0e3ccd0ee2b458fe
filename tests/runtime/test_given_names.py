"""Names that are given at a call: one that cannot be recorded is refused there, and the call takes no place."""

import pytest

from perdure import Poll
from support.colours import SYNC, both
from support.hosting import error_of, hosted, moves, run, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

BAD = ["", "x" * 257, "naïve", "tab\t"]
CALLS = {
    "step": lambda ctx, colour, name: ctx.step(name, add, 1, 2),
    "wait": lambda ctx, colour, name: ctx.wait(1, name=name),
    "child": lambda ctx, colour, name: ctx.run_in_child_context(name, colour(nothing)),
    "callback": lambda ctx, colour, name: ctx.create_callback(name=name),
    "wait_for_callback": lambda ctx, colour, name: ctx.wait_for_callback(print, name=name),
    "invoke": lambda ctx, colour, name: ctx.invoke("function", name=name),
    "condition": lambda ctx, colour, name: ctx.wait_for_condition(add, 1, poll=Poll.custom(never), name=name),
    "with_retry": lambda ctx, colour, name: ctx.with_retry(colour(nothing), name=name),
    "parallel": lambda ctx, colour, name: ctx.parallel([], name=name),
    "map": lambda ctx, colour, name: ctx.map(colour(nothing), [], name=name),
}


def nothing(ctx, *_):
    yield from ()


def never(state, attempt):
    return None


def refusing(colour, call, name):
    @colour
    def workflow(event, ctx):
        with pytest.raises((ValueError, TypeError), match="a name is"):
            yield CALLS[call](ctx, colour, name)
        return (yield ctx.step("after", add, 1, 2))

    return workflow


@both
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", BAD)
def test_a_name_that_cannot_be_recorded_is_refused_where_it_is_given(colour, call, name):
    harness = run(refusing(colour, call, name))
    assert succeeded(harness.execution) == 3
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


@both
@pytest.mark.parametrize("call", sorted(CALLS.keys() - {"step", "child"}))
def test_a_name_that_is_no_text_is_refused(colour, call):
    assert succeeded(run(refusing(colour, call, 7)).execution) == 3


@both
@pytest.mark.parametrize("name", BAD)
def test_a_name_is_refused_in_a_replay_as_it_was_before(colour, name):
    service, refused = LedgerService(), []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.step(name, add, 1, 2)
        except ValueError as error:
            refused.append(str(error))
        first = yield ctx.step(lambda: 1)  # it has no name, as the empty one is none
        yield ctx.wait(1)
        return first

    harness = hosted(workflow, service)
    harness.run()
    assert succeeded(harness.execution) == 1
    assert len(refused) == 2
    assert len(set(refused)) == 1


def test_a_bad_name_is_said_before_what_is_wrong_with_the_function():
    def workflow(event, ctx):
        with pytest.raises(ValueError, match="a name is"):
            ctx.step("", 7)
        with pytest.raises(ValueError, match="a name is"):
            ctx.run_in_child_context("", 7)

    assert status(run(workflow)) == "SUCCEEDED"


def test_a_bad_name_is_said_before_that_the_history_holds_another():
    service = LedgerService()
    hosted(SYNC(two_steps("book")), service).invoke()
    harness = hosted(SYNC(two_steps("naïve")), service)
    harness.run()
    assert error_of(harness)["ErrorType"] == "ValueError"


def two_steps(name):
    def workflow(event, ctx):
        yield ctx.step(name, add, 1, 2)
        yield ctx.wait(1)

    return workflow


class Alike(str):
    """A text that takes itself for any other."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("")


@both
def test_a_name_is_checked_whatever_takes_itself_for_it(colour):
    @colour
    def workflow(event, ctx):
        first = yield ctx.step(Alike("good"), add, 1, 2)
        with pytest.raises(ValueError, match="a name is"):
            yield ctx.step("", add, 1, 2)
        return (yield ctx.step("after", add, first, 2))

    assert succeeded(run(workflow).execution) == 5
