"""Exceptions to the wire and back.

*Recorded* is what PROTOCOL 8.4 calls an ErrorObject: type, message, stack, and data. Data is what a user gave an
`OperationError`, or else a mark (`marks`) where type and message do not suffice to rebuild the exception.

*Raised* is the original class, called with its arguments, when the record may choose it (`origins`) and the result
says what the record says; else the error of the operation. Both are made from the record on the first run too, so that
a workflow cannot tell a replay from it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from perdure import errors
from perdure.errors import (
    FACTS,
    BatchError,
    ChildContextError,
    Failure,
    OperationError,
    PerdureError,
    SerdesError,
    StepError,
)
from perdure_runtime.values import codec
from perdure_runtime.values.marks import LOST, Mark, is_marked, read_mark
from perdure_runtime.values.origins import Origins, class_of, wire_name
from perdure_runtime.values.traces import cut_lines, cut_text, json_size, stack_of

__all__ = ["LIMIT", "ErrorObject", "Origins", "attach", "error_for", "rebuild", "record"]

ErrorObject: TypeAlias = Mapping[str, object]
E = TypeVar("E", bound=Exception)

LIMIT = 32_000
"""Characters of JSON that a recorded error may have; the service counts to 32,768."""
MOST_MEMBERS = 20
"""Members of a group that are named."""
ROOM_FOR_MEMBERS = 12_000
"""Characters that the recorded members of a batch's error share: of what data may take, most."""
CARRIERS = (StepError, ChildContextError)
"""They stand in for a class that could not be rebuilt, so what they carry is recorded in their stead."""
FIELDS_OF_OPERATION_ERRORS = frozenset({"message", "error_type", "data"})


# Recording


def record(error: BaseException, *, engine: tuple[str, ...] = (), limit: int = LIMIT) -> dict[str, Any]:
    """The ErrorObject of `error`; frames of files whose path begins with one of `engine` are left out of its stack."""
    message = _message_of(error)
    name, data = _name_and_data(error, message)
    earlier = errors.failure(error)
    # The workflow's frames called the operation, whose own frames were recorded where it ran: outermost first.
    stack = [
        *stack_of(error.__traceback__, engine),
        *(earlier.stack if earlier is not None else ()),
        *_members_of(error),
        *_notes_of(error),
    ]
    return _fitted(name, message, data, [_clean(line) for line in stack], limit)


def _members_of(error: BaseException) -> list[str]:
    """What a group is made of, a line each: its own message says only how many there are."""
    if not isinstance(error, BaseExceptionGroup):
        return []
    lines = []
    for member in error.exceptions[:MOST_MEMBERS]:
        lines.append(f"  | {_name_and_data(member, '')[0]}: {_message_of(member)}")
        lines += [f"  {line}" for line in _members_of(member)]
    return lines


def _fitted(name: str, message: str, data: str | None, stack: list[str], limit: int) -> dict[str, Any]:
    """The ErrorObject within `limit`: the stack gives way first, then data that fills it, the message last."""
    whole: dict[str, Any] = {"ErrorType": name, "ErrorMessage": "", "StackTrace": []}
    if data is not None:
        whole["ErrorData"] = ""
    room = limit - json_size(whole)
    if data is not None:
        size = json_size(data)
        if size > room // 2 and size + json_size(message) > room:
            data = LOST
        whole["ErrorData"] = data
        room -= json_size(data)
    whole["ErrorMessage"] = cut_text(message, room)
    whole["StackTrace"] = cut_lines(stack, room - json_size(whole["ErrorMessage"]))
    return whole


def _name_and_data(error: BaseException, message: str) -> tuple[str, str | None]:
    name = _clean(wire_name(type(error)))
    if not isinstance(error, OperationError):
        arguments = _arguments_of(error)
        args = None if _are_just(arguments, message) else arguments
        return name, Mark(args, _attributes_of(error, message)).text()
    data = _clean(error.data) if isinstance(error.data, str) else None
    if error.error_type is not None and type(error) in CARRIERS:
        return _clean(error.error_type), data if data is not None else LOST
    attributes = _attributes_of(error, message)
    members = _recorded_members(error) if type(error) is BatchError else ()
    if data is not None and error.error_type is None and not attributes and not members:
        return name, data
    return name, Mark(None, attributes, error.error_type, data, members).text()


def _recorded_members(group: BatchError) -> tuple[dict[str, Any], ...]:
    """The first errors of a batch, without their stacks, in the room that a recorded error has for data."""
    named = group.exceptions[:MOST_MEMBERS]
    limit = ROOM_FOR_MEMBERS // len(named)
    recorded = [_record_of_member(error, limit) for error in named]
    left_out = len(group.exceptions) - len(named)
    if left_out:
        recorded.append(_record_of_member(OperationError(f"{left_out} more errors were not recorded"), limit))
    return tuple(recorded)


def _record_of_member(error: Exception, limit: int) -> dict[str, Any]:
    message = _message_of(error)
    name, data = _name_and_data(error, message)
    found = _fitted(name, message, data, [], limit)
    return {member: found[member] for member in ("ErrorType", "ErrorMessage", "ErrorData") if member in found}


def _attributes_of(error: BaseException, message: str) -> dict[str, object]:
    """The instance's own public attributes; those that cannot be stored, or repeat the message, are left out."""
    if type(error).__module__ == errors.__name__:
        return {}  # their fields are their arguments
    left_out = FIELDS_OF_OPERATION_ERRORS if isinstance(error, OperationError) else frozenset()
    kept: dict[str, object] = {}
    for name, value in _instance_dict(error).items():
        if name.startswith("_") or name in left_out or (isinstance(value, str) and value == message):
            continue
        with contextlib.suppress(SerdesError):
            codec.encode(value)
            kept[name] = value
    return kept


