"""How an invocation can end, and what the handler's answer may say (PROTOCOL 1.4, 9.5)."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from perdure_local.ledger.faults import Fault
from perdure_local.ledger.kinds import ErrorObject
from perdure_local.ledger.update import read_error


class Returned(NamedTuple):
    """The handler answered."""

    output: bytes


class Failed(NamedTuple):
    """The invocation failed: a function error, a crash, a timeout."""

    error: ErrorObject
    is_final: bool = False
    """The function cannot run at all, so another try would end alike."""
    is_counted: bool = True
    """False where the service, not the function, cut the invocation short: it is repeated at once and for free."""


class Output(NamedTuple):
    """A valid answer."""

    status: str
    result: str | None
    error: ErrorObject | None


class InvalidOutput(Exception):
    """The answer is none that the service accepts; the execution fails with this text."""


STATUSES = ("SUCCEEDED", "FAILED", "PENDING")


def read_output(output: bytes) -> Output:
    """Read the handler's answer; raises `InvalidOutput`."""
    try:
        answer = orjson.loads(output)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise InvalidOutput("The invocation's output is not a JSON object.")
    status, result = answer.get("Status"), answer.get("Result")
    if status not in STATUSES:
        raise InvalidOutput(f"Invalid Status in the invocation's output: {status!r}.")
    if result is not None and not isinstance(result, str):
        raise InvalidOutput("The Result in the invocation's output is not a string.")
    try:
        error = read_error(answer.get("Error"), "Error")
    except Fault as fault:
        raise InvalidOutput(fault.message) from None
    if status == "FAILED" and result is not None:
        raise InvalidOutput("Cannot provide a Result for FAILED status.")
    if status == "SUCCEEDED" and error is not None:
        raise InvalidOutput("Cannot provide an Error for SUCCEEDED status.")
    return Output(status, result, error)
