"""Batches that go on in a later invocation: branches that ended in an earlier one come to what is recorded of them."""

import contextvars
import json
from dataclasses import dataclass

import pytest

from perdure import BatchStatus, Completion
from support.colours import both
from support.hosting import error_of, hosted, run, said, status
from support.ledger_service import LedgerService, succeeded

SEEN = contextvars.ContextVar("SEEN", default="nothing")


@dataclass
class Price:
    sku: str
    cents: int


def waiting_for(colour, late, result):
    """A branch whose item is its place; the late ones wait for a long time, and no other does."""
    bodies = []

    @colour
    def item(ctx, index):
        bodies.append(index)
        if index in late:
            yield ctx.wait(seconds=60)
        return result(index)

    return item, bodies


@both
@pytest.mark.parametrize("limit", [None, 2])
@pytest.mark.parametrize(
    ("result", "annotation"),
    [(lambda index: index, None), (lambda index: {"n": [index]}, None), (lambda index: Price("a", index), Price)],
)
def test_what_ended_in_an_earlier_invocation_does_not_run_again(colour, limit, result, annotation):
    item, bodies = waiting_for(colour, {1, 4}, result)
    if annotation is not None:
        item.__annotations__ = {"return": annotation}

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item, range(6), concurrency=limit)
        return all(one.result == result(one.index) for one in batch) and [one.name for one in batch]

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [f"map-item-{index}" for index in range(6)], said(harness)
    assert sorted(bodies) == [0, 1, 1, 2, 3, 4, 4, 5]


@both
def test_a_batch_that_recorded_branches_decide_is_over_at_once(colour):
    item, bodies = waiting_for(colour, {2}, lambda index: index)
    service = LedgerService()

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item, range(5), completion=Completion(min_successful=least))
        return [one.result for one in batch]

    least = 5
    harness = hosted(workflow, service)
    harness.invoke()
    least = 2
    assert succeeded(harness.run()) == [0, 1]
    assert bodies == list(range(5))


@both
def test_branches_that_failed_stand_beside_those_that_were_read(colour):
    @colour
    def item(ctx, index):
        if index == 3:
            yield ctx.wait(seconds=60)
        if index == 1:
            raise ValueError("one")
        return index

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item, range(5), completion=Completion.ALL_COMPLETED)
        return [str(one.error) if one.status is BatchStatus.FAILED else one.result for one in batch]

    zero, one, *others = succeeded(run(workflow, strict=True).execution)
    assert [zero, *others] == [0, 2, 3, 4]
    assert "one" in one


class Changing:
    """A serdes that comes to read some texts no more."""

    def __init__(self):
        self.refused, self.read = set(), []

    def serialize(self, value, /):
        return json.dumps(value)

    def deserialize(self, text, /):
        self.read.append((text, SEEN.get()))
        SEEN.set(text)
        if text in self.refused:
            raise OSError("no more")
        return json.loads(text)


@both
def test_a_result_that_cannot_be_read_any_more_fails_its_branch_and_no_other(colour):
    item, _ = waiting_for(colour, {3}, lambda index: index)
    serdes = Changing()

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item, range(4), item_serdes=serdes, completion=Completion.ALL_COMPLETED)
        return [one.status.value for one in batch]

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    serdes.refused.add("1")
    assert succeeded(harness.run()) == ["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"]


@both
def test_context_variables_that_reading_sets_are_not_the_workflows(colour):
    item, _ = waiting_for(colour, {1}, lambda index: index)
    serdes = Changing()

    @colour
    def workflow(event, ctx):
        SEEN.set("its own")
        yield ctx.wait(seconds=1)
        yield ctx.map(item, range(2), item_serdes=serdes)

    assert status(run(workflow)) == "SUCCEEDED"
    assert ("0", "its own") in serdes.read


@both
def test_another_name_for_a_branch_that_has_ended_is_a_mismatch(colour):
    item, _ = waiting_for(colour, {1}, lambda index: index)
    service = LedgerService()

    @colour
    def workflow(event, ctx):
        yield ctx.map(item, range(2), namer=lambda value, index: f"{name} {index}")

    name = "before"
    harness = hosted(workflow, service)
    harness.invoke()
    name = "now"
    harness.run()
    assert status(harness) == "FAILED"
    assert "name: recorded 'before 0', asked 'now 0'" in error_of(harness)["ErrorMessage"]
