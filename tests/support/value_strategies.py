"""Random annotations, each with a strategy for its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface
from itertools import count
from operator import getitem
from pathlib import PurePosixPath
from types import GenericAlias
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, Union
from uuid import UUID

from hypothesis import strategies as st

from perdure.batches import BatchItem, BatchStatus
from perdure_runtime.values.resolution import resolve
from support.value_types import (
    Access,
    Card,
    Cash,
    Colour,
    Corner,
    Customer,
    Extras,
    Json,
    Level,
    Line,
    Movie,
    Page,
    Parcel,
    Point,
    Rights,
    Seat,
    Tone,
    Tree,
)

__all__ = ["Typed", "shown", "types"]

texts = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["t", "v", "type", "value", "kind"])
numbers = count()
zones = st.sampled_from([UTC, None]) | st.integers(-86_399, 86_399).map(lambda it: timezone(timedelta(seconds=it)))


class Typed(NamedTuple):
    """An annotation and what makes its values."""

    annotation: Any
    values: st.SearchStrategy[Any]


def tree_of(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.builds(Tree, st.integers(), st.lists(inner, max_size=2))


def item_of(result: int) -> BatchItem[int]:
    return BatchItem(0, None, BatchStatus.SUCCEEDED, result)


JSON = resolve(Json, {"Json": Json})
json_values = st.recursive(
    st.none() | texts | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
LEAVES = [
    Typed(None, st.none()),
    Typed(bool, st.booleans()),
    Typed(int, st.integers() | st.integers(-(2**70), 2**70)),
    Typed(float, st.floats()),
    Typed(str, texts),
    Typed(bytes, st.binary(max_size=5)),
    Typed(Decimal, st.decimals(allow_nan=False)),
    Typed(UUID, st.uuids()),
    Typed(date, st.dates()),
    Typed(time, st.builds(lambda it, zone: it.replace(tzinfo=zone, fold=0), st.times(), zones)),
    Typed(datetime, st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda it: it.replace(fold=0))),
    Typed(timedelta, st.timedeltas()),
    Typed(
        PurePosixPath, st.lists(st.sampled_from(["a", "..", "/", "ü"]), max_size=3).map(lambda it: PurePosixPath(*it))
    ),
    Typed(IPv4Address, st.ip_addresses(v=4)),
    Typed(IPv6Address, st.ip_addresses(v=6)),
    Typed(Colour, st.sampled_from(Colour)),
    Typed(Level, st.sampled_from(Level)),
    Typed(Tone, st.sampled_from(Tone)),
    Typed(Access, st.integers(0, 3).map(Access)),
    Typed(Rights, st.integers(0, 3).map(Rights)),
    Typed(IPv4Network, st.ip_addresses(v=4).map(IPv4Network)),
    Typed(IPv6Interface, st.ip_addresses(v=6).map(IPv6Interface)),
    Typed(Parcel, st.builds(Parcel, st.decimals(allow_nan=False), st.booleans())),
    Typed(Seat, st.builds(Seat, row=st.integers(-(2**60), 2**60), free=st.booleans())),
    Typed(Annotated[int, "in cents"], st.integers()),
    Typed(Corner, st.sampled_from(Corner)),
    Typed(Literal["a", 1, Colour.RED], st.sampled_from(["a", 1, Colour.RED])),
    Typed(Point, st.builds(Point, st.integers(), st.integers())),
    Typed(Line, st.builds(Line, texts, st.decimals(allow_nan=False))),
    Typed(Card | Cash, st.builds(Card, st.just("card"), texts) | st.builds(Cash, st.just("cash"))),
    Typed(Movie, st.fixed_dictionaries({"name": texts}, optional={"year": st.integers()})),
    Typed(bytearray, st.binary(max_size=5).map(bytearray)),
    Typed(Customer, st.builds(Customer, name=texts, since=st.dates())),
    Typed(Tree, st.recursive(st.builds(Tree, st.integers(), st.just([])), tree_of, max_leaves=3)),
    Typed(JSON, json_values),
    Typed(BatchItem[int], st.builds(item_of, st.integers())),
    Typed(
        Any, st.none() | st.integers() | st.tuples(st.decimals(allow_nan=False)) | st.dictionaries(texts, st.dates())
    ),
]
UNHASHABLE = (Movie, Any, bytearray, Customer, Tree, JSON)
HASHABLE = [leaf for leaf in LEAVES if leaf.annotation not in UNHASHABLE]


def of_items(kind: Any, make: Callable[..., st.SearchStrategy[Any]]) -> Callable[[Typed], Typed]:
    return lambda item: Typed(GenericAlias(kind, (item.annotation,)), make(item.values, max_size=3))


def record_of(parts: list[Typed], *, frozen: bool, slots: bool) -> Typed:
    names = ["t", "v", "rest"]
    made = make_dataclass(
        f"Made{next(numbers)}",
        [(name, part.annotation) for name, part in zip(names, parts, strict=False)],
        frozen=frozen,
        slots=slots,
    )
    return Typed(made, st.builds(made, *(part.values for part in parts)))


def typed_dict_of(parts: list[Typed]) -> Typed:
    keys = {f"key {n}": part for n, part in enumerate(parts)}
    made = TypedDict(f"Made{next(numbers)}", {key: part.annotation for key, part in keys.items()})  # type: ignore[misc]
    return Typed(made, st.fixed_dictionaries({key: part.values for key, part in keys.items()}))


def containers(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    several = st.lists(inner, min_size=1, max_size=3)
    hashable = st.sampled_from(HASHABLE)
    return st.one_of(
        inner.map(of_items(list, st.lists)),
        inner.map(
            lambda item: Typed(
                GenericAlias(tuple, (item.annotation, ...)), st.lists(item.values, max_size=3).map(tuple)
            )
        ),
        several.map(
            lambda items: Typed(
                GenericAlias(tuple, tuple(item.annotation for item in items)),
                st.tuples(*(item.values for item in items)),
            )
        ),
        hashable.map(of_items(set, st.sets)),
        hashable.map(of_items(frozenset, st.frozensets)),
        st.tuples(hashable, inner).map(
            lambda it: Typed(
                GenericAlias(dict, (it[0].annotation, it[1].annotation)),
                st.dictionaries(it[0].values, it[1].values, max_size=3),
            )
        ),
        several.filter(lambda items: all(item.annotation is not Any for item in items)).map(
            lambda items: Typed(
                getitem(Union, tuple(item.annotation for item in items)), st.one_of(*(item.values for item in items))
            )
        ),
        st.builds(
            lambda parts, frozen, slots: record_of(parts, frozen=frozen, slots=slots),
            several,
            st.booleans(),
            st.booleans(),
        ),
        several.map(typed_dict_of),
        inner.map(
            lambda item: Typed(
                GenericAlias(Page, (item.annotation,)), st.builds(Page, st.lists(item.values, max_size=2))
            )
        ),
        inner.map(
            lambda item: Typed(
                GenericAlias(Extras, (item.annotation,)),
                st.fixed_dictionaries({"name": texts}, optional={"extra": item.values}),
            )
        ),
    )


types = st.recursive(st.sampled_from(LEAVES), containers, max_leaves=6)


def shown(value: Any) -> str:
    """The value with every type in it; sets in one order."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} of {sorted(map(shown, value))}"
    if type(value) in {list, tuple, Point}:
        return f"{type(value).__name__} of {[shown(item) for item in value]}"
    if type(value) is dict:
        return f"dict of {[(shown(key), shown(item)) for key, item in value.items()]}"
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return f"{type(value)!r} of {[shown(getattr(value, name)) for name in fields]}"
    return f"{type(value).__name__} {value!r}"
