"""The other ways a handler may be hosted: by Lambda's own Python runtime, by a program of the user's, not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.relay import Honest, Message, Relay
from support.stack import COLOURS, TASK_ROOT, Stack

pytestmark = pytest.mark.slow

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric runs on Linux only")
EACH_COLOUR = pytest.mark.parametrize("colour", COLOURS)
STOCK = (sys.executable, "-m", "awslambdaric")
STOCK_ENVIRONMENT = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}
FULL = [
    'ExecutionStarted: {"item": "book"}',
    "StepStarted 'reserve'",
    "StepSucceeded 'reserve', attempt 1: \"book\"",
    "WaitStarted 'pickup', 7200 s",
    "InvocationCompleted",
    "WaitSucceeded 'pickup', 7200 s",
    "StepStarted 'flaky'",
    "StepFailed 'flaky', attempt 1, again in 3 s: TimeoutError: too slow",
    "InvocationCompleted",
    "StepStarted 'flaky'",
    "StepSucceeded 'flaky', attempt 2: 2",
    "InvocationCompleted",
    'ExecutionSucceeded: {"reserved":"book","attempts":2}',
]


def assert_runs_in_full(stack: Stack) -> None:
    ran = stack.run("workflow", {"item": "book"})
    assert ran.story == FULL
    assert ran.result == {"reserved": "book", "attempts": 2}
    assert stack.ran() == ["reserve 1", "flaky 1", "flaky 2"]


# Lambda's own runtime


@LINUX_ONLY
@EACH_COLOUR
def test_a_durable_handler_under_awslambdaric(colour, stack: Stack):
    stack.host("workflow", "", command=(*STOCK, f"handlers_{colour}.full"), env=STOCK_ENVIRONMENT)
    assert_runs_in_full(stack)
    assert len(set(stack.pids())) == 1


@LINUX_ONLY
@EACH_COLOUR
def test_swallowing_for_ever_under_awslambdaric(colour, stack: Stack):
    stack.host("workflow", "", command=(*STOCK, f"handlers_{colour}.swallows_for_ever"), env=STOCK_ENVIRONMENT)
    ran = stack.run("workflow")
    assert ran.result == "went on"
    assert stack.ran() == ["before 1", "after 1"]


# A program of the user's own


PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(TASK_ROOT)!r})
import perdure_bootstrap
from handlers_sync import full
"""
BOTO3 = """
import boto3
perdure_bootstrap.run(full, client=boto3.client("lambda"))
"""


def program(folder: Path, end: str) -> tuple[str]:
    """Lambda's `/var/task/bootstrap`: an executable file."""
    file = folder / "bootstrap"
    file.write_text(PROGRAM + end)
    file.chmod(0o700)
    return (str(file),)


def test_a_program_of_the_users_own(tmp_path, stack: Stack):
    command = program(tmp_path, "perdure_bootstrap.run(full)\n")
    stack.host("workflow", "", command=command, task_root=tmp_path)
    assert_runs_in_full(stack)


class Listening(Honest):
    """Keeps who asked for what."""

    def __init__(self) -> None:
        self.agents: list[str] = []

    def asked(self, request: Message) -> Message | None:
        self.agents.append(request.headers["user-agent"])
        return request


def test_a_program_that_brings_its_own_client(tmp_path, stack: Stack):
    listening = Listening()
    with Relay(stack.service.endpoint, listening) as relay:
        command = ("/usr/bin/env", f"AWS_ENDPOINT_URL_LAMBDA={relay.url}", *program(tmp_path, BOTO3))
        stack.host("workflow", "", command=command, task_root=tmp_path)
        assert_runs_in_full(stack)
    assert listening.agents
    assert all(agent.startswith("Boto3/") for agent in listening.agents)


# Functions that are not durable


def invoke(stack: Stack, name: str, event: object) -> tuple[object, str | None]:
    answer = stack.client.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "DurableExecutionArn" not in answer
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_a_plain_handler_is_invoked_as_ever(stack: Stack):
    stack.host("echo", "handlers_sync.plain", is_durable=False)
    assert invoke(stack, "echo", {"n": 1}) == ({"echo": {"n": 1}, "function": "echo"}, None)
    error, kind = invoke(stack, "echo", {"fail": True})
    assert kind == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "as asked")


@pytest.mark.parametrize(
    "options",
    [
        {"handler": "handlers_sync.full"},
        pytest.param(
            {"handler": "", "command": (*STOCK, "handlers_sync.full"), "env": STOCK_ENVIRONMENT}, marks=LINUX_ONLY
        ),
    ],
    ids=["ours", "awslambdaric"],
)
def test_a_durable_handler_without_durable_config_says_what_is_missing(options, stack: Stack):
    stack.host("workflow", **options, is_durable=False)
    error, kind = invoke(stack, "workflow", {"item": "book"})
    assert kind == "Unhandled"
    assert error["errorType"] == "MalformedEnvelope"
    assert error["errorMessage"].startswith("the event is not a durable execution: DurableExecutionArn ")
    assert "needs DurableConfig" in error["errorMessage"]
    assert stack.ran() == []
