"""Names for types: aliases that contain themselves, what a union makes of them, and `Self`."""

import sys
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, Optional, Self, TypedDict, TypeVar, Union

import pytest

from perdure import HandlerRefused, SerdesError
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm
from perdure_runtime.values.signatures import result_type

T = TypeVar("T")
Json = dict[str, "Json"] | list["Json"] | str | bool | int | float | None
Prices = Union[dict[str, "Prices"], list["Prices"], Decimal]  # noqa: UP007  as older code has it
Even = list["Odd"]
Odd = Optional[list["Even"]]  # noqa: UP045
Orders = list["Order"]


@dataclass
class Order:
    id: str
    parts: Orders = field(default_factory=list)


@dataclass
class Note:
    """Fields of aliases."""

    body: Json
    more: "Annotated[Json, 'shown'] | None" = None


def stored(body: Any, value: Any) -> str:
    """The text for a result of `body`, which comes back as it was, live and on replay."""
    form = ResultForm(Codec(), converter(result_type(body, owner="f"), owner="f"))
    text, live = form.store(value)
    assert repr(live) == repr(form.read(text)) == repr(value)
    return text


def refused(body: Any) -> str:
    with pytest.raises(HandlerRefused) as caught:
        converter(result_type(body, owner="f"), owner="f")
    return str(caught.value)


def made_by(statements: str) -> dict[str, Any]:
    names: dict[str, Any] = {"Decimal": Decimal, "dataclass": dataclass, "TypedDict": TypedDict}
    names |= {"Optional": Optional, "T": T}
    exec(statements, names)  # noqa: S102
    return names


def of_json() -> Json: ...
def of_text() -> "Json": ...
def maybe() -> "Optional[Json]": ...  # noqa: UP045
def many() -> dict[str, Json]: ...  # type: ignore[empty-body]
def of_prices() -> Prices: ...  # type: ignore[empty-body]
def of_even() -> Even: ...  # type: ignore[empty-body]
def of_note() -> Note: ...  # type: ignore[empty-body]
def of_orders() -> Orders: ...  # type: ignore[empty-body]


DATA: Any = {"a": [1, "x", None, {"b": [True, 1.5]}]}


@pytest.mark.parametrize("body", [of_json, of_text, maybe, many], ids=lambda body: body.__name__)
def test_alias_that_contains_itself_is_plain_json_where_its_members_are(body: Any) -> None:
    assert stored(body, DATA) == '{"t":"m","v":{"a":[1,"x",null,{"b":[true,1.5]}]}}'


def test_what_an_alias_does_not_say_is_refused_with_its_path() -> None:
    form = ResultForm(Codec(), converter(result_type(of_json), owner="f"))
    with pytest.raises(SerdesError, match=r"^result\.a\[1\]: expected dict or list or str .*, found set"):
        form.store({"a": [1, {2}]})


def test_alias_decides_what_its_values_become_at_every_depth() -> None:
    assert stored(of_prices, {"a": [Decimal("1.50"), {"b": Decimal(2)}]}).count('"d"') == 2


def test_aliases_may_contain_each_other() -> None:
    assert stored(of_even, [None, [[], [None]]]) == "[null,[[],[null]]]"


def test_alias_may_be_inside_of_a_class_and_around_it() -> None:
    stored(of_note, Note(DATA, ["x"]))
    stored(of_orders, [Order("a", [Order("b")])])


def test_alias_with_nothing_but_itself_is_refused() -> None:
    names = made_by("Endless = Optional['Endless']\ndef f() -> Endless: ...")
    assert refused(names["f"]).endswith("the alias contains itself, and nothing around that")


def test_alias_with_parameters_that_contains_itself_takes_the_statement() -> None:
    names = made_by("Forest = dict[str, 'Forest[T]'] | T\ndef f() -> Forest[int]: ...")
    assert "make it with the `type` statement" in refused(names["f"])


def test_aliases_may_be_named_in_the_middle_of_a_union() -> None:
    names = made_by("It = dict[str, 'It | None'] | int\ndef f() -> list['None | It']: ...")
    assert stored(names["f"], [{"a": {"b": None}}, None, 1]) == '{"t":"l","v":[{"a":{"b":null}},null,1]}'


def test_alias_that_names_what_is_not_there_is_refused() -> None:
    names = made_by("It = dict[str, 'It'] | list['Gone']\ndef f() -> list['It']: ...")
    assert "name 'Gone' is not defined" in refused(names["f"])


