from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from perdure_local import ErrorObject, ExecutionStatus, Kind, Summary
from perdure_local.cli.live import LiveScreen
from perdure_local.cli.screens import Ending, Heading
from perdure_local.timeline import Timeline
from support.story import ARN, BROKEN, START, Story, a_map, a_whole_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure_local import LogLine, Notice

story = Story()


def console(width: int = 80, encoding: str = "utf-8") -> Console:
    """A console that is no terminal: what is drawn at the bottom is not shown on it, what stands is."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    return Console(file=stream, width=width, color_system=None, highlight=False, markup=False, emoji=False)


def written(shown: Console) -> list[str]:
    shown.file.seek(0)
    return [line.rstrip() for line in shown.file.read().splitlines()]


def shown(
    notices: Sequence[Notice | LogLine], *, width: int = 80, encoding: str = "utf-8", skips_time: bool = True
) -> list[str]:
    on = console(width, encoding)
    timeline = Timeline(ARN)
    with LiveScreen(on) as screen:
        screen.begin(Heading("shop.checkout", "{}", "j.db", skips_time=skips_time), timeline)
        for notice in notices:
            screen.show(notice, timeline.observe(notice))
    return written(on)[5:]


def bottom(*notices: Notice, since: float = 0.0, skips_time: bool = False) -> list[str]:
    timeline = Timeline(ARN)
    screen = LiveScreen(console())
    screen.begin(Heading("shop.checkout", "{}", "j.db", skips_time=skips_time), timeline)
    for notice in notices:
        timeline.observe(notice)
    return [line.plain for line in screen._bottom(timeline, since)]


def end(
    status: ExecutionStatus, result: str | None = None, error: dict[str, object] | None = None, *, width: int = 80
) -> list[str]:
    on = console(width)
    summary = Summary(ARN, "order-7", "shop", status, "{}", result, error, START, START + 7208.4, 4)  # type: ignore[arg-type]  # a dict as the wire has it
    with LiveScreen(on) as screen:
        screen.end(Ending(summary, operations=4, seconds=1.2, is_new=True))
    return written(on)


def test_a_run_is_drawn_as_brackets() -> None:
    assert shown(a_whole_run()) == [
        "╭─ invocation 1  cold start",
        '│  ✓ reserve                           "shelf 4"',
        "│  ✗ pack                      300 ms  interrupted",
        "╰─ crashed                     400 ms  Runtime exited with error: signal: killed",
        "⋮  5 s skipped",
        "╭─ invocation 2  cold start",
        "│    packing",
        '│  ✓ pack                      400 ms  {"parcel":1}',
        "│  ◷ pickup                       2 h  suspends until then",
        "╰─ suspended                   700 ms",
        "   ✓ pickup                       2 h  skipped",
        "╭─ invocation 3",
        "│  ↻ label                     200 ms  attempt 1 failed, next in 2 s",
        "│                                      shop.PrinterOffline: the printer does not",
        "│                                      answer",
        "╰─ suspended                   200 ms",
        "⋮  2 s skipped",
        "╭─ invocation 4",
        '│  ✓ label                     100 ms  "LBL"  attempt 2',
        "╰─ finished                    200 ms",
    ]


def test_what_was_recorded_earlier_is_folded() -> None:
    notices = [story.begun(), story.succeeded(0.1, "reserve"), story.waiting(0.1, "pickup", 7200)]
    on = console()
    timeline = Timeline(ARN)
    for notice in notices:
        timeline.observe(notice)
    with LiveScreen(on) as screen:
        screen.begin(Heading("shop.checkout", "{}", "j.db", skips_time=False), timeline)
        screen.show(story.resumed(60.0, 2), timeline.observe(story.resumed(60.0, 2)))
    assert written(on)[5:] == [
        "⋮  2 operations recorded earlier",
        "   ◷ pickup                       2 h  suspends until then",
    ]
    assert bottom(*notices, story.resumed(60.0, 2), since=1.0)[0] == "   ◷ pickup                   1:59:00 left"


def test_why_an_invocation_failed_is_told_in_full() -> None:
    error = ErrorObject(ErrorType="shop.Refused", ErrorMessage="a message that is longer than what is left of a line")
    assert shown([story.invoked(0.0, 1), story.answered(0.1, error=error)]) == [
        "╭─ invocation 1  cold start",
        "╰─ failed                      100 ms  shop.Refused: a message that is longer",
        "                                       than what is left of a line",
    ]


def test_time_that_passed_was_not_skipped() -> None:
    lines = shown(a_whole_run(), skips_time=False)
    assert "⋮  5 s later" in lines
    assert "   ✓ pickup                       2 h  elapsed" in lines


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in shown(a_whole_run(), width=width)) <= width


def test_without_unicode_it_is_drawn_in_ascii() -> None:
    lines = shown(a_whole_run(), encoding="ascii")
    assert "".join(lines).isascii()
    assert lines[:2] == ["+- invocation 1  cold start", '|  + reserve                           "shelf 4"']


def test_what_happens_in_a_context_is_indented_below_it() -> None:
    lines = shown(
        [
            story.invoked(0.0, 1),
            story.started(0.0, "fulfil", kind=Kind.CONTEXT),
            story.succeeded(0.1, "pack", '"p"', parent="fulfil"),
            story.succeeded(0.2, "fulfil", '"f"', kind=Kind.CONTEXT),
        ]
    )
    assert lines == [
        "╭─ invocation 1  cold start",
        "│  ▸ fulfil",
        '│  ✓   pack                            "p"',
        '│  ✓ fulfil                    200 ms  "f"',
    ]


def test_a_users_text_cannot_drive_the_terminal() -> None:
    lines = shown(
        [story.invoked(0.0, 1), story.wrote("\x1b[2J[bold]x[/bold]"), story.succeeded(0.0, "a\x07b", '"\x1b"')]
    )
    assert lines[1:] == ["│    \\x1b[2J[bold]x[/bold]", '│  ✓ a\\x07b                            "\\x1b"']


def test_what_failed_for_good_says_why() -> None:
    lines = shown([story.invoked(0.0, 1), story.failed(0.0, "label", attempt=3)], width=120)
    assert [line.strip() for line in lines[1:]] == [
        "│  ✗ label                             attempt 3 failed, the last one",
        "│                                      shop.PrinterOffline: the printer does not answer",
    ]


def test_the_bottom_shows_what_runs() -> None:
    lines = bottom(story.invoked(0.0, 1), story.started(0.0, "pack", attempt=2), since=1.52)
    assert lines == ["│  ⠋ pack                       1.5 s  attempt 2"]


def test_the_bottom_moves_when_nothing_is_known_yet() -> None:
    assert bottom(story.invoked(0.0, 1)) == ["│  ⠋"]
    assert bottom(story.begun()) == ["   ⠋"]


def test_the_bottom_counts_down_to_what_is_due() -> None:
    notices = (story.invoked(0.0, 1), story.waiting(0.0, "pickup", 7200), story.answered(0.0))
    assert bottom(*notices, since=2.5) == [
        "   ◷ pickup                   1:59:58 left",
        "   --skip-time skips waits, Ctrl-C stops",
    ]
    assert bottom(*notices, since=7199.0) == ["   ◷ pickup                      0:01 left"]
    assert bottom(*notices, since=2.5, skips_time=True) == ["   ◷ pickup                   1:59:58 left"]


def test_the_bottom_stays_small_whatever_happens() -> None:
    lines = bottom(story.invoked(0.0, 1), *(story.started(0.0, f"item {number}") for number in range(100)))
    assert len(lines) == 7
    assert lines[-1] == "   and 94 more"


def test_the_bottom_is_empty_at_the_end() -> None:
    assert bottom(story.invoked(0.0, 1), story.waiting(0.0, "grace", 60), story.finished(0.1)) == []


def test_a_result_that_fits_is_the_last_line_alone() -> None:
    assert end(ExecutionStatus.SUCCEEDED, '{"tracking": "LBL"}') == [
        "",
        "2 h 8 s in 1.2 s of real time, 4 invocations, 4 operations",
        'SUCCEEDED  {"tracking":"LBL"}',
    ]


def test_a_result_that_does_not_fit_is_set_out_above() -> None:
    lines = end(ExecutionStatus.SUCCEEDED, '{"tracking": "LBL", "items": [1, 2]}', width=40)
    assert lines[1:7] == ["{", '  "tracking": "LBL",', '  "items": [', "    1,", "    2", "  ]"]
    assert lines[-1].startswith('SUCCEEDED  {"tracking":"LBL"')
    assert len(lines[-1]) <= 40


def test_a_result_of_many_lines_does_not_push_the_run_off_the_screen() -> None:
    lines = end(ExecutionStatus.SUCCEEDED, str(list(range(500))))
    assert "and 462 lines more; --quiet writes all of it" in lines
    assert len(lines) < 50


def test_an_error_is_told_in_full_with_its_stack() -> None:
    stack = ['  File "shop.py", line 3, in label', "    raise PrinterOffline()", "raised by the operation 'label'"]
    assert end(ExecutionStatus.FAILED, error=BROKEN | {"StackTrace": stack}) == [
        "",
        '    File "shop.py", line 3, in label',
        "      raise PrinterOffline()",
        "  raised by the operation 'label'",
        "2 h 8 s in 1.2 s of real time, 4 invocations, 4 operations",
        "FAILED  shop.PrinterOffline: the printer does not answer",
    ]


def test_branches_are_told_by_their_results_and_what_is_in_them_by_their_names() -> None:
    lines = shown(
        [
            story.invoked(0.0, 1),
            story.context(0.0, "checks", "Parallel"),
            story.context(0.0, "stock", "ParallelBranch", "checks"),
            story.context(0.0, "credit", "ParallelBranch", "checks"),
            story.succeeded(0.1, "count", "4", parent="stock"),
            story.succeeded(0.1, "ask", "true", parent="credit"),
            story.left(0.1, "stock", "ParallelBranch", "4", "checks"),
            story.left(0.2, "credit", "ParallelBranch", "true", "checks"),
            story.left(0.2, "checks", "Parallel", "{}"),
        ]
    )
    assert lines[1:] == [
        "│  ▸ checks                            parallel",
        "│  ✓   stock / count                   4",
        "│  ✓   credit / ask                    true",
        "│  ✓   stock                   100 ms  4",
        "│  ✓   credit                  200 ms  true",
        "│  ✓ checks                    200 ms  2 succeeded",
    ]


def test_a_large_map_fits_on_a_screen() -> None:
    notices = [story.invoked(0.0, 1), *a_map(1000, pace=0.001), story.left(2.0, "prices", "Map", "{}")]
    lines = shown([*notices, story.answered(2.0)])
    assert lines[1] == "│  ▸ prices                            map"
    assert lines[-2] == "│  ✓ prices                       2 s  900 succeeded, 100 failed"
    assert len(lines) < 60


def test_the_bottom_counts_a_large_map() -> None:
    notices = a_map(20)
    assert bottom(story.invoked(0.0, 1), *notices[:50])[0] == (
        "│  ⠋ prices                            4 done, 16 under way"
    )
    notices = [story.invoked(0.0, 1), *notices[:41], story.retrying(0.0, "price 15", delay=65), story.answered(0.0)]
    done = [story.succeeded(0.0, f"price {number}") for number in range(20) if number != 15]
    assert bottom(*notices, *done) == [
        "   ⠋ prices                            20 under way",
        "   the next of the others in 1:05",
    ]


def test_a_callback_says_how_to_complete_it() -> None:
    notices = (
        story.invoked(0.0, 1),
        story.context(0.0, "approve", "WaitForCallback"),
        story.asking(0.0, "approve create callback id", timeout=7200, parent="approve"),
        story.answered(0.0),
    )
    assert shown(notices)[1:4] == [
        "│  ▸ approve",
        "│  ?   callback                   2 h  waits for somebody to answer:",
        "│                                      perdure callback succeed 'approve '",
    ]
    assert bottom(*notices, since=5.0) == [
        "   ?   callback               1:59:55 left",
        "   in another terminal: perdure callback succeed 'approve ' [PAYLOAD]",
    ]
    assert bottom(*notices, skips_time=True)[-1] == "   time is not skipped while a callback is waited for"


def test_several_callbacks_are_listed_by_a_command() -> None:
    lines = bottom(story.asking(0.0, "a"), story.asking(0.0, "b", timeout=60))
    assert lines == [
        "   ? b                           1:00 left",
        "   ? a                              ⠋",
        "   in another terminal: perdure callback list",
    ]


def test_an_invoke_is_followed_into_the_workflow_that_it_calls() -> None:
    child = Story("arn:child")
    notices = [
        story.invoked(0.0, 1),
        story.calling(0.0, "ship it", "ship", child.arn),
        story.answered(0.0),
        child.started(0.1, "pack"),
        child.succeeded(0.3, "pack", '"parcel"'),
        child.started(0.3, "label"),
    ]
    assert shown(notices)[1:] == [
        "│  → ship it                           calls ship",
        "╰─ suspended                     0 ms",
        '   ✓   pack                    200 ms  "parcel"',
    ]
    (line,) = bottom(*notices, since=0.5)
    assert line.rstrip() == "   ⠋   label                   500 ms"


def test_an_invoke_of_nobody_says_what_to_do() -> None:
    missing = ErrorObject(ErrorType="ResourceNotFoundException", ErrorMessage="Function not found: ship")
    lines = shown(
        [
            story.calling(0.0, "ship it", "ship"),
            story.failed(0.0, "ship it", missing, attempt=0, kind=Kind.CHAINED_INVOKE),
        ],
        width=120,
    )
    assert [line.strip() for line in lines[1:]] == [
        "✗ ship it                           failed",
        "ResourceNotFoundException: Function not found: ship",
        "to have it here, give: --function ship=MODULE.FUNCTION",
    ]


def test_a_condition_says_what_its_poll_found() -> None:
    assert shown([story.invoked(0.0, 1), story.polled(0.0, "paid?", '{"tries": 1}', delay=5)])[1:] == [
        '│  ↻ paid?                             poll 1, next in 5 s  {"tries":1}'
    ]
