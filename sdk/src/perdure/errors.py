"""What can go wrong, sorted by who is to blame.

* Your work failed: an operation raises the exception your code raised, where that class can be rebuilt, else one of the
  `OperationError` family, with a `RecordedError` for its cause. Either way `failure(error)` tells which operation it
  was and what was recorded.
* Your work says something about its next attempt: `NonRetryable` and `RetryAfter`, which your code raises.
* Your code changed while an execution was in flight: `ReplayMismatch`.
* A durable call was made where none can be: `DurableCallRefused`.
* A value cannot be stored or read back: `SerdesError`.
* The service refused: `ServiceError`.

Fields come first and the text is made from them, so every error here pickles and compares by what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from perdure.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perdure.durations import Duration

__all__ = [
    "BatchError",
    "CallbackError",
    "CallbackNotSubmitted",
    "CallbackTimeout",
    "ChildContextError",
    "ConditionError",
    "DurableCallRefused",
    "Failure",
    "HandlerRefused",
    "InvokeError",
    "MalformedEnvelope",
    "NonRetryable",
    "OperationError",
    "PerdureError",
    "RecordedError",
    "ReplayMismatch",
    "RetryAfter",
    "SerdesError",
    "ServiceError",
    "StepError",
    "StepInterrupted",
    "WaitCancelled",
    "failure",
]

FACTS = "__perdure_failure__"
"""The attribute under which an exception carries its `Failure`."""
FINAL = "__perdure_final__"
"""The attribute of an exception that stands in for a `NonRetryable` whose class could not be rebuilt."""
AFTER = "__perdure_after__"
"""The attribute of one that stands in for such a `RetryAfter`: its delay in seconds."""


@frozen
class Failure:
    """What was recorded about an operation that failed."""

    operation: str
    """The operation's name, or its kind where it has none."""
    operation_id: str
    attempts: int
    """Attempts made, the failed one included; 0 for operations that have no attempts."""
    error_type: str | None
    """The recorded type: the class's full name, bare for builtins."""
    message: str | None
    stack: tuple[str, ...]
    data: str | None
    """The recorded `ErrorData` text, where the writer stored any."""


def failure(error: BaseException) -> Failure | None:
    """The facts of the operation that raised `error`, or None for an exception that no operation raised."""
    facts = getattr(error, FACTS, None)
    return facts if isinstance(facts, Failure) else None


class NonRetryable(Exception):
    """Raise it, or a class of yours that derives from it, where another attempt is pointless: no policy makes one."""


class RetryAfter(Exception):
    """Raise it, or a class of yours that derives from it, to say how long the next attempt has to wait.

    Whether there is another attempt remains the policy's business; where there is, this delay replaces the policy's.
    """

    message: str = ""
    # A class of the user's may not call this constructor: then it has no delay, and is an error like any other.

    def __init__(self, delay: Duration, message: str = "") -> None:
        from perdure.durations import seconds_of  # only such a failure needs it

        seconds = seconds_of(delay)
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"the delay before another attempt is a number of seconds from 0 up, not {seconds!r}")
        super().__init__(seconds, message)
        self.delay = seconds
        """Seconds."""
        self.message = message

    def __str__(self) -> str:
        if self.message or not hasattr(self, "delay"):
            return self.message or super().__str__()
        from perdure.durations import seconds_of

        return f"another attempt may be made after {seconds_of(self.delay):g} s"


class PerdureError(Exception):
    """Everything Perdure itself raises derives from this class."""

    def __str__(self) -> str:
        return self._text()

    def _text(self) -> str:
        return " ".join(str(field) for field in self.args)


class OperationError(PerdureError):
    """A durable operation failed; the base of one class for each kind of operation."""

    error_type: str | None = None
    data: str | None = None

    def __init__(self, message: str = "", error_type: str | None = None, data: str | None = None) -> None:
        super().__init__(message, error_type, data)
        self.error_type = error_type
        self.data = data

    @property
    def message(self) -> str:
        """What went wrong, without the type."""
        return str(self.args[0]) if self.args else ""

    def _text(self) -> str:
        return self.message


class RecordedError(PerdureError):
    """Stands for an exception that was recorded and cannot be rebuilt here: in a chain of causes, or in a group."""

    def __init__(self, error_type: str | None, message: str, stack: Iterable[str] = ()) -> None:
        self.error_type = error_type
        """The recorded type, None where none was recorded."""
        self.message = message
        self.stack = tuple(stack)
        """The recorded traceback, a line each."""
        super().__init__(error_type, message, self.stack)

    def _text(self) -> str:
        return self.message if self.error_type is None else f"{self.error_type}: {self.message}"


class StepError(OperationError):
    """A step failed for good and the exception its body raised cannot be rebuilt here."""


class StepInterrupted(StepError):
    """An attempt of a `once` step was cut off before its outcome was recorded: it may or may not have happened."""


class WaitCancelled(OperationError):
    """A wait ended without elapsing."""


