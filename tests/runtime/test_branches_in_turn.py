"""Branches that begin late: what has to be settled before they do any work, and where they do not begin any more."""

import pytest

from perdure import Completion, child
from support.colours import both
from support.hosting import run, status
from support.ledger_service import Faults, LedgerService, succeeded

MAPPED = ("Map", "SUCCEED")


def look(service, found):
    found.extend(str(one.status) for one in service.execution.operations if one.name == "first to come")


@both
@pytest.mark.parametrize("is_recorded", [True, False])
def test_work_of_a_branch_waits_for_what_the_branch_before_it_rests_on(colour, is_recorded):
    service, found = LedgerService(), []

    @colour
    def alone(ctx):
        return (yield ctx.step(lambda: 1))

    @colour
    def item(ctx, index):
        if index == 0:  # had another one won, this item might have failed, and the next would not begin
            return (yield ctx.race(alone, alone, name="first to come"))
        return (yield ctx.step(look, service, found))

    @colour
    def workflow(event, ctx):
        yield ctx.map(item if is_recorded else child(item, virtual=True), [0, 1], concurrency=1)

    assert status(run(workflow, service=service)) == "SUCCEEDED"
    assert found == ["SUCCEEDED"]


@both
def test_no_branch_begins_within_a_branch_whose_batch_is_decided(colour):
    begun = []
    most = 100

    @colour
    def innermost(ctx, index):
        begun.append(index)
        yield ctx.step(lambda: index)

    @colour
    def item(ctx, index):
        if index == 0:
            yield ctx.map(innermost, range(most))
        else:
            yield ctx.wait(seconds=5)

    begun_when_decided = []

    def enough_have_begun(progress):
        if progress.statuses.count(None) > progress.total * 3 // 10:
            return False
        begun_when_decided.append(len(begun))
        return True

    @colour
    def decides(ctx):
        yield ctx.map(item, range(most), completion=Completion.custom(enough_have_begun))

    @colour
    def goes_on(ctx):
        yield ctx.wait(seconds=2)

    @colour
    def workflow(event, ctx):
        yield ctx.parallel([decides, goes_on])

    assert status(run(workflow)) == "SUCCEEDED"
    assert len(begun) == begun_when_decided[0]


@both
def test_a_batch_that_recorded_branches_decide_begins_no_other(colour):
    begun = []

    @colour
    def item(ctx, index):
        begun.append(index)
        return (yield ctx.step(lambda: index))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item, range(3), concurrency=2, completion=Completion(min_successful=2))
        yield ctx.wait(seconds=5)
        return batch.partial(), begun

    # The first time that the batch's end is sent, behind those of the items, it does not arrive any more.
    service, lost = LedgerService(), set()

    def cut(updates):
        ends = [place for place, update in enumerate(updates) if (update.get("SubType"), update["Action"]) == MAPPED]
        if ends and not lost:
            lost.add(service.checkpoints + 1 + bool(ends[0]))
        return ends

    service.faults = Faults(before=lost, cut=cut)
    harness = run(workflow, service=service)
    assert lost
    assert len(harness.outputs) == 3
    assert succeeded(harness.execution) == [[0, 1], [0, 1]]
