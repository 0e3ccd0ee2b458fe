from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from perdure_local import ExecutionStatus, Kind
from perdure_local.moments import Began, Closed, Counted, Invoked, Moved, Over, Passed, Resumed, Said, State, Tally
from perdure_local.timeline import Timeline
from support.story import ARN, BROKEN, DIED, START, Story, a_map, a_whole_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perdure_local import LogLine, Notice
    from perdure_local.moments import Moment

story = Story()


def told(*notices: Notice | LogLine) -> tuple[Timeline, list[Moment]]:
    timeline = Timeline(ARN)
    return timeline, [moment for notice in notices for moment in timeline.observe(notice)]


def brief(moments: Iterable[Moment]) -> list[str]:
    words = []
    for moment in moments:
        match moment:
            case Invoked(number=number, is_cold=is_cold):
                words.append(f"#{number}{' cold' if is_cold else ''}")
            case Closed(close=close):
                words.append(str(close))
            case Moved(row=row):
                words.append(f"{row.label} {row.state}")
            case Passed(seconds=seconds):
                words.append(f"+{seconds:g}")
            case Said(text=text):
                words.append(f"said {text}")
            case Resumed(operations=operations):
                words.append(f"resumed {operations}")
            case Counted(row=row):
                words.append(f"{row.label} {row.tally.done}/{row.tally.begun}" if row.tally else "")
            case Began() | Over():
                words.append(type(moment).__name__)
    return words


def test_a_run_becomes_its_moments_in_order() -> None:
    _, moments = told(*a_whole_run())
    assert brief(moments) == [
        *("Began", "#1 cold", "reserve running", "reserve succeeded", "pack running", "pack interrupted", "crashed"),
        *("+5", "#2 cold", "said packing", "pack running", "pack succeeded", "pickup waiting", "suspended"),
        *("pickup succeeded", "#3", "label running", "label retrying", "suspended"),
        *("+2", "#4", "label running", "label succeeded", "finished", "Over"),
    ]


def test_operations_keep_the_order_of_their_first_mention() -> None:
    timeline, _ = told(*a_whole_run())
    assert list(timeline.rows) == ["reserve", "pack", "pickup", "label"]
    assert {row.state for row in timeline.rows.values()} == {State.SUCCEEDED}


@pytest.mark.parametrize(
    ("status", "close"), [(ExecutionStatus.RUNNING, "suspended"), (ExecutionStatus.STOPPED, "finished")]
)
def test_how_an_invocation_ended_is_known_at_once(status: ExecutionStatus, close: str) -> None:
    timeline, moments = told(story.begun(), story.invoked(0.0, 1), story.answered(0.2, status=status))
    assert brief(moments) == ["Began", "#1 cold", close]
    assert timeline.invocation is None


def test_an_invocation_that_leaves_a_wait_behind_may_still_be_the_last() -> None:
    _, moments = told(
        story.invoked(0.0, 1),
        story.waiting(0.1, "grace", 60),
        story.answered(0.2, status=ExecutionStatus.SUCCEEDED),
        story.finished(0.2, "1"),
    )
    assert brief(moments)[-2:] == ["finished", "Over"]


def test_a_worker_that_reported_an_error_lives_on() -> None:
    _, moments = told(story.invoked(0.0, 1), story.answered(0.1, error=BROKEN), story.invoked(0.2, 2))
    assert brief(moments) == ["#1 cold", "failed", "#2"]


def test_only_steps_are_interrupted_by_a_death() -> None:
    timeline, _ = told(
        story.invoked(0.0, 1),
        story.started(0.1, "fulfil", kind=Kind.CONTEXT),
        story.started(0.1, "pack", parent="fulfil"),
        story.waiting(0.1, "grace", 60),
        story.answered(0.2, error=DIED),
    )
    states = {name: row.state for name, row in timeline.rows.items()}
    assert states == {"fulfil": State.RUNNING, "pack": State.INTERRUPTED, "grace": State.WAITING}


def test_an_operation_is_as_deep_as_its_parents_are() -> None:
    timeline, _ = told(
        story.started(0.0, "outer", kind=Kind.CONTEXT),
        story.started(0.0, "inner", kind=Kind.CONTEXT, parent="outer"),
        story.started(0.0, "pack", parent="inner"),
    )
    assert [row.depth for row in timeline.rows.values()] == [0, 1, 2]


def test_what_runs_and_what_waits_is_known_at_any_time() -> None:
    timeline, _ = told(
        story.invoked(0.0, 1),
        story.started(0.0, "fulfil", kind=Kind.CONTEXT),
        story.started(0.1, "pack"),
        story.waiting(0.1, "late", 60),
        story.retrying(0.1, "soon", delay=5),
    )
    assert [row.name for row in timeline.running] == ["pack"]
    assert [(row.name, row.until) for row in timeline.pending] == [("soon", START + 5.1), ("late", START + 60.1)]


