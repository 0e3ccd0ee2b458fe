"""What is handed to a worker, and what it can hand back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from perdure_local.ledger import ErrorObject, Failed, Fault
from perdure_local.ledger.update import read_error

LARGEST_RESPONSE = 6 * 1024 * 1024 + 100
"""Bytes of a response that Lambda takes from a runtime (LAMBDA 2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One invocation on its way to a worker."""

    request_id: str
    invocation_id: str
    """Unique for each attempt; a worker echoes it."""
    body: bytes
    function_arn: str
    """With the qualifier the function was invoked by."""
    trace_id: str
    execution: str | None = None
    """ARN of the execution, None for a plain function."""
    tenant_id: str | None = None
    """Whom the function works for."""


def trace_id(identity: str) -> str:
    """Return an X-Ray header value made from a unique id."""
    digits = identity.replace("-", "").rjust(32, "0")[:32]
    return f"Root=1-{digits[:8]}-{digits[8:]};Parent={digits[16:]};Sampled=0"


class Answered(NamedTuple):
    """The worker posted a response; what it means is for the caller to decide."""

    body: bytes


Ending = Answered | Failed


def failure(kind: str, message: str, *, is_final: bool = False) -> Failed:
    """Return the end of an invocation that the platform, not the function, reports."""
    return Failed(ErrorObject(ErrorType=kind, ErrorMessage=message), is_final=is_final)


def reported_failure(body: bytes, header: str | None, *, is_final: bool = False) -> Failed:
    """Read a runtime's error report: Lambda's `errorType`, `errorMessage`, `stackTrace`, or whatever it sent."""
    try:
        report = orjson.loads(body)
    except orjson.JSONDecodeError:
        report = None
    if not isinstance(report, dict):
        return failure(header or "Runtime.Unknown", body[:_TEXT].decode(errors="replace"), is_final=is_final)
    renamed = {wire: report[ours] for ours, wire in _REPORT.items() if report.get(ours) is not None}
    try:
        error = read_error(renamed, "report")
    except Fault:
        error = None
    if not error:
        return failure(header or "Runtime.Unknown", body[:_TEXT].decode(errors="replace"), is_final=is_final)
    error.setdefault("ErrorType", header or "Runtime.Unknown")
    return Failed(error, is_final=is_final)


_TEXT = 4096
_REPORT = {
    "errorMessage": "ErrorMessage",
    "errorType": "ErrorType",
    "errorData": "ErrorData",
    "stackTrace": "StackTrace",
}
