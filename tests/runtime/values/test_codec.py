import contextlib
import enum
import math
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perdure import SerdesError
from perdure_runtime.values import codec, jsontext

INF = math.inf
NAIVE = datetime(2026, 1, 2, 3, 4, 5, 678)  # noqa: DTZ001  these are recorded too

# (value, what the official Python SDK 3.0.0 wrote for it, what we write); the SDK read every text of the last column
# back as the value.
VECTORS: list[tuple[Any, str, str]] = [
    (None, "null", "null"),
    (True, "true", "true"),
    (0, "0", "0"),
    (-1, "-1", "-1"),
    (1.5, "1.5", "1.5"),
    ("a", '"a"', '"a"'),
    ("", '""', '""'),
    ([], "[]", "[]"),
    ([1, "x", None], '[1,"x",null]', '[1,"x",null]'),
    ([[1], [True, [2.5]]], "[[1],[true,[2.5]]]", "[[1],[true,[2.5]]]"),
    ({}, '{"t":"m","v":{}}', '{"t":"m","v":{}}'),
    (
        {"a": 1, "b": [1, 2]},
        '{"t":"m","v":{"a":{"t":"i","v":1},"b":{"t":"l","v":[{"t":"i","v":1},{"t":"i","v":2}]}}}',
        '{"t":"m","v":{"a":1,"b":[1,2]}}',
    ),
    ((1, 2), '{"t":"t","v":[{"t":"i","v":1},{"t":"i","v":2}]}', '{"t":"t","v":[1,2]}'),
    ((), '{"t":"t","v":[]}', '{"t":"t","v":[]}'),
    ([{"a": 1}], '{"t":"l","v":[{"t":"m","v":{"a":{"t":"i","v":1}}}]}', '{"t":"l","v":[{"a":1}]}'),
    ([[{}]], '{"t":"l","v":[{"t":"l","v":[{"t":"m","v":{}}]}]}', '{"t":"l","v":[[{}]]}'),
    (b"hi", '{"t":"B","v":"aGk="}', '{"t":"B","v":"aGk="}'),
    (b"", '{"t":"B","v":""}', '{"t":"B","v":""}'),
    (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        '{"t":"dt","v":"2026-01-02T03:04:05+00:00"}',
        '{"t":"dt","v":"2026-01-02T03:04:05+00:00"}',
    ),
    (
        NAIVE,
        '{"t":"dt","v":"2026-01-02T03:04:05.000678"}',
        '{"t":"dt","v":"2026-01-02T03:04:05.000678"}',
    ),
    (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(days=-1, seconds=73800))),
        '{"t":"dt","v":"2026-01-02T03:04:05-03:30"}',
        '{"t":"dt","v":"2026-01-02T03:04:05-03:30"}',
    ),
    (date(2026, 1, 2), '{"t":"D","v":"2026-01-02"}', '{"t":"D","v":"2026-01-02"}'),
    (
        UUID("12345678-1234-5678-1234-567812345678"),
        '{"t":"u","v":"12345678-1234-5678-1234-567812345678"}',
        '{"t":"u","v":"12345678-1234-5678-1234-567812345678"}',
    ),
    (Decimal("1.10"), '{"t":"d","v":"1.10"}', '{"t":"d","v":"1.10"}'),
    (Decimal("-1E+5"), '{"t":"d","v":"-1E+5"}', '{"t":"d","v":"-1E+5"}'),
    ({"t": "m", "v": 1}, '{"t":"m","v":{"t":{"t":"s","v":"m"},"v":{"t":"i","v":1}}}', '{"t":"m","v":{"t":"m","v":1}}'),
    (
        {"t": 1, "v": {"t": 2, "v": 3}},
        '{"t":"m","v":{"t":{"t":"i","v":1},"v":{"t":"m","v":{"t":{"t":"i","v":2},"v":{"t":"i","v":3}}}}}',
        '{"t":"m","v":{"t":1,"v":{"t":"m","v":{"t":2,"v":3}}}}',
    ),
    (
        {"deep": {"x": {"t": "n", "v": None}}},
        '{"t":"m","v":{"deep":{"t":"m","v":{"x":{"t":"m","v":{"t":{"t":"s","v":"n"},"v":{"t":"n","v":null}}}}}}}',
        '{"t":"m","v":{"deep":{"t":"m","v":{"x":{"t":"m","v":{"t":"n","v":null}}}}}}',
    ),
    (
        [{"t": "zz", "v": 1}],
        '{"t":"l","v":[{"t":"m","v":{"t":{"t":"s","v":"zz"},"v":{"t":"i","v":1}}}]}',
        '{"t":"l","v":[{"t":"m","v":{"t":"zz","v":1}}]}',
    ),
    (
        {"when": NAIVE, "z": [1, {"q": 1}]},
        '{"t":"m","v":{"when":{"t":"dt","v":"2026-01-02T03:04:05.000678"},"z":{"t":"l","v":[{"t":"i","v":1},{"t":"m","v":{"q":{"t":"i","v":1}}}]}}}',
        '{"t":"m","v":{"when":{"t":"dt","v":"2026-01-02T03:04:05.000678"},"z":[1,{"q":1}]}}',
    ),
    (
        {"a": [(1, {"b": b"x"})]},
        '{"t":"m","v":{"a":{"t":"l","v":[{"t":"t","v":[{"t":"i","v":1},{"t":"m","v":{"b":{"t":"B","v":"eA=="}}}]}]}}}',
        '{"t":"m","v":{"a":{"t":"l","v":[{"t":"t","v":[1,{"t":"m","v":{"b":{"t":"B","v":"eA=="}}}]}]}}}',
    ),
    (1000000000000000000000000000000, "1000000000000000000000000000000", "1000000000000000000000000000000"),
    (-10000000000000000000, "-10000000000000000000", "-10000000000000000000"),
    (-9223372036854775809, "-9223372036854775809", "-9223372036854775809"),
    (18446744073709551615, "18446744073709551615", "18446744073709551615"),
    (18446744073709551616, "18446744073709551616", "18446744073709551616"),
    (
        {"big": 10000000000000000000000000},
        '{"t":"m","v":{"big":{"t":"i","v":10000000000000000000000000}}}',
        '{"t":"m","v":{"big":10000000000000000000000000}}',
    ),
    (INF, "Infinity", "Infinity"),
    ([-INF], "[-Infinity]", "[-Infinity]"),
    ({"x": INF}, '{"t":"m","v":{"x":{"t":"f","v":Infinity}}}', '{"t":"m","v":{"x":Infinity}}'),
    ("é€😀", '"\\u00e9\\u20ac\\ud83d\\ude00"', '"é€😀"'),
    ({"é": "😀"}, '{"t":"m","v":{"\\u00e9":{"t":"s","v":"\\ud83d\\ude00"}}}', '{"t":"m","v":{"é":"😀"}}'),
    ("\ud800", '"\\ud800"', '"\\ud800"'),
    ({"s": "\udfff"}, '{"t":"m","v":{"s":{"t":"s","v":"\\udfff"}}}', '{"t":"m","v":{"s":"\\udfff"}}'),
    (1e16, "1e+16", "1e+16"),
    (0.1, "0.1", "0.1"),
    (-0.0, "-0.0", "-0.0"),
    ({"t": 1}, '{"t":"m","v":{"t":{"t":"i","v":1}}}', '{"t":"m","v":{"t":1}}'),
    ({"v": 1}, '{"t":"m","v":{"v":{"t":"i","v":1}}}', '{"t":"m","v":{"v":1}}'),
    ([["{"]], '[["{"]]', '[["{"]]'),
    (['{"t":"v":'], '["{\\"t\\":\\"v\\":"]', '["{\\"t\\":\\"v\\":"]'),
    (
        {"t": None, "v": None, "k": [{"t": "s", "v": "x"}]},
        '{"t":"m","v":{"t":{"t":"n","v":null},"v":{"t":"n","v":null},"k":{"t":"l","v":[{"t":"m","v":{"t":{"t":"s","v":"s"},"v":{"t":"s","v":"x"}}}]}}}',
        '{"t":"m","v":{"t":null,"v":null,"k":{"t":"l","v":[{"t":"m","v":{"t":"s","v":"x"}}]}}}',
    ),
    (
        {"a": {"t": "m", "v": {}}},
        '{"t":"m","v":{"a":{"t":"m","v":{"t":{"t":"s","v":"m"},"v":{"t":"m","v":{}}}}}}',
        '{"t":"m","v":{"a":{"t":"m","v":{"t":"m","v":{}}}}}',
    ),
    (
        [1, 2, (3,)],
        '{"t":"l","v":[{"t":"i","v":1},{"t":"i","v":2},{"t":"t","v":[{"t":"i","v":3}]}]}',
        '{"t":"l","v":[1,2,{"t":"t","v":[3]}]}',
    ),
    (
        {"k": "x\u2028\x00\x7f"},
        '{"t":"m","v":{"k":{"t":"s","v":"x\\u2028\\u0000\\u007f"}}}',
        '{"t":"m","v":{"k":"x\u2028\\u0000\x7f"}}',
    ),
]
BATCH = (
    '{"t":"br","v":{"all":{"t":"l","v":[{"t":"m","v":{"index":{"t":"i","v":0},"status":{"t":"s","v":"SUCCEEDED"},'
    '"result":{"t":"t","v":[{"t":"i","v":1}]},"error":{"t":"n","v":null}}}]},'
    '"completionReason":{"t":"s","v":"ALL_COMPLETED"}}}'
)


