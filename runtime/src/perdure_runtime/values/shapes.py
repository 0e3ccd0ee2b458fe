"""What an annotation makes of a value: one shape for each form a type can have.

A shape *writes* a value either as a payload, which the codec records and which may hold what the codec has tags for, or
as plain JSON; and it *reads* both forms back. Each accepts exactly the values that come back equal in type and value,
with two graces: a whole number for a float, and for reading whatever JSON has to say where it lacks the type.

`kinds` are the types of JSON data a shape reads, and are what takes unions apart; `made` are the types of the values it
writes. Both forms are built anew: nothing mutable of a value is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.jsontext import Different, NotFinite, exact
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import Rich, shown

__all__ = [
    "ANYTHING",
    "SERVED",
    "AnyDict",
    "Inline",
    "Kinds",
    "Number",
    "Scalar",
    "Shape",
    "Text",
    "Unserved",
    "everything_in",
    "has_tags",
    "is_open",
    "own_form",
    "wrong",
]

SERVED = (
    "served are None, bool, int, float, str, bytes, list, tuple, set, frozenset and dict of them, Literal, Enums,"
    " unions, dataclasses, NamedTuples, TypedDicts, attrs classes, msgspec structs, pydantic models, datetime, date,"
    " time, timedelta, Decimal, UUID, paths, IP addresses and Batch; annotate Any and convert it yourself, or give the"
    " step a serdes="
)
NONE_TYPE = type(None)
Kinds: TypeAlias = frozenset[type]


class Inline(NamedTuple):
    """A shape as Python expressions over `{x}`; each value holds wherever its test does."""

    write_test: str
    written: str
    read_test: str
    value: str
    names: dict[str, object]
    """What they refer to; `{n}` in a name and in the expressions is a number of its own."""


class Shape:
    """The form of the values of one type."""

    title: str
    """The type's name in messages."""
    kinds: Kinds
    made: Kinds
    parts: tuple[Shape, ...] = ()
    """The shapes directly inside it."""
    open: bool = False
    """Whether the value decides what its payload is, so that only the codec can tell whether it comes back."""
    plain: bool = False
    """Whether a value that is plain JSON is its own payload, and of this shape where what it reads back as is."""
    tagged: bool = False
    """Whether its payload has a tag."""
    sealed: bool = False
    """Whether what is inside it has none, unless it is open."""
    itself: Kinds = frozenset()
    """The types of JSON data that are read as what they are."""
    hashable: bool = True
    remade: bool = False
    """Whether code of the user's runs when a value is read, and may make another one of it."""

    def payload(self, value: Any) -> Any:  # noqa: ANN401  each shape knows its own type
        """`value` as the codec takes it; raises `Unfit`."""
        raise NotImplementedError

    def json(self, value: Any) -> Any:  # noqa: ANN401
        """`value` as plain JSON data; raises `Unfit`."""
        raise NotImplementedError

    def read(self, data: Any) -> object:  # noqa: ANN401
        """The value that either form of it stands for; raises `Unfit`."""
        raise NotImplementedError

    def again(self, data: Any) -> object:  # noqa: ANN401
        """As `read`, for data that `json` has just made, of which nothing has to be proved any more."""
        return self.read(data)

    def inline(self) -> Inline | None:
        """The usual case as expressions, for generated code; None where a call is needed."""
        return None

    def called(self) -> Inline | None:
        """The usual case as calls, where the shape is one of a union."""
        return None

    def walked(self) -> Shape | None:
        """The shape of the items of a list that generated code may walk; None for all else."""
        return None


def wrong(expected: str, found: object) -> Unfit:
    """The complaint about a value that is not of its type."""
    return Unfit(f"expected {expected}, found {shown(found)}")


def everything_in(shape: Shape, *, sealed: bool = True) -> Iterator[Shape]:
    """`shape` and all that is inside it, or not sealed in it, each once: a shape may contain itself."""
    seen: set[int] = set()
    waiting = [shape]
    while waiting:
        found = waiting.pop()
        if id(found) not in seen:
            seen.add(id(found))
            waiting.extend(found.parts if sealed or not found.sealed else ())
            yield found


def own_form(shape: Shape) -> Callable[[Any], Any]:
    """How a part is written where the annotation has the last word: in a record, in a set, in a pair.

    It is plain JSON there, without tags, which would serve nobody: whoever reads without the annotation has no record
    to put the value in. Only what no annotation describes keeps its tags.
    """
    return shape.payload if is_open(shape) else shape.json


def is_open(shape: Shape) -> bool:
    """Whether no annotation describes some part of it."""
    return any(part.open for part in everything_in(shape))


