"""An exception as the ErrorObject that is recorded of it.

Room is scarce, so there is an order in which things give way: first the stack, from its middle; then what led to the
error, its notes and the members of a group, of which a line says how many were left out; then arguments and attributes;
the message only where it is too long all by itself.

What led to an error is what the user's code made of it. A context that only comes from where the operation was called,
in an `except` block, is not part of it: whoever raises the rebuilt error there gives it that context again.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from perdure.durations import seconds_of
from perdure.errors import (
    AFTER,
    FINAL,
    ChildContextError,
    NonRetryable,
    OperationError,
    PerdureError,
    RecordedError,
    RetryAfter,
    StepError,
    failure,
)
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values import jsontext
from perdure_runtime.values.anatomy import (
    arguments_of,
    attributes_of,
    clean,
    instance_dict,
    is_own,
    keywords_of,
    message_of,
    notes_of,
    trace_of,
)
from perdure_runtime.values.marks import LOST, SAME, Linked, Mark, is_marked
from perdure_runtime.values.origins import LONGEST_NAME, wire_name
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.traces import CAUSED, HANDLING, MEMBER, cut_lines, cut_text, json_size, note_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bare", "description"]

MOST_MEMBERS = 20
"""Members of a group that are named."""
DEEPEST = 8
"""Errors that lead to one another, and groups in one another, all told."""
LEAST = 120
"""Characters that an error within another has at least; with fewer, it is only counted."""
ROOM_TO_SAY = 80
"""Characters that it takes to say how many were left out."""
MOST_COUNTED = 1000
LONGEST_STACK = 2000
"""Characters of another error's stack."""
LONGEST_LINE = 300
"""Characters of another error's message in the stack."""
CARRIERS = (StepError, ChildContextError, RecordedError)
"""They stand in for a class that could not be rebuilt, so what they carry is recorded in their stead."""


class Site(NamedTuple):
    """Where in an error another one is."""

    around: tuple[BaseException, ...]
    handled: BaseException | None
    """What the code is handling that called the operation."""
    engine: tuple[str, ...]
    losses: list[BaseException]
    """Errors of which not all could be recorded."""
    is_fair: bool = True
    """Whether errors next to one another share the room; else each may take what it needs."""

    def inside(self, error: BaseException) -> Site:
        return self._replace(around=(*self.around, error))

    def share(self, room: int, errors: int) -> int:
        return room // errors if self.is_fair else room

    def is_around(self, error: BaseException) -> bool:
        return any(one is error for one in self.around)


