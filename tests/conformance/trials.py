"""One requirement put to the test: an execution through boto3, the service and a worker, judged by AWS's own matching.

The judgement comes in two parts. History and result are judged when the execution has ended, log records when the
stage has: only then is it certain that every record has been read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from aws_durable_execution_conformance_tests.callback import CallbackAction  # type: ignore[import-untyped]
from aws_durable_execution_conformance_tests.cloudwatch import CloudWatchLogValidator  # type: ignore[import-untyped]
from aws_durable_execution_conformance_tests.history import EventHistoryMatcher  # type: ignore[import-untyped]
from aws_durable_execution_conformance_tests.validate import (  # type: ignore[import-untyped]
    AsyncValidationConfig,
    PollingValidator,
)
from aws_durable_execution_conformance_tests.variables import PlaceholderContext  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError

from conformance.requirements import MAY_BE_LEFT_OUT

if TYPE_CHECKING:
    from conformance.requirements import Requirement
    from conformance.stage import Stage

POLL_SECONDS = 0.25
"""Between two looks at a history; AWS's runner looks every 2 s, over a network."""


class Outcome(Enum):
    """What became of a requirement."""

    PASSED = "passed"
    FAILED = "failed"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one requirement in one flavour."""

    flavour: str
    requirement: Requirement
    outcome: Outcome
    errors: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    """The events that were found, one line each; for whoever reads the errors."""

    def __str__(self) -> str:
        lines = [f"{self.requirement.id} ({self.flavour}): {self.requirement.data['description']}", *self.errors]
        return "\n    ".join([*lines, "history:", *self.history])


@dataclass(slots=True)
class Trial:
    """An execution that has been judged by its history and result."""

    stage: Stage
    requirement: Requirement
    arn: str = ""
    context: Any = field(default_factory=PlaceholderContext)
    errors: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> None:
        """Run the execution and judge what it left; errors are noted, not raised."""
        data = self.requirement.data
        self.context.resolve_variables(data.get("Variables"))
        try:
            self.arn = self.stage.invoke(self.requirement, self.context.substitute(data["Input"]))
            self.errors.extend(self._mismatches())
            self.events = self.stage.history(self.arn)
        except (BotoCoreError, ClientError) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            return
        self.errors.extend(surplus(self.requirement, self.events))
        self.errors.extend(unsaid(self.requirement, self.events))

    def verdict(self) -> Verdict:
        """The judgement, with the log records; for a stage that is closed."""
        found = CloudWatchLogValidator().validate(
            self.requirement.logs, self.stage.log_events(self.arn), context=self.context
        )
        errors = (*self.errors, *found.errors)
        return Verdict(
            self.stage.flavour,
            self.requirement,
            Outcome.FAILED if errors else Outcome.PASSED,
            errors,
            tuple(_line(event, self.events[0]) for event in self.events),
        )

    def _mismatches(self) -> list[str]:
        """What AWS's validator finds wrong; it also sends the callbacks that a requirement asks for."""
        actions = [CallbackAction.from_dict(action) for action in self.requirement.callbacks]
        validator = PollingValidator(self.stage.client, AsyncValidationConfig(POLL_SECONDS), self.context)
        judged = validator.validate(self.arn, self.requirement.events, self.requirement.result, actions)
        # A heartbeat leaves no event: that it was accepted shows in the count only.
        if judged.callbacks_sent != len(actions):
            return [*judged.errors, f"of {len(actions)} callback actions, {judged.callbacks_sent} were accepted"]
        return list(judged.errors)


def surplus(requirement: Requirement, events: list[dict[str, Any]]) -> list[str]:
    """What AWS's validator overlooks in a history: ids with gaps, and events that are not listed."""
    ids = [event["EventId"] for event in events]
    errors = [] if ids == list(range(1, len(ids) + 1)) else [f"the event ids are not 1, 2, 3, …: {ids}"]
    listed = {1, *(event["EventId"] for event in requirement.events)}
    last = max(listed)
    errors += [
        f"between the listed events, got {event['EventId']} {event['EventType']}"
        for event in events
        if event["EventId"] < last and event["EventId"] not in listed and event["EventType"] not in MAY_BE_LEFT_OUT
    ]
    following = requirement.may_follow()
    behind = [event["EventType"] for event in events if event["EventId"] > last]
    if following is not None and behind != following:
        errors.append(f"behind the listed events, expected {following}, got {behind}")
    return errors


def unsaid(requirement: Requirement, events: list[dict[str, Any]]) -> list[str]:
    """What a history lacks of that which a requirement asks for in words only."""
    patterns = [
        {"EventId": number, **{member: value for member, value in members.items() if value is not None}}
        for number, members in requirement.in_words.items()
    ]
    absent = [
        f"event {event['EventId']}: expected no {member}, got {event[member]!r}"
        for event in events
        for member, value in requirement.in_words.get(event["EventId"], {}).items()
        if value is None and event.get(member) is not None
    ]
    return [*EventHistoryMatcher().match(patterns, events).errors, *absent]


def _line(event: dict[str, Any], first: dict[str, Any]) -> str:
    kind = event["EventType"]
    name = f" {event['Name']!r}" if event.get("Name") else ""
    details = json.dumps(event.get(f"{kind}Details"), default=str)
    seconds = (event["EventTimestamp"] - first["EventTimestamp"]).total_seconds()
    return f"{event['EventId']:3} {seconds:6.2f} s {kind}{name} {details}"
