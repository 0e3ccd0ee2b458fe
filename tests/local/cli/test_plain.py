from __future__ import annotations

import dataclasses
import io
import json

import pytest

from perdure_local import ErrorObject, ExecutionStatus, Kind, Summary
from perdure_local.cli.json_lines import JsonScreen
from perdure_local.cli.plain import PlainScreen, QuietScreen
from perdure_local.cli.screens import Ending, Heading, Screen
from perdure_local.moments import Began
from perdure_local.timeline import Timeline
from support.story import ARN, BROKEN, START, Story, a_map, a_whole_run

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
        "0:00:00.000  step paid? poll 1 found nothing, next in 5 s",
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


def told(*notices: object, heading: Heading = HEADING) -> list[str]:
    stream, timeline = io.StringIO(), Timeline(ARN)
    screen = PlainScreen(stream)
    screen.begin(heading, timeline)
    for notice in notices:
        screen.show(notice, timeline.observe(notice))
    return stream.getvalue().splitlines()[1:]


def test_what_is_in_an_operation_is_indented_and_branches_are_named() -> None:
    story = Story()
    lines = told(
        story.context(0.0, "checks", "Parallel"),
        story.context(0.0, "stock", "ParallelBranch", "checks"),
        story.started(0.0, "count", parent="stock"),
        story.succeeded(0.1, "count", "4", parent="stock"),
        story.left(0.1, "stock", "ParallelBranch", "4", "checks"),
        story.left(0.1, "checks", "Parallel", '{"all":[]}'),
    )
    assert lines == [
        "0:00:00.000  parallel checks started",
        "0:00:00.000    branch stock started",
        "0:00:00.000    stock / step count started",
        "0:00:00.100    stock / step count succeeded: 4",
        "0:00:00.100    branch stock succeeded: 4",
        "0:00:00.100  parallel checks done: 1 succeeded",
    ]


def test_a_large_map_is_counted() -> None:
    lines = told(*a_map(200), Story().left(20.0, "prices", "Map"))
    assert "0:00:01.100  map prices: 11 done, 1 of them failed, 189 under way" in lines
    assert "0:00:01.000    item item 9 failed: shop.PrinterOffline: the printer does not answer" in lines
    assert lines[-1] == "0:00:20.000  map prices done: 180 succeeded, 20 failed"
    assert len(lines) < 50


def test_a_batch_that_ended_early_says_how_many_it_left() -> None:
    story = Story()
    lines = told(
        story.context(0.0, "first", "Parallel"),
        story.context(0.0, "a", "ParallelBranch", "first"),
        story.context(0.0, "b", "ParallelBranch", "first"),
        story.left(0.0, "a", "ParallelBranch", "1", "first"),
        story.left(0.0, "first", "Parallel"),
    )
    assert lines[-1] == "0:00:00.000  parallel first done: 1 succeeded, 1 unfinished"


@pytest.mark.parametrize(
    ("options", "command"),
    [("", "perdure callback succeed approve"), (" --journal j.db", "perdure callback succeed approve --journal j.db")],
)
def test_a_callback_says_how_to_complete_it(options: str, command: str) -> None:
    story, heading = Story(), HEADING._replace(callback_options=options)
    lines = told(
        story.context(0.0, "ask", "WaitForCallback"),
        story.asking(0.0, "approve", timeout=7200, parent="ask"),
        story.succeeded(9.0, "approve", '{"t":"m","v":1}', attempt=0, kind=Kind.CALLBACK, parent="ask"),
        heading=heading,
    )
    assert lines == [
        "0:00:00.000  wait for callback ask started",
        f"0:00:00.000    callback approve waits 2 h; {command}; its id is aWQ=",
        '0:00:09.000    callback approve succeeded: {"t":"m","v":1}',
    ]


def test_an_invoke_says_whom_it_calls_and_what_to_do_if_nobody_is_there() -> None:
    story = Story()
    missing = ErrorObject(ErrorType="ResourceNotFoundException", ErrorMessage="Function not found: ship")
    way_out = "to have it here, give: --function ship=MODULE.FUNCTION"
    lines = told(
        story.calling(0.0, "shipping", "arn:aws:lambda:us-east-1:123456789012:function:ship:live"),
        story.failed(0.0, "shipping", missing, attempt=0, kind=Kind.CHAINED_INVOKE),
    )
    assert lines == [
        "0:00:00.000  invoke shipping calls arn:aws:lambda:us-east-1:123456789012:function:ship:live",
        f"0:00:00.000  invoke shipping failed: ResourceNotFoundException: Function not found: ship; {way_out}",
    ]


def test_a_condition_says_what_its_poll_found() -> None:
    assert told(Story().polled(0.0, "paid?", '{"tries": 1}', delay=5)) == [
        '0:00:00.000  condition paid? poll 1 found {"tries":1}, next in 5 s'
    ]


def test_as_json_a_callback_is_what_was_sent() -> None:
    story, stream, timeline = Story(), io.StringIO(), Timeline(ARN)
    screen = JsonScreen(stream)
    screen.begin(HEADING, timeline)
    for notice in (
        story.asking(0.0, "approve"),
        story.succeeded(0.0, "approve", '{"t":"m","v":1}', attempt=0, kind=Kind.CALLBACK),
        story.polled(0.0, "paid?", '{"t":"m","v":{"tries":1}}', delay=5),
    ):
        screen.show(notice, timeline.observe(notice))
    first, second, third = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["callback_id"], first["timeout"]) == ("callback_created", "aWQ=", None)
    assert second["result"] == {"t": "m", "v": 1}
    assert third["state"] == {"tries": 1}
