"""A block of operations that is run again when it fails."""

import pytest

from perdure import (
    ChildContextError,
    DurableCallRefused,
    Retry,
    SerdesError,
    child,
    current_step,
    failure,
    step,
)
from support.colours import both
from support.hosting import run, said, status
from support.ledger_service import Faults, succeeded
from support.step_bodies import Declined


def operations(harness):
    return [(str(one.kind), one.name, str(one.status)) for one in harness.execution.operations][1:]


@both
def test_a_block_is_run_again_with_waits_between(colour):
    bodies = []

    @colour
    def block(ctx, attempt):
        one = yield ctx.step("one", lambda: bodies.append(("one", attempt)) or attempt)
        if attempt < 3:
            raise Declined(attempt)
        return [one, attempt]

    @colour
    def workflow(event, ctx):
        found = yield ctx.with_retry(block, retry=Retry.fixed(attempts=5, delay=7))
        yield ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [3, 3]
    assert bodies == [("one", 1), ("one", 2), ("one", 3)]
    assert operations(harness) == [
        ("CONTEXT", "block", "SUCCEEDED"),
        ("STEP", "one", "SUCCEEDED"),
        ("WAIT", "block-backoff-1", "SUCCEEDED"),
        ("STEP", "one", "SUCCEEDED"),
        ("WAIT", "block-backoff-2", "SUCCEEDED"),
        ("STEP", "one", "SUCCEEDED"),
        ("WAIT", None, "SUCCEEDED"),
    ]
    assert harness.service.clock.now - harness.execution.spec.started_at == 15


@both
def test_a_block_that_fails_for_good_raises_what_its_last_attempt_raised(colour):
    seen = []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        raise Declined(f"attempt {attempt}")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=Retry.fixed(attempts=2, delay=1), name="given")
        except Declined as error:
            seen.append((error.args, failure(error), type(error.__cause__), error.__notes__))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0][0] == ("attempt 2",)


@both
def test_a_step_that_failed_for_good_is_tried_again_by_the_block(colour):
    attempts = []

    @step(retry=Retry.fixed(attempts=2, delay=1))
    def pay(number):
        attempts.append((number, current_step().attempt))
        if number < 2:
            raise Declined(number)
        return "paid"

    @colour
    def block(ctx, attempt):
        return (yield ctx.step(pay, attempt))

    @colour
    def workflow(event, ctx):
        return (yield ctx.with_retry(block, retry=lambda error, attempt: 3 if isinstance(error, Declined) else None))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "paid"
    assert attempts == [(1, 1), (1, 2), (2, 1)]


@both
def test_the_policy_decides_by_the_error(colour):
    seen = []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        raise Declined("no") if attempt == 2 else KeyError("again")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=lambda error, attempt: 1 if isinstance(error, KeyError) else None)
        except Declined as error:
            seen.append(error.args)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == [("no",)]


@both
def test_a_policy_that_raises_fails_the_block(colour):
    seen = []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        raise Declined("no")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=lambda error, attempt: 1 / 0)
        except ZeroDivisionError as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert len(seen) == 2
    assert seen[0] == seen[1]


@both
@pytest.mark.parametrize("wrong", [lambda ctx: ctx.wait(seconds=0), lambda ctx: ctx.step(5)])
def test_what_another_attempt_would_not_mend_is_raised_as_it_is(colour, wrong):
    attempts = []

    @colour
    def block(ctx, attempt):
        attempts.append(attempt)
        yield ctx.step("one", lambda: None)
        raise DurableCallRefused("ctx.step()", "never")

    @colour
    def workflow(event, ctx):
        with pytest.raises(DurableCallRefused):
            yield ctx.with_retry(block)

    assert status(run(workflow)) == "SUCCEEDED"
    assert attempts == [1]


@both
def test_suspension_inside_is_no_failure(colour):
    attempts = []

    @colour
    def block(ctx, attempt):
        attempts.append(attempt)
        yield ctx.wait(seconds=5)
        found = yield ctx.map(step(lambda item: item), [1, 2])
        if attempt == 1:
            raise Declined("once")
        return found.values()

    @colour
    def workflow(event, ctx):
        return (yield ctx.with_retry(block, retry=Retry.fixed(attempts=2, delay=1)))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [1, 2]
    assert max(attempts) == 2


@both
def test_blocks_of_branches_are_their_own(colour):
    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        if attempt == 1:
            raise Declined("once")
        return attempt

    @colour
    def branch(ctx, item):
        return (yield ctx.with_retry(block, retry=Retry.fixed(attempts=2, delay=item)))

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(branch, [1, 2, 3])).values()

    assert succeeded(run(workflow, strict=True).execution) == [2, 2, 2]


@both
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ctx, fn: ctx.with_retry(5), TypeError),
        (lambda ctx, fn: ctx.with_retry(step(fn)), TypeError),
        (lambda ctx, fn: ctx.with_retry(fn, retry=5), TypeError),
        (lambda ctx, fn: ctx.with_retry(fn, name=""), ValueError),
    ],
)
def test_what_is_refused_takes_no_place(colour, call, error):
    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        with pytest.raises(error):
            call(ctx, block)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert operations(harness) == [("STEP", "after", "SUCCEEDED")]


@both
@pytest.mark.parametrize("number", range(1, 8))
def test_a_crash_anywhere_changes_nothing(colour, number):
    @colour
    def block(ctx, attempt):
        one = yield ctx.step("one", lambda: attempt)
        if attempt < 3:
            raise Declined("again")
        return one

    @colour
    def workflow(event, ctx):
        return (yield ctx.with_retry(block, retry=Retry.fixed(attempts=4, delay=1)))

    for faults in (Faults(before=frozenset({number})), Faults(after=frozenset({number}))):
        assert succeeded(run(workflow, faults=faults, strict=True).execution) == 3


@both
def test_child_options_of_the_block_count(colour):
    seen = []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        raise Declined("no")

    @colour
    def workflow(event, ctx):
        options = child(block, on_error=lambda error: KeyError(str(error)), name="option", subtype="Mine")
        try:
            yield ctx.with_retry(options, retry=Retry.NONE)
        except KeyError as error:
            seen.append(error.args)
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen == [("no",)] * 2
    assert operations(harness)[0][1] == "option"


@both
def test_an_error_that_cannot_be_rebuilt_is_a_child_context_error_for_the_caller_only(colour):
    policy, seen = [], []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)

        class Local(Exception):
            pass

        raise Local("local")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=lambda error, attempt: policy.append(type(error).__name__))
        except ChildContextError as error:
            seen.append(str(error))
        except SerdesError:
            seen.append("wrong")
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert policy == ["Local"]
    assert seen[0] == seen[1] != "wrong"
