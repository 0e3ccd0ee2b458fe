"""`NonRetryable` and `RetryAfter`: what the error says about the next attempt, wherever a policy is asked."""

from datetime import timedelta

import pytest

from perdure import (
    CallbackNotSubmitted,
    ConditionError,
    NonRetryable,
    Retry,
    RetryAfter,
    current_step,
    step,
)
from support.colours import both
from support.exceptions import Busy, Forbidden
from support.hosting import moves, run
from support.ledger_service import START, succeeded

EAGER = Retry.custom(lambda error, attempt: 1 if attempt < 3 else None)


class Rejected(NonRetryable):
    """Nothing can rebuild it from what it leaves in its arguments."""

    def __init__(self, card):
        super().__init__(f"card {card} was rejected")


class Later(RetryAfter):
    """Nothing can rebuild this one either."""

    def __init__(self, page):
        super().__init__(timedelta(minutes=7), f"page {page}")


FINAL_ERRORS = [
    Forbidden("no"),
    Rejected("visa"),
    ExceptionGroup("", [Forbidden()]),
    ExceptionGroup("", [ExceptionGroup("", [ValueError(), Rejected("visa")])]),
]


def failing(error, policy=EAGER):
    def body(*_):
        raise error

    return step(body, retry=policy)


@both
@pytest.mark.parametrize("policy", [Retry.DEFAULT, EAGER])
@pytest.mark.parametrize("error", [NonRetryable("no"), Forbidden("no")], ids=repr)
def test_a_step_that_rules_another_attempt_out_has_failed(colour, policy, error):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.step(failing(error, policy))
        except NonRetryable as caught:
            seen.append((type(caught), caught.args))
        yield ctx.wait(1)

    assert moves(run(workflow))[0] == ["STEP START", "STEP FAIL"]
    assert seen == [(type(error), ("no",))] * 2


@both
@pytest.mark.parametrize("error", FINAL_ERRORS, ids=repr)
def test_a_block_is_not_tried_again_whatever_carries_the_error(colour, error):
    attempts, seen = [], []

    @colour
    def child(ctx):
        yield ctx.step(failing(error))

    @colour
    def block(ctx, attempt):
        attempts.append(attempt)
        yield ctx.run_in_child_context(child)

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=EAGER)
        except Exception as caught:  # noqa: BLE001  whatever stands for it
            seen.append(str(caught))
        yield ctx.wait(1)

    assert moves(run(workflow))[0].count("STEP START") == 1
    assert (set(attempts), seen) == ({1}, [str(error)] * 2)


@both
def test_a_block_that_rules_another_attempt_out_itself_is_not_tried_again(colour):
    attempts = []

    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: attempts.append(attempt))
        raise Forbidden("no")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=EAGER)
        except Forbidden:
            return attempts

    assert succeeded(run(workflow).execution) == [1]


@both
@pytest.mark.parametrize("policy", [Retry.fixed(attempts=3, delay=5), EAGER])
def test_the_next_attempt_waits_as_long_as_the_error_says(colour, policy):
    seen = []

    @step(retry=policy)
    def body():
        raise Busy(timedelta(minutes=current_step().attempt), "come back")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.step(body)
        except RetryAfter as error:
            seen.append((type(error), error.delay, str(error)))
        yield ctx.wait(1)

    harness = run(workflow)
    assert harness.service.clock.now - START == 60 + 120 + 1
    assert seen == [(Busy, 180, "come back")] * 2


@both
def test_a_block_waits_as_long_as_its_error_says(colour):
    @colour
    def block(ctx, attempt):
        yield ctx.step("one", lambda: None)
        if attempt < 3:
            raise RetryAfter(attempt * 100)
        return attempt

    @colour
    def workflow(event, ctx):
        return (yield ctx.with_retry(block, retry=EAGER))

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert harness.service.clock.now - START == 300


@both
def test_a_submitter_may_rule_another_attempt_out(colour):
    @colour
    def workflow(event, ctx):
        try:
            yield ctx.wait_for_callback(failing(Forbidden("no")))
        except CallbackNotSubmitted as error:
            return error.error_type

    harness = run(workflow)
    assert succeeded(harness.execution) == "support.exceptions.Forbidden"
    assert sum(request.count("STEP RETRY") for request in moves(harness)) == 0


@both
@pytest.mark.parametrize("error", [Forbidden("no"), RetryAfter(5, "no")], ids=repr)
def test_a_check_that_raises_one_fails_its_condition(colour, error):
    def check(state):
        raise error

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.wait_for_condition(check, 0, until=bool)
        except ConditionError as caught:
            return str(caught)

    harness = run(workflow)
    assert succeeded(harness.execution) == "no"
    assert moves(harness) == [["STEP START", "STEP FAIL"]]


@both
@pytest.mark.parametrize("error", [Later("a"), ExceptionGroup("", [Later("a"), ValueError()])], ids=repr)
def test_a_block_waits_as_long_as_the_error_says_whatever_carries_it(colour, error):
    @colour
    def child(ctx):
        yield ctx.step(failing(error, Retry.NONE))

    @colour
    def block(ctx, attempt):
        if attempt < 3:
            yield ctx.run_in_child_context(child)
        return attempt

    @colour
    def workflow(event, ctx):
        return (yield ctx.with_retry(block, retry=EAGER))

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert harness.service.clock.now - START == 2 * 7 * 60


@both
def test_an_error_rules_another_attempt_out_although_its_arguments_are_too_large_to_record(colour):
    attempts = []

    @colour
    def block(ctx, attempt):
        attempts.append(attempt)
        yield ctx.step(failing(Forbidden(["x" * 1000] * 50)))

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.with_retry(block, retry=EAGER)
        except Exception:  # noqa: BLE001  what stands for it
            return attempts

    assert succeeded(run(workflow).execution) == [1]
