"""One JSON, whichever library writes and reads it."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as some

from perdure_runtime.jsoncode import DEEPEST, LARGE, LARGE_VALUE, MUCH, WRITING, Code

VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**63 - 1)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(codec="utf-8")),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(some.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@pytest.fixture
def lean(monkeypatch):
    """As in a process that has not met orjson."""
    monkeypatch.delitem(sys.modules, "orjson", raising=False)
    return Code()


def swift():
    import orjson  # noqa: F401  that is what makes the difference

    code = Code()
    code.read(b"1")
    assert code.is_swift
    return code


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


@given(VALUES)
def test_either_reads_what_the_other_wrote(value):
    loaded = sys.modules.pop("orjson", None)
    try:
        first = Code()
        text = first.written(value)
        back = first.read(text)
    finally:
        if loaded is not None:
            sys.modules["orjson"] = loaded
    second = swift()
    assert back == second.read(text) == value
    assert json.loads(second.written(value)) == value
    assert json.dumps(back) == json.dumps(value)  # 1 is not 1.0, and not True


@pytest.mark.parametrize(
    "text", [b"", b" ", b"nul", b"[1,]", b"{} {}", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000, b'"']
)
def test_what_is_no_json_is_a_value_error(lean, text):
    for of_either in (lambda: lean, swift):
        code = of_either()
        with pytest.raises(ValueError):  # noqa: PT011  each says it in its own words
            code.read(text)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"bytes", float("nan"), float("inf"), "\ud800", nested(DEEPEST + 1)]
)
def test_what_has_no_form_is_refused(lean, value):
    with pytest.raises((TypeError, ValueError)):
        lean.written(value)


def test_depth_has_one_limit(lean):
    deepest, wide = nested(DEEPEST), [[] for _ in range(2 * DEEPEST)]
    assert lean.written(deepest) == swift().written(deepest)
    assert lean.written(wide) == swift().written(wide)
    for code in (lean, swift()):
        with pytest.raises(TypeError):
            code.written(nested(DEEPEST + 1))


def test_a_small_process_does_without_orjson(lean):
    for _ in range(100):
        assert lean.read(lean.written({"number": [1, 2.5, None, "é"]})) == {"number": [1, 2.5, None, "é"]}
    assert "orjson" not in sys.modules


def test_orjson_comes_with_the_first_large_value(lean):
    lean.written("x" * LARGE)
    assert "orjson" in sys.modules
    assert lean.written("é") == '"é"'.encode()


def test_orjson_comes_before_a_large_value_is_written(lean):
    lean.foresee(LARGE_VALUE - 1)
    assert not lean.is_swift
    lean.foresee(LARGE_VALUE)
    assert lean.is_swift


@pytest.mark.parametrize(("call", "cost"), [("read", 1), ("written", WRITING)])
def test_orjson_comes_with_much_text(lean, call, cost):
    text = "x" * 1000
    value = {"read": f'"{text}"'.encode(), "written": text}[call]
    times = 0
    while not lean.is_swift:
        getattr(lean, call)(value)
        times += 1
    assert (times - 1) * len(text) * cost < MUCH <= times * (len(text) + 2) * cost


def test_small_texts_count_like_any(lean):
    text = b'{"a":[]}'
    for _ in range(MUCH // len(text) - 1):
        lean.read(text)
    assert not lean.is_swift
    lean.read(text)
    assert lean.is_swift


@given(VALUES)
def test_text_and_bytes_are_read_alike(value):
    data = swift().written(value)
    with pytest.MonkeyPatch.context() as patched:
        patched.delitem(sys.modules, "orjson")
        for code in (Code(), swift()):
            assert code.read(data) == code.read(data.decode()) == value


def test_orjson_is_taken_where_it_is_loaded_already(lean):
    import orjson

    lean.read(b"[]")
    assert lean.read is orjson.loads
