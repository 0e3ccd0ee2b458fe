"""What led to an error: exactly what the code made of it, wherever it ran, and from wherever it was called."""

# ruff: noqa: TRY301  to raise within a try is what these tests are about

import asyncio
from datetime import timedelta

import pytest

from perdure import (
    CallbackNotSubmitted,
    ChildContextError,
    RecordedError,
    Retry,
    StepError,
    failure,
    step,
)
from support.colours import ASYNC, SYNC, both
from support.exceptions import Composed, Declined
from support.hosting import error_of, run, said, status


def linked() -> None:
    try:
        raise KeyError("first")
    except KeyError as first:
        first.add_note("of the first")
        raise Declined("second") from first


def in_passing() -> None:
    try:
        raise KeyError("first")
    except KeyError:
        raise Declined("second")  # noqa: B904  that is the case


def hidden() -> None:
    try:
        raise KeyError("first")
    except KeyError:
        raise Declined("second") from None


def alone() -> None:
    raise Declined("second")


def eventually(body):
    async def later():
        body()

    later.__qualname__ = later.__name__ = body.__name__
    return later


def told(error):
    return (repr(error.__cause__), repr(error.__context__), error.__suppress_context__)


CHAINS = [
    (linked, ("KeyError('first')", "KeyError('first')", True)),
    (in_passing, ("None", "KeyError('first')", False)),
    (hidden, ("None", "KeyError('first')", True)),
    (alone, ("None", "None", False)),
]


@both
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize(("body", "chain"), CHAINS)
def test_the_caller_gets_the_chain_that_the_code_made(colour, is_async, body, chain):
    seen = []
    failing = step(eventually(body) if is_async else body, retry=Retry.NONE)

    @colour
    def child(ctx, *_):
        yield ctx.step(failing)

    @colour
    def workflow(event, ctx):
        for call in (lambda: ctx.step(failing), lambda: ctx.run_in_child_context(child)):
            try:
                yield call()
            except Declined as error:
                seen.append(told(error))
        batch = yield ctx.parallel([child, failing])
        seen.extend(told(item.error) for item in batch.items if item.error)
        try:
            yield ctx.step(failing)  # now that a loop may turn on a thread of its own
        except Declined as error:
            seen.append(told(error))
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    assert set(seen) == {chain}
    assert len(seen) >= 8


def contexts_of(error):
    found = []
    while error.__context__ is not None:
        error = error.__context__
        found.append(repr(error))
    return found


def handling(failing, seen):
    def child(ctx):
        try:
            raise OSError("handled in the child")
        except OSError:
            ctx.step(failing)

    def workflow(event, ctx):
        try:
            raise LookupError("handled")
        except LookupError:
            for call in (lambda: ctx.step(failing), lambda: ctx.run_in_child_context(child)):
                try:
                    call()
                except Declined as error:
                    seen.append(contexts_of(error))
        ctx.wait(1)

    return workflow


def handling_async(failing, seen):
    async def child(ctx):
        try:
            raise OSError("handled in the child")
        except OSError:
            await ctx.step(failing)

    async def workflow(event, ctx):
        try:
            raise LookupError("handled")
        except LookupError:
            for call in (lambda: ctx.step(failing), lambda: ctx.run_in_child_context(child)):
                try:
                    await call()
                except Declined as error:
                    seen.append(contexts_of(error))
        await ctx.wait(1)

    return workflow


@pytest.mark.parametrize("made", [handling, handling_async])  # not `both`: what is thrown into a generator loses it
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize(("body", "chain"), CHAINS)
def test_what_the_caller_is_handling_comes_last(made, is_async, body, chain):
    seen = []
    workflow = made(step(eventually(body) if is_async else body, retry=Retry.NONE), seen)
    assert status(run(workflow)) == "SUCCEEDED"
    own = [chain[1]] * (chain[1] != "None")
    expected = [[*own, "LookupError('handled')"], [*own, "OSError('handled in the child')", "LookupError('handled')"]]
    assert seen == expected * 2


