# mypy: disable-error-code="call-arg,misc,name-defined"
"""Classes of attrs, msgspec and pydantic, where they are installed."""

from __future__ import annotations

import enum
import math
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest

from perdure import SerdesError
from perdure_runtime.values import codec, jsontext
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.results import ResultForm

T = TypeVar("T")
WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed; requirements/dev.in has to list it")


def stored(annotation: Any, value: Any) -> tuple[str, Any]:
    """The text, and the value that is the same live and on replay."""
    it = converter(annotation, owner="f")
    form = ResultForm(codec.Codec(), it)
    text, live = form.store(value)
    again: Any = form.read(text)
    assert type(live) is type(again) is type(value)
    assert repr(live) == repr(again) == repr(value)
    plain = jsontext.parse(jsontext.write(it.to_json(value)))
    assert repr(it.from_payload(plain)) == repr(value)
    return text, live


# attrs


def test_attrs_class_is_an_object_of_its_fields() -> None:
    attrs = library("attrs")

    @attrs.define
    class Item:
        sku: str
        price: Decimal
        when: datetime | None = None
        _secret: int = 0
        total: int = attrs.field(init=False, default=0)

    item = Item("a", Decimal("1.50"), WHEN, 7)
    item.total = 3
    text, live = stored(list[Item], [item])
    assert text == (
        '{"t":"l","v":[{"sku":"a","price":"1.50","when":"2026-01-02T00:00:00+00:00","_secret":7,"total":3}]}'
    )
    assert live == [item]
    assert converter(Item, owner="f").from_payload({"sku": "a", "price": "2"}) == Item("a", Decimal(2))


def test_attrs_converter_that_changes_a_value_again_is_found_out() -> None:
    attrs = library("attrs")

    @attrs.frozen
    class Doubled:
        n: int = attrs.field(converter=lambda n: n * 2)

    with pytest.raises(SerdesError, match=r"^result\.n: does not come back as it was: int 2 becomes int 4"):
        stored(Doubled, Doubled(1))


def test_attrs_validator_is_heard() -> None:
    attrs = library("attrs")

    @attrs.define
    class Positive:
        n: int = attrs.field(validator=attrs.validators.gt(0))

    with pytest.raises(SerdesError, match=r"^value\[0\]: Positive refuses these values: ValueError"):
        converter(list[Positive], owner="f").from_payload([{"n": 0}])


def test_generic_attrs_class() -> None:
    attrs = library("attrs")

    @attrs.frozen
    class Box(Generic[T]):
        content: T

    assert stored(Box[Decimal], Box(Decimal("1.0")))[0] == '{"t":"m","v":{"content":"1.0"}}'


# msgspec


def test_struct_is_an_object_of_its_fields() -> None:
    msgspec = library("msgspec")

    class Item(msgspec.Struct, rename="camel"):
        unit_price: Decimal
        when: datetime
        count: int = 1

    text, live = stored(Item, Item(Decimal("1.50"), WHEN, 2))
    assert text == '{"t":"m","v":{"unitPrice":"1.50","when":"2026-01-02T00:00:00+00:00","count":2}}'
    assert live == Item(Decimal("1.50"), WHEN, 2)
    read: Any = converter(Item, owner="f").from_payload({"unitPrice": "1", "when": "2026-01-02"})
    assert read.count == 1