class ChildContextError(OperationError):
    """A child context failed and the exception its body raised cannot be rebuilt here."""


class InvokeError(OperationError):
    """An invoked function failed, timed out or was stopped."""


class CallbackError(OperationError):
    """Whoever was asked to complete a callback reported a failure."""


class CallbackTimeout(CallbackError):
    """Nobody completed a callback, or sent a heartbeat, in time."""


class CallbackNotSubmitted(CallbackError):
    """The submitter of `wait_for_callback` failed for good: nobody was asked to complete the callback."""


class ConditionError(OperationError):
    """A condition was not met within the attempts its strategy allows, or its check failed."""


class BatchError(OperationError, ExceptionGroup[Exception]):
    """Not all of a batch succeeded; the group holds the errors of the items that failed, for `except*` to sort."""

    def __new__(cls, message: str, errors: Sequence[Exception]) -> Self:
        return ExceptionGroup.__new__(cls, message, errors)

    def __init__(self, message: str, errors: Sequence[Exception]) -> None:
        PerdureError.__init__(self, message, tuple(errors))
        self.error_type = None
        self.data = None

    def derive(self, excs: Sequence[Exception], /) -> BatchError:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return BatchError(self.message, excs)


class ReplayMismatch(PerdureError):
    """The code asks for another operation than the one recorded here: it changed, or is not deterministic."""

    def __init__(
        self, operation_id: str, differences: Iterable[tuple[str, object, object]], where: str = "", hint: str = ""
    ) -> None:
        self.operation_id = operation_id
        self.differences = tuple(tuple(difference) for difference in differences)
        self.where = where
        self.hint = hint
        super().__init__(operation_id, self.differences, where, hint)

    def _text(self) -> str:
        fields = "; ".join(
            f"{field}: recorded {recorded!r}, asked {asked!r}" for field, recorded, asked in self.differences
        )
        place = f" at {self.where}" if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return (
            f"replay does not match the history of operation {self.operation_id[:8]}{place}: {fields}{hint}."
            " Executions in flight need the operations they began with, in the same order and with the same names:"
            " restore the call, or let them finish on the version that started them."
        )


class DurableCallRefused(PerdureError):
    """A durable operation was called where it cannot be replayed, or in a way that can never work.

    Inside a step, on a thread or in a task of the user's own, with arguments that the function does not take, or never
    awaited. Another attempt would not mend it, so none is made.
    """

    def __init__(self, operation: str, reason: str) -> None:
        self.operation = operation
        self.reason = reason
        super().__init__(operation, reason)

    def _text(self) -> str:
        return f"{self.operation} was refused: {self.reason}"


class HandlerRefused(PerdureError):
    """A function cannot be hosted as it is written: its signature or an annotation cannot be served."""

    def __init__(self, function: str, reason: str) -> None:
        self.function = function
        self.reason = reason
        super().__init__(function, reason)

    def _text(self) -> str:
        return f"{self.function}: {self.reason}"


class SerdesError(PerdureError):
    """A value cannot be stored, or a stored one cannot be read back."""

    def __init__(self, reason: str, path: str = "", subject: str = "") -> None:
        self.reason = reason
        self.path = path
        self.subject = subject
        super().__init__(reason, path, subject)

    def _text(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{self.subject}: {place}{self.reason}" if self.subject else f"{place}{self.reason}"


class MalformedEnvelope(PerdureError):
    """The event is not a durable execution's: the function was most likely invoked without `DurableConfig`."""

    def __init__(self, field: str, found: str) -> None:
        self.field = field
        self.found = found
        super().__init__(field, found)

    def _text(self) -> str:
        return (
            f"the event is not a durable execution: {self.field} {self.found}."
            " A function decorated with @durable needs DurableConfig, and is invoked through a version, an alias or"
            " $LATEST; on one machine, `perdure run module.handler` gives it what it needs."
        )


class ServiceError(PerdureError):
    """The durable execution service refused a call, or could not be reached."""

    def __init__(
        self,
        call: str,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        retryable: bool = True,
        request_id: str | None = None,
        execution: str = "",
    ) -> None:
        self.call = call
        self.code = code
        self.message = message
        self.status = status
        self.retryable = retryable
        self.request_id = request_id
        self.execution = execution
        super().__init__(call, code, message)

    def __reduce__(self) -> tuple[object, ...]:
        return (_service_error, (self.args, dict(self.__dict__)))

    def _text(self) -> str:
        facts = [f"HTTP {self.status}" if self.status else "", f"request {self.request_id}" if self.request_id else ""]
        known = ", ".join(fact for fact in facts if fact)
        said = f": {self.message}" if self.message else ""
        return f"{self.call} failed with {self.code}{f' ({known})' if known else ''}{said}"


def _service_error(args: tuple[str, str, str], fields: dict[str, object]) -> ServiceError:
    error = ServiceError(*args)
    error.__dict__.update(fields)
    return error
