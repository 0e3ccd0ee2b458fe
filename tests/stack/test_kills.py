"""Workers that die and tokens that grow stale: the run ends right all the same, and has one history.

Workers are killed with SIGKILL, by their own bodies or from outside; to hit the moment between a request and its
answer, the way from worker to service leads through a relay.
"""

from __future__ import annotations

import json
import sys
from typing import NamedTuple

import pytest

from support.processes import kill, marked
from support.relay import Honest, Message, Relay
from support.stack import COLOURS, Stack, has, story

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("colour", COLOURS)]

KILLED = "InvocationCompleted: Runtime.ExitError: Runtime exited with error: signal: killed"


# In a step


def test_a_step_that_dies_runs_again(colour, stack, tmp_path):
    stack.host("workflow", f"handlers_{colour}.dies_in_a_step")
    ran = stack.run("workflow", {"mark": str(tmp_path / "died")})
    assert ran.result == [1, "done"]
    assert stack.ran() == ["first 1", "body 1", "body 1"]
    assert len(set(stack.pids()[1:])) == 2
    assert ran.story.count("StepSucceeded 'body', attempt 1: \"done\"") == 1
    assert ran.story.count(KILLED) == 1


def test_a_step_killed_while_it_runs_runs_again(colour, stack, tmp_path):
    stack.host("workflow", f"handlers_{colour}.lasts")
    go_on = tmp_path / "go on"
    history = stack.start("workflow", {"until": str(go_on)})
    history.wait_for(has("StepStarted", "long"))
    assert kill(stack.pids()[-1])
    go_on.touch()
    assert story(history.wait_for_end())[1:] == [
        "StepStarted 'first'",
        "StepSucceeded 'first', attempt 1: 1",
        "StepStarted 'long'",
        KILLED,
        "StepSucceeded 'long', attempt 1: \"done\"",
        "InvocationCompleted",
        'ExecutionSucceeded: [1,"done"]',
    ]
    assert stack.ran() == ["first 1", "long 1", "long 1"]


# Round a checkpoint


class Killer(Honest):
    """Kills the worker once, at the checkpoint of a certain update, before the request or its answer is passed on."""

    def __init__(self, stack: Stack, update: tuple[str, str], *, recorded: bool) -> None:
        self._stack = stack
        self._update = update
        self._recorded = recorded
        self._has_killed = False

    def asked(self, request: Message) -> Message | None:
        return request if self._recorded or not self._is_meant(request) else self._kill()

    def answered(self, request: Message, answer: Message) -> Message | None:
        return self._kill() if self._is_meant(request) else answer

    def _is_meant(self, request: Message) -> bool:
        updates = [(update["Name"], update["Action"]) for update in json.loads(request.body)["Updates"]]
        return self._update in updates and not self._has_killed

    def _kill(self) -> None:
        self._has_killed = True
        (worker,) = marked(self._stack.mark)
        assert kill(worker)


class Death(NamedTuple):
    """A moment to die at, and all that may be seen of it."""

    update: tuple[str, str]
    """Name and action."""
    fate: str
    """Whether the service has the updates when the worker dies."""
    bodies: list[str]
    history: list[str]


PAY = ["StepStarted 'pay'", "StepSucceeded 'pay', attempt 1: \"paid\""]
WAIT = ["WaitStarted 'clearing', 60 s", "InvocationCompleted", "WaitSucceeded 'clearing', 60 s"]
SEND = ["StepSucceeded 'send', attempt 1: \"sent\""]
END = ["InvocationCompleted", 'ExecutionSucceeded: ["paid","sent"]']
UNKNOWN = "perdure.StepInterrupted: the step 'pay' (1ced8f5b) was interrupted:"
UNKNOWN += " its attempt began, and whether it took effect is not known"
INTERRUPTED = [f"StepFailed 'pay', attempt 1: {UNKNOWN}", "InvocationCompleted", f"ExecutionFailed: {UNKNOWN}"]
ONCE = ["pay 1", "send 1"]
LOST, RECORDED = "lost", "recorded"
DEATHS = [
    Death(("pay", "START"), LOST, ONCE, [KILLED, *PAY, *WAIT, *SEND, *END]),
    Death(("pay", "START"), RECORDED, [], [PAY[0], KILLED, *INTERRUPTED]),
    Death(("pay", "SUCCEED"), LOST, ["pay 1"], [PAY[0], KILLED, *INTERRUPTED]),
    Death(("pay", "SUCCEED"), RECORDED, ONCE, [*PAY, KILLED, *WAIT, *SEND, *END]),
    Death(("clearing", "START"), LOST, ONCE, [*PAY, KILLED, *WAIT, *SEND, *END]),
    Death(("clearing", "START"), RECORDED, ONCE, [*PAY, WAIT[0], KILLED, *WAIT[1:], *SEND, *END]),
    Death(("send", "SUCCEED"), LOST, [*ONCE, "send 1"], [*PAY, *WAIT, KILLED, *SEND, *END]),
    Death(("send", "SUCCEED"), RECORDED, ONCE, [*PAY, *WAIT, *SEND, KILLED, *END]),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: f"{' '.join(death.update)} {death.fate}")