def test_generic_frozen_struct() -> None:
    msgspec = library("msgspec")

    class Box(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
        content: T

    assert stored(set[Box[int]], {Box(content=1)})[0] == '{"t":"l","v":[{"content":1}]}'


# pydantic


def test_model_is_what_pydantic_makes_of_it() -> None:
    pydantic = library("pydantic")

    class Colour(enum.Enum):
        RED = "red"

    class Item(pydantic.BaseModel):
        unit_price: Decimal = pydantic.Field(alias="unitPrice")
        colour: Colour = Colour.RED
        tags: set[str] = pydantic.Field(default_factory=set)

    item = Item(unitPrice=Decimal("1.50"), tags={"a"})
    text, live = stored(list[Item], [item])
    assert text == '{"t":"l","v":[{"unitPrice":"1.50","colour":"red","tags":["a"]}]}'
    assert live == [item]
    with pytest.raises(SerdesError) as caught:
        converter(dict[str, Item], owner="f").from_payload({"k": {"unitPrice": "x"}}, root="event")
    assert caught.value.path == "event.k.unitPrice"
    assert "Item refuses this: " in caught.value.reason


def test_strict_model_and_root_model_come_back() -> None:
    pydantic = library("pydantic")

    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)
        pair: tuple[int, int]
        blob: bytes

    class Names(pydantic.RootModel):
        root: list[str]

    stored(Strict, Strict(pair=(1, 2), blob=b"x"))
    assert stored(Names, Names(["a"]))[0] == '["a"]'
    stored(Names | None, Names(["a"]))


def test_model_that_loses_something_is_not_stored() -> None:
    pydantic = library("pydantic")

    class Lossy(pydantic.BaseModel):
        kept: int
        lost: int = pydantic.Field(default=0, exclude=True)

    stored(Lossy, Lossy(kept=1))
    with pytest.raises(SerdesError, match="is not the same Lossy when pydantic reads what it wrote: lost"):
        stored(Lossy, Lossy(kept=1, lost=2))


def test_model_is_compared_by_more_than_what_it_shows_of_itself() -> None:
    pydantic = library("pydantic")

    class Login(pydantic.BaseModel):
        password: pydantic.SecretStr  # shown as stars, in its repr and in JSON

    class Counting(pydantic.BaseModel):
        n: int
        _seen: int = pydantic.PrivateAttr(default=0)

    class Loose(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        it: Any = None

    class Level(enum.IntEnum):
        HIGH = 2

    counted = Counting(n=1)
    stored(Counting, counted)
    counted._seen = 1
    changed = [
        Login(password="secret"),
        counted,
        Loose(it=(1, 2)),
        Loose(it=Level.HIGH),
        Loose(it={1}),
        Loose(more=(1,)),
    ]
    for model in changed:
        with pytest.raises(SerdesError, match="is not the same"):
            stored(type(model), model)


def test_model_may_hold_whatever_pydantic_gives_back_in_type_and_value() -> None:
    pydantic = library("pydantic")
    from dataclasses import dataclass

    @dataclass
    class Part:
        weight: float

    class Inner(pydantic.BaseModel):
        part: Part

    class Whole(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        inner: Inner
        tags: frozenset[int]
        pair: tuple[int, str]
        price: Decimal

    inner = Inner(part=Part(math.nan))
    stored(Whole, Whole(inner=inner, tags={1, 2}, pair=(1, "a"), price=Decimal("1.50"), more={"a": [1]}))


def test_model_inside_a_dataclass_and_in_a_union() -> None:
    pydantic = library("pydantic")
    from dataclasses import make_dataclass

    class One(pydantic.BaseModel):
        n: float

    class Two(pydantic.BaseModel):
        n: float

    holder = make_dataclass("Holder", [("it", One | Two)])
    assert stored(holder, holder(Two(n=1.5)))[0] == '{"t":"m","v":{"it":{"type":"Two","value":{"n":1.5}}}}'
    stored(One, One(n=math.nan))


@pytest.mark.slow
def test_no_library_is_imported_for_values_that_are_not_its_own() -> None:
    code = """
import sys
from dataclasses import dataclass
from perdure_runtime.values.annotations import converter
@dataclass
class Line:
    sku: str
it = converter(list[Line], owner="f")
it.from_payload(it.to_payload([Line("a")]))
found = {"attr", "attrs", "msgspec", "pydantic", "cattrs"} & sys.modules.keys()
assert not found, found
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
