"""Callbacks: operations that somebody outside ends, by an id that names the execution and the operation (PROTOCOL 9.6).

A callback may have two deadlines, both counted by the service: one for its end, which never moves, and one for the
next sign of life, which every heartbeat moves. Whichever comes first ends it, with an error object of its own.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from perdure_local.ledger.faults import Fault, invalid, missing
from perdure_local.ledger.kinds import ErrorObject, Status
from perdure_local.ledger.update import text_bytes

if TYPE_CHECKING:
    from perdure_local.ledger.operation import Operation
    from perdure_local.ledger.update import Update


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTerms:
    """What a callback was opened with."""

    id: str
    """What the outside world calls it."""
    timeout: int | None = None
    """Seconds until its end; None for no limit."""
    heartbeat: int | None = None
    """Seconds until the next sign of life; None for no limit."""
    expires_at: float | None = None
    """When `timeout` is over."""

    def due_at(self, now: float) -> float | None:
        """Return the next deadline after a sign of life."""
        beats_at = None if self.heartbeat is None else round(now + self.heartbeat, 3)
        return min((at for at in (self.expires_at, beats_at) if at is not None), default=None)


class CallbackAddress(NamedTuple):
    """What a callback id stands for."""

    arn: str
    operation_id: str


def open_terms(update: Update, arn: str, now: float) -> CallbackTerms:
    """Mint the id of a callback that begins, and fix its deadlines."""
    timeout = update.callback_timeout
    return CallbackTerms(
        id=base64.b64encode(orjson.dumps({"arn": arn, "op": update.id})).decode(),
        timeout=timeout,
        heartbeat=update.callback_heartbeat,
        expires_at=None if timeout is None else round(now + timeout, 3),
    )


def timeout_error(operation: Operation) -> ErrorObject:
    """Return the error of a callback whose timer has fired; when both deadlines coincide, the final one counts."""
    terms = operation.callback
    is_final = terms is not None and terms.expires_at is not None and terms.expires_at == operation.due_at
    if is_final:
        return ErrorObject(ErrorType="Callback.Timeout", ErrorMessage="Callback timed out")
    return ErrorObject(ErrorType="Callback.Heartbeat", ErrorMessage="Callback timed out on heartbeat")


def read_callback_id(text: str) -> CallbackAddress:
    """Return what a callback id stands for; a text that no service minted is refused like an unknown id."""
    try:
        parts = orjson.loads(base64.b64decode(text, validate=True))
        arn, operation_id = parts["arn"], parts["op"]
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise unknown_callback(text) from None
    if not isinstance(arn, str) or not isinstance(operation_id, str):
        raise unknown_callback(text)
    return CallbackAddress(arn, operation_id)


def unknown_callback(text: str) -> Fault:
    """Return the fault of a callback that is not there, or that is over."""
    return missing(f"Callback not found: {text}")


def refuse_ended(operation: Operation, callback_id: str) -> None:
    """Raise the fault of a callback that is over."""
    if operation.status is Status.TIMED_OUT:
        raise Fault("CallbackTimeoutException", f"Callback has timed out: {callback_id}")
    if operation.status.is_terminal:
        raise unknown_callback(callback_id)


def read_result(body: bytes, most: int) -> str | None:
    """Read the body of a success, which becomes the result as it is; an empty body is no result."""
    if len(body) > most:
        raise invalid(f"Callback result size must be less than or equal to {most} bytes.")
    try:
        # A result travels as JSON text from here on, so bytes that are no text have no way on (PROTOCOL 11.1, row 37).
        return body.decode() or None
    except UnicodeDecodeError:
        raise invalid("Callback result must be UTF-8 text.") from None


def check_error(error: ErrorObject, most: int) -> None:
    """Refuse an error object that is too large."""
    if text_bytes(None, error) > most:
        raise invalid(f"Callback error size must be less than or equal to {most} bytes.")