def _arguments_of(error: BaseException) -> tuple[object, ...]:
    """What the class has to be called with to get `error` again: Python's own answer, which pickle goes by too."""
    if isinstance(error, PerdureError):
        return _without_defaults(error.args)
    try:
        how = error.__reduce__()
    except Exception:  # noqa: BLE001  user code: a broken one says nothing, the arguments still do
        return error.args
    match how:
        case (kind, tuple(arguments), *_) if kind is type(error):
            return arguments
        case _:  # made by something else than the class itself
            return error.args


def _without_defaults(args: tuple[object, ...]) -> tuple[object, ...]:
    end = len(args)
    while end and (args[end - 1] is None or args[end - 1] == ""):
        end -= 1
    return args[:end]


def _are_just(arguments: tuple[object, ...], message: str) -> bool:
    if not message:
        return not arguments
    return len(arguments) == 1 and type(arguments[0]) is str and arguments[0] == message


def _message_of(error: BaseException) -> str:
    try:
        return _clean(error.message if isinstance(error, OperationError) else str(error))
    except Exception:  # noqa: BLE001  user code
        return f"<{type(error).__qualname__} without a readable message>"


def _notes_of(error: BaseException) -> list[str]:
    notes = _instance_dict(error).get("__notes__")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _instance_dict(error: BaseException) -> dict[str, object]:
    found: dict[str, object] = object.__getattribute__(error, "__dict__")
    return found


def _clean(text: str) -> str:
    """`text` as it can travel in UTF-8; a lone surrogate is written out."""
    return text.encode("utf-8", "backslashreplace").decode()


# Raising


def error_for(
    recorded: ErrorObject | None,
    *,
    operation: str,
    operation_id: str,
    attempts: int,
    fallback: type[OperationError],
    origins: Origins | None,
) -> Exception:
    """The exception to raise for an operation that failed: the original, or else a `fallback` that describes it.

    Without `origins` the record chooses no class: so it is for whatever was not this workflow's own work.
    """
    source: ErrorObject = recorded if recorded is not None else {}
    name, message, data = (_text(source, member) for member in ("ErrorType", "ErrorMessage", "ErrorData"))
    error = rebuild(source, origins) if origins is not None else None
    if error is None:
        said = message if message is not None else "no error was recorded"
        error = fallback(said, name, None if is_marked(data) else data)
        if origins is not None and name is not None:
            _note(error, f"stands in for the original {name}, which cannot be rebuilt here: {said}")
    stack = source.get("StackTrace")
    lines = tuple(line for line in stack if isinstance(line, str)) if isinstance(stack, list) else ()
    return attach(error, Failure(operation, operation_id, attempts, name, message, lines, data))


def attach(error: E, facts: Failure) -> E:
    """`error`, carrying `facts` and a line that tells them in its traceback."""
    _instance_dict(error)[FACTS] = facts  # past a __setattr__ of the user's
    attempts = f", attempt {facts.attempts}" if facts.attempts else ""
    short = f" ({facts.operation_id[:8]})" if facts.operation_id else ""
    _note(error, f"raised by the operation {facts.operation!r}{short}{attempts}")
    return error


def rebuild(recorded: ErrorObject, origins: Origins) -> Exception | None:
    """The recorded exception as it was, or None where its class may not be chosen or does not say the same."""
    name, message, data = (_text(recorded, member) for member in ("ErrorType", "ErrorMessage", "ErrorData"))
    kind = class_of(name, origins) if name is not None else None
    if kind is None or message is None:
        return None
    mark = read_mark(data) if data is not None and is_marked(data) else Mark(data=data)
    if mark.lost:
        return None
    if kind is BatchError:
        return _rebuilt_group(message, mark, origins)
    args = _call_arguments(kind, message, mark)
    try:
        error = kind(*args)
        _instance_dict(error).update(mark.attributes)
        says_the_same = type(error) is kind and _message_of(error) == message and _same(_arguments_of(error), args)
    except Exception:  # noqa: BLE001  user code: a constructor may refuse the recorded arguments in any way
        return None
    return error if says_the_same else None


def _rebuilt_group(message: str, mark: Mark, origins: Origins) -> BatchError | None:
    errors = []
    for member in mark.errors:
        name, said, data = (_text(member, field) for field in ("ErrorType", "ErrorMessage", "ErrorData"))
        stands_in = ChildContextError(said or "", name, None if is_marked(data) else data)
        errors.append(rebuild(member, origins) or stands_in)
    return BatchError(message, errors) if errors else None


def _call_arguments(kind: type[Exception], message: str, mark: Mark) -> tuple[object, ...]:
    if issubclass(kind, OperationError):
        return _without_defaults((message, mark.error_type, mark.data))
    if mark.args is not None:
        return mark.args
    return (message,) if message else ()


def _same(found: tuple[object, ...], recorded: tuple[object, ...]) -> bool:
    """Equal in type and value, judged by the text they are stored as."""
    return codec.encode(list(found)) == codec.encode(list(recorded))


def _note(error: Exception, line: str) -> None:
    notes = _instance_dict(error).setdefault("__notes__", [])
    if isinstance(notes, list):
        notes.append(line)


def _text(recorded: ErrorObject, member: str) -> str | None:
    value = recorded.get(member)
    return value if isinstance(value, str) else None
