import enum
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.jsoncode import LARGE_VALUE, Code
from perdure_runtime.values import jsontext
from perdure_runtime.values.paths import Unfit


@pytest.mark.parametrize(
    "number",
    [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**18, 10**19, -(10**18), 10**100],
)
def test_integers_of_any_size_survive(number: Any) -> None:
    assert jsontext.parse(f'{{"n":[{number}]}}') == {"n": [number]}
    assert jsontext.parse(jsontext.write([number, {"n": -number}])) == [number, {"n": -number}]


@pytest.mark.parametrize("value", [(1,), math.nan, [math.inf], 2**64, {1: 2}, {"a": {3}}, b"x", {"a": True, 1: 0}])
def test_values_orjson_would_change_are_told_from_those_it_keeps(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    swift = Code()
    swift.foresee(LARGE_VALUE)
    monkeypatch.setattr(jsontext, "CODE", swift)
    assert jsontext.exact(value) is jsontext.DIFFERENT


def test_exact_reads_its_own_text_back() -> None:
    assert jsontext.exact({"a": [1, 2.5, "é", None, True]}) == (
        '{"a":[1,2.5,"é",null,true]}',
        {"a": [1, 2.5, "é", None, True]},
    )


@pytest.mark.parametrize("text", ['"\\ud800"', '"\ud800"', "NaN", "[Infinity, -Infinity]", "1" * 25, " 1 "])
def test_reads_whatever_pythons_json_reads(text: Any) -> None:
    assert repr(jsontext.parse(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["", "{]", "'a'", "[1,]", "1" * 5000, "\ufeff1"])
def test_what_is_not_json_is_unfit(text: Any) -> None:
    with pytest.raises(Unfit, match="not JSON"):
        jsontext.parse(text)


@pytest.mark.parametrize(
    ("value", "said"), [(object(), "cannot be written"), ([10**5000], "more digits than")], ids=["object", "digits"]
)
def test_what_json_cannot_hold_is_unfit(value: Any, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        jsontext.write(value)


@pytest.mark.slow
@given(st.recursive(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=20))
def test_written_is_read_back(value: Any) -> None:
    assert repr(jsontext.parse(jsontext.write(value))) == repr(value)


@given(st.integers() | st.booleans() | st.none() | st.text() | st.floats(allow_nan=False))
def test_what_is_brief_is_what_any_library_writes(value: Any) -> None:
    is_brief = value is None or type(value) is bool or (type(value) is int and -(2**63) <= value < 2**63)
    assert jsontext.brief(value) == (json.dumps(value) if is_brief else None)


def test_value_of_a_derived_type_is_not_brief() -> None:
    assert jsontext.brief(enum.IntEnum("Level", ["LOW"])(1)) is None
