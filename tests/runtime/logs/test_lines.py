from __future__ import annotations

import json
import uuid
from decimal import Decimal

import pytest

from perdure_runtime.logs.lines import Entry, rendered, stack, text
from perdure_runtime.logs.settings import SETTINGS
from support.log_output import raised


class Mute:
    def __str__(self):
        raise RuntimeError("no words")


def entry(message="hello", fields=None, error=None, level=20, logger=None):
    return Entry(0.9999, level, message, logger, fields or {}, error)


def json_of(*args, **kwargs):
    SETTINGS.as_json = True
    line = rendered(entry(*args, **kwargs))
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    return json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def text_of(*args, one_line=True, **kwargs):
    return rendered(entry(*args, **kwargs), one_line=one_line)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, float("inf"), {"a": float("nan")}], [1, "inf", {"a": "nan"}]),
        ({1: "a", (2, 3): "b", None: "c"}, {"1": "a", "(2, 3)": "b", "None": "c"}),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ((1, 2), [1, 2]),
        (b"ab", "b'ab'"),
        (ValueError("bad"), "bad"),
        (Mute(), "<Mute whose text raised RuntimeError>"),
        ("grüße \u2028 \U0001f600", "grüße \u2028 \U0001f600"),
        (None, None),
        (True, True),
        ([{1}, float("nan")], ["{1}", "nan"]),
        (2**70, 2**70),
    ],
)
def test_any_value_becomes_json(value, shown):
    assert json_of(fields={"value": value})["value"] == shown


def test_a_cycle_and_an_endless_number_do_not_lose_the_record():
    ring = [1]
    ring.append(ring)
    record = json_of(fields={"ring": ring, "big": 10**5000, "small": 3})
    assert record["ring"] == [1, "<list not shown: a cycle, or nested too deep>"]
    assert record["small"] == 3
    assert record["big"].startswith("<int whose text raised")


def test_deep_value_is_cut_when_it_must_be_copied():
    deep = float("nan")
    for _ in range(3000):
        deep = [deep]
    assert "nested too deep" in json.dumps(json_of(fields={"deep": deep}))


def test_message_that_is_no_text_stays_what_it_is():
    assert json_of(message={"order": 7})["message"] == {"order": 7}


def test_non_ascii_text_is_not_escaped():
    SETTINGS.as_json = True
    assert "grüße" in rendered(entry("grüße"))


def test_error_of_an_error_is_shown_whole():
    error = raised(ValueError("outer"), cause=raised(KeyError("inner")))
    shown = "".join(stack(error))
    assert "KeyError: 'inner'" in shown
    assert "direct cause" in shown


def test_group_of_errors_is_shown_whole():
    assert "KeyError" in "".join(stack(raised(ExceptionGroup("many", [KeyError("inner")]))))


class Hostile(Exception):
    """Code of its own breaks wherever anybody looks at it."""

    def __bool__(self):
        raise ValueError("no")

    def __getattribute__(self, name):
        raise ValueError(f"no {name}")


@pytest.mark.parametrize("as_json", [True, False])
def test_error_whose_own_code_fails_is_told_of_all_the_same(as_json):
    SETTINGS.as_json = as_json
    for error in (raised(Hostile("broken")), raised(ValueError("around it"), cause=Hostile())):
        line = rendered(entry(error=error))
        assert type(error).__name__ in line


def test_error_alone_is_its_frames():
    frames = stack(raised(ValueError("alone")))
    assert len(frames) == 2
    assert all(frame.startswith('  File "') for frame in frames)


def test_fields_named_like_the_error_give_way_only_to_an_error():
    assert json_of(fields={"errorType": "mine"})["errorType"] == "mine"
    record = json_of(fields={"errorType": "mine"}, error=raised(ValueError("x")))
    assert (record["errorType"], record["errorType_"]) == ("ValueError", "mine")


def test_text_line_has_the_stock_runtimes_shape():
    fields = {"cents": 120, "requestId": "rid-1", "executionArn": "arn:x", "attempt": 2}
    assert text_of("charged", fields, level=30) == (
        "[WARNING]\t1970-01-01T00:00:00.999Z\trid-1\tcharged cents=120 executionArn=arn:x attempt=2\n"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "a"),
        (1.5, "1.5"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "x"', '"say \\"x\\""'),
        ("a=b", '"a=b"'),
        ("a\nb", '"a\\nb"'),
        ("grüße", "grüße"),
        (Mute(), '"<Mute whose text raised RuntimeError>"'),
    ],
)
def test_text_value_is_quoted_where_its_end_would_be_unclear(value, shown):
    assert text_of(fields={"v": value}) == f"[INFO]\t1970-01-01T00:00:00.999Z\t\thello v={shown}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_of_several_lines_stays_one_record(end):
    line = text_of(f"first{end}  second{end}third")
    assert line.endswith("\tfirst\r\u00a0\u00a0second\rthird\n")
    assert line.count("\n") == 1


def test_framed_text_keeps_its_lines():
    assert text_of("first\n  second", one_line=False).endswith("\tfirst\n  second\n")


def test_text_error_follows_in_the_same_record():
    line = text_of("failed", error=raised(ValueError("bad")))
    assert line.count("\n") == 1
    assert "\tfailed\rTraceback (most recent call last):\r\u00a0\u00a0File " in line
    assert line.endswith("\rValueError: bad\n")


def test_text_of_a_value_never_raises():
    assert text(Mute()) == "<Mute whose text raised RuntimeError>"
