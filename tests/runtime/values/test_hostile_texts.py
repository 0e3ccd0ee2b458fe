"""Every decoder against hostile text: typed errors only, and no more memory or stack than the text is worth."""

from __future__ import annotations

import json
import tracemalloc
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure import SerdesError
from perdure.batches import Batch
from perdure_runtime.values import jsontext
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.results import ResultForm
from support.exceptions import OURS
from support.value_types import ROWS, Row, Tree

CODEC = Codec(lambda: nested(None))
MORE: list[Any] = [dict[Decimal, int], set[Decimal], Decimal | int, list[Any], dict[UUID, Batch[Decimal]], Any]
FORMS = [ResultForm(CODEC, converter(kind, owner="f")) for kind in [*(row.annotation for row in ROWS), *MORE]]
TREE = ResultForm(CODEC, converter(Tree, owner="f"))
MEBIBYTE = 1024 * 1024


def read(form: ResultForm, text: str) -> None:
    """Read it, or be told in so many words that it cannot be read."""
    try:
        form.read(text)
    except SerdesError as error:
        assert len(str(error)) < 2_000  # noqa: PT017  nothing is asserted of what is read


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_every_beginning_of_a_text_is_read_or_refused(row: Row) -> None:
    form = ResultForm(CODEC, converter(row.annotation, owner="f"))
    text, _ = form.store(row.value)
    for end in range(len(text)):
        read(form, text[:end])


HOSTILE = [
    "",
    "nul",
    '"\ud800"',
    "9" * 5_000,
    f'{{"t":"i","v":{"9" * 5_000}}}',
    "1e400",
    "-1e400",
    '{"t":"f","v":' + "9" * 400 + "}",
    "[" * 300 + "]" * 300,
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
    '{"t":"l","v":[' * 50_000 + "]}" * 50_000,
    '{"t":"m","v":{"a":' * 2_000 + "1" + "}}" * 2_000,
    '{"t":"l","v":[9999999999999999999999,' * 900 + "1" + "]}" * 900,
    '{"t":"m"}',
    '{"t":[],"v":1}',
    '{"t":{"t":"s","v":"m"},"v":{}}',
    '{"t":"zz","v":1}',
    '{"t":"t","v":{"a":1}}',
    '{"t":"br","v":{"all":[{"index":-1}]}}',
    '{"t":"br","v":{"all":[{"index":0,"status":"SUCCEEDED"}],"completionReason":"ALL_COMPLETED","total":1e99}}',
    '{"t":"d","v":"1e999999999999999999999"}',
    '{"t":"d","v":"' + "9" * 100_000 + '"}',
    '{"t":"B","v":"====="}',
    '{"t":"dt","v":"9999-12-31T23:59:60"}',
    '{"t":"u","v":"00000000000000000000000000000000-"}',
    '"P99999999999999D"',
    '"P9999999999DT999999999999H"',
    '"255.255.255.256"',
    '"10.0.0.0/99"',
    '{"type":"Refund","value":1}',
    '{"type":"Nobody","value":{}}',
    '{"type":["Refund"],"value":{}}',
    '{"kind":["card"]}',
    '{"t":"m","v":{"kind":[]}}',
    "[[[1,2],1],[[1,2]]]",
    "[[1]]",
    '{"1e3":1}',
    '{"' + "9" * 5_000 + '":1}',
    "[NaN, Infinity, -Infinity]",
    '{"t":"m","t":"l","v":{}}',
    '{"t":"m","v":{"sku":"a","sku":1,"price":"1","price":[]}}',
    '{"t":"m","v":{"t":"l","v":{"t":"m","t":[],"v":0}}}',
    '{"t":"s","v":"\\ud800"}',
    '"\\udfff\\ud800"',
    '{"t":"m","v":{"\\ud800":{"t":"d","v":"\\ud800"}}}',
    '{"t":"d","v":"sNaN"}',
    '["sNaN","sNaN"]',
    '{"t":"m","v":{"sNaN":1,"NaN":2}}',
    '{"t":"l","v":[{"t":"d","v":"sNaN"},{"t":"d","v":"NaN"}]}',
    '{"t":"br","v":{"all":[],"item":true}}',
    '{"t":"br","v":{"all":[{"index":0,"status":"FAILED","error":{"ErrorType":[],"StackTrace":5}}],"item":[]}}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30])
def test_hostile_text_is_read_or_refused_by_every_decoder(text: str) -> None:
    for form in FORMS:
        read(form, text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30])
def test_hostile_answer_of_another_program_is_read_or_refused(text: str) -> None:
    forms = Forms(OURS)
    for row in ROWS:
        for values in (forms.of_callback(row.annotation), forms.of_invoke(None, row.annotation)):
            try:
                values.read(text)
            except SerdesError:
                continue


def test_tree_that_is_deeper_than_the_stack_is_refused() -> None:
    deep = '{"value":1,"children":['
    for levels in (10, 200, 400, 5_000, 100_000):
        read(TREE, '{"t":"m","v":' + deep * levels + "]}" * levels + "}")


def test_failure_deep_in_a_record_is_looked_for_once() -> None:
    # Were each level to begin again after a complaint, this would take 2 ** 100 steps.
    deep: Any = {"value": "wrong", "children": []}
    for _ in range(100):
        deep = {"value": 1, "children": [deep]}
    with pytest.raises(SerdesError) as caught:
        converter(Tree, owner="f").from_payload(deep)
    assert caught.value.path == (f"value{'.children[0]' * 5}…(186 more)…{'.children[0]' * 2}.value")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", [text for text in HOSTILE if len(text) > 1_000] + ["[" + "[]," * 2_000 + "1]"], ids=lambda text: text[:30]
)
def test_memory_is_bounded_by_the_size_of_the_text(text: str) -> None:
    for form in FORMS:
        tracemalloc.start()
        read(form, text)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < MEBIBYTE + 200 * len(text)


json_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-01-02", "P1D", "a/b", "10.0.0.1", "red", "card", "aGk="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["t", "v", "type", "value", "kind", "sku", "price", "items", "children", "x", "all", "index"]
            ),
            inner,
            max_size=4,
        )
        | st.builds(
            lambda tag, value: {"t": tag, "v": value},
            st.sampled_from(["n", "s", "i", "f", "b", "l", "m", "t", "B", "u", "d", "dt", "D", "br", "x", ""]),
            inner,
        )
    ),
    max_leaves=10,
)


@pytest.mark.slow
@given(json_data)
@settings(max_examples=300, deadline=None)
def test_any_data_is_read_or_refused_by_every_decoder(data: Any) -> None:
    text = jsontext.write(data)
    for form in FORMS:
        read(form, text)


@pytest.mark.slow
@given(st.sampled_from(ROWS), st.data())
@settings(max_examples=300, deadline=None)
def test_text_with_a_part_replaced_is_read_or_refused(row: Row, draw: Any) -> None:
    form = ResultForm(CODEC, converter(row.annotation, owner="f"))
    text, _ = form.store(row.value)
    start = draw.draw(st.integers(0, len(text)))
    end = draw.draw(st.integers(start, len(text)))
    read(form, text[:start] + draw.draw(st.text(max_size=4) | json_data.map(json.dumps)) + text[end:])
