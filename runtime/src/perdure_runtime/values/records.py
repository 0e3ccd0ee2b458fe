"""Dataclasses: their fields by name.

A field that the data lacks takes its default, and members that the class has no field for are passed over, so that both
sides of a stored value may grow. The instance is made by its own constructor, so `__post_init__` checks what comes in;
fields that the constructor does not take are set afterwards, to what they were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from types import FunctionType
from typing import Any

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Kinds, Shape, wrong

__all__ = ["Record", "Slot", "init_only"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One field."""

    name: str
    shape: Shape
    required: bool
    init: bool


class Record:
    """A dataclass; its slots are filled in after it is made, since it may contain itself."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.title = kind.__qualname__
        self.kinds: Kinds = frozenset({dict})
        self.made: Kinds = frozenset({kind})
        self.slots: tuple[Slot, ...] = ()

    def fill(self, shape_of: Callable[[Field[Any]], Shape]) -> None:
        """Give every field its shape."""
        self.slots = tuple(
            Slot(field.name, shape_of(field), field.init and not _has_default(field), field.init)
            for field in fields(self.kind)
        )

    def write(self, value: object, *, plain: bool) -> object:
        """The fields of `value` by name."""
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        members: dict[str, object] = {}
        for slot in self.slots:
            try:
                members[slot.name] = slot.shape.write(getattr(value, slot.name), plain=plain)
            except Unfit as unfit:
                raise unfit.at(slot.name) from unfit.__cause__
            except AttributeError:
                raise Unfit("is not set").at(slot.name) from None
        return members

    def read(self, data: Any) -> object:  # noqa: ANN401  any JSON data
        """The instance whose fields `data` has."""
        if type(data) is not dict:
            raise wrong(f"an object with the fields of {self.title}", data)
        given: dict[str, object] = {}
        later: dict[str, object] = {}
        for slot in self.slots:
            if slot.name in data:
                try:
                    (given if slot.init else later)[slot.name] = slot.shape.read(data[slot.name])
                except Unfit as unfit:
                    raise unfit.at(slot.name) from unfit.__cause__
            elif slot.required:
                raise Unfit(f"{slot.name!r} is missing, which {self.title} needs")
        try:
            record: object = self.kind(**given)
        except Exception as error:
            raise Unfit(f"{self.title} refuses these values: {type(error).__name__}: {error}") from error
        for name, value in later.items():
            object.__setattr__(record, name, value)  # past a frozen class's own
        return record


def init_only(kind: type) -> list[str]:
    """The `InitVar`s of a dataclass: they are given to its constructor and kept nowhere."""
    kept = {field.name for field in fields(kind)}
    known = getattr(kind, "__dataclass_fields__", {})
    init = getattr(kind, "__init__", None)
    code = init.__code__ if isinstance(init, FunctionType) else None  # not its signature, which would be evaluated
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    return [name for name in parameters if name in known and name not in kept]


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
