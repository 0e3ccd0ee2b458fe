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
from support.value_types import PAGE, ROWS, Row, shown, table

CODEC = Codec(lambda: nested(None))


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


PROMISED = """
    dataclass NamedTuple TypedDict Enum IntEnum StrEnum Flag IntFlag Literal None | set frozenset tuple dict[int
    dict[date dict[tuple Decimal UUID date time datetime timedelta Path bytes IPv4Address IPv6Network IPv6Interface
    generic recursive itself pydantic attrs msgspec NewType Annotated list Batch BatchItem
"""


@pytest.mark.parametrize("name", PROMISED.split())
def test_every_promised_kind_of_type_is_in_the_table(name: str) -> None:
    assert any(name in row.text for row in ROWS)


def test_the_table_on_the_page_is_made_from_these_types() -> None:
    assert shown(PAGE.read_text("utf-8")) == table(), "run `python tests/support/value_types.py`"
