"""Classes with fields: dataclasses, NamedTuples, attrs classes and msgspec structs, their fields by name.

A field that the data lacks takes its default, and members that the class has no field for are passed over, so that both
sides of a stored value may grow. The instance is made by its own constructor, so `__post_init__` checks what comes in;
fields that the constructor does not take are set afterwards, to what they were.

The usual case runs as Python that is written for the class when the first value comes (`recordcode`); what is unusual
(a field that is missing, a complaint) is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from perdure_runtime.values.constants import Constants
from perdure_runtime.values.fields import ClassForm
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Inline, Shape, is_open, wrong

__all__ = ["Form", "Record", "Slot", "key_of"]

Form: TypeAlias = Literal["payload", "json", "read", "again"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One field."""

    name: str
    shape: Shape
    required: bool
    init: bool = True
    key: str = ""
    """Its name in JSON, where that is another."""
    parameter: str = ""
    """Its name for the constructor, where that is another."""


class Record(Shape):
    """A class with fields; they are filled in after it is made, since it may contain itself."""

    kinds = frozenset({dict})
    sealed = True

    def __init__(self, kind: type, title: str, form: ClassForm) -> None:
        self.kind = kind
        self.title = title
        self.remade = form.remade
        self.positional = form.positional
        self.settable = form.settable
        self.frozen = form.frozen
        self.is_tuple = issubclass(kind, tuple)
        self.made = frozenset({kind})
        self.hashable = kind.__hash__ is not None
        self.slots: tuple[Slot, ...] = ()

    def fill(self, slots: Iterable[Slot]) -> None:
        """Give it its fields."""
        self.slots = tuple(slots)
        self.parts = tuple(slot.shape for slot in self.slots)

    @property
    def constants(self) -> dict[str, Constants]:
        """The fields of constant value, by which a union may tell it from others."""
        return {key_of(slot): slot.shape for slot in self.slots if isinstance(slot.shape, Constants)}

    def payload(self, value: Any) -> Any:  # noqa: ANN401  an instance
        return self.code("payload" if self.is_open else "json")(value)

    def json(self, value: Any) -> Any:  # noqa: ANN401
        return self.code("json")(value)

    def read(self, data: Any) -> object:  # noqa: ANN401
        return self.code("read")(data)

    def again(self, data: Any) -> object:  # noqa: ANN401
        return self.code("again")(data)

    def called(self) -> Inline | None:
        if self.is_open:
            return None
        names = {"kind_{n}": self.kind, "write_{n}": self.json, "read_{n}": self.read}
        return Inline("type({x}) is kind_{n}", "write_{n}({x})", "type({x}) is dict", "read_{n}({x})", names)

    def code(self, form: Form) -> Callable[[Any], Any]:
        """The generated function for one direction, which takes the place of the method that asked for it."""
        known: Callable[[Any], Any] | None = vars(self).get(form)
        if known is None:
            from perdure_runtime.values.recordcode import generated

            if form == "again" and not (self.settable or (self.is_tuple and not self.remade)):
                return self.code("read")
            known = generated(self, form)
        return known

    @cached_property
    def is_open(self) -> bool:
        """Whether no annotation describes some part of it."""
        return is_open(self)

    # What generated code leaves to be done

    def members(self, data: object) -> dict[str, object]:
        """What is not a dict, as the fields by name; raises `Unfit`."""
        if type(data) in {list, tuple} and self.is_tuple:
            items = cast("list[object]", data)
            if len(items) <= len(self.slots):
                return {key_of(slot): item for slot, item in zip(self.slots, items, strict=False)}
        raise wrong(f"an object with the fields of {self.title}", data)

    def partly(self, data: dict[str, Any]) -> object:
        """The instance whose fields `data` has, as far as it has them."""
        given: dict[str, object] = {}
        later: dict[str, object] = {}
        for slot in self.slots:
            key = key_of(slot)
            if key in data:
                try:
                    value = slot.shape.read(data[key])
                except Unfit as unfit:
                    raise unfit.at(key) from unfit.__cause__
                if slot.init:
                    given[slot.parameter or slot.name] = value
                else:
                    later[slot.name] = value
            elif slot.required:
                raise Unfit(f"{key!r} is missing, which {self.title} needs")
        return self.completed(self.built(given), later)

    def built(self, given: dict[str, object]) -> object:
        """The instance with these arguments."""
        try:
            return self.kind(**given)
        except Exception as error:
            raise self.refused(error) from error

    def completed(self, record: object, later: dict[str, object]) -> object:
        """`record`, with the fields set that its constructor does not take."""
        for name, value in later.items():
            object.__setattr__(record, name, value)  # past a frozen class's own
        return record

    def refused(self, error: Exception) -> Unfit:
        """The complaint about arguments that the constructor does not take."""
        return Unfit(f"{self.title} refuses these values: {type(error).__name__}: {error}")

    def wrong(self, value: object) -> Unfit:
        """The complaint about a value that is no instance."""
        return wrong(self.title, value)


def key_of(slot: Slot) -> str:
    """The name of a field in JSON."""
    return slot.key or slot.name
