"""Batches too large to be recorded: what a replay rebuilds them from, and that it does nothing else."""

import pytest

from perdure import BatchReason, Completion, Retry, child, failure, step
from support.colours import both
from support.hosting import error_of, hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import Declined

BIG = 100_000


def seen_of(batch):
    return (
        batch.reason,
        batch.status,
        batch.total,
        batch.name,
        [
            (item.index, item.name, item.status, item.result, type(item.error), str(item.error), told(item.error))
            for item in batch
        ],
    )


def told(error):
    if error is None:
        return None
    return error.args, failure(error), type(error.__cause__), getattr(error, "__notes__", None)


def ends(harness, subtype):
    return [
        update
        for request in harness.service.requests
        for update in request.updates
        if update["Type"] == "CONTEXT" and update["Action"] == "SUCCEED" and update.get("SubType") == subtype
    ]


def is_summarised(update):
    return update.get("ContextOptions", {}).get("ReplayChildren", False)


class Watched:
    """A workflow with one batch and then several suspensions, and what each invocation saw of it."""

    def __init__(self, colour, batch, **options):
        self.seen, self.bodies = [], []

        @colour
        def workflow(event, ctx):
            self.seen.append(seen_of((yield batch(ctx))))
            for _ in range(3):
                yield ctx.wait(seconds=1)

        self.harness = run(workflow, strict=True, **options)
        assert status(self.harness) == "SUCCEEDED", said(self.harness)


@both
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("kind", ["map", "parallel"])
def test_a_large_batch_is_rebuilt_and_runs_and_sends_nothing(colour, kind, flat):
    bodies = []

    def body(item):
        bodies.append(item)
        return f"{item}" * BIG

    @colour
    def code(ctx, item=7):
        first = yield ctx.step(body, item)
        yield ctx.wait(seconds=1)
        return first

    calls = {
        "map": lambda ctx: ctx.map(code, [1, 2, 3, 4], flat=flat, name="big"),
        "parallel": lambda ctx: ctx.parallel({"a": code, "b": code, "c": code}, flat=flat, name="big"),
    }
    watched = Watched(colour, calls[kind])
    assert len(watched.seen) == 4
    assert all(one == watched.seen[0] for one in watched.seen)
    assert len(bodies) == (4 if kind == "map" else 3)
    (end,) = ends(watched.harness, "Map" if kind == "map" else "Parallel")
    assert is_summarised(end)
    after = moves(watched.harness)
    last = next(index for index, request in enumerate(after) if any("CONTEXT SUCCEED" in move for move in request))
    assert {move for request in after[last + 1 :] for move in request} <= {"WAIT START"}


@both
@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_a_large_batch_with_failures_and_branches_that_never_ended(colour, flat):
    @step(retry=Retry.NONE)
    def pay(item):
        if item == "fails":
            raise Declined("no", item)
        return item * BIG

    @colour
    def code(ctx, item):
        if item == "waits":
            yield ctx.wait(seconds=500)
        if item in {"b", "cd", "ok"}:
            yield ctx.wait(seconds=5)
        found = yield ctx.step(pay, item)
        if item == "raises":
            raise KeyError(item)
        return found

    items = ["waits", "fails", "raises", "b", "cd", "waits", "ok", "waits", "waits", "waits"]
    watched = Watched(
        colour,
        lambda ctx: ctx.map(code, items, completion=Completion(min_successful=3), flat=flat, concurrency=7, name="m"),
    )
    assert len(watched.seen) == 4
    assert all(one == watched.seen[0] for one in watched.seen)
    reason, _, total, _, rows = watched.seen[0]
    assert reason is BatchReason.MIN_SUCCESSFUL_REACHED
    assert total == 10
    assert [row[2].value for row in rows[:9]] == [
        "STARTED",
        "FAILED",
        "FAILED",
        "SUCCEEDED",
        "SUCCEEDED",
        "STARTED",
        "SUCCEEDED",
        "STARTED",
        "STARTED",
    ]
    assert rows[1][4] is Declined
    assert rows[2][4] is KeyError


@both
def test_a_branch_whose_own_result_is_large_is_rebuilt_from_its_operations(colour):
    codes = []

    @colour
    def code(ctx, item):
        codes.append(item)
        found = []
        for number in range(3):
            found.append((yield ctx.step(f"part {number}", lambda: "x" * 100_000)))  # noqa: PERF401
        return "".join(found)

    watched = Watched(colour, lambda ctx: ctx.map(code, [1, 2]))
    assert all(one == watched.seen[0] for one in watched.seen)
    assert len(watched.seen[0][4][0][3]) == 300_000
    assert len(codes) == 2 * 4
    assert all(is_summarised(end) for end in ends(watched.harness, "MapIteration"))


@both
@pytest.mark.parametrize("text", ["x" * 87_000, "é" * 43_700, "日" * 29_200])
def test_the_limit_counts_bytes(colour, text):
    @colour
    def code(ctx, item):
        return (yield ctx.step("one", lambda: text))

    watched = Watched(colour, lambda ctx: ctx.map(code, [1, 2, 3]))
    (end,) = ends(watched.harness, "Map")
    assert is_summarised(end) is (3 * len(text.encode()) > 262_144 - 400)
    assert all(one == watched.seen[0] for one in watched.seen)


