"""How an instance is made from its fields: by its constructor, or past one that would do nothing else."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, Final, cast

import pytest

from perdure_runtime.values.annotations import converter
from support.value_texts import refusal, stored, unread


@dataclass(frozen=True, slots=True)
class Slotted:
    a: int
    b: str = "x"


@dataclass(frozen=True)
class Frozen:
    a: int
    b: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Child(Frozen):
    c: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, weakref_slot=True)
class Named:
    a: int


@dataclass(frozen=True)
class Empty:
    pass


@dataclass
class Doubled:
    price: int

    def __post_init__(self) -> None:
        self.price *= 2


@dataclass
class Stamped:
    price: Final[int]
    label: str = field(init=False)

    def __post_init__(self) -> None:
        self.label = f"costs {self.price}"


@dataclass
class Loose:
    a: int
    b: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tight:
    a: int
    b: float = 1.5


@dataclass
class Watched:
    a: int

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value
        self.__dict__.setdefault("set", []).append(name)


@dataclass
class Halved:
    price: int

    def __init__(self, price: int) -> None:
        self.price = price // 2


class Plain(Stamped):
    """No dataclass itself, with a constructor of its own."""

    def __init__(self, price: int) -> None:
        super().__init__(price)


@pytest.mark.parametrize(
    "value",
    [
        *(Slotted(1), Frozen(1, [2]), Child(1, [2], 3), Named(a=1), Empty(), Stamped(5), Plain(5)),
        *(Loose(1, [2]), Tight(1), Watched(1)),
    ],
    ids=repr,
)
def test_instance_is_as_its_constructor_makes_it(value: Any) -> None:
    _, live = stored(type(value), value)
    assert live == value
    assert type(live) is type(value)
    if isinstance(value, Watched):
        assert vars(live)["set"] == ["a"]
    if type(value).__dataclass_params__.frozen and type(value) is not Empty:
        with pytest.raises(FrozenInstanceError):
            live.a = 2
    if not isinstance(value, Stamped | Loose | Tight | Watched):
        assert isinstance(value, Frozen) or hash(live) == hash(value)


def test_constructor_that_makes_something_else_is_found_out_before_anything_is_recorded() -> None:
    said = refusal(dict[str, list[Doubled]], {"k": [Doubled(1)]})
    assert said.startswith("result.k[0].price: does not come back as it was: int 2 becomes int 4")
    assert "int 4 becomes int 2 when its class is made from its fields again" in refusal(Halved, Halved(8))


ROW, BOX, WRONG = Slotted(1), Loose(1), cast("Any", "x")


@dataclass
class Tables:
    """Several lists of records, which generated code walks."""

    rows: list[Slotted]
    boxes: list[Loose]
    one: Slotted | None = None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Tables([ROW, Slotted(WRONG)], [BOX]), "result.rows[1].a: expected int, found str 'x'"),
        (Tables([ROW], [BOX, Loose(2, [1, WRONG])]), "result.boxes[1].b[1]: expected int, found str 'x'"),
        (Tables([ROW], WRONG), "result.boxes: expected list, found str 'x'"),
        (Tables([ROW], [], Slotted(WRONG)), "result.one.a: expected int, found str 'x'"),
        (Tables([ROW], [], WRONG), "result.one: expected Slotted or None, found str 'x'"),
        (Tables([], [WRONG]), "result.boxes[0]: expected Loose, found str 'x'"),
    ],
    ids=lambda it: str(it)[:30],
)
def test_fault_in_a_list_of_records_has_its_place(value: Any, said: str) -> None:
    assert refusal(Tables, value).startswith(said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"rows": [{"a": 1}, {"a": "x"}], "boxes": [{"a": 1}]}, "value.rows[1].a: expected int, found str 'x'"),
        ({"rows": [], "boxes": [{"a": 1}, {"a": 2, "b": [1, None]}]}, "value.boxes[1].b[1]: expected int, found None"),
        ({"rows": [], "boxes": {}}, "value.boxes: expected list, found dict"),
        ({"rows": [], "boxes": [], "one": []}, "value.one: expected Slotted or None, found list"),
        ({"rows": [], "boxes": [], "one": {"a": "x"}}, "value.one.a: expected int, found str 'x'"),
        ({"rows": [], "boxes": [{"b": []}]}, "value.boxes[0]: 'a' is missing, which Loose needs"),
    ],
    ids=str,
)
def test_fault_in_data_for_a_list_of_records_has_its_place(data: Any, said: str) -> None:
    assert unread(Tables, {"one": None, **data}) == said


def test_lists_of_records_are_made_anew() -> None:
    given = Tables([Slotted(1)], [Loose(1, [2])], Slotted(3))
    _, live = stored(Tables, given)
    assert live is not given
    assert live.boxes[0] is not given.boxes[0]
    assert live.boxes[0].b is not given.boxes[0].b


def test_default_that_is_missing_is_left_to_the_constructor() -> None:
    it = converter(Slotted, owner="f")
    assert it.from_payload({"a": 1}) == Slotted(1)
    assert converter(Frozen, owner="f").from_payload({"a": 1}) == Frozen(1)


def test_compilation_in_many_threads_at_once() -> None:
    @dataclass
    class Node:
        value: int
        inner: Node | None = None

    globals()["Node"] = Node
    tree = Node(1, Node(2))
    failed: list[BaseException] = []

    def work(it: Any) -> None:
        try:
            assert it.from_payload(it.to_payload(tree)) == tree
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    for _ in range(20):
        converter.__globals__["_compiled"].cache_clear()
        it = converter(list[Node], owner="f").shape.parts[0]
        threads = [threading.Thread(target=work, args=(Direct(it),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


class Direct:
    """A shape, asked as a converter is."""

    def __init__(self, shape: Any) -> None:
        self.to_payload = shape.payload
        self.from_payload = shape.read


# What is shared


def test_live_value_shares_nothing_with_what_was_returned() -> None:
    numbers, names = [1], {"a": 1}
    for annotation, value in (
        (list[int], numbers),
        (dict[str, int], names),
        (Frozen, Frozen(1, numbers)),
        (list, numbers),
    ):
        _, live = stored(annotation, value)
        assert live == value
        assert live is not value
    _, live = stored(Frozen, Frozen(1, numbers))
    numbers.append(2)
    assert live.b == [1]
