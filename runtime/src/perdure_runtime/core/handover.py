"""Attempts that were left to the next invocation, because this one had no time left to begin them.

The service knows one way to be called again soon with nothing else pending: a retry. So a hand-over is recorded as one,
with an error of its own kind that says how many there have been; failures after it carry the number on, because the
service's count of attempts includes them and the user's must not.

A condition's check is handed over, too, but as a poll that goes on with the same state: a retry carries a state or an
error, never both, so there is no place for the number, and such a check counts as one of the poll's attempts.
"""

from __future__ import annotations

from typing import Any

__all__ = ["DELAY", "ERROR_TYPE", "carried", "counted", "marked"]

DELAY = 1
"""Seconds until the next invocation; the least the service takes."""
ERROR_TYPE = "perdure.HandedOver"
MESSAGE = "the attempt was left to the next invocation: this one had no time left to begin it"
HEAD = '{"perdure":1'
COUNT = ',"handed_over":'
MOST_DIGITS = 9


def marked(count: int) -> dict[str, Any]:
    """The error object of a hand-over."""
    return {"ErrorType": ERROR_TYPE, "ErrorMessage": MESSAGE, "ErrorData": f'{HEAD},"handed_over":{count}}}'}


def carried(error: dict[str, Any], count: int) -> dict[str, Any]:
    """`error` with the number of hand-overs before it; data of the user's own has no room for it."""
    data = error.get("ErrorData")
    if not count or not (data is None or data.startswith(HEAD)):
        return error
    return {**error, "ErrorData": f'{data[:-1] if data else HEAD},"handed_over":{count}}}'}


def counted(error: dict[str, Any] | None) -> int:
    """How many hand-overs a recorded error tells of."""
    data = error.get("ErrorData") if error else None
    if not data or not data.startswith(HEAD) or not data.endswith("}"):
        return 0
    digits = data.rpartition(COUNT)[2][:-1]
    return int(digits) if len(digits) <= MOST_DIGITS and digits.isascii() and digits.isdigit() else 0