class Size(enum.IntEnum):
    SMALL = 1


class Colour(enum.StrEnum):
    RED = "red"


class Name(str):
    __slots__ = ()


@dataclass
class Order:
    total: int


def same(one: object, other: object) -> bool:
    """Equal in type and value, at every depth; NaN equals NaN, and -0.0 is not 0.0."""
    return repr(one) == repr(other) and type(one) is type(other)


@pytest.mark.parametrize(("value", "official", "compact"), VECTORS)
def test_reads_what_the_official_sdk_writes_and_writes_what_it_reads(value: Any, official: Any, compact: Any) -> None:
    assert same(codec.decode(official), value)
    assert codec.encode(value) == compact
    assert same(codec.decode(compact), value)
    text, read = codec.stored(value)
    assert text == compact
    assert same(read, value)


def test_nan_travels_as_pythons_own_token() -> None:
    assert codec.encode({"x": math.nan}) == '{"t":"m","v":{"x":NaN}}'
    assert same(codec.decode('{"t":"f","v":NaN}'), math.nan)


def test_batch_result_reads_as_its_plain_dict() -> None:
    assert codec.decode(BATCH) == {
        "all": [{"index": 0, "status": "SUCCEEDED", "result": (1,), "error": None}],
        "completionReason": "ALL_COMPLETED",
    }