def test_a_timeout_keeps_its_causes_on_a_loop_of_another_thread():
    seen = []

    async def late():
        try:
            await asyncio.sleep(0)
            raise KeyError("first")
        except KeyError as first:
            raise TimeoutError("late") from first

    failing = step(late, retry=Retry.NONE)

    def branch(ctx):
        try:
            ctx.step(failing)
        except TimeoutError as error:
            seen.append(told(error))

    def hides_its_colour():
        return late()

    def workflow(event, ctx):
        ctx.parallel([branch, branch])
        for body in (failing, step(hides_its_colour, retry=Retry.NONE)):
            try:
                ctx.step(body)
            except TimeoutError as error:
                seen.append(told(error))

    assert status(run(workflow)) == "SUCCEEDED"
    assert seen == [("KeyError('first')", "KeyError('first')", True)] * 4


@both
def test_each_operation_says_itself_once(colour):
    seen = []

    def charge():
        error = Declined("no funds")
        error.add_note("mine")
        raise error

    @colour
    def inner(ctx):
        yield ctx.step(step(charge, retry=Retry.fixed(attempts=2)))

    @colour
    def outer(ctx):
        yield ctx.run_in_child_context(inner)

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(outer)
        except Declined as error:
            notes = [note.partition(" (")[0] + "…" + note.rpartition(", ")[2] for note in error.__notes__]
            seen.append((failure(error).stack.count("mine"), notes))
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    place = f"at test_causes.py:{charge.__code__.co_firstlineno + 3} in {charge.__qualname__}"
    operations = [f"raised by the operation '{name}'…{place}" for name in ("charge", "inner", "outer")]
    assert seen == [(1, ["mine…mine", *operations])] * 2


@both
def test_what_cannot_be_rebuilt_is_described_by_its_cause(colour):
    seen = []

    def fail():
        try:
            raise KeyError("first")
        except KeyError as first:
            error = Composed("of rain")
            error.add_note("mine")
            raise error from first

    @colour
    def child(ctx):
        yield ctx.step(step(fail, retry=Retry.NONE))

    @colour
    def workflow(event, ctx):
        for call in (lambda: ctx.step(step(fail, retry=Retry.NONE)), lambda: ctx.run_in_child_context(child)):
            try:
                yield call()
            except (StepError, ChildContextError) as error:
                account = error.__cause__
                assert isinstance(account, RecordedError)
                assert any("in test_what" in line for line in account.stack)
                seen.append((type(error), str(error), error.__notes__[0], str(account), repr(account.__cause__)))
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    rest = ("because of rain", "mine", "support.exceptions.Composed: because of rain", "KeyError('first')")
    assert seen == [(StepError, *rest), (ChildContextError, *rest)] * 2


@both
def test_a_submitter_that_failed_is_the_cause(colour):
    seen = []

    def submit(callback_id):
        raise ConnectionError("no answer")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.wait_for_callback(step(submit, retry=Retry.NONE), timeout=timedelta(days=1))
        except CallbackNotSubmitted as error:
            seen.append((str(error), error.error_type, error.data, str(error.__cause__)))
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    assert seen == [("no answer", "ConnectionError", None, "ConnectionError: no answer")] * 2


@both
def test_a_task_groups_errors_are_sorted_by_except(colour):
    seen = []

    async def fail(error):
        await asyncio.sleep(0)
        raise error

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(Declined("one")))
            group.create_task(fail(KeyError("two")))

    @colour
    def child(ctx):
        yield ctx.step(step(body, retry=Retry.NONE))

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(child)
        except* Declined as found:
            seen.append([repr(error) for error in found.exceptions])
        except* KeyError as found:
            seen.append([repr(error) for error in found.exceptions])
        yield ctx.wait(1)

    assert status(run(workflow)) == "SUCCEEDED"
    assert seen == [["Declined('one')"], ["KeyError('two')"]] * 2


@pytest.mark.parametrize("colour", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_failed_execution_tells_what_led_to_it_in_its_stack_only(colour, capsys):
    @colour
    def workflow(event, ctx):
        yield ctx.step(step(linked, retry=Retry.NONE))

    harness = run(workflow)
    assert said(harness) == "second"
    assert "ErrorData" not in error_of(harness)
    stack = error_of(harness)["StackTrace"]
    assert "  caused by KeyError: 'first'" in stack
    assert [line for line in stack if line.startswith("raised by the operation 'linked'")] == stack[-1:]
    logged = capsys.readouterr().out.rpartition("the execution failed")[2]
    assert logged.count("in linked") >= 1
    assert "KeyError: 'first'" in logged