def has_tags(shape: Shape) -> bool:
    """Whether payloads may have tags, apart from what is open."""
    return any(part.tagged for part in everything_in(shape, sealed=False))


class Unserved(Exception):
    """An annotation, or one inside it, that has no shape."""

    def __init__(self, annotation: object, place: str, reason: str) -> None:
        from perdure_runtime.values.spelling import spelled

        where = f" of {place}" if place else ""
        super().__init__(f"the annotation {spelled(annotation)}{where} cannot be served: {reason}")


class Anything(Shape):
    """No type: the value is left to the codec."""

    title = "anything"
    kinds: Kinds = frozenset({object})
    made: Kinds = frozenset({object})
    open = True
    plain = True

    def payload(self, value: object) -> object:
        return value

    def json(self, value: object) -> object:
        if not isinstance(exact(value), Different):
            return value
        from perdure_runtime.values.unannotated import json_data  # for what is more than JSON

        return json_data(value)

    def read(self, data: object) -> object:
        return data


ANYTHING: Shape = Anything()


class AnyDict(Shape):
    """A dict of anything: read as it is, and written as `containers` writes one, when it comes to that."""

    title = "dict"
    kinds: Kinds = frozenset({dict})
    made: Kinds = frozenset({dict})
    parts = (ANYTHING,)
    plain = True
    itself = kinds
    hashable = False

    def payload(self, value: object) -> Any:  # noqa: ANN401
        return self._keyed.payload(value)

    def json(self, value: object) -> Any:  # noqa: ANN401
        return self._keyed.json(value)

    def read(self, data: object) -> object:
        if type(data) is not dict:
            raise wrong(self.title, data)
        return data

    @property
    def _keyed(self) -> Shape:
        from perdure_runtime.values.containers import Keyed  # an event is never written, and most results at once

        return Keyed(ANYTHING)


class Scalar(Shape):
    """None, bool, int or str."""

    plain = True

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.title = "None" if kind is NONE_TYPE else kind.__name__
        self.kinds = self.made = self.itself = frozenset({kind})

    def payload(self, value: object) -> Any:  # noqa: ANN401
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        return value

    json = payload

    def read(self, data: object) -> object:
        if type(data) is not self.kind:
            raise wrong(self.title, data)
        return data

    def again(self, data: object) -> object:
        return data

    def inline(self) -> Inline:
        test = "{x} is None" if self.kind is NONE_TYPE else f"type({{x}}) is {self.kind.__name__}"
        return Inline(test, "{x}", test, "{x}", {})


class Number(Shape):
    """A float, for which JSON from elsewhere may well say `1`."""

    title = "float"
    kinds: Kinds = frozenset({float, int})
    made: Kinds = frozenset({float, int})
    itself: Kinds = frozenset({float})

    def payload(self, value: object) -> float:
        number = self.read(value)
        if number != value and type(value) is int:
            raise Unfit(f"is the int {value}, and no float is equal to it")
        return number if number - number == 0.0 else NotFinite(number)  # infinity less itself is no number

    json = payload

    def read(self, data: object) -> float:
        if type(data) is float:
            return data
        if type(data) is int or type(data) is NotFinite:
            try:
                return float(data)
            except OverflowError:
                pass
        raise wrong("float", data)

    def inline(self) -> Inline:
        return Inline("type({x}) is float and {x} - {x} == 0.0", "{x}", "type({x}) is float", "{x}", {})


class Text(Shape):
    """A type that JSON lacks; plain JSON has it as text, and so has the payload where the codec has no tag for it."""

    def __init__(self, rich: Rich) -> None:
        self.rich = rich
        self.kind = rich.kind
        self._of_text = rich.from_text
        self.title = rich.kind.__name__
        self.made = frozenset({rich.kind})
        self.tagged = bool(rich.tag)
        self.kinds = frozenset({rich.kind, str}) if rich.tag else frozenset({str})

    def payload(self, value: object) -> object:
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        return value if self.tagged else self.rich.to_text(value)

    def json(self, value: object) -> str:
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        return self.rich.to_text(value)

    def read(self, data: object) -> object:
        if type(data) is str:
            try:
                return self._of_text(data)
            except (ValueError, ArithmeticError):
                pass  # and the complaint is below
        return data if type(data) is self.kind else self.rich.read(data)

    def inline(self) -> Inline:
        names = {"kind_{n}": self.kind, "text_{n}": self.rich.to_text}
        return Inline("type({x}) is kind_{n}", "text_{n}({x})", "False", "{x}", names)
