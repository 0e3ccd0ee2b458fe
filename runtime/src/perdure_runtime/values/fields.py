"""What fields a class has, whichever library made it: dataclass, NamedTuple, attrs, msgspec.

A library is never imported here for its own sake: a class that belongs to one proves that it is loaded.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable
from dataclasses import MISSING, is_dataclass
from importlib import import_module
from types import FunctionType
from typing import Any

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.resolution import annotations_of

__all__ = ["ClassForm", "Declared", "class_form"]


DATA = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset)


class Declared(NamedTuple):
    """A field as its class declares it."""

    name: str
    owner: type
    """The class whose names its annotation may use."""
    annotation: object
    required: bool
    init: bool = True
    key: str = ""
    parameter: str = ""


class ClassForm(NamedTuple):
    """How the instances of a class are made of its fields."""

    fields: tuple[Declared, ...]
    remade: bool
    """Whether code of the user's runs when one is made from its fields."""
    positional: bool
    """Whether the constructor takes the fields in their order."""
    settable: bool = False
    """Whether the constructor does nothing but set the fields, so that whoever sets them needs none."""
    frozen: bool = False
    """Whether there is a `__setattr__` that refuses to set them."""
    refusal: str = ""
    """Why it cannot be served."""


def class_form(kind: type) -> ClassForm | None:
    """The fields of `kind`; None for a class that has none of these forms."""
    for is_it, form in FORMS:
        if is_it(kind):
            return form(kind)
    return None


def _dataclass(kind: Any) -> ClassForm:  # noqa: ANN401  a dataclass
    parameters = kind.__dataclass_params__
    fields = tuple(
        Declared(
            field.name,
            _owner(kind, "__dataclass_fields__", field.name, field),
            field.type,
            field.init and field.default is MISSING and field.default_factory is MISSING,
            field.init,
        )
        for field in dataclasses.fields(kind)
    )
    generated = parameters.init and _is_generated(vars(kind).get("__init__"))
    positional = generated and not any(field.kw_only for field in dataclasses.fields(kind))
    passing = _init_only(kind)
    refusal = f"{passing[0]!r} is an InitVar, which cannot be read back" if passing else _held_besides(kind)
    remade = not generated or hasattr(kind, "__post_init__")
    settable = positional and not remade and _only_sets(kind)
    return ClassForm(fields, remade, positional, settable, parameters.frozen, refusal)


def _is_generated(init: object) -> bool:
    """Whether the decorator made this constructor: it leaves one alone that is there, and says nothing of it."""
    return isinstance(init, FunctionType) and init.__code__.co_qualname.startswith("__create_fn__")


def _only_sets(kind: Any) -> bool:  # noqa: ANN401
    fields = dataclasses.fields(kind)
    return (
        (kind.__dataclass_params__.frozen or "__setattr__" not in vars(kind))
        and kind.__bases__ == (object,)
        and type(kind) is type
        and "__new__" not in vars(kind)
        and all(field.init for field in fields)
        and tuple(vars(kind).get("__slots__", [field.name for field in fields])) == tuple(f.name for f in fields)
        and bool(fields)
    )


def _init_only(kind: Any) -> list[str]:  # noqa: ANN401
    """The `InitVar`s of a dataclass: they are given to its constructor and kept nowhere."""
    kept = {field.name for field in dataclasses.fields(kind)}
    known = getattr(kind, "__dataclass_fields__", {})
    init = getattr(kind, "__init__", None)
    code = init.__code__ if isinstance(init, FunctionType) else None  # not its signature, which would be evaluated
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    return [name for name in parameters if name in known and name not in kept]


def _held_besides(kind: type) -> str:
    """What is wrong with a class whose instances hold something beside their fields: a list's items, a str's text."""
    found = [data.__name__ for data in DATA if issubclass(kind, data)]
    return f"it is a {found[0]} as well, and what it holds as that is no field" if found else ""


def _named_tuple(kind: Any) -> ClassForm:  # noqa: ANN401  a class of tuples with `_fields`
    owner = next(ancestor for ancestor in reversed(kind.__mro__) if "_fields" in vars(ancestor))
    annotations = annotations_of(owner)
    fields = tuple(
        Declared(name, owner, annotations.get(name, Any), name not in kind._field_defaults) for name in kind._fields
    )
    return ClassForm(fields, remade=owner is not kind, positional=True)


def _attrs(kind: Any) -> ClassForm:  # noqa: ANN401  an attrs class
    nothing = sys.modules["attr"].NOTHING
    attributes = list(kind.__attrs_attrs__)
    fields = tuple(
        Declared(
            found.name,
            _owner(kind, "__annotations__", found.name, None),
            Any if found.type is None else found.type,
            found.init and found.default is nothing,
            found.init,
            parameter=getattr(found, "alias", None) or found.name.lstrip("_"),
        )
        for found in attributes
    )
    remade = hasattr(kind, "__attrs_post_init__") or "__attrs_init__" in vars(kind)
    converted = any(found.converter is not None for found in attributes)
    return ClassForm(fields, remade or converted, positional=False, refusal=_held_besides(kind))


def _struct(kind: Any) -> ClassForm:  # noqa: ANN401  a msgspec struct
    known = {field.name: field for field in import_module("msgspec.structs").fields(kind)}
    fields = tuple(
        Declared(
            name,
            _owner(kind, "__annotations__", name, None),
            annotations_of(_owner(kind, "__annotations__", name, None)).get(name, known[name].type),
            known[name].required,
            key=known[name].encode_name,
        )
        for name in kind.__struct_fields__
    )
    return ClassForm(fields, hasattr(kind, "__post_init__"), positional=False)


def _owner(kind: type, place: str, name: str, exactly: object) -> type:
    """The class that declares a field; `exactly` is what it has in that place, handed down to its heirs."""
    for ancestor in reversed(kind.__mro__) if exactly is not None else kind.__mro__:
        found = vars(ancestor).get(place) or {}
        if name in found and (exactly is None or found[name] is exactly):
            return ancestor
    return kind


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


FORMS: Iterable[tuple[Callable[[type], bool], Callable[[type], ClassForm]]] = (
    (is_dataclass, _dataclass),
    (_is_named_tuple, _named_tuple),
    (lambda kind: hasattr(kind, "__attrs_attrs__"), _attrs),
    (lambda kind: hasattr(kind, "__struct_fields__") and "msgspec" in sys.modules, _struct),
)
