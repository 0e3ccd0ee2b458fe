"""Classes to shapes: Enums, classes with fields, TypedDicts, models, and types that travel as text."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from perdure_runtime.values.constants import Members
from perdure_runtime.values.fields import ClassForm, Declared, class_form
from perdure_runtime.values.generics import Bindings, bindings, substituted
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.records import Record, Slot
from perdure_runtime.values.resolution import Unresolved, names_of_class, resolve
from perdure_runtime.values.shapes import SERVED, Shape, Text, Unserved
from perdure_runtime.values.spelling import spelled
from perdure_runtime.values.texts import text_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure_runtime.values.compiler import Compiler

__all__ = ["shape_of_class"]


def shape_of_class(compiler: Compiler, kind: type, args: tuple[object, ...], annotation: object, place: str) -> Shape:
    """The shape of the instances of `kind`, given the arguments of its parameters."""
    if issubclass(kind, enum.Enum):
        return _enum(kind, place)
    if issubclass(kind, dict) and hasattr(kind, "__required_keys__"):
        return _typed_dict(compiler, kind, args, annotation)
    if hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_validate_json"):
        from perdure_runtime.values.models import Model

        return Model(kind)
    form = class_form(kind)
    if form is not None:
        return _record(compiler, kind, form, args, annotation, place)
    rich = text_type(kind)
    if rich is None or args:
        raise Unserved(annotation, place, SERVED)
    return Text(rich)


def _enum(kind: type[enum.Enum], place: str) -> Shape:
    if not list(kind):
        raise Unserved(kind, place, "it has no members")
    try:
        members = Members(kind)
    except Unfit as unfit:
        raise Unserved(kind, place, f"the value of a member cannot be stored: {unfit.reason}") from None
    if members.ambiguous:
        raise Unserved(kind, place, "two of its members are the same in JSON")
    return members


def _record(
    compiler: Compiler, kind: type, form: ClassForm, args: tuple[object, ...], annotation: object, place: str
) -> Shape:
    if form.refusal:
        raise Unserved(annotation, place, form.refusal)
    record = Record(kind, spelled(annotation), form)
    compiler.known[annotation] = record
    meaning = bindings(kind, args)

    def slot_of(field: Declared) -> Slot:
        where = f"{kind.__qualname__}.{field.name}"
        found = compiler.shape_of(_resolved(field.annotation, field.owner, meaning, where), where)
        return Slot(field.name, found, field.required, field.init, field.key, field.parameter)

    record.fill(compiler.inside(annotation, lambda: [slot_of(field) for field in form.fields]))
    return record


def _typed_dict(compiler: Compiler, kind: type, args: tuple[object, ...], annotation: object) -> Shape:
    from perdure_runtime.values.typeddicts import Entry, TypedDictShape, is_required, own_keys

    shape = compiler.known[annotation] = TypedDictShape(spelled(annotation))
    meaning = bindings(kind, args)

    def entries() -> Iterator[tuple[str, Entry]]:
        for owner in reversed(meaning):  # the class itself was found first, and has the last word
            for key, declared in own_keys(owner).items():
                where = f"{kind.__qualname__}[{key!r}]"
                found = _resolved(declared, owner, meaning, where)
                yield key, Entry(compiler.shape_of(found, where), is_required(found, owner, key))

    shape.fill(compiler.inside(annotation, lambda: dict(entries())))
    return shape


def _resolved(annotation: object, owner: type, meaning: Bindings, place: str) -> object:
    """What a field's annotation stands for, seen from the class that declares it."""
    try:
        resolved = resolve(annotation, names_of_class(owner), of_class=True)
    except Unresolved as refusal:
        raise Unserved(annotation, place, str(refusal)) from None
    try:
        found: object = substituted(resolved, meaning.get(owner, {}))
    except TypeError as error:
        raise Unserved(annotation, place, f"its parameters stand for nothing: {error}") from None
    return found
