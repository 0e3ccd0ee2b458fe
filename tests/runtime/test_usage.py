"""Most of a quota is told of, once, however many invocations and pages an execution has."""

import contextlib
from functools import partial

import orjson
import pytest

from perdure import Poll, Retry, durable, step
from perdure_local.ledger.limits import Limits
from perdure_runtime.core.journal import Journal
from perdure_runtime.quota import Quota
from perdure_runtime.usage import Usage
from support.hosting import hosted
from support.ledger_service import LedgerService

EXECUTION = {"Id": "execution", "Type": "EXECUTION", "Status": "STARTED"}


class Counted:
    """A journal, and what is counted of it."""

    def __init__(self, quota=None):
        self.warnings = []
        self.quota = quota or Quota()
        self.journal = Journal()
        self.usage = Usage(self.warnings.append, self.journal, lambda: self.quota)

    def find(self, *operations):
        self.journal.merge(operations, size=len(orjson.dumps(operations)))

    def write(self, *updates):
        """One request with these updates, and its answer, which repeats them."""
        for update in updates:
            if update["Action"] == "RETRY":
                self.journal.outbox.push_retry(b"{}")
        self.usage.sending()
        self.journal.merge(
            [
                {"Id": update["Id"], "Type": "STEP", "Status": "STARTED", "StepDetails": {"Result": update["Payload"]}}
                for update in updates
            ]
        )
        self.usage.sent([orjson.dumps(update) for update in updates])

    @property
    def totals(self):
        return self.quota.operations, self.quota.bytes


def test_most_of_a_quota_is_warned_of_once():
    counted = Counted(Quota(operations=10, size=1000))
    counted.find(
        EXECUTION,
        {"Id": "a", "Type": "STEP", "Status": "SUCCEEDED", "StepDetails": {"Attempt": 3, "Result": "x" * 100}},
        {"Id": "b", "Type": "WAIT", "Status": "STARTED"},
    )
    for name in "cdef":
        counted.write({"Id": name, "Action": "START", "Payload": "x" * 10})
    assert len(counted.warnings) == 1
    assert counted.warnings[0].startswith("8 of the 10 operations")
    counted.write({"Id": "f", "Action": "RETRY", "Payload": "x" * 710})
    assert len(counted.warnings) == 2
    assert "840 of the 1,000 bytes" in counted.warnings[1]
    counted.write({"Id": "g", "Action": "START", "Payload": "x"})
    assert len(counted.warnings) == 2


def test_bytes_are_counted_where_what_was_sent_comes_near_the_line():
    counted = Counted(Quota(size=1000))
    counted.find(EXECUTION)
    for name in "abcdefgh":
        counted.write({"Id": name, "Action": "START", "Payload": "x" * 50})
    assert counted.totals == (8, 0)
    for name in "ijklmnop":
        counted.write({"Id": name, "Action": "START", "Payload": "x" * 50})
    assert counted.totals == (16, 800)
    assert "800 of the 1,000 bytes" in counted.warnings[0]


def test_a_state_that_cannot_come_near_the_line_is_not_counted():
    counted = Counted(Quota(size=1000))
    counted.find(EXECUTION, step_of("SUCCEEDED", 1, Result="x" * 100))
    counted.usage.sending()
    assert counted.totals == (1, 0)
    counted.write({"Id": "b", "Action": "START", "Payload": "x" * 700})
    assert counted.totals == (2, 800)
    assert "800 of the 1,000 bytes" in counted.warnings[0]


def test_states_of_earlier_polls_can_come_near_the_line():
    counted = Counted(Quota(size=1000))
    counted.find(EXECUTION, {**step_of("PENDING", 4, Result="x" * 100), "SubType": "WaitForCondition"})
    counted.usage.sending()
    assert counted.totals == (5, 400)


def test_a_state_of_unknown_size_is_counted():
    counted = Counted()
    counted.journal.merge([EXECUTION, step_of("SUCCEEDED", 1, Result="x" * 100)])
    counted.usage.sending()
    assert counted.totals == (1, 100)


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
    counted = Counted(Quota(size=1))  # so that all bytes are counted
    counted.find(*([wire] if wire["Type"] == "EXECUTION" else [EXECUTION, wire]))
    assert counted.totals == (0, 0)
    counted.usage.sending()
    assert counted.totals == (operations, size)


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


def test_each_invocation_counts_what_the_service_counts(monkeypatch):
    quotas = []

    def kept():
        quotas.append(Quota(size=1))  # so that all bytes are counted
        return quotas[-1]

    monkeypatch.setattr("perdure_runtime.usage.Quota", kept)
    service = LedgerService('{"a":"b"}', limits=Limits(page_items=2))
    harness = hosted(of_all_kinds, service)
    while service.execution.is_running:
        invocations, written = len(quotas), service.execution.progress.written_bytes
        harness.step()
        if len(quotas) > invocations:
            assert quotas[-1].operations == service.execution.progress.spent_operations
            # The errors of attempts before the last are not found again, and the service counts JSON, not texts.
            assert written * 0.75 <= quotas[-1].bytes <= written
    assert len(quotas) > 5


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