def test_zulu_time_is_utc() -> None:
    assert codec.decode('{"t":"dt","v":"2026-01-02T03:04:05Z"}') == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_untagged_dict_hides_what_is_below_it() -> None:
    text = '{"t":"m","v":{"a":{"b":{"t":"i","v":1}}}}'
    assert codec.decode(text) == {"a": {"b": {"t": "i", "v": 1}}}


def test_whole_number_under_the_float_tag_is_a_float() -> None:
    assert same(codec.decode('{"t":"f","v":3}'), 3.0)


def test_what_is_stored_is_never_the_same_object() -> None:
    value = {"items": [1]}
    read: Any = codec.stored(value)[1]
    assert read is not value
    assert read["items"] is not value["items"]


@pytest.mark.parametrize(
    ("value", "path", "said"),
    [
        (Size.SMALL, "value", "test_codec.Size"),
        ([1, Colour.RED], "value[1]", "test_codec.Colour"),
        ({"name": Name("x")}, "value.name", "test_codec.Name"),
        (Order(1), "value", "annotate the return type"),
        ({"items": [0, {"price": {1, 2}}]}, "value.items[1].price", "type set "),
        (({"k": (object(),)},), "value[0].k[0]", "type object "),
        ({"a b": frozenset()}, "value['a b']", "frozenset"),
        (defaultdict(list), "value", "collections.defaultdict"),
        ([OrderedDict()], "value[0]", "collections.OrderedDict"),
        (bytearray(b"x"), "value", "bytearray"),
        (timedelta(1), "value", "datetime.timedelta"),
        ({1: "x"}, "value", "key int 1"),
        ([{"a": {(1, 2): 3}}], "value[0].a", "key tuple"),
        ({None: 1}, "value", "key None"),
        ({"n": 10**5000}, "value.n", "more digits"),
        ({"s": "\ud83d\ude00"}, "value", "surrogate pair"),
        ({"x" * 100: set()}, "value['" + "x" * 80 + "'…]", "set"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_that_would_not_come_back_is_refused_with_its_path(value: Any, path: Any, said: Any) -> None:
    for write in (codec.encode, codec.stored):
        with pytest.raises(SerdesError) as caught:
            write(value)
        assert caught.value.path == path
        assert said in caught.value.reason


def test_root_of_the_path_is_the_callers() -> None:
    with pytest.raises(SerdesError, match=r"^result\.items: "):
        codec.encode({"items": set()}, root="result")


def nested(levels: int, inner: object) -> object:
    for _ in range(levels):
        inner = [inner]
    return inner


def test_deep_plain_values_travel() -> None:
    assert codec.decode(codec.encode(nested(200, 1))) == nested(200, 1)


@pytest.mark.parametrize("value", [nested(101, (1,)), nested(300, 1), nested(100_000, 1)], ids=["tags", "plain", "far"])
def test_too_deep_a_value_is_refused(value: Any) -> None:
    with pytest.raises(SerdesError, match="nested"):
        codec.encode(value)


def test_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SerdesError, match="nested"):
        codec.encode(loop)


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("", "value", "not JSON"),
        ("{", "value", "not JSON"),
        ("nul", "value", "not JSON"),
        ("1" * 5000, "value", "not JSON"),
        ("{}", "value", '"t" or "v" is missing'),
        ('{"t":"m"}', "value", '"t" or "v" is missing'),
        ('[{"a":1}]', "value", '"t" or "v" is missing'),
        ('[[{"t":"i","v":1}]]', "value", '"t" or "v" is missing'),
        ('{"t":"zz","v":1}', "value", "unknown type tag str 'zz'"),
        ('{"t":[],"v":1}', "value", "unknown type tag list"),
        ('{"t":"m","v":[]}', "value", "expected a dict, found list"),
        ('{"t":"l","v":{}}', "value", "expected a list, found dict"),
        ('{"t":"t","v":"ab"}', "value", "expected a list, found str 'ab'"),
        ('{"t":"br","v":1}', "value", "expected a dict, found int 1"),
        ('{"t":"m","v":{"a":{"t":"l","v":[1,{"t":"i","v":"2"}]}}}', "value.a[1]", "expected int, found str '2'"),
        ('{"t":"i","v":true}', "value", "expected int, found bool True"),
        ('{"t":"i","v":1.5}', "value", "expected int, found float 1.5"),
        ('{"t":"s","v":null}', "value", "expected str, found None"),
        ('{"t":"n","v":0}', "value", "expected NoneType"),
        ('{"t":"b","v":1}', "value", "expected bool"),
        ('{"t":"f","v":"1"}', "value", "expected float"),
        ('{"t":"f","v":' + "9" * 400 + "}", "value", "too large for a float"),
        ('{"t":"i","v":"' + "9" * 50 + '"}', "value", "9'…"),
        ('{"t":"s","v":' + "9" * 50 + "}", "value", "found int"),
        ('{"t":"B","v":"a"}', "value", "expected the text of a bytes"),
        ('{"t":"B","v":"é"}', "value", "bytes"),
        ('{"t":"u","v":"12"}', "value", "UUID"),
        ('{"t":"u","v":12}', "value", "UUID"),
        ('{"t":"d","v":"abc"}', "value", "Decimal"),
        ('{"t":"d","v":"1E99999999999999999999"}', "value", "Decimal"),
        ('{"t":"dt","v":"2026-13-01"}', "value", "datetime"),
        ('{"t":"D","v":"2026-01-02T00"}', "value", "date"),
        ("[" * 100_000, "value", "nested"),
        ("[" * 100_000 + "]" * 100_000, "value", "nested"),
        ('{"t":"l","v":[' * 400 + "1" + "]}" * 400, "value", "nested"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_text_gives_a_typed_error(text: Any, path: Any, said: Any) -> None:
    with pytest.raises(SerdesError) as caught:
        codec.decode(text)
    assert caught.value.path == path
    assert said in caught.value.reason


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters())
rich = (
    st.binary()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda when: when.replace(fold=0))  # ISO text has no fold
)
keys = st.sampled_from(["t", "v", "a", "b c"]) | st.text(max_size=4)
values = st.recursive(
    plain | rich,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.fixed_dictionaries({"t": inner, "v": inner})
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(values)
@example([1, True, 1.0, -0.0])
@example({"t": {"t": "i", "v": 1}, "v": [{"t": "i", "v": 1}]})
def test_what_is_written_is_read_back(value: Any) -> None:
    text, read = codec.stored(value)
    assert same(read, value)
    assert same(codec.decode(text), value)
    assert codec.encode(value) == text
    text.encode()


tags = st.sampled_from(["n", "s", "i", "f", "b", "B", "u", "d", "dt", "D", "t", "l", "m", "br", "x"])
hostile = st.recursive(
    plain | tags,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.fixed_dictionaries({"t": tags, "v": inner})
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(hostile)
def test_any_json_is_read_or_refused(data: Any) -> None:
    text = jsontext.write(data)
    with contextlib.suppress(SerdesError):
        codec.decode(text)


@pytest.mark.slow
@given(st.text() | st.text(alphabet='{}[]",:tv019.eE-mldtnull\\ '))
def test_any_text_is_read_or_refused(text: Any) -> None:
    with contextlib.suppress(SerdesError):
        codec.decode(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"t":"l","v":[{"\u0074":"s","v":"x"}]}', ["x"]),
        ('{"t":"l","v":[{"t" : "s", "v":"x"}]}', ["x"]),
        ('{"t":"m","v":{"a":{"b":[{"t":1}]}}}', {"a": {"b": [{"t": 1}]}}),
        ('{"t":"m","v":{"a":"t","v":"\\"t\\":"}}', {"a": "t", "v": '"t":'}),
        ('{"t":"m","v":{},"v":{"a":1}}', {"a": 1}),
        ('{"t":"t","v":[{"a":1}]}', ({"a": 1},)),
    ],
)
def test_tag_is_found_however_it_is_spelled(text: str, value: object) -> None:
    assert codec.decode(text) == value


@pytest.mark.parametrize("text", ['{"t":"l","v":[],"v":5}', '{"t":"m","v":{},"v":[]}', '{"t":"l","v":[1],"t":"m"}'])
def test_tag_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(SerdesError, match=r"expected a (list|dict), found"):
        codec.decode(text)
