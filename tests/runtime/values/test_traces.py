import json
import sys
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.values.traces import cut_lines, cut_text, json_size, stack_of


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise ValueError("deep")


def trace_of(depth: int) -> TracebackType | None:
    try:
        fail(depth)
    except ValueError as error:
        return error.__traceback__
    raise AssertionError


def test_stack_has_file_line_function_and_source() -> None:
    first, source, *_ = stack_of(trace_of(0), ())
    assert first.startswith(f'  File "{__file__}", line ')
    assert first.endswith(", in trace_of")
    assert source == "    fail(depth)"


def test_frames_of_the_engine_are_left_out() -> None:
    assert stack_of(trace_of(0), ("/elsewhere", __file__)) == []


def test_no_traceback_has_no_stack() -> None:
    assert stack_of(None, ()) == []


def test_source_that_is_not_there_is_left_out() -> None:
    scope: dict[str, object] = {}
    exec(compile("def f():\n    raise ValueError", "<made>", "exec"), scope)  # noqa: S102
    with pytest.raises(ValueError) as caught:  # noqa: PT011  its trace is what matters
        scope["f"]()  # type: ignore[operator]
    assert stack_of(caught.value.__traceback__, (__file__,)) == ['  File "<made>", line 2, in f']


def test_runaway_recursion_keeps_both_ends() -> None:
    lines = stack_of(trace_of(sys.getrecursionlimit() - 300), ())
    assert len(lines) == 800
    assert "trace_of" in lines[0]
    assert lines[-1] == '    raise ValueError("deep")'


LINES = [f"line {number}" for number in range(100)]


@pytest.mark.parametrize("room", [2000, 500, 100, 60])
def test_lines_go_from_the_middle(room: Any) -> None:
    kept = cut_lines(LINES, room)
    assert len(json.dumps(kept)) - 2 <= room
    if kept != LINES:
        [gap] = [line for line in kept if "left out" in line]
        place = kept.index(gap)
        assert kept[:place] == LINES[:place]
        assert kept[place + 1 :] == LINES[place + 1 - len(kept) :] or place + 1 == len(kept)
        assert gap == f"  … {len(LINES) - len(kept) + 1} lines left out …"


@pytest.mark.parametrize("room", [0, -10, 5])
def test_no_room_has_no_lines(room: Any) -> None:
    assert cut_lines(LINES, room) == []
    assert cut_lines([], room) == []


def test_text_goes_from_the_middle() -> None:
    cut = cut_text("a" * 500 + "b" * 500, 100)
    assert json_size(cut) <= 100
    assert cut.startswith("aaaa")
    assert cut.endswith("bbbb")
    assert "characters left out" in cut


def test_text_that_fits_stays() -> None:
    assert cut_text("é" * 10, 62) == "é" * 10
    assert cut_text("é" * 10, 61) != "é" * 10


@given(st.text(min_size=1, max_size=400), st.integers(80, 300))
def test_cut_text_fits(text: Any, room: Any) -> None:
    assert json_size(cut_text(text, room)) <= room


@given(st.lists(st.text(max_size=40), max_size=30), st.integers(-10, 600))
def test_cut_lines_fit(lines: Any, room: Any) -> None:
    kept = cut_lines(lines, room)
    assert kept == [] or sum(json_size(line) + 2 for line in kept) <= room
