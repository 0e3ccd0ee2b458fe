from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perdure_local import ExecutionStatus, Kind
from perdure_local.moments import Began, Closed, Invoked, Moved, Over, Passed, Resumed, Said, State
from perdure_local.timeline import Timeline
from support.story import ARN, BROKEN, DIED, START, Story, a_whole_run

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
