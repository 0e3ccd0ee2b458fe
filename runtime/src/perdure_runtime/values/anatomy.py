"""What an exception consists of, as far as it can be recorded, and how its parts are put back.

Its message, what its class was called with, its public attributes, its notes. All of it is read past whatever the class
makes of attribute access, so that no more of the user's code runs than has to.
"""

from __future__ import annotations

import contextlib
import types
from typing import Any, cast

from perdure.errors import NonRetryable, OperationError, PerdureError, SerdesError
from perdure_runtime.values import codec

__all__ = [
    "arguments_of",
    "attributes_of",
    "clean",
    "instance_dict",
    "is_own",
    "keywords_of",
    "message_of",
    "notes_of",
    "set_attributes",
    "set_link",
    "trace_of",
    "without_defaults",
]

FIELDS_OF_OPERATION_ERRORS = frozenset({"message", "error_type", "data"})
# What these take by keyword only, so that it is in no arguments; an object's is never storable.
BY_KEYWORD: dict[str, tuple[str, ...]] = {
    "AttributeError": ("name",),
    "ImportError": ("name", "path"),
    "NameError": ("name",),
}


def is_own(error: BaseException) -> bool:
    """Whether its class is Perdure's."""
    return type(error).__module__.partition(".")[0] == "perdure"


def message_of(error: BaseException) -> str:
    """What it says, without its type."""
    try:
        return clean(error.message if isinstance(error, OperationError) else str(error))
    except Exception:  # noqa: BLE001  user code
        return f"<{type(error).__qualname__} without a readable message>"


def clean(text: str) -> str:
    """`text` as it can travel in UTF-8; a lone surrogate is written out."""
    return text.encode("utf-8", "backslashreplace").decode()


# What its class was called with


def arguments_of(error: BaseException) -> tuple[object, ...]:
    """The arguments to call its class with: Python's own answer, which pickle goes by too.

    Of a group, None stands in the place of its members. One whose arguments cannot be told has an `object` in them,
    which nothing can store.
    """
    if isinstance(error, BaseExceptionGroup):
        return _arguments_of_group(cast("BaseExceptionGroup[BaseException]", error))
    if isinstance(error, PerdureError):
        return without_defaults(error.args)
    try:
        how = error.__reduce__()
    except Exception:  # noqa: BLE001  user code: a broken one says nothing, the arguments still do
        return error.args
    match how:
        case (kind, tuple(arguments), *_) if kind is type(error):
            return _positional(error, arguments)
        case _:  # made by something else than the class itself
            return error.args


def keywords_of(error: BaseException) -> dict[str, object]:
    """The keyword arguments: what a dataclass was given beside its arguments, which only its fields tell."""
    fields = _dataclass_fields(error)
    return fields if not _positional(error, error.args) else dict(list(fields.items())[len(error.args) :])


def without_defaults(args: tuple[object, ...]) -> tuple[object, ...]:
    """Arguments of an error of Perdure's, as far as they are no defaults."""
    end = len(args)
    while end and (args[end - 1] is None or args[end - 1] == ""):
        end -= 1
    return args[:end]


def _positional(error: BaseException, arguments: tuple[object, ...]) -> tuple[object, ...]:
    """`arguments`, unless it is a dataclass whose own code has put something else in the place of what it was given."""
    fields = _dataclass_fields(error)
    if not fields:
        return arguments
    given = list(fields.values())[: len(arguments)]
    return arguments if len(given) == len(arguments) and all(map(_are_alike, given, arguments)) else ()


def _are_alike(one: object, other: object) -> bool:
    """Whether they are the same, or at least would be recorded alike: past whatever `==` makes of them."""
    try:
        return one is other or codec.encode([one]) == codec.encode([other])
    except SerdesError:
        return False


def _dataclass_fields(error: BaseException) -> dict[str, object]:
    """What the fields of a dataclass hold that its constructor takes, those that it takes by keyword only last."""
    if not hasattr(type(error), "__dataclass_fields__"):
        return {}
    import dataclasses

    taken = [field for field in dataclasses.fields(cast("Any", error)) if field.init]
    try:
        return {
            field.name: getattr(error, field.name) for field in sorted(taken, key=lambda field: bool(field.kw_only))
        }
    except Exception:  # noqa: BLE001  user code; or a field was deleted
        return {}


def _arguments_of_group(group: BaseExceptionGroup[BaseException]) -> tuple[object, ...]:
    match group.args:
        case (str() as said, list() | tuple() as members, *more) if list(members) == list(group.exceptions):
            return (said, None, *more)
        case _:
            return (object(),)


# Attributes


def attributes_of(error: BaseException, message: str) -> dict[str, object]:
    """Its own public attributes; those that cannot be stored, or repeat the message, are left out."""
    if is_own(error) and type(error) is not NonRetryable:
        return {}  # their fields are their arguments
    left_out = FIELDS_OF_OPERATION_ERRORS if isinstance(error, OperationError) else frozenset()
    kept: dict[str, object] = {}
    for name, value in (*instance_dict(error).items(), *_outside_the_dict(error)):
        if name.startswith("_") or name in left_out or (isinstance(value, str) and value == message):
            continue
        with contextlib.suppress(SerdesError):
            codec.encode(value)
            kept[name] = value
    return kept


def set_attributes(error: BaseException, attributes: dict[str, object]) -> None:
    """Put attributes back, past a `__setattr__` of the user's."""
    members = _members(type(error))
    for name, value in attributes.items():
        if name in members:
            members[name].__set__(error, value)
        else:
            instance_dict(error)[name] = value


def instance_dict(error: BaseException) -> dict[str, object]:
    """Its `__dict__`, past whatever the class makes of that."""
    found: dict[str, object] = object.__getattribute__(error, "__dict__")
    return found


def set_link(error: BaseException, name: str, value: object) -> None:
    """Set a dunder attribute of every exception, past a `__setattr__` of the user's."""
    BaseException.__setattr__(error, name, value)


def trace_of(error: BaseException) -> types.TracebackType | None:
    """Its traceback, past whatever the class makes of that."""
    found: types.TracebackType | None = BaseException.__getattribute__(error, "__traceback__")
    return found


def _outside_the_dict(error: BaseException) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, member in _members(type(error)).items():
        value = member.__get__(error) if _is_set(member, error) else None
        if value is not None:
            found.append((name, value))
    return found


def _is_set(member: types.MemberDescriptorType, error: BaseException) -> bool:
    try:
        member.__get__(error)
    except AttributeError:
        return False
    return True


def _members(kind: type[BaseException]) -> dict[str, types.MemberDescriptorType]:
    """Attributes that are not in an instance's dict: slots of the user's classes, and what some builtins keep."""
    found: dict[str, types.MemberDescriptorType] = {}
    for ancestor in reversed(type.mro(kind)):
        is_builtin = ancestor.__module__ == "builtins"
        names = BY_KEYWORD.get(ancestor.__name__, ()) if is_builtin else ()
        kept = (name for name in vars(ancestor) if name in names or not is_builtin)
        members = ((name, vars(ancestor)[name]) for name in kept)
        found.update((name, member) for name, member in members if isinstance(member, types.MemberDescriptorType))
    return found


# Notes


def notes_of(error: BaseException) -> list[str]:
    """Its notes, as far as they are texts."""
    notes = instance_dict(error).get("__notes__")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
