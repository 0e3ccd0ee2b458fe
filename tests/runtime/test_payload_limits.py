"""What is too large fails, or is recorded in another way, before any request: each row of the table in the docs."""

import json
from pathlib import Path

import pytest

from perdure import Poll, Retry, child, step
from support.colours import both
from support.hosting import error_of, run, said, status
from support.ledger_service import succeeded

KIB, MIB = 1024, 1024 * 1024
INLINE = 256 * KIB
ERROR = 32_768
DOCS = Path(__file__).parents[2] / "docs" / "payloads.md"


def text_of(size):
    """A value whose text has so many bytes: it stands in quotes."""
    return "x" * (size - 2)


def same(state: str) -> str:
    return state


def a_step(size, colour):
    return lambda ctx: ctx.step(step(lambda: text_of(size), name="large"))


def a_first_state(size, colour):
    return lambda ctx: ctx.wait_for_condition(same, text_of(size), until=bool, name="large")


def a_later_state(size, colour):
    return lambda ctx: ctx.wait_for_condition(
        lambda state: text_of(size), "", until=bool, name="large", poll=Poll.fixed(attempts=1)
    )


def an_invoke(size, colour):
    return lambda ctx: ctx.invoke("other", text_of(size), name="large")


def parts(size, colour):
    def inner(ctx):
        half = yield ctx.step(lambda: "x" * (size // 2 - 1))
        return half + half

    return colour(inner)


def a_context(size, colour):
    return lambda ctx: ctx.run_in_child_context("large", parts(size, colour))


def a_branch(size, colour):
    return lambda ctx: ctx.parallel([parts(size, colour)], name="batch")


def a_batch(size, colour):
    def inner(ctx, number):
        return (yield ctx.step(lambda: "x" * 200_000))

    return lambda ctx: ctx.map(colour(inner), range(size // 200_000 + 1), name="large")


def a_summary(size, colour):
    def inner(ctx):
        return "x" * (INLINE + 1)
        yield

    # As it is, without quotes.
    return lambda ctx: ctx.run_in_child_context(child(colour(inner), summary=lambda _: "x" * size, name="large"))


def an_error(size, colour):
    def fails():
        raise ValueError("x" * size)

    return lambda ctx: ctx.step(step(fails, retry=Retry.NONE, name="large"))


def recorded(harness):
    """Every update, and the bytes of what it carries."""
    for request in harness.service.requests:
        for update in request.updates:
            yield update, len(update.get("Payload", "").encode()), len(json.dumps(update.get("Error", {})))


def workflow_of(work, colour):
    @colour
    def workflow(event, ctx):
        yield work(ctx)
        yield ctx.wait(seconds=1)
        return "done"

    return workflow


SERDES_ERROR, CONDITION_ERROR = "perdure.SerdesError", "perdure.ConditionError"
OFFLOAD_OR_PARTS = ("Offload", "child context")
REFUSED = {
    "the result of a step": (a_step, SERDES_ERROR, OFFLOAD_OR_PARTS),
    "the state of a condition": (a_later_state, CONDITION_ERROR, OFFLOAD_OR_PARTS),
    "the initial state of a condition": (a_first_state, CONDITION_ERROR, OFFLOAD_OR_PARTS),
    "the payload of an invoke": (an_invoke, SERDES_ERROR, ["store it elsewhere"]),
    "a summary": (a_summary, SERDES_ERROR, ["summarize it more"]),
}
MADE_AGAIN = {
    "the result of a child context": (a_context, INLINE),
    "the result of a branch or an item": (a_branch, INLINE),
    "the result of a batch": (a_batch, INLINE),
}
OTHERS = {"an error", "the result of the handler", "what completes a callback"}


@pytest.mark.parametrize("name", REFUSED)
@both
def test_what_the_service_would_refuse_fails_its_operation_with_size_limit_and_ways_out(colour, name):
    make, error_type, ways_out = REFUSED[name]
    harness = run(workflow_of(make(MIB + 1, colour), colour))
    assert error_of(harness)["ErrorType"] == error_type
    assert "takes 1,048,577 bytes, and the service records at most 1,048,576 of one operation" in said(harness)
    assert all(words in said(harness) for words in ways_out)
    assert all(payload <= MIB for _, payload, _ in recorded(harness))


@pytest.mark.parametrize("name", [name for name, row in REFUSED.items() if row[2] is OFFLOAD_OR_PARTS])
@both
def test_what_has_just_the_size_is_recorded(colour, name):
    harness = run(workflow_of(REFUSED[name][0](MIB, colour), colour))
    assert succeeded(harness.execution) == "done"
    assert max(payload for _, payload, _ in recorded(harness)) == MIB


@pytest.mark.parametrize("name", MADE_AGAIN)
@both
def test_what_is_too_large_for_its_context_is_made_again_from_what_its_steps_recorded(colour, name):
    make, limit = MADE_AGAIN[name]
    harness = run(workflow_of(make(limit + 2, colour), colour))
    assert succeeded(harness.execution) == "done"
    large = [update for update, *_ in recorded(harness) if "ReplayChildren" in update.get("ContextOptions", {})]
    assert large
    assert all(payload <= limit for _, payload, _ in recorded(harness))


@both
def test_an_error_is_cut_to_what_the_service_takes(colour):
    harness = run(workflow_of(an_error(2 * MIB, colour), colour))
    assert status(harness) == "FAILED"
    assert all(error <= ERROR for _, _, error in recorded(harness))
    assert said(harness).startswith("x" * 1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "moves"), [(6 * MIB - 60, []), (6 * MIB, ["EXECUTION SUCCEED"])], ids=["answered", "recorded first"]
)
@both
def test_the_result_of_the_handler_is_recorded_where_it_does_not_fit_into_the_answer(colour, size, moves):
    @colour
    def workflow(event, ctx):
        return text_of(size - 40)
        yield

    harness = run(workflow)
    assert [move for request in harness.service.requests for move in request.moves] == moves
    assert len(harness.execution.progress.result) == size - 40


@both
def test_a_result_of_the_handler_that_is_larger_than_that_fails_before_any_request(colour):
    @colour
    def workflow(event, ctx):
        return text_of(6 * MIB + 1)
        yield

    harness = run(workflow)
    assert error_of(harness)["ErrorType"] == "perdure.SerdesError"
    assert "takes 6,291,457 bytes, and the service takes at most 6,291,456" in said(harness)
    assert "return where it is" in said(harness)
    assert harness.service.requests == []


def test_the_docs_have_every_limit():
    section = DOCS.read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]
    assert set(rows) == REFUSED.keys() | MADE_AGAIN.keys() | OTHERS