def test_the_time_of_an_attempt_is_its_own() -> None:
    timeline, _ = told(
        story.started(0.0, "label"),
        story.retrying(0.5, "label", delay=10),
        story.started(10.5, "label", attempt=2),
        story.succeeded(10.7, "label", attempt=2),
    )
    row = timeline.rows["label"]
    assert row.at - row.started_at == pytest.approx(0.2)
    assert row.attempt == 2


def test_a_wait_that_elapsed_remembers_how_long_it_was() -> None:
    timeline, _ = told(story.waiting(1.0, None, 60), story.elapsed(61.0, None))
    row = timeline.rows["WAIT"]
    assert (row.label, row.delay, row.at - row.started_at) == ("wait", 60, 60.0)


def test_an_execution_that_goes_on_says_how_much_was_recorded_and_what_still_waits() -> None:
    timeline, _ = told(
        story.begun(),
        story.succeeded(0.1, "reserve", '"shelf 4"'),
        story.started(0.1, "pack"),
        story.waiting(0.1, "pickup", 7200),
        story.answered(0.2, error=DIED),
    )
    moments = [
        moment for notice in (story.resumed(60.0, 3), story.invoked(60.0, 2)) for moment in timeline.observe(notice)
    ]
    assert brief(moments) == ["resumed 3", "pickup waiting", "#2 cold"]
    assert {moment.at for moment in moments} == {START + 60.0}
    assert timeline.started_at == START
    assert [(row.name, row.until) for row in timeline.pending] == [("pickup", START + 7200.1)]
    assert timeline.rows["pack"].state is State.INTERRUPTED


def test_an_execution_whose_beginning_nobody_heard_has_a_timeline() -> None:
    timeline, moments = told(story.elapsed(61.0, "pickup"), story.invoked(61.0, 4), story.succeeded(61.1, "pack"))
    assert brief(moments) == ["pickup succeeded", "#4 cold", "pack succeeded"]
    assert timeline.started_at == START + 61.0


def test_other_executions_and_the_workers_of_none_are_told_apart() -> None:
    stranger = Story("arn:other")
    timeline, moments = told(stranger.begun(), stranger.started(0.0, "pack"), stranger.wrote("theirs"))
    assert moments == []
    assert timeline.rows == {}
    assert timeline.started_at is None


def test_the_end_carries_what_the_execution_came_to() -> None:
    timeline, _ = told(story.begun(), story.finished(3.0, status=ExecutionStatus.FAILED, error=BROKEN))
    assert timeline.over == Over(at=START + 3.0, status=ExecutionStatus.FAILED, result=None, error=BROKEN)


CHILD = Story("arn:child")
GRANDCHILD = Story("arn:grandchild")


def test_of_a_large_map_the_first_items_and_the_first_failures_are_told() -> None:
    timeline, moments = told(story.invoked(0.0, 1), *a_map(200))
    moved = [moment.row.name for moment in moments if isinstance(moment, Moved)]
    assert {name for name in moved if name and name.startswith("item")} == {
        *(f"item {number}" for number in range(6)),
        *(f"item {number}" for number in range(9, 60, 10)),
    }
    assert timeline.rows["prices"].tally == Tally(begun=200, succeeded=180, failed=20)
    assert len(moments) < 60


def test_a_map_is_counted_ever_more_rarely() -> None:
    _, moments = told(story.invoked(0.0, 1), *a_map(3000, pace=0.1))
    times = [moment.at - START for moment in moments if isinstance(moment, Counted)]
    pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert times[0] == pytest.approx(1.1, abs=0.15)
    assert all(pause <= max(2 * sooner, 1.2) for sooner, pause in zip(times, pauses, strict=False))
    assert pauses[-1] == pytest.approx(60, abs=0.2)
    assert len(times) < 15


def test_a_map_is_counted_when_its_invocation_ends_if_there_is_news() -> None:
    notices = a_map(20)
    _, moments = told(
        story.invoked(0.0, 1),
        *notices[:50],
        story.answered(0.9),
        story.invoked(1.0, 2),
        story.answered(1.1),
        story.invoked(1.2, 3),
        *notices[50:],
        story.answered(3.0),
    )
    counts = [(moment.is_interim, moment.row.tally) for moment in moments if isinstance(moment, Counted)]
    assert counts == [(False, Tally(20, 4, 0)), (True, Tally(20, 18, 1)), (False, Tally(20, 18, 2))]


def test_a_small_map_is_told_in_full() -> None:
    timeline, moments = told(story.invoked(0.0, 1), *a_map(6))
    assert len(moments) == 1 + 1 + 4 * 6
    assert timeline.counted == ()


def test_what_is_only_counted_is_not_listed_but_does_not_vanish() -> None:
    timeline, _ = told(story.invoked(0.0, 1), *a_map(20)[:41])
    assert [row.name for row in timeline.running] == [f"price {number}" for number in range(6)]
    assert [row.name for row in timeline.counted] == ["prices"]
    assert timeline.operations == 41
    timeline.observe(story.retrying(1.0, "price 15", delay=9))
    timeline.observe(story.retrying(1.0, "price 16", delay=5))
    assert timeline.pending == ()
    assert timeline.next_folded is not None
    assert timeline.next_folded.name == "price 16"


