"""A warm process that has served a thousand invocations holds what it held after the first few."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from perdure_local import ExecutionStatus
from support.stack import COLOURS, PATIENCE, Stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.unmeasured,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

WARM = 60
"""Executions after which everything that is made once has been made."""
EXECUTIONS = WARM + 334
INVOCATIONS = 3
"""Of each execution."""
UNREST = 10
"""Objects of a kind that a thread in the background may hold at one moment and not at another."""
UNREST_KB = 1_024
"""What the allocator may keep; one kilobyte left behind by each invocation is as much."""


@pytest.mark.parametrize("colour", COLOURS)
def test_a_thousand_warm_invocations_leave_nothing_behind(colour, tmp_path):
    with Stack(tmp_path) as stack:
        stack.host("workflow", f"handlers_{colour}.warm")
        looks = [look for number in range(1, EXECUTIONS + 1) if (look := served(stack, number)) is not None]
    before, after = looks
    assert after["descriptors"] == before["descriptors"]
    assert after["threads"] == before["threads"]
    growth = {kind: count - before["objects"].get(kind, 0) for kind, count in after["objects"].items()}
    assert {kind: more for kind, more in growth.items() if more > UNREST} == {}
    assert after["all"] - before["all"] < EXECUTIONS - WARM, "some object is left behind by each execution"
    assert after["rss"] - before["rss"] < UNREST_KB


def served(stack: Stack, number: int) -> dict[str, Any] | None:
    """Run one execution; what the worker's process holds at its end, where that is looked at."""
    look = number in {WARM, EXECUTIONS}
    summary = stack.service.wait(stack.service.start("workflow", json.dumps({"look": look})), PATIENCE)
    assert summary.status is ExecutionStatus.SUCCEEDED
    assert summary.invocations == INVOCATIONS
    return json.loads(summary.result) if look else None
