"""Values of lazy steps, followed from the body that makes them into the history and to the code that gets them.

Each run of a body makes another value, so what was lost and made again is told from what was not. Whatever cannot be
undone rests on what the code around it had got when it asked for it; all of that has to be recorded by then.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OTHER_WORK = frozenset({"WAIT", "CALLBACK", "CHAINED_INVOKE"})
"""Kinds of operations that are under way once their start is recorded."""


@dataclass
class LazyValues:
    """All values that lazy steps of a run came to, over all its invocations."""

    lost: list[str] = field(default_factory=list)
    """What began while a value that it rests on was not recorded."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _got: set[str] = field(default_factory=set)
    _recorded: set[str] = field(default_factory=set)
    _asked: dict[str, frozenset[str]] = field(default_factory=dict)

    def make(self, value: object) -> str:
        """A body has run: what it returns, unlike any other."""
        return f"{value!r}, run {next(self._numbers)}"

    def begin_invocation(self) -> None:
        """The code starts over, and has got nothing yet."""
        self._got.clear()

    def get(self, value: str) -> None:
        """The code of some line of work has got a value."""
        self._got.add(value)

    def got(self) -> frozenset[str]:
        """What the code has got so far, in any line of work."""
        return frozenset(self._got)

    def ask(self, operation_id: str) -> None:
        """The code asks for an operation."""
        self._asked[operation_id] = self.got()

    def begins(self, what: str, rests_on: frozenset[str]) -> None:
        """Something begins that cannot be undone."""
        self.lost += (f"{what} began, and {value!r} is not recorded" for value in sorted(rests_on - self._recorded))

    def record(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """The service has taken these updates, all at once."""
        self._recorded |= {
            json.loads(update["Payload"])
            for update in updates
            if (update["Type"], update["Action"]) == ("STEP", "SUCCEED") and update.get("Payload", "").startswith('"')
        }
        for update in updates:
            if update["Type"] in OTHER_WORK and update["Action"] == "START":
                # A callback of `wait_for_callback` was asked for as the context around it.
                rests_on = self._asked.get(update["Id"]) or self._asked.get(update.get("ParentId", ""), frozenset())
                self.begins(f"{update['Type']} {update['Id'][:6]}", rests_on)
