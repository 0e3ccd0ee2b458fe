"""Most of a quota is told of, once, however many invocations and pages an execution has."""

import contextlib
from functools import partial

import orjson
import pytest

from perdure import Poll, Retry, durable, step
from perdure_local.ledger.limits import Limits
from perdure_runtime.quota import Quota
from perdure_runtime.usage import Usage
from support.hosting import hosted
from support.ledger_service import LedgerService


def test_most_of_a_quota_is_warned_of_once():
    warnings = []
    usage = Usage(warnings.append, Quota(operations=10, size=1000))
    usage.found(
        [
            {"Id": "execution", "Type": "EXECUTION", "Status": "STARTED"},
            {"Id": "a", "Type": "STEP", "Status": "SUCCEEDED", "StepDetails": {"Attempt": 3, "Result": "x" * 100}},
            {"Id": "b", "Type": "WAIT", "Status": "STARTED"},
        ]
    )
    for name in "cdef":
        usage.wrote({"Id": name, "Action": "START", "Payload": "x" * 10}, 200)
    assert len(warnings) == 1
    assert warnings[0].startswith("8 of the 10 operations")
    usage.wrote({"Id": "f", "Action": "RETRY", "Payload": "x" * 700}, 900)
    assert len(warnings) == 2
    assert "840 of the 1,000 bytes" in warnings[1]


def step_of(status, attempt, **details):
    return {"Id": "a", "Type": "STEP", "Status": status, "StepDetails": {"Attempt": attempt, **details}}


ERROR = {"ErrorType": "ValueError", "ErrorMessage": "no", "StackTrace": ["line 1", "line 2"]}


@pytest.mark.parametrize(
    ("wire", "operations", "size"),
    [
        (step_of("SUCCEEDED", 1, Result='"é"'), 1, 4),
        (step_of("SUCCEEDED", 3), 3, 0),
        (step_of("FAILED", 3, Error=ERROR), 3, 24),
        (step_of("PENDING", 2, Error=ERROR), 3, 24),
        (step_of("STARTED", 0), 1, 0),
        ({**step_of("PENDING", 4, Result="state"), "SubType": "WaitForCondition"}, 5, 20),
        ({**step_of("STARTED", 0), "SubType": "WaitForCondition"}, 1, 0),
        ({"Id": "a", "Type": "WAIT", "Status": "STARTED"}, 1, 0),
        ({"Id": "a", "Type": "CALLBACK", "Status": "SUCCEEDED", "CallbackDetails": {"Result": "yes"}}, 1, 3),
        (
            {"Id": "a", "Type": "EXECUTION", "Status": "STARTED", "ExecutionDetails": {"InputPayload": "{}"}},
            0,
            2,
        ),
    ],
)
def test_what_is_found_counts_as_it_did_when_it_was_written(wire, operations, size):
    quota = Quota()
    usage = Usage(print, quota)
    usage.found([wire])
    usage.found([wire])
    assert (quota.operations, quota.bytes) == (operations, size)


def grown(state: str) -> str:
    return state + "x"


def long(number: int) -> str:
    return "é" * 100 * number


def fails():
    raise ValueError("no")


@durable
def of_all_kinds(event, ctx):
    for number in range(3):
        ctx.step(long, number)
    with contextlib.suppress(ValueError):
        ctx.step(step(fails, retry=Retry.fixed(attempts=2, delay=5)))
    ctx.wait_for_condition(grown, "", until=lambda state: len(state) == 3, poll=Poll.fixed(delay=5))
    for number in range(4):
        ctx.wait(seconds=60)
        ctx.step(long, number)


def counted(service, envelope, wrote=()):
    """What an invocation counts that begins with this state, and writes this."""
    quota = Quota()
    usage = Usage(print, quota)
    state = orjson.loads(envelope)
    usage.found(state["InitialExecutionState"]["Operations"])
    marker = state["InitialExecutionState"].get("NextMarker")
    while marker:
        page = service.get_state(service.arn, state["CheckpointToken"], marker)
        usage.found(page.operations)
        marker = page.marker
    for update in wrote:
        usage.wrote(update, 0)
    return quota.operations, quota.bytes


def test_each_invocation_counts_what_the_service_counts():
    service = LedgerService('{"a":"b"}', limits=Limits(page_items=2))
    harness = hosted(of_all_kinds, service)
    counts = []
    answer = harness.answer

    def spied(envelope):
        begun = len(service.requests)
        try:
            return answer(envelope)
        finally:
            wrote = [update for request in service.requests[begun:] for update in request.updates]
            counts.append((counted(service, envelope, wrote), service.execution.progress))

    harness.answer = spied
    harness.run()
    assert len(counts) > 5
    # The errors of attempts before the last are not found again, and the service counts JSON, not texts.
    for (operations, size), progress in counts:
        assert operations == progress.spent_operations
        assert progress.written_bytes * 0.75 < size <= progress.written_bytes


@pytest.mark.parametrize(
    ("quota", "words"), [((16, 10**6), "of the 16 operations"), ((1000, 1500), "of the 1,500 bytes")]
)
def test_an_execution_of_many_invocations_is_warned_of_once(quota, words, monkeypatch, capfd):
    monkeypatch.setattr("perdure_runtime.usage.Quota", partial(Quota, *quota))
    harness = hosted(of_all_kinds, LedgerService(limits=Limits(page_items=2)))
    harness.run()
    assert len(harness.outputs) > 5
    lines = [
        line for line in "".join(capfd.readouterr()).splitlines() if "that one execution may have are used" in line
    ]
    assert len(lines) == 1
    assert words in lines[0]
