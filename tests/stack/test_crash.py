"""Thirty kills of workers and service at random moments; and that the judges of such a storm see what they look for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perdure_local.ledger import ExecutionStatus
from support.desk import ARN, Desk, update
from support.storm import Findings, lost_executions, lost_updates, read_evidence, repeated, wrong

KILLS = 30
CRASH = Path(__file__).parent.parent.parent / "tools/crash.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds its victims in /proc")
def test_nothing_is_lost_and_nothing_runs_again(tmp_path):
    command = [sys.executable, CRASH, "--kills", str(KILLS), "--seed", "7", "--keep", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == f"crash: {KILLS} kills, 0 lost, 0 repeated", done.stdout
    assert done.returncode == 0, done.stdout


# The judges


def recorded(*updates: dict[str, Any]) -> Any:
    """A journal's record of an execution that took these updates and ended."""
    desk = Desk()
    desk.begin()
    for one in updates:
        desk.push(one)
    desk.finish({"Status": "SUCCEEDED", "Result": "1"})
    return desk.execution.record()


STARTED, DONE = update("STEP START"), update("STEP SUCCEED", Payload="1")
RETRIED = update("STEP RETRY", delay=5, Error={"ErrorMessage": "no"})
FAILED = update("STEP FAIL", Error={"ErrorMessage": "no"})
WAITED = update("WAIT START", seconds=5)


def acknowledged(*updates: dict[str, Any]) -> dict[str, Any]:
    return {"arn": ARN, "acknowledged": list(updates)}


def body(attempt: int = 1, *, once: bool = False) -> dict[str, Any]:
    return {"arn": ARN, "body": "A", "attempt": attempt, "once": once}


@pytest.mark.parametrize("updates", [(STARTED, DONE), (DONE,), (STARTED, RETRIED), (FAILED,), (WAITED,)])
def test_what_is_in_the_journal_is_not_lost(updates):
    assert lost_updates([acknowledged(*updates)], {"order-7": recorded(*updates)}) == []


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ((STARTED, DONE), (STARTED,)),
        ((DONE,), (FAILED,)),
        ((FAILED,), (RETRIED,)),
        ((update("STEP SUCCEED", Payload="2"),), (DONE,)),
        ((WAITED,), ()),
    ],
)
def test_what_is_not_in_the_journal_is_lost(seen, kept):
    assert len(lost_updates([acknowledged(*seen)], {"order-7": recorded(*kept)})) == 1


def test_an_execution_that_is_not_in_the_journal_is_lost():
    assert lost_executions([ARN, "another"], {"order-7": recorded()}) == ["another"]


@pytest.mark.parametrize(
    "evidence",
    [
        [body(), acknowledged(DONE)],
        [body(), body(), acknowledged(DONE)],
        [body(1), acknowledged(RETRIED), body(2)],
        [body(1, once=True), body(2, once=True)],
    ],
)
def test_a_step_without_an_acknowledged_end_may_run_again(evidence):
    assert repeated(evidence) == []


@pytest.mark.parametrize(
    "evidence",
    [
        [body(), acknowledged(DONE), body()],
        [body(), acknowledged(FAILED), body(2)],
        [body(1, once=True), body(1, once=True)],
    ],
)
def test_a_step_that_runs_again_is_seen(evidence):
    assert len(repeated(evidence)) == 1


def test_an_execution_that_comes_to_something_else_is_wrong():
    calm = recorded(STARTED, DONE)
    assert wrong({"a": calm}, {"a": calm}) == []
    assert len(wrong({"a": calm}, {"b": calm})) == 2
    assert len(wrong({"a": recorded(FAILED)}, {"a": calm})) == 2
    stopped = calm._replace(progress=replace(calm.progress, status=ExecutionStatus.STOPPED))
    assert len(wrong({"a": stopped}, {"a": calm})) == 1
    gap = calm._replace(events=[*calm.events[:1], *calm.events[2:]])
    assert [line.partition(" are ")[0] for line in wrong({"a": gap}, {"a": calm})] == ["a: its events"]


def test_evidence_that_was_cut_off_is_passed_over():
    lines = ['{"pid": 1, "n": 1}\n', '{"pid": 2, "n', '{"pid": 1, "n": 2}\n', '{"pid": 2, "n": 3}\n', '{"pid"']
    assert [line["n"] for line in read_evidence("".join(lines))] == [1, 2, 3]


def test_findings_are_clean_only_without_any():
    assert Findings(kills=3).is_clean
    assert not any(Findings(**{kind: ["it"]}).is_clean for kind in ("lost", "repeated", "wrong"))