def description(error: BaseException, engine: tuple[str, ...], limit: int, *, is_final: bool = False) -> dict[str, Any]:
    """The ErrorObject, in at most `limit` characters of JSON; what `is_final` is not going to be rebuilt."""
    site = Site((), sys.exception(), engine, [])
    message, name, core = _core(error)
    found: dict[str, Any] = {"ErrorType": name, "ErrorMessage": "", "StackTrace": []}
    room = limit - json_size({**found, "ErrorData": ""}) + json_size("")
    data, wanted = core.data_text(), json_size(message)
    if _size(data) > room // 2 and _size(data) + wanted > room:
        core = _without_arguments(core)
        data = core.data_text()
    if not is_final:
        data = _with_more(error, core, data, (room - wanted - _size(data)) * 3 // 4, site)
    if data is not None:
        found["ErrorData"] = data
    room -= _size(data)
    found["ErrorMessage"] = cut_text(message, room)
    found["StackTrace"] = cut_lines(_stack_of(error, site), room - json_size(found["ErrorMessage"]))
    return found


def bare(error: BaseException, engine: tuple[str, ...], limit: int) -> dict[str, Any]:
    """The ErrorObject of an error whose class breaks what it is asked: what can be told without asking it."""
    name, message = cut_text(clean(wire_name(type(error))), LONGEST_NAME), message_of(error)
    data = Mark(final=issubclass(type(error), NonRetryable), lost=True).text()
    found: dict[str, Any] = {"ErrorType": name, "ErrorMessage": "", "ErrorData": data, "StackTrace": []}
    trace = stack_of(trace_of(error), engine)
    found["ErrorMessage"] = cut_text(message, limit - json_size(found))
    found["StackTrace"] = cut_lines([clean(line) for line in trace], limit - json_size(found))
    return found


def _core(error: BaseException) -> tuple[str, str, Mark]:
    """Message, name, and what it takes to call its class again."""
    message, name = _message_and_name(error)
    is_final, after = _says_of_the_next(error)
    if isinstance(error, RecordedError):
        return message, name, Mark(final=is_final, after=after, lost=True)
    if not isinstance(error, OperationError):
        arguments = arguments_of(error)
        args = None if _are_just(arguments, message) else arguments
        mark = Mark(args, keywords_of(error), attributes_of(error, message), final=is_final, after=after)
        return message, name, _storable(mark)
    data = clean(error.data) if isinstance(error.data, str) else None
    if error.error_type is not None and type(error) in CARRIERS:
        return message, name, Mark(data=data, final=is_final, after=after, lost=data is None)
    error_type = clean(error.error_type) if isinstance(error.error_type, str) else None
    return message, name, Mark(None, {}, attributes_of(error, message), error_type, data, final=is_final, after=after)


def _says_of_the_next(error: BaseException) -> tuple[bool, float | None]:
    """Whether it rules another attempt out, and how long that has to wait; Perdure's own two classes say it anyway."""
    if type(error) in {NonRetryable, RetryAfter}:
        return False, None
    is_final = isinstance(error, NonRetryable) or instance_dict(error).get(FINAL) is True
    after: Any = getattr(error, "delay", None) if isinstance(error, RetryAfter) else instance_dict(error).get(AFTER)
    return is_final, None if after is None else float(seconds_of(after))


def _message_and_name(error: BaseException) -> tuple[str, str]:
    name = None
    if type(error) in CARRIERS:
        name = cast("OperationError | RecordedError", error).error_type
    message = clean(error.message) if isinstance(error, RecordedError) else message_of(error)
    return message, cut_text(clean(name or wire_name(type(error))), LONGEST_NAME)


def _storable(mark: Mark) -> Mark:
    return _without_arguments(mark) if mark.text() == LOST else mark


def _without_arguments(mark: Mark) -> Mark:
    return Mark(final=mark.final, after=mark.after, lost=True)


def _are_just(arguments: tuple[object, ...], message: str) -> bool:
    if not message:
        return not arguments
    return len(arguments) == 1 and type(arguments[0]) is str and arguments[0] == message


def _size(data: str | None) -> int:
    return 0 if data is None else json_size(data)


# What goes with an error


def _with_more(error: BaseException, core: Mark, data: str | None, room: int, site: Site) -> str | None:
    """The data of `error` with its notes, its members and what led to it, in `room` more characters."""
    if not _has_more(error):
        return data
    # In the text of the mark each quote and backslash takes two characters: how many there are shows only then.
    attempts = ((False, room), (True, room), (True, room * 3 // 4), (True, room // 2))
    for is_fair, share in attempts:
        if share < ROOM_TO_SAY:
            break
        site.losses.clear()
        whole = _extended(error, core, share, site._replace(is_fair=is_fair)).data_text()
        if _size(whole) - _size(data) <= room and (is_fair or not site.losses):
            return whole
    return data


def _has_more(error: BaseException) -> bool:
    is_linked = error.__cause__ is not None or error.__context__ is not None or error.__suppress_context__
    return is_linked or isinstance(error, BaseExceptionGroup) or bool(notes_of(error))


def _extended(error: BaseException, core: Mark, room: int, site: Site) -> Mark:
    notes = _notes(error, site.share(room, 4))
    if len(notes) < len(notes_of(error)):
        site.losses.append(error)
    room -= _spent(notes)
    source = _original(error)
    members: tuple[Linked, ...] = ()
    if isinstance(error, BaseExceptionGroup) and not core.lost:
        group = cast("BaseExceptionGroup[BaseException]", error)
        is_linked = source.__cause__ is not None or _own_context(source, site) is not None
        members = _members(group, site.share(room, 2 if is_linked else 1), site)
        room -= _spent(members)
    mark = replace(core, notes=notes, errors=members)
    return _with_causes(mark, source, room, site)


def _with_causes(mark: Mark, error: BaseException, room: int, site: Site) -> Mark:
    first, second = error.__cause__, _own_context(error, site)
    one_only = first is None or second is None or first is second
    cause = _led(error, first, site.share(room, 1 if one_only else 2), site)
    if _is_engines(error) and error.__suppress_context__:
        return replace(mark, cause=cause)  # what the engine has hidden is its own affair
    context: Any = SAME if second is first else _led(error, second, room - _spent(cause), site)
    suppress = None if error.__suppress_context__ == (cause is not None) else error.__suppress_context__
    return replace(mark, cause=cause, context=None if context is SAME and cause is None else context, suppress=suppress)


def _is_engines(error: BaseException) -> bool:
    return isinstance(error, PerdureError) and is_own(error) and not isinstance(error, RecordedError)


def _own_context(error: BaseException, site: Site) -> BaseException | None:
    """Its context, unless that is only where the operation was called."""
    return None if error.__context__ is site.handled else error.__context__


def _original(error: BaseException) -> BaseException:
    """Whose causes are recorded: of a stand-in, those of what it stands for, which is its own cause."""
    cause = error.__cause__
    if not (type(error) in CARRIERS and isinstance(error, OperationError) and isinstance(cause, RecordedError)):
        return error
    is_account = (cause.error_type, cause.message) == (error.error_type, error.message)
    return cause if is_account else error


def _led(error: BaseException, link: BaseException | None, room: int, site: Site) -> Linked | None:
    """What is recorded of an error that led to another one; None for one that is around it, too."""
    site = site.inside(error)
    if link is None or site.is_around(link):
        return None
    if len(site.around) <= DEEPEST and room >= LEAST:
        return _within(link, room, site)
    site.losses.append(error)
    return _left_out(_count(link)) if room >= ROOM_TO_SAY else None


def _members(group: BaseExceptionGroup[BaseException], room: int, site: Site) -> tuple[Linked, ...]:
    """The first members; where some are left out, one more says how many."""
    inner = site.inside(group)
    left = len(group.exceptions)
    members: list[Linked] = []
    room -= ROOM_TO_SAY
    for member in group.exceptions[:MOST_MEMBERS]:
        share = site.share(room, min(left, MOST_MEMBERS - len(members)))
        if share < LEAST or len(inner.around) > DEEPEST or inner.is_around(member):
            break
        members.append(_within(member, share, inner))
        room -= _spent(members[-1])
        left -= 1
    if not left:
        return tuple(members)
    site.losses.append(group)
    return (*members, _left_out(left))


def _within(error: BaseException, room: int, site: Site) -> Linked:
    """An error within another: its ErrorObject, the mark in it as an object."""
    message, name, core = _core(error)
    found: Linked = {"ErrorType": name, "ErrorMessage": cut_text(message, room // 2)}
    room -= _spent(found)
    if _spent(core.data_text()) > room // 2:
        core = _without_arguments(core)
        site.losses.append(error)
    stack = cut_lines(_stack_of(error, site), min(room // 4, LONGEST_STACK))
    room -= _spent(stack) + _spent(core.data_text())
    data = _extended(error, core, room, site).data_text()
    if data is not None:
        found["ErrorData"] = jsontext.parse(data) if is_marked(data) else data
    if stack:
        found["StackTrace"] = stack
    return found


def _left_out(number: int) -> Linked:
    which = "1 more error was" if number == 1 else f"{number} more errors were"
    return {"ErrorMessage": f"{which} not recorded"}


def _count(error: BaseException) -> int:
    """How many errors there are from here on, as far as one may look."""
    found: list[BaseException] = [error]
    for one in found:
        if len(found) >= MOST_COUNTED:
            break
        links = (one.__cause__, one.__context__)
        found += [link for link in links if link is not None and not any(link is seen for seen in found)]
    return len(found)


def _notes(error: BaseException, room: int) -> tuple[str, ...]:
    told = note_of(error.stack) if isinstance(error, RecordedError) else None
    notes = [_writable(note) for note in notes_of(error) if note != told]
    return tuple(cut_lines([cut_text(note, max(room // 2, 0)) for note in notes], room))


def _writable(text: str) -> str:
    try:
        jsontext.write(text)
    except Unfit:
        return clean(text)
    return text


def _spent(part: object) -> int:
    return json_size(part) if part else 0


# The stack


def _stack_of(error: BaseException, site: Site) -> list[str]:
    """Its frames, and below them what led to it, its members and its notes, for people to read."""
    facts = failure(error)
    recorded: Sequence[str] = ()
    if isinstance(error, RecordedError):
        recorded = error.stack
    elif facts is not None:
        # The workflow's frames called the operation, whose own frames were recorded where it ran: outermost first.
        recorded = facts.stack
    told = set(recorded)
    below = (
        *_lines_of_causes(error, site),
        *_lines_of_members(error, DEEPEST),
        *map(clean, _notes(error, sys.maxsize)),
    )
    own = [clean(line) for line in stack_of(trace_of(error), site.engine)]
    return [*own, *recorded, *(line for line in below if line not in told)]


def _lines_of_causes(error: BaseException, site: Site) -> list[str]:
    lines: list[str] = []
    seen = [error]
    one = _original(error)
    while len(seen) <= DEEPEST:
        link, how = one.__cause__, CAUSED
        if link is None and not one.__suppress_context__:
            link, how = _own_context(one, site), HANDLING
        if link is None or any(link is other for other in seen):
            break
        lines.append(f"{how}{_line_of(link)}")
        seen.append(link)
        one = link
    return lines


def _lines_of_members(error: BaseException, levels: int) -> list[str]:
    """What a group is made of, a line each: its own message says only how many there are."""
    if not isinstance(error, BaseExceptionGroup) or not levels:
        return []
    lines: list[str] = []
    for member in cast("BaseExceptionGroup[BaseException]", error).exceptions[:MOST_MEMBERS]:
        lines.append(f"{MEMBER}{_line_of(member)}")
        lines += [f"  {line}" for line in _lines_of_members(member, levels - 1)]
    return lines


def _line_of(error: BaseException) -> str:
    message, name = _message_and_name(error)
    return f"{name}: {cut_text(message, LONGEST_LINE)}"