@both
def test_nested_large_batches(colour):
    bodies = []

    @colour
    def leaf(ctx, item):
        return (yield ctx.step("leaf", lambda: bodies.append(item) or "y" * BIG))

    @colour
    def middle(ctx, item):
        return (yield ctx.map(leaf, list(range(item)))).values()

    watched = Watched(colour, lambda ctx: ctx.map(middle, [3, 4]))
    assert all(one == watched.seen[0] for one in watched.seen)
    assert [len(row[3]) for row in watched.seen[0][4]] == [3, 4]
    assert len(bodies) == 7


@both
def test_on_error_maps_the_failures_of_a_large_batch_too(colour):
    @colour
    def code(ctx, item):
        found = yield ctx.step("one", lambda: "x" * BIG)
        if item == 2:
            raise Declined("no")
        return found

    mapped = child(code, on_error=lambda error: LookupError(f"mapped {error}"))
    for size in ([1, 2], [1, 2, 3, 4]):
        watched = Watched(
            colour, lambda ctx, size=size: ctx.map(mapped, size, completion=Completion.ALL_COMPLETED, name="m")
        )
        assert [row[4] for row in watched.seen[0][4]][1] is LookupError
        assert all(one == watched.seen[0] for one in watched.seen)


@both
def test_a_summary_of_ones_own_goes_with_the_numbers(colour):
    @colour
    def code(ctx, item):
        return (yield ctx.step("one", lambda: "x" * BIG))

    watched = Watched(
        colour, lambda ctx: ctx.map(code, [1, 2, 3], summary=lambda batch: f"{len(batch)} parts", name="m")
    )
    (end,) = ends(watched.harness, "Map")
    assert '"summary":"3 parts"' in end["Payload"].replace(": ", ":")
    assert end["Payload"].replace(" ", "").startswith('{"type":"MapResult","totalCount":3')


@both
@pytest.mark.parametrize("large", [False, True])
def test_custom_serdes_of_batch_and_items(colour, large):
    class Items:
        def serialize(self, value, context=None):
            return f"<{value}>"

        def deserialize(self, text, context=None):
            return text.strip("<>").upper()

    class Whole:
        def serialize(self, batch, context=None):
            return "|".join(batch.values())

        def deserialize(self, text, context=None):
            from perdure import Batch, BatchItem, BatchStatus

            texts = text.split("|")
            items = tuple(BatchItem(n, None, BatchStatus.SUCCEEDED, one) for n, one in enumerate(texts))
            return Batch(items, BatchReason.ALL_COMPLETED, len(items))

    @colour
    def code(ctx, item):
        return (yield ctx.step("one", lambda: f"{item}" * (BIG if large else 1)))

    for options in ({"item_serdes": Items()}, {"serdes": Whole()}, {"item_serdes": Items(), "serdes": Whole()}):
        watched = Watched(colour, lambda ctx, options=options: ctx.map(code, ["a", "b", "c"], **options))
        assert all(one == watched.seen[0] for one in watched.seen)
        assert watched.seen[0][4][0][3][0] == ("A" if "item_serdes" in options else "a")


@both
def test_a_large_batch_whose_code_asks_for_more_on_replay_is_a_mismatch(colour):
    rounds = []

    @colour
    def code(ctx, item):
        found = yield ctx.step("one", lambda: "x" * BIG)
        if len(rounds) > 1:
            yield ctx.step("new", lambda: None)
        return found

    @colour
    def workflow(event, ctx):
        rounds.append(1)
        yield ctx.map(code, [1, 2, 3, 4], flat=True)
        yield ctx.wait(seconds=1)

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert error_of(harness)["ErrorType"].endswith("ReplayMismatch")


@both
def test_a_policy_is_not_asked_again_for_what_is_recorded(colour):
    asked = []

    def decide(progress):
        asked.append(progress)
        return progress.succeeded >= 3

    @colour
    def code(ctx, item):
        return (yield ctx.step("one", lambda: "x" * BIG))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(code, [1, 2, 3, 4], completion=Completion.custom(decide), concurrency=1)
        counts.append(len(asked))
        yield ctx.wait(seconds=1)
        return str(batch.reason)

    counts = []
    assert succeeded(run(workflow, strict=True).execution) == "CUSTOM_COMPLETION_SUCCEEDED"
    assert len(counts) == 2
    assert counts[0] == counts[1]


@both
def test_a_handler_result_over_six_megabytes_still_arrives(colour):
    @colour
    def code(ctx, item):
        return (yield ctx.step("one", lambda: "é" * 400_000))

    @colour
    def workflow(event, ctx):
        text = "".join((yield ctx.map(code, list(range(7)))).values())
        return text + "x" * (6 * 1024 * 1024 - 30 - len(text.encode()))

    harness = hosted(workflow, LedgerService())
    harness.run()
    assert len(succeeded(harness.execution).encode()) == 6 * 1024 * 1024 - 30
    assert harness.outputs[-1] == b'{"Status":"SUCCEEDED","Result":""}'


@both
@pytest.mark.slow
def test_a_thousand_small_results_are_a_large_batch(colour):
    @step(name="one")
    def one(item):
        return [item, "x" * 300]

    watched = Watched(colour, lambda ctx: ctx.map(one, list(range(1000))))
    assert all(row == watched.seen[0] for row in watched.seen)
    (end,) = ends(watched.harness, "Map")
    assert is_summarised(end)
    assert len(end["Payload"]) < 1000
