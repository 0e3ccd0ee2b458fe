"""Types as one writes them, `list[Order]`, `int | None`: in messages, and where a union needs names."""

from __future__ import annotations

import types
import typing
from typing import get_args, get_origin

__all__ = ["spelled"]


def spelled(annotation: object, *, full: bool = False) -> str:
    """`annotation` as text; classes by their own names, and where `full`, by their modules too."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return spelled(args[0], full=full)
    if origin is typing.Union or origin is types.UnionType:
        return " | ".join(spelled(arg, full=full) for arg in args)
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(arg) for arg in args)}]"
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is ...:
        return "..."
    if isinstance(annotation, str):
        return annotation
    name = getattr(origin or annotation, "__qualname__", None) or getattr(origin or annotation, "__name__", None)
    if not isinstance(name, str):
        return repr(annotation)
    name = name.rpartition("<locals>.")[2]
    module = getattr(origin or annotation, "__module__", "builtins")
    if full and module != "builtins":
        name = f"{module}.{name}"
    return f"{name}[{', '.join(spelled(arg, full=full) for arg in args)}]" if args else name
