"""One operation, as the service has recorded it.

A record reads the wire's own object when asked, and not before: most fields of a replayed operation are never looked
at. The same operation carries its times in milliseconds in an envelope and in seconds in an answer (PROTOCOL 1.2), so a
record knows where it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.errors import ServiceError
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status
from perdure_runtime.unread import operation_in

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MILLISECONDS", "SECONDS", "Record", "UnreadRecord", "epoch_seconds"]

SECONDS = 1.0
MILLISECONDS = 0.001

# By plain text: Python looks that up faster than enums.
KINDS = {kind.value: kind for kind in Kind}
STATUSES = {status.value: status for status in Status}
DETAILS = {
    Kind.EXECUTION.value: "ExecutionDetails",
    Kind.CONTEXT.value: "ContextDetails",
    Kind.STEP.value: "StepDetails",
    Kind.WAIT.value: "WaitDetails",
    Kind.CALLBACK.value: "CallbackDetails",
    Kind.CHAINED_INVOKE.value: "ChainedInvokeDetails",
}
# In the text of an operation: members of it for certain, since quotes are escaped in all that is a text within.
BEGUN, WAIT = '"Status":"STARTED"', '"Type":"WAIT"'
WAIT_ENDS = '"WaitDetails":{"ScheduledEndTimestamp":'
WAKES = {Kind.STEP.value: "NextAttemptTimestamp", Kind.WAIT.value: "ScheduledEndTimestamp"}


class Record:
    """What is known of one operation."""

    __slots__ = ("scale", "wire")

    def __init__(self, wire: dict[str, Any], scale: float = SECONDS) -> None:
        self.wire = wire
        self.scale = scale

    @property
    def id(self) -> str:
        """The operation's id."""
        return str(self.wire["Id"])

    @property
    def kind(self) -> Kind:
        """What the operation is."""
        try:
            return KINDS[self.wire["Type"]]
        except KeyError:
            raise _impossible(self.wire) from None

    @property
    def status(self) -> Status:
        """Where it stands."""
        try:
            return STATUSES[self.wire["Status"]]
        except KeyError:
            raise _impossible(self.wire) from None

    @property
    def move(self) -> Move:
        """What a durable call does that finds it."""
        wire = self.wire
        try:
            return TABLE[wire["Type"], wire["Status"]]
        except KeyError:
            raise _impossible(wire) from None

    @property
    def name(self) -> str | None:
        """Its name; the empty string and none are the same."""
        return self.wire.get("Name") or None

    @property
    def subtype(self) -> str | None:
        """What it is for."""
        return self.wire.get("SubType") or None

    @property
    def parent(self) -> str | None:
        """The id of the context it belongs to; None at the root."""
        return self.wire.get("ParentId") or None

    @property
    def details(self) -> dict[str, Any]:
        """The member that only this kind has."""
        wire = self.wire
        try:
            return wire.get(DETAILS[wire["Type"]]) or {}
        except KeyError:
            raise _impossible(wire) from None

    @property
    def completed_attempts(self) -> int:
        """Attempts whose end is recorded."""
        return int(self.details.get("Attempt") or 0)

    @property
    def result(self) -> str | None:
        """The recorded result, as the writer's text."""
        wire = self.wire
        try:
            text: str | None = wire[DETAILS[wire["Type"]]]["Result"]
        except (KeyError, TypeError):  # most have one
            return self.details.get("Result")
        return text

    @property
    def error(self) -> dict[str, Any] | None:
        """The recorded error object."""
        return self.details.get("Error")

    @property
    def keeps_children(self) -> bool:
        """Whether a finished context's result is what its body comes to again, given its recorded children."""
        return bool(self.details.get("ReplayChildren"))

    @property
    def callback_id(self) -> str | None:
        """What whoever completes a callback has to name."""
        return self.details.get("CallbackId")

    @property
    def wake(self) -> float | None:
        """When the service will move it on, in epoch seconds; None where only an event can."""
        member = WAKES.get(self.wire["Type"])
        return None if member is None else epoch_seconds(self.details.get(member), self.scale)

    @property
    def started_at(self) -> float | None:
        """When it started, in epoch seconds."""
        return epoch_seconds(self.wire.get("StartTimestamp"), self.scale)

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<{self.kind}{name} {self.id[:8]} {self.status}>"


class UnreadRecord(Record):
    """A record that is read from its text when somebody looks at it.

    Of a wait that has begun, nobody needs to know more than that and when it ends: the text tells, at a tenth of the
    cost. A map of items that each wait gets as many of these as it has items.
    """

    __slots__ = ("_failures", "_text")

    def __init__(self, text: str, failures: list[ServiceError]) -> None:
        self._text = text
        self._failures = failures
        self.scale = SECONDS

    @property
    def move(self) -> Move:
        """What a durable call does that finds it; parks at a wait that has begun, which the text tells plainly."""
        return Move.PARK if BEGUN in self._text and WAIT in self._text else super().move

    @property
    def wake(self) -> float | None:
        """When the service will move it on, in epoch seconds; None where only an event can."""
        _, _, end = self._text.partition(WAIT_ENDS)
        try:
            return float(end[: end.index("}")])
        except ValueError:  # it says more than that, says it otherwise, or is no wait
            return super().wake

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  as for any attribute; it is asked for what is not there yet
        if name != "wire":
            raise AttributeError(name)
        try:
            self.wire = operation_in(self._text)
        except ValueError as error:
            reason = f"an operation is not JSON: {error}"
            failure = ServiceError("CheckpointDurableExecution", "MalformedAnswer", reason, retryable=True)
            self._failures.append(failure)
            raise failure from None
        return self.wire


def _impossible(wire: dict[str, Any]) -> Impossible:
    return Impossible(wire["Type"], wire["Status"], str(wire["Id"]))


def epoch_seconds(value: float | str | datetime | None, scale: float) -> float | None:
    """A timestamp in any of the protocol's encodings, as epoch seconds."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return value * scale
    from datetime import UTC, datetime  # text, or what boto3 makes of it: rare

    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