def test_a_worker_killed_round_a_checkpoint(death: Death, colour, stack: Stack):
    with Relay(stack.service.endpoint, Killer(stack, death.update, recorded=death.fate == RECORDED)) as relay:
        stack.host("workflow", f"handlers_{colour}.pays_then_waits", command=through(relay))
        ran = stack.run("workflow")
    # Whether an ordinary step's START was on record when the worker died depends on how long its body took.
    held_back = [line for line in ran.story[1:] if line == "StepStarted 'send'"]
    assert [line for line in ran.story[1:] if line not in held_back] == death.history
    assert len(held_back) == ("send 1" in death.bodies)
    assert stack.ran() == death.bodies


def through(relay: Relay) -> tuple[str, ...]:
    """A worker whose way to the service leads through the relay."""
    return ("/usr/bin/env", f"AWS_ENDPOINT_URL_LAMBDA={relay.url}", sys.executable, "-m", "perdure_bootstrap")


# In a wait


def test_a_worker_killed_while_its_execution_waits_is_not_missed(colour, tmp_path):
    with Stack(tmp_path, skip_time=False) as stack:
        stack.host("workflow", f"handlers_{colour}.pays_then_waits")
        history = stack.start("workflow", {"seconds": 3})
        history.wait_for(has("InvocationCompleted"))
        assert kill(stack.pids()[-1])
        seen = story(history.wait_for_end())
        wait = [line.replace("60 s", "3 s") for line in WAIT]
        assert seen[1:] == [*PAY, *wait, "StepStarted 'send'", *SEND, *END]
        assert stack.ran() == ONCE
        assert len(set(stack.pids())) == 2


# A stale token


class Stale(Honest):
    """Sends the first checkpoint with a token of another time, and spells the refusal in its own way."""

    def __init__(self, spell) -> None:
        self._spell = spell
        self._meddled = False
        self.refusal = ""

    def asked(self, request: Message) -> Message | None:
        if self._meddled:
            return request
        body = json.loads(request.body)
        body["CheckpointToken"] = body["CheckpointToken"][::-1]
        return request._replace(body=json.dumps(body).encode())

    def answered(self, request: Message, answer: Message) -> Message | None:
        if self._meddled:
            return answer
        self._meddled = True
        assert answer.start.split()[1] == "400"
        body = json.loads(answer.body)
        (said,) = (name for name in body if name.lower() == "message")
        self.refusal = body[said] = self._spell(body[said])
        return answer._replace(body=json.dumps(body).encode())


@pytest.mark.parametrize(
    "spell",
    [str, str.lower, str.upper, lambda text: f"{text}: another invocation has begun"],
    ids=["as it is", "lower", "upper", "more said"],
)
def test_a_stale_token_ends_in_a_retried_invocation(spell, colour, stack: Stack):
    stale = Stale(spell)
    with Relay(stack.service.endpoint, stale) as relay:
        stack.host("workflow", f"handlers_{colour}.step_wait_step", command=through(relay))
        ran = stack.run("workflow", {"order": 7})
    assert ran.result == {"status": "completed", "data": "processed-validated-7"}
    refused, *rest = ran.story[1:]
    assert refused == (
        "InvocationCompleted: ServiceError: CheckpointDurableExecution failed with InvalidParameterValueException"
        f" (HTTP 400): {stale.refusal}"
    )
    assert rest[0] == "StepStarted 'validate'"
    assert not any("Error" in line for line in rest)
    assert stack.ran() == ["validate 1", "validate 1", "process 1"]


# A suspension that is swallowed


def pause(name: str = "pause") -> list[str]:
    return [f"WaitStarted '{name}', 5 s", "InvocationCompleted", f"WaitSucceeded '{name}', 5 s"]


CLEANUP = ["StepStarted 'cleanup'", "StepSucceeded 'cleanup', attempt 1: \"clean\""]
AROUND = [
    ["StepStarted 'before'", "StepSucceeded 'before', attempt 1: 1"],
    ["StepStarted 'after'", "StepSucceeded 'after', attempt 1: \"went on\""],
]
SWALLOWED = [
    ("swallows", [*pause()], "went on"),
    ("swallows_in_a_loop", [line for number in range(3) for line in pause(f"pause {number}")], [0, 1, 2]),
    ("swallows_in_finally", [*pause(), *CLEANUP], "clean"),
    ("swallows_in_a_generator", [*pause("pause 0"), *pause("pause 1")], [0, 1]),
    ("swallows_for_ever", [*AROUND[0], *pause(), *AROUND[1]], "went on"),
]


@pytest.mark.parametrize(("handler", "history", "result"), SWALLOWED, ids=[row[0] for row in SWALLOWED])
def test_a_swallowed_suspension_ends_the_invocation_pending(handler, history, result, colour, stack: Stack):
    stack.host("workflow", f"handlers_{colour}.{handler}")
    ran = stack.run("workflow")
    assert ran.result == result
    assert ran.story[1:-1] == [*history, "InvocationCompleted"]


def test_a_process_whose_thread_is_not_given_back_is_replaced(colour, stack: Stack):
    stack.host("workflow", f"handlers_{colour}.swallows_for_ever")
    stack.run("workflow")
    assert stack.ran() == ["before 1", "after 1"]
    before, after = stack.pids()
    assert before != after