def test_a_worker_s_death_is_told_of_those_that_are_told() -> None:
    timeline, moments = told(story.invoked(0.0, 1), *a_map(20)[:41], story.answered(1.0, error=DIED))
    assert brief(moments)[-8:] == [*(f"price {number} interrupted" for number in range(6)), "prices 0/20", "crashed"]
    assert timeline.rows["price 19"].state is State.INTERRUPTED


def test_what_happens_in_a_branch_names_it() -> None:
    timeline, _ = told(
        story.context(0.0, "checks", "Parallel"),
        story.context(0.0, "stock", "ParallelBranch", "checks"),
        story.context(0.0, "deep", "RunInChildContext", "stock"),
        story.started(0.0, "look", parent="deep"),
        story.started(0.0, "count", parent="stock"),
    )
    found = {row.name: (row.branch, row.depth) for row in timeline.rows.values()}
    assert found == {
        "checks": (None, 0),
        "stock": (None, 1),
        "deep": ("stock", 1),
        "look": ("stock", 2),
        "count": ("stock", 1),
    }


@pytest.mark.parametrize(("name", "prefix"), [("approve", "approve "), (None, "")])
def test_the_parts_of_a_wait_for_callback_are_called_what_they_are(name: str | None, prefix: str) -> None:
    timeline, _ = told(
        story.started(0.0, name, kind=Kind.CONTEXT, sub_type="WaitForCallback"),
        story.asking(0.0, f"{prefix}create callback id", parent=name or "CONTEXT"),
        story.started(0.0, f"{prefix}submitter", parent=name or "CONTEXT"),
    )
    assert [row.label for row in timeline.rows.values()] == [name or "wait for callback", "callback", "submitter"]


def test_what_waits_for_somebody_without_an_end_is_listed_last() -> None:
    timeline, _ = told(
        story.calling(0.0, "ship", "shipping"),
        story.asking(0.0, "forever"),
        story.asking(0.0, "approve", timeout=60),
        story.waiting(0.0, "grace", 30),
    )
    assert [row.name for row in timeline.pending] == ["grace", "approve", "ship", "forever"]


def test_a_callback_has_its_id_and_its_end() -> None:
    timeline, _ = told(story.asking(1.0, "approve", timeout=60))
    row = timeline.rows["approve"]
    assert (row.callback_id, row.delay, row.until, row.state) == ("aWQ=", 60, START + 61, State.WAITING)
    timeline.observe(story.succeeded(5.0, "approve", '"yes"', kind=Kind.CALLBACK))
    row = timeline.rows["approve"]
    assert (row.callback_id, row.result, row.at - row.started_at) == ("aWQ=", '"yes"', 4.0)


def test_what_an_invoked_workflow_does_is_told_below_the_invoke() -> None:
    timeline, moments = told(
        story.invoked(0.0, 1),
        story.started(0.0, "pack"),
        story.succeeded(0.0, "pack"),
        story.calling(0.1, "ship", "shipping", CHILD.arn),
        story.answered(0.2),
        CHILD.begun(),
        CHILD.invoked(0.2, 1),
        CHILD.wrote("on its way"),
        CHILD.started(0.3, "pack"),
        CHILD.calling(0.4, "sign", "signing", GRANDCHILD.arn),
        CHILD.answered(0.5, error=DIED),
        GRANDCHILD.asking(0.6, "approve"),
        Story("arn:stranger").started(0.7, "nothing of ours"),
        CHILD.finished(0.8),
    )
    assert brief(moments) == [
        *("#1 cold", "pack running", "pack succeeded", "ship waiting", "suspended"),
        *("said on its way", "pack running", "sign waiting", "pack interrupted", "approve waiting"),
    ]
    assert {key: row.depth for key, row in timeline.rows.items()} == {
        "pack": 0,
        "ship": 0,
        "ship/pack": 1,
        "ship/sign": 1,
        "ship/sign/approve": 2,
    }
    assert timeline.rows["pack"].state is State.SUCCEEDED
    assert (timeline.operations, timeline.over) == (2, None)


def test_a_parent_s_death_does_not_interrupt_its_child() -> None:
    timeline, _ = told(
        story.invoked(0.0, 1),
        story.calling(0.1, "ship", "shipping", CHILD.arn),
        CHILD.started(0.3, "pack"),
        story.answered(0.5, error=DIED),
    )
    assert timeline.rows["ship/pack"].state is State.RUNNING


def test_a_poll_leaves_a_state() -> None:
    timeline, _ = told(story.polled(0.0, "paid?", '{"tries":1}', delay=5))
    row = timeline.rows["paid?"]
    assert (row.noun, row.polled, row.delay, row.error) == ("condition", '{"tries":1}', 5, None)
