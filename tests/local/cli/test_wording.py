from __future__ import annotations

import pytest

from perdure_local.cli import wording

DEEP = "[" * 400 + "]" * 400


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0 ms"),
        (-0.001, "0 ms"),
        (0.0404, "40 ms"),
        (0.9996, "1 s"),
        (1.55, "1.6 s"),
        (59.0, "59 s"),
        (60.0, "1 min"),
        (61.4, "1 min 1 s"),
        (7200.0, "2 h"),
        (7205.0, "2 h 5 s"),
        (90_061.0, "1 d 1 h"),
    ],
)
def test_a_duration_has_the_two_units_that_matter(seconds: float, expected: str) -> None:
    assert wording.duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3.0, "0:00"), (0.2, "0:01"), (65.0, "1:05"), (7198.5, "1:59:59"), (90_061.0, "1 d 1:01:01")],
)
def test_a_countdown_reads_as_a_clock_and_ends_at_zero(seconds: float, expected: str) -> None:
    assert wording.countdown(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, "0:00:00.000"), (7205.1694, "2:00:05.169"), (90_061.5, "1d 1:01:01.500")]
)
def test_an_offset_is_a_clock_of_milliseconds(seconds: float, expected: str) -> None:
    assert wording.offset(seconds) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("null", "null"),
        ('{\n  "a": [1, 2]\n}', '{"a":[1,2]}'),
        ("not json\x1b[31m", "not json\\x1b[31m"),
        ('"Grüße \\u001b"', '"Grüße \\u001b"'),
        (DEEP, DEEP),
    ],
)
def test_json_becomes_one_line_that_cannot_drive_a_terminal(text: str | None, expected: str) -> None:
    assert wording.compact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ('{"t":"m","v":{"ok":true}}', '{"ok":true}'),
        ('{"t":"d","v":"1.50"}', '"1.50"'),
        ('"plain"', '"plain"'),
        ('{"of": "my own serdes"}', '{"of":"my own serdes"}'),
        ("my own text", "my own text"),
    ],
)
def test_a_recorded_result_is_shown_without_its_tags(text: str | None, expected: str) -> None:
    assert wording.recorded(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [(None, None), ('{"t":"m","v":{"ok":true}}', {"ok": True}), ("{", "{"), ('{"a":1}', {"a": 1})]
)
def test_a_recorded_result_is_read_without_its_tags(text: str | None, expected: object) -> None:
    assert wording.recorded_value(text) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "Unknown error"),
        ({}, "Unknown error"),
        ({"ErrorType": "ValueError"}, "ValueError"),
        ({"ErrorMessage": "boom"}, "boom"),
        ({"ErrorType": "ValueError", "ErrorMessage": "boom\nand more"}, "ValueError: boom"),
    ],
)
def test_a_headline_is_one_line(error: dict[str, str] | None, expected: str) -> None:
    assert wording.headline(error) == expected


def test_details_are_the_rest_of_the_message_and_the_stack_line_by_line() -> None:
    stack = ['  File "a.py", line 1, in f\n    g()\n', "raised by the operation 'g'"]
    told = wording.details({"ErrorMessage": "boom\nmore", "StackTrace": stack})
    assert told == ["more", '  File "a.py", line 1, in f', "    g()", "raised by the operation 'g'"]
    assert wording.details(None) == []
