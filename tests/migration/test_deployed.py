"""The same through everything there is: boto3, the local service over HTTP, worker processes, the official client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migration import workflow_official
from support.hosting import TESTS
from support.stack import PATIENCE, Stack

pytestmark = pytest.mark.slow

SECTIONS = [section for section in workflow_official.SECTIONS if section != "failures"]
"""All but what has nobody answer a callback: time passes by the clock then."""
SAID = {"approval": b"yes", "empty": b"", "signature create callback id": b"signed", "branch asks": b"answered"}
LOSER = "for ever"
FACTS = ("EventType", "Id", "Name", "SubType", "ParentId")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("migration")) as up:
        up.host("official", "migration.handlers.official", task_root=TESTS)
        up.host("in-turn", "migration.handlers.in_turn", task_root=TESTS)
        for plain in ("double", "nothing"):
            up.host(plain, f"migration.handlers.{plain}", task_root=TESTS, is_durable=False)
        yield up


def test_deployments_of_either_sdk_take_turns(stack):
    whole = played(stack, "official")
    mixed = played(stack, "in-turn")
    assert [event for event in mixed if event.get("InvocationCompletedDetails", {}).get("Error")] == []
    assert result(mixed) == result(whole)
    assert facts(mixed) == facts(whole)


def played(stack: Stack, function: str) -> list[dict[str, Any]]:
    """Start an execution, answer its callbacks, and return its history."""
    history = stack.start(function, {"sections": SECTIONS})
    for name, said in SAID.items():
        events = history.wait_for(has_started(name), PATIENCE)
        begun = next(event for event in events if has_started(name)([event]))
        callback = begun["CallbackStartedDetails"]["CallbackId"]
        stack.client.send_durable_execution_callback_success(CallbackId=callback, Result=said)
    return history.wait_for_end(PATIENCE)


def has_started(name: str) -> Any:
    return lambda events: any(event["EventType"] == "CallbackStarted" and event["Name"] == name for event in events)


def result(events: list[dict[str, Any]]) -> Any:
    return json.loads(events[-1]["ExecutionSucceededDetails"]["Result"]["Payload"])


def facts(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What happened to which operation, whatever the order among branches, and whether or not a loser's wait ended."""
    told = [tuple(event.get(fact, "") for fact in FACTS) for event in events]
    return sorted(fact for fact in told if not fact[0].startswith(("Invocation", "Execution")) and fact[2] != LOSER)
