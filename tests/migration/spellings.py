"""The workflows of this folder, each in the words of three: the official SDK's, and both colours of ours."""

from __future__ import annotations

import json
from typing import Any

from migration import large_async, large_official, large_sync, workflow_async, workflow_official, workflow_sync
from migration.answers import ANSWERS
from support.ledger_service import succeeded
from support.migration import Run, Spelling, official, ours, recorded

PAYLOAD = json.dumps({"sections": list(workflow_official.SECTIONS)})
SPELLINGS = {
    "everything": {
        "official": Spelling(official, workflow_official.everything),
        "sync": Spelling(ours, workflow_sync.everything),
        "async": Spelling(ours, workflow_async.everything),
    },
    "large": {
        "official": Spelling(official, large_official.large),
        "sync": Spelling(ours, large_sync.large),
        "async": Spelling(ours, large_async.large),
    },
}
WORKFLOWS = tuple(SPELLINGS)


def begun() -> Run:
    """An execution of any of them, not yet invoked."""
    return Run.begun(PAYLOAD, ANSWERS)


def assert_alike(run: Run, model: Run) -> None:
    assert succeeded(run.execution) == succeeded(model.execution)
    assert history(run) == history(model)


def history(run: Run) -> dict[str, Any]:
    """What is recorded; that the attempts are used up, each SDK says in its own words."""
    found = recorded(run.execution)
    for facts in found.values():
        if facts["name"] == "exhausted":
            del facts["error"]
    return found
