"""An ErrorObject as the exception that is raised for it.

Its own class, if the record may choose that, and if what comes of calling it says what the record says. What led to the
error and the members of a group come back by the same rule, and a `RecordedError` stands where one of them does not. An
error that cannot come back itself has one for its cause, which describes it and carries on what led to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from perdure.errors import (
    AFTER,
    FACTS,
    FINAL,
    BatchError,
    ChildContextError,
    Failure,
    OperationError,
    RecordedError,
)
from perdure_runtime.values import codec
from perdure_runtime.values.anatomy import (
    arguments_of,
    instance_dict,
    keywords_of,
    message_of,
    set_attributes,
    set_link,
    without_defaults,
)
from perdure_runtime.values.marks import SAME, Linked, Mark, mark_in
from perdure_runtime.values.origins import class_of, wire_name
from perdure_runtime.values.traces import RAISED, frames_in, note_of, place_in

if TYPE_CHECKING:
    from perdure_runtime.values.failures import ErrorObject
    from perdure_runtime.values.origins import Origins

__all__ = ["attach", "rebuild", "revived", "stack_in", "text_in"]

E = TypeVar("E", bound=Exception)

DEEPEST = 32
"""Errors within one another that are read; what is recorded has fewer."""


def revived(recorded: ErrorObject, fallback: type[OperationError], origins: Origins | None) -> Exception:
    """The original, or a `fallback` that describes it."""
    found = None if origins is None else rebuild(recorded, origins)
    return found if found is not None else _described(recorded, fallback, origins, 0)


def _described(
    recorded: ErrorObject, fallback: type[OperationError], origins: Origins | None, depth: int
) -> OperationError:
    """A `fallback` in place of what cannot be rebuilt."""
    name, message = text_in(recorded, "ErrorType"), text_in(recorded, "ErrorMessage")
    mark = mark_in(recorded)
    said = message if message is not None else "no error was recorded"
    error = fallback(said, name, mark.data)
    if origins is None or name is None:
        _led_to(error, mark, origins, depth)
    else:
        account = RecordedError(name, said, frames_in(stack_in(recorded)))
        _note_stack(account)
        _led_to(account, mark, origins, depth)
        set_link(error, "__cause__", account)
    _restore_notes(error, mark)
    _restore_say(error, mark)
    return error


def attach(error: E, facts: Failure) -> E:
    """`error`, carrying `facts` and a line that tells them in its traceback."""
    instance_dict(error)[FACTS] = facts  # past a __setattr__ of the user's
    attempts = f", attempt {facts.attempts}" if facts.attempts else ""
    short = f" ({facts.operation_id[:8]})" if facts.operation_id else ""
    place = place_in(facts.stack)
    at = f", at {place}" if place else ""
    line = f"{RAISED}{facts.operation!r}{short}{attempts}{at}"
    notes = instance_dict(error).setdefault("__notes__", [])
    if isinstance(notes, list) and line not in notes:
        notes.append(line)
    return error


def rebuild(recorded: ErrorObject, origins: Origins, depth: int = 0) -> Exception | None:
    """The recorded exception as it was, or None where its class may not be chosen or does not say the same."""
    name, message = text_in(recorded, "ErrorType"), text_in(recorded, "ErrorMessage")
    kind = class_of(name, origins) if name is not None else None
    if kind is None or message is None:
        return None
    mark = mark_in(recorded)
    if mark.lost:
        return None
    members = [_member(kind, member, origins, depth) for member in mark.errors] if _is_group(kind) else []
    try:
        error = _called(kind, message, mark, members)
    except Exception:  # noqa: BLE001  user code: a constructor may refuse the recorded arguments in any way
        return None
    if error is not None:
        _led_to(error, mark, origins, depth)
        _restore_notes(error, mark)
    return error


def _called(kind: type[Exception], message: str, mark: Mark, members: list[Exception]) -> Exception | None:
    """The class, called with what it was called with; None where the result says something else."""
    if _is_group(kind):
        return _called_group(kind, message, mark, members)
    args = _call_arguments(kind, message, mark)
    error = kind(*args, **mark.keywords)
    set_attributes(error, mark.attributes)
    if type(error) is not kind or message_of(error) != message:
        return None
    return error if _same((arguments_of(error), keywords_of(error)), (args, mark.keywords)) else None


def _called_group(kind: type[Exception], message: str, mark: Mark, members: list[Exception]) -> Exception | None:
    make = cast("Any", kind)
    said, more = (message, ()) if issubclass(kind, BatchError) or not mark.args else (mark.args[0], mark.args[2:])
    error = make(said, members, *more, **mark.keywords)
    set_attributes(error, mark.attributes)
    says_the_same = error.message == said and list(error.exceptions) == members
    return error if type(error) is kind and says_the_same else None


def _member(kind: type[Exception], recorded: Linked, origins: Origins, depth: int) -> Exception:
    """A member of a group; that of a batch stands for a branch, whose error it is."""
    if not issubclass(kind, BatchError):
        return _linked(recorded, origins, depth)
    found = rebuild(recorded, origins, depth + 1) if depth <= DEEPEST else None
    return found if found is not None else _described(recorded, ChildContextError, origins, depth + 1)


def _is_group(kind: type[Exception]) -> bool:
    return issubclass(kind, BaseExceptionGroup)


def _call_arguments(kind: type[Exception], message: str, mark: Mark) -> tuple[object, ...]:
    if issubclass(kind, OperationError):
        return without_defaults((message, mark.error_type, mark.data))
    if mark.args is not None:
        return mark.args
    return (message,) if message else ()


def _same(found: tuple[object, object], recorded: tuple[object, object]) -> bool:
    """Equal in type and value, judged by the text they are stored as."""
    return codec.encode(list(found)) == codec.encode(list(recorded))


# What goes with an error


def _led_to(error: BaseException, mark: Mark, origins: Origins | None, depth: int) -> None:
    """Give an error what led to it."""
    if depth > DEEPEST:
        return
    cause = None if mark.cause is None else _linked(mark.cause, origins, depth)
    if cause is not None:
        set_link(error, "__cause__", cause)  # and with it, that the context is not shown
    context = cause if mark.context == SAME else None
    if isinstance(mark.context, dict):
        context = _linked(mark.context, origins, depth)
    if context is not None:
        set_link(error, "__context__", context)
    if mark.suppress is not None:
        set_link(error, "__suppress_context__", mark.suppress)


def _linked(recorded: Linked, origins: Origins | None, depth: int) -> Exception:
    """An error within another: as it was, or what stands for it."""
    found = None if origins is None or depth > DEEPEST else rebuild(recorded, origins, depth + 1)
    return found if found is not None else _stand_in(recorded, origins, depth + 1)


def _stand_in(recorded: Linked, origins: Origins | None, depth: int) -> Exception:
    name = text_in(recorded, "ErrorType")
    if name == wire_name(RecordedError):
        name = None
    error = RecordedError(name, text_in(recorded, "ErrorMessage") or "", frames_in(stack_in(recorded)))
    mark = mark_in(recorded)
    _led_to(error, mark, origins, depth)
    _restore_notes(error, mark)
    _restore_say(error, mark)
    _note_stack(error)
    return error


def _restore_notes(error: BaseException, mark: Mark) -> None:
    if mark.notes:
        instance_dict(error)["__notes__"] = list(mark.notes)


def _restore_say(error: BaseException, mark: Mark) -> None:
    """What the class would say of the next attempt, for an error that stands in for it."""
    if mark.final:
        instance_dict(error)[FINAL] = True
    if mark.after is not None:
        instance_dict(error)[AFTER] = mark.after


def _note_stack(error: RecordedError) -> None:
    """The recorded traceback as a note: a rebuilt error has none of its own to show."""
    note = note_of(error.stack)
    if note is not None:
        error.add_note(note)


# An error object


def text_in(recorded: ErrorObject, member: str) -> str | None:
    """A text of an error object, None where it is not there."""
    value = recorded.get(member)
    return value if isinstance(value, str) else None


def stack_in(recorded: ErrorObject) -> tuple[str, ...]:
    """The recorded stack."""
    stack = recorded.get("StackTrace")
    return (
        tuple(line for line in cast("list[object]", stack) if isinstance(line, str)) if isinstance(stack, list) else ()
    )
