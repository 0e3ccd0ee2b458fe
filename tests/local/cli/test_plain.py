from __future__ import annotations

import dataclasses
import io
import json

import pytest

from perdure_local import ExecutionStatus, Summary
from perdure_local.cli.json_lines import JsonScreen
from perdure_local.cli.plain import PlainScreen, QuietScreen
from perdure_local.cli.screens import Ending, Heading, Screen
from perdure_local.moments import Began
from perdure_local.timeline import Timeline
from support.story import ARN, BROKEN, START, Story, a_whole_run

HEADING = Heading("shop.checkout", '{"order": 7}', ".perdure/journal.db", skips_time=False)


def ending(status: ExecutionStatus = ExecutionStatus.SUCCEEDED, **facts: object) -> Ending:
    found = {"result": '{"tracking": "LBL"}', "error": None} | facts
    summary = Summary(
        ARN, "order-7", "shop", status, "{}", started_at=START, ended_at=START + 7208.4, invocations=4, **found
    )
    return Ending(summary, operations=4, seconds=1.2, is_new=True)


def show(screen: Screen) -> None:
    timeline = Timeline(ARN)
    with screen:
        screen.begin(HEADING, timeline)
        for notice in [Story("arn:other").begun(), *a_whole_run()]:
            screen.show(notice, timeline.observe(notice))
        screen.refresh(1.0)
        screen.end(ending())


def test_a_run_is_a_line_for_each_moment() -> None:
    stream = io.StringIO()
    show(PlainScreen(stream))
    assert stream.getvalue().splitlines() == [
        "running shop.checkout; journal .perdure/journal.db",
        "0:00:00.000  execution order-7 started",
        "0:00:00.000  invocation 1 started (cold start)",
        "0:00:00.100  step reserve started",
        '0:00:00.100  step reserve succeeded: "shelf 4"',
        "0:00:00.100  step pack started",
        "0:00:00.400  step pack interrupted",
        "0:00:00.400  invocation 1 crashed after 400 ms: Runtime.ExitError: Runtime exited with error: signal: killed",
        "0:00:05.400  invocation 2 started (cold start)",
        "0:00:05.400  stdout  packing",
        "0:00:05.500  step pack started",
        '0:00:05.900  step pack succeeded: {"parcel":1}',
        "0:00:06.000  wait pickup waits 2 h",
        "0:00:06.100  invocation 2 suspended after 700 ms",
        "2:00:06.000  wait pickup elapsed",
        "2:00:06.000  invocation 3 started",
        "2:00:06.000  step label started",
        "2:00:06.200  step label attempt 1 failed, next in 2 s: shop.PrinterOffline: the printer does not answer",
        "2:00:06.200  invocation 3 suspended after 200 ms",
        "2:00:08.200  invocation 4 started",
        "2:00:08.200  step label started attempt 2",
        '2:00:08.300  step label succeeded at attempt 2: "LBL"',
        "2:00:08.400  invocation 4 finished after 200 ms",
        "4 invocations, 4 operations, 2 h 8 s elapsed, 1.2 s of real time",
        'SUCCEEDED  {"tracking":"LBL"}',
    ]


def test_a_condition_that_does_not_hold_yet_is_no_failure() -> None:
    stream, timeline, story = io.StringIO(), Timeline(ARN), Story()
    screen = PlainScreen(stream)
    screen.begin(HEADING, timeline)
    for notice in (story.retrying(0.0, "paid?", delay=5, error=None), story.failed(5.0, "paid?")):
        screen.show(notice, timeline.observe(notice))
    assert stream.getvalue().splitlines()[1:] == [
        "0:00:00.000  step paid? attempt 1 done, next in 5 s",
        "0:00:05.000  step paid? failed: shop.PrinterOffline: the printer does not answer",
    ]


@pytest.mark.parametrize(
    ("end", "stdout", "stderr"),
    [
        (ending(), '{"tracking":"LBL"}\n', ""),
        (ending(result=None), "null\n", ""),
        (
            ending(ExecutionStatus.FAILED, result=None, error=BROKEN | {"StackTrace": ["  line"]}),
            "",
            "FAILED  shop.PrinterOffline: the printer does not answer\n    line\n",
        ),
        (ending(ExecutionStatus.STOPPED, result=None), "", "STOPPED\n"),
    ],
)
def test_quiet_is_the_result_or_the_error(end: Ending, stdout: str, stderr: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    screen = QuietScreen(out, err)
    screen.begin(HEADING, Timeline(ARN))
    screen.show(Story().begun(), [Began(at=START, name="order-7")])
    screen.end(end)
    assert (out.getvalue(), err.getvalue()) == (stdout, stderr)


def test_an_execution_that_goes_on_says_so() -> None:
    stream, timeline, story = io.StringIO(), Timeline(ARN), Story()
    for notice in (story.begun(), story.waiting(1.0, "pickup", 7200)):
        timeline.observe(notice)
    screen = PlainScreen(stream)
    screen.begin(HEADING, timeline)
    resumed = story.resumed(60.0, 1)
    screen.show(resumed, timeline.observe(resumed))
    assert stream.getvalue().splitlines()[1:] == [
        "0:01:00.000  execution order-7 resumed: 1 operation recorded earlier",
        "0:01:00.000  wait pickup waits 2 h",
    ]


def test_an_execution_that_was_over_is_told_apart() -> None:
    stream = io.StringIO()
    PlainScreen(stream).end(ending()._replace(is_new=False))
    assert stream.getvalue().splitlines() == [
        "execution order-7 was over before, after 2 h 8 s; nothing ran",
        'SUCCEEDED  {"tracking":"LBL"}',
    ]


def test_json_lines_hold_no_notice_of_another_execution() -> None:
    stream = io.StringIO()
    show(JsonScreen(stream))
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(a_whole_run()) + 1
    assert "arn:other" not in stream.getvalue()
    assert lines[0].startswith('{"event":"execution_started",')
    assert '"result":{"parcel":1}' in lines[9]
    assert lines[-1].startswith('{"event":"summary",')


def test_a_value_that_is_nested_too_deeply_to_be_written_is_its_text() -> None:
    deep = "[" * 400 + "]" * 400
    stream = io.StringIO()
    screen = JsonScreen(stream)
    screen.begin(HEADING, Timeline(ARN))
    screen.show(dataclasses.replace(Story().begun(), payload=deep), [])
    screen.end(ending(result="[]"))
    told, _summary = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (told["event"], told["payload"]) == ("execution_started", deep)
