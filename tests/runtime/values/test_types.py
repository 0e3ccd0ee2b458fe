"""Every type of the table: live and on replay, and in plain JSON."""

from operator import getitem
from types import GenericAlias
from typing import Any, Optional

import pytest

from perdure_runtime.values import jsontext
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm
from support.annotated_types import PAGE, ROWS, Row, shown, table

CODEC = Codec(nested(None))


def same(one: object, other: object) -> bool:
    if isinstance(one, set | frozenset):
        return one == other and type(one) is type(other)
    return repr(one) == repr(other) and type(one) is type(other) and one == other


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_value_is_the_same_live_on_replay_and_out_of_plain_json(row: Row) -> None:
    it = converter(row.annotation, owner="f")
    form = ResultForm(CODEC, it)
    text, live = form.store(row.value)
    assert same(live, row.value)
    assert same(form.read(text), row.value)
    assert jsontext.write(it.to_json(row.value)) == row.json
    assert same(it.from_payload(jsontext.parse(row.json)), row.value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_value_is_the_same_inside_everything_that_holds_it(row: Row) -> None:
    kind: Any = row.annotation
    held = [
        (GenericAlias(list, kind), [row.value]),
        (GenericAlias(tuple, (kind, int)), (row.value, 1)),
        (GenericAlias(dict, (str, kind)), {"t": row.value, "v": row.value}),
        (getitem(Optional, kind), row.value),
        (GenericAlias(dict, (tuple[int, ...], kind)), {(1,): row.value}),
    ]
    for annotation, value in held:
        form = ResultForm(CODEC, converter(annotation, owner="f"))
        text, live = form.store(value)
        assert repr(live) == repr(form.read(text)) == repr(value)


def test_the_table_on_the_page_is_made_from_these_types() -> None:
    assert shown(PAGE.read_text("utf-8")) == table(), "run `python tests/support/annotated_types.py`"
