"""What a failed call means for the execution: let Lambda retry the invocation, or fail the execution for good.

PROTOCOL 4.8 as a table, read from the top; the first row that fits decides. What no row names (5xx, a redirect, no
answer at all) is retryable: an execution that failed cannot be brought back, an invocation that was retried can.

`is_transient` answers another question: whether the same request, sent again at once, may well succeed.
"""

from __future__ import annotations

from perdure_runtime.tuples import NamedTuple


class Rule(NamedTuple):
    """One row: every condition that is given has to hold."""

    retryable: bool
    statuses: range | None = None
    codes: frozenset[str] | None = None
    opening: str = ""
    """How the message begins, in lower case: the service has written it in both."""

    def fits(self, status: int | None, code: str, message: str) -> bool:
        """Whether this row decides the case."""
        return (
            (self.statuses is None or status in self.statuses)
            and (self.codes is None or code in self.codes)
            and message.lower().startswith(self.opening)
        )


RULES = (
    Rule(
        retryable=False,
        codes=frozenset(
            {
                "KMSAccessDeniedException",
                "KMSDisabledException",
                "KMSInvalidStateException",
                "KMSNotFoundException",
            }
        ),
    ),
    # Another invocation took over, or the execution is over: the service ignores how this invocation ends.
    Rule(
        retryable=True,
        statuses=range(400, 401),
        codes=frozenset({"InvalidParameterValueException"}),
        opening="invalid checkpoint token",
    ),
    Rule(retryable=True, statuses=range(429, 430)),
    Rule(retryable=False, statuses=range(400, 500)),
)

# What AWS's own clients take for throttling, or for a lost race with an earlier request, whatever the status.
_BUSY = frozenset(
    {
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def verdict(status: int | None, code: str, message: str) -> bool:
    """Whether Lambda should retry the invocation; if not, the execution is to fail. Without an answer, no `status`."""
    for rule in RULES:
        if rule.fits(status, code, message):
            return rule.retryable
    return True


def is_throttling(status: int | None, code: str) -> bool:
    """Whether the service asked for fewer requests, so that a retry has to wait longer."""
    return status == 429 or code in _BUSY  # noqa: PLR2004  Too Many Requests


def is_transient(status: int | None, code: str, message: str) -> bool:
    """Whether to send the same request again before giving up on it."""
    if is_throttling(status, code) or status is None:
        return True
    return status >= 500 and verdict(status, code, message)  # noqa: PLR2004  the server's own errors
