"""Exceptions to the wire and back.

*Recorded* is what PROTOCOL 8.4 calls an ErrorObject: type, message, stack, and data. Data is what a user gave an
`OperationError`, or else a mark (`marks`) where type and message do not say all: arguments, attributes, notes, members
of a group, and the errors that led to this one.

*Raised* is the original class, called with its arguments, when the record may choose it (`origins`) and the result
says what the record says; else the error of the operation. Both are made from the record on the first run too, so that
a workflow cannot tell a replay from it.

`descriptions` has the one direction, `revivals` the other, and `anatomy` what both have to know of an exception. All of
it is loaded where something has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from perdure.errors import Failure
from perdure_runtime.values.descriptions import bare, description
from perdure_runtime.values.revivals import attach, revived, stack_in, text_in

if TYPE_CHECKING:
    from perdure import OperationError
    from perdure_runtime.values.origins import Origins

__all__ = ["LIMIT", "ErrorObject", "error_for", "record"]

ErrorObject: TypeAlias = Mapping[str, object]

LIMIT = 32_000
"""Characters of JSON that a recorded error may have; the service counts to 32,768."""


def record(
    error: BaseException, *, engine: tuple[str, ...] = (), limit: int = LIMIT, is_final: bool = False
) -> dict[str, Any]:
    """The ErrorObject of `error`; frames of files whose path begins with one of `engine` are left out of its stack.

    What an execution fails with `is_final`: nobody rebuilds it, so notes and causes are told in the stack only, and
    data of a user's own is handed on to the letter.
    """
    try:
        return description(error, engine, limit, is_final=is_final)
    except Exception:  # noqa: BLE001  user code: a class may break whatever it is asked
        return bare(error, engine, limit)


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
    error = revived(source, fallback, origins)
    name, message, data = (text_in(source, member) for member in ("ErrorType", "ErrorMessage", "ErrorData"))
    return attach(error, Failure(operation, operation_id, attempts, name, message, stack_in(source), data))
