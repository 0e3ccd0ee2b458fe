"""What a workflow logs, over its invocations: every line once, with what it belongs to."""

import asyncio
import io
import json
import logging

import pytest

from perdure import Retry, current_step, step
from perdure_runtime.logs.settings import SETTINGS, configure
from support.colours import both
from support.hosting import run


@pytest.fixture
def lines():
    """The JSON lines written since; the settings are put back."""
    stream = io.StringIO()
    kept = {name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}
    configure({"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for name, value in kept.items():
        setattr(SETTINGS, name, value)


def said(lines, *, beside=("the workflow is suspended",)):
    return [line["message"] for line in lines() if line["message"] not in beside]


def narrate(ctx):
    ctx.logger.info("before the first step")
    ctx.step(lambda: current_step().logger.info("in a step"))
    ctx.logger.info("between")
    ctx.wait(60)
    ctx.logger.info("after the wait")
    ctx.step("last", lambda: None)
    ctx.logger.info("at the end")


STORY = ["before the first step", "in a step", "between", "after the wait", "at the end"]


def test_every_line_is_written_once_over_all_invocations(lines):
    run(lambda event, ctx: narrate(ctx))
    assert said(lines) == STORY


def test_an_async_workflow_tells_the_same(lines):
    async def inner():
        await asyncio.sleep(0)
        current_step().logger.info("in a step")

    async def workflow(event, ctx):
        ctx.logger.info("before the first step")
        await ctx.step(inner)
        ctx.logger.info("between")
        await ctx.wait(60)
        ctx.logger.info("after the wait")
        await ctx.step("last", lambda: None)
        ctx.logger.info("at the end")

    run(workflow)
    assert said(lines) == STORY


def test_replays_are_shown_where_the_function_says_so(lines):
    run(lambda event, ctx: narrate(ctx), mode_aware=False)
    assert said(lines) == [
        "before the first step",
        "in a step",
        "between",
        "before the first step",
        "between",
        *STORY[3:],
    ]


@both
@pytest.mark.parametrize("items", [1, 2])
def test_lines_of_branches_are_written_once_too(lines, colour, items):
    @colour
    def branch(ctx, number):
        ctx.logger.info("before the step")
        yield ctx.step(lambda: None)
        ctx.logger.info("after the step")
        yield ctx.wait(60)
        ctx.logger.info("after the wait")

    @colour
    def workflow(event, ctx):
        yield ctx.map(branch, range(items))
        ctx.logger.info("at the end")

    run(workflow)
    assert sorted(said(lines)) == sorted(
        [*["before the step", "after the step", "after the wait"] * items, "at the end"]
    )


@both
def test_a_line_between_two_calls_is_heard_again_only_where_nothing_recorded_comes_next(lines, colour):
    @colour
    def workflow(event, ctx):
        first = ctx.step(lambda: None)
        ctx.logger.info("asked")
        yield first
        ctx.logger.info("known")
        yield ctx.wait(60)

    run(workflow)
    assert said(lines) == ["asked", "known"]


def test_records_of_the_standard_library_are_covered_too(lines, caplog):
    def workflow(event, ctx):
        log = logging.getLogger("shop")
        log.warning("before %s", "it")
        ctx.step(lambda: log.warning("in a step"))
        ctx.wait(60)
        log.warning("after")

    run(workflow)
    assert [record.getMessage() for record in caplog.records] == ["before it", "in a step", "after"]


def test_a_line_names_the_execution_and_a_steps_line_its_operation(lines):
    harness = run(lambda event, ctx: narrate(ctx))
    first, inside = lines()[:2]
    assert first["executionArn"] == inside["executionArn"] == harness.service.arn
    assert "operationId" not in first
    operation = list(harness.execution.operations)[1]
    assert (inside["operationId"], inside["attempt"]) == (operation.id, 1)
    assert inside["requestId"] == "request-1"


def test_a_retried_attempt_is_a_warning_and_only_the_last_an_error(lines):
    @step(retry=Retry.fixed(attempts=2, delay=1))
    def fails():
        raise OSError("busy")

    def workflow(event, ctx):
        try:
            ctx.step(fails)
        except OSError:
            return "caught"

    run(workflow)
    levels = [(line["level"], "fails" in line["message"]) for line in lines() if line["level"] != "DEBUG"]
    assert levels == [("WARNING", True), ("ERROR", True)]


def test_tracebacks_in_lines_begin_with_the_users_code(lines):
    def workflow(event, ctx):
        raise ValueError("boom")

    run(workflow)
    (line,) = [line for line in lines() if line["level"] == "ERROR"]
    assert line["errorType"] == "ValueError"
    assert "perdure_runtime" not in "".join(line["stackTrace"])


def test_a_suspension_says_what_it_waits_for_to_those_who_debug(lines):
    run(lambda event, ctx: ctx.wait(60, name="carrier pickup"))
    (line,) = [line for line in lines() if line["message"] == "the workflow is suspended"]
    assert line["waits_for"] == ["wait 'carrier pickup'"]