@pytest.mark.parametrize("annotation", [Json, list["Order"]], ids=str)
def test_text_is_refused_where_nothing_tells_what_it_names(annotation: Any) -> None:
    with pytest.raises(HandlerRefused, match="nothing here tells what it names; say the type itself"):
        converter(annotation, owner="result=")


def test_two_modules_may_use_one_name_for_two_aliases() -> None:
    found = []
    for other in ("int", "str"):
        names = made_by(f"It = {other} | list['It']\ndef f() -> list['It']: ...")
        found.append(converter(result_type(names["f"]), owner="f"))
    ints, strings = found
    assert ints.from_payload([1, [2]]) == [1, [2]]
    assert strings.from_payload(["a", ["b"]]) == ["a", ["b"]]
    with pytest.raises(SerdesError):
        ints.from_payload([["b"]])


# What the `type` statement makes


STATEMENTS = """
type Json = None | int | str | list[Json] | dict[str, Json]
type Pair[T] = tuple[T, T]
type Forest[T] = T | list[Forest[T]]
type Either = Json | Decimal | Twice
type Twice = Json | list[Json]
type Bad = Bad
type Worse = int | Worse

@dataclass
class Box[T]:
    content: T
    forest: Forest[T] | None = None
    inner: 'Box[T] | None' = None

class Loose[T](TypedDict):
    it: T

def f() -> Json | None: ...
"""
new_syntax = pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is Python 3.12's")


@new_syntax
def test_type_statement_may_contain_itself_and_have_parameters() -> None:  # pragma: no cover  Python 3.12
    names = made_by(STATEMENTS)
    box = names["Box"]
    cases: list[tuple[Any, Any]] = [
        (names["Json"], {"a": [1, {"b": None}]}),
        (names["Pair"][date], (date(2026, 1, 2),) * 2),
        (names["Forest"][Decimal], [Decimal(1), [Decimal(2)]]),
        (box[Decimal], box(Decimal(1), [Decimal(1)], box(Decimal(2)))),
        (names["Loose"][Decimal], {"it": Decimal(1)}),
    ]
    for annotation, value in cases:
        form = ResultForm(Codec(), converter(annotation, owner="f"))
        text, live = form.store(value)
        assert repr(live) == repr(form.read(text)) == repr(value)


@new_syntax
def test_union_of_aliases_is_the_union_of_their_members() -> None:  # pragma: no cover  Python 3.12
    names = made_by(STATEMENTS)
    assert stored(names["f"], {"a": None}) == '{"t":"m","v":{"a":null}}'
    form = ResultForm(Codec(), converter(names["Either"], owner="f"))
    text = '{"t":"m","v":{"type":"Decimal","value":"1"}}'
    assert form.store(Decimal(1)) == (text, Decimal(1))


@new_syntax
@pytest.mark.parametrize("name", ["Bad", "Worse"])
def test_type_statement_with_nothing_but_itself_is_refused(name: str) -> None:  # pragma: no cover  Python 3.12
    with pytest.raises(HandlerRefused, match="the alias contains itself"):
        converter(made_by(STATEMENTS)[name], owner="f")


# Self


@dataclass
class Chain(Generic[T]):
    content: T
    rest: Self | None = None


@dataclass
class Longer(Chain[Decimal]):
    others: dict[str, Self] = field(default_factory=dict)
    whole: Chain[int] | None = None


class Person(TypedDict):
    name: str
    friends: "list[Person]"


class Shop:
    def twin(self) -> Self:
        return self


def longer() -> Longer: ...  # type: ignore[empty-body]
def person() -> Person: ...  # type: ignore[empty-body]


LONGER = [
    Longer(Decimal(1), Longer(Decimal(2)), {"x": Longer(Decimal(3))}, Chain(1, Chain(2))),
    Longer(Decimal(1)),
]


@pytest.mark.parametrize("value", LONGER, ids=["all", "least"])
def test_self_is_the_class_that_has_the_field_not_the_one_that_declares_it(value: Longer) -> None:
    stored(longer, value)


def test_parent_is_not_taken_for_self() -> None:
    form = ResultForm(Codec(), converter(Longer, owner="f"))
    with pytest.raises(SerdesError, match=r"^result\.rest: expected Longer or None, found .*Chain"):
        form.store(Longer(Decimal(1), Chain(Decimal(1))))  # type: ignore[arg-type]


def test_self_outside_of_a_class_is_refused() -> None:
    assert "it is a class only in that class's own fields; name the class" in refused(Shop().twin)


def test_typed_dict_may_contain_itself() -> None:
    stored(person, {"name": "a", "friends": [{"name": "b", "friends": []}]})
