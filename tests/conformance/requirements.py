"""AWS's requirements of a durable execution SDK, as the package `aws-durable-execution-conformance-tests` has them.

A requirement is a YAML file: the input, what the workflow is to do in words, and the history, result and log records
that must come of it. AWS's own matcher looks at the listed events only. Here what a list leaves out is refused, but for
the event that ends the execution (`Requirement.may_follow`) and the ends of invocations (`MAY_BE_LEFT_OUT`); and where
the words ask for more than the events say, so do we (`IN_WORDS`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aws_durable_execution_conformance_tests.config import TESTS_DIR  # type: ignore[import-untyped]
from aws_durable_execution_conformance_tests.history import load_yaml_file  # type: ignore[import-untyped]
from aws_durable_execution_conformance_tests.validate import (  # type: ignore[import-untyped]
    discover_suites,
    discover_test_files,
)

OPEN_ENDED = {
    "8-11": "lists the batch's first event only: the branches may end in any order",
    "9-11": "lists the batch's first event only: the iterations may end in any order",
}
"""Requirements that leave open what follows the events they list, and why."""

MAY_BE_LEFT_OUT = frozenset({"InvocationCompleted"})
"""What may stand between listed events; suite `wait_for_condition` lists the ends of suspended invocations only."""

IN_WORDS: dict[str, dict[int, dict[str, Any]]] = {
    "3-11": {5: {"ContextSucceededDetails": {"Result": {"Payload": ""}}}},
    "3-12": {4: {"InvocationCompletedDetails": {"Error": {"Payload": {"ErrorType": "Runtime.ExitError"}}}}},
    "7-3": {2: {"Name": None}, 8: {"Name": None}},
    "8-3": {3: {"Name": "first"}, 4: {"Name": "first"}, 5: {"Name": "second"}, 6: {"Name": "second"}},
    "9-13": {
        2: {"Name": "named-items"},
        3: {"Name": "item-1"},
        4: {"Name": "item-1"},
        5: {"Name": "item-2"},
        6: {"Name": "item-2"},
        7: {"Name": "named-items"},
    },
}
"""What the text of a requirement asks for and its events leave out: patterns by event id; None for an absent member."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement."""

    id: str
    suite: str
    data: dict[str, Any] = field(repr=False)

    @property
    def is_async(self) -> bool:
        """Whether the execution is started with an event, not waited for by the caller."""
        return bool(self.data.get("AsyncInvoke", False))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that must be in the history, as patterns."""
        return list(self.data["ExpectedExecutionHistory"])

    @property
    def in_words(self) -> dict[int, dict[str, Any]]:
        """Further patterns by event id; None stands for a member that must not be there."""
        return IN_WORDS.get(self.id, {})

    @property
    def callbacks(self) -> list[dict[str, Any]]:
        """What is sent to the callbacks that the workflow creates."""
        return list(self.data.get("CallbackActions") or ())

    @property
    def result(self) -> dict[str, Any] | None:
        """The status and result the execution must end with; None where the end is not waited for."""
        expected: dict[str, Any] | None = self.data.get("ExpectedResult")
        return expected

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log records that must have been written, as patterns."""
        return list(self.data.get("ExpectedLogs") or ())

    def may_follow(self) -> list[str] | None:
        """The types of the events behind the last listed one; None where that is left open."""
        if self.id in OPEN_ENDED:
            return None
        last = self.events[-1]["EventType"]
        if self.result is None or last.startswith("Execution"):
            return []
        return ["Execution" + self.result["ExecutionStatus"].title().replace("_", "")]


def suites() -> list[str]:
    """The names of all suites, in the order of their numbers."""
    return sorted(discover_suites(TESTS_DIR), key=lambda suite: _number(min(discover_test_files(TESTS_DIR, suite))))


def requirements_of(suite: str) -> list[Requirement]:
    """A suite's requirements, in the order of their numbers."""
    return deepcopy(_read(suite))  # the matcher is given their data, and what it does with that is its own affair


@cache
def _read(suite: str) -> list[Requirement]:
    files = discover_test_files(TESTS_DIR, suite)
    return [Requirement(name, suite, load_yaml_file(files[name])) for name in sorted(files, key=_number)]


def _number(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split("-")))
