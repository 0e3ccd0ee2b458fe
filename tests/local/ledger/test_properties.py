"""Random lives of an execution, legal and not: what must hold after every move."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from perdure_local.ledger import Execution, Fault, Limits, Record, Status
from perdure_local.ledger.pages import visible
from perdure_local.store import Store
from support.desk import CRASH, Desk, update
from support.ledger_service import rebuilt

IDS = st.sampled_from(["A", "B", "C", "D"])
UPDATES = st.builds(
    lambda move, name, parent, extra: update(move, name, **({"ParentId": parent} if parent else {}), **extra),
    st.sampled_from(
        """STEP START,STEP SUCCEED,STEP FAIL,STEP RETRY,CONTEXT START,CONTEXT SUCCEED,CONTEXT FAIL,
        WAIT START,WAIT CANCEL,EXECUTION SUCCEED,STEP CANCEL""".replace("\n", "").split(",")
    ),
    IDS,
    st.sampled_from([None, None, None, "A", "B"]),
    st.sampled_from(
        [{"delay": 3, "seconds": 5}, {"delay": 1, "seconds": 2}, {"delay": 2, "seconds": 4, "Payload": "1"}]
    ),
)
LIMITS = Limits(operations=12, invocation_failures=3)


class Life(RuleBasedStateMachine):
    """One execution under random calls."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(LIMITS, timeout=100)
        self.store = Store()
        self.changes = []
        self.terminal: dict[str, object] = {}
        self.events: list[object] = []
        self.ended: Record | None = None
        self.watched: dict[str, int] = {}
        self.note()

    def teardown(self) -> None:
        self.store.close()

    def note(self) -> None:
        change = self.desk.execution.drain()
        if change is not None:
            self.changes.append(change)
            self.store.write([change])

    @precondition(lambda self: self.desk.execution.is_ready(self.desk.now))
    @rule()
    def begin(self) -> None:
        event = self.desk.begin()
        shown = event["InitialExecutionState"]["Operations"]
        assert [one["Id"] for one in shown] == [one.id for one in visible(self.desk.execution.operations)]
        self.watched = {one.id: one.touched for one in self.desk.execution.operations}
        self.note()

    @rule(batch=st.lists(UPDATES, max_size=4), client_token=st.sampled_from([None, "c"]))
    def checkpoint(self, batch, client_token) -> None:
        desk, before = self.desk, self.desk.execution.record()
        try:
            answer = desk.execution.checkpoint(desk.token, batch, client_token, desk.now)
        except Fault:
            assert desk.execution.record() == before
            return
        if answer.token is not None:
            desk.token = answer.token
            assert desk.execution.token == answer.token
        positions = [one.position for one in answer.operations]
        assert positions == sorted(positions)
        self.watched |= {one.id: one.touched for one in answer.operations}
        if answer.token is not None:
            assert self.watched == {one.id: one.touched for one in desk.execution.operations}
        self.note()

    @precondition(lambda self: self.desk.execution.in_flight)
    @rule(ending=st.sampled_from([CRASH, {"Status": "PENDING"}, {"Status": "PENDING"}, {"Status": "FAILED"}, b"?"]))
    def finish(self, ending) -> None:
        self.desk.finish(ending)
        self.note()

    @rule(seconds=st.sampled_from([0.5, 1, 3, 7]))
    def pass_time(self, seconds) -> None:
        self.desk.pass_time(seconds)
        self.note()

    @rule()
    def restart(self) -> None:
        before = self.desk.execution.record()
        self.desk.execution = Execution.restore(self.store.read()[0], LIMITS)
        assert _plain(self.desk.execution.record()) == _plain(before)
        assert _plain(rebuilt(self.changes)) == _plain(before)

    @invariant()
    def terminal_operations_never_change(self) -> None:
        for operation in self.desk.execution.operations:
            if operation.status.is_terminal:
                assert self.terminal.setdefault(operation.id, operation) == operation
                assert operation.ended_at is not None

    @invariant()
    def history_only_grows(self) -> None:
        events = list(self.desk.execution.events)
        assert events[: len(self.events)] == self.events
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        self.events = events

    @invariant()
    def an_execution_that_has_ended_stays_as_it_is(self) -> None:
        record = self.desk.execution.record()
        if not self.desk.execution.is_running:
            self.ended = self.ended or record
            assert _plain(record) == _plain(self.ended)
            assert self.desk.execution.next_due() is None
            assert self.desk.execution.events[-1].type.startswith("Execution")

    @invariant()
    def a_running_execution_always_has_a_future(self) -> None:
        execution = self.desk.execution
        assert not execution.is_running or execution.in_flight or execution.next_due() is not None

    @invariant()
    def parents_come_before_their_children(self) -> None:
        seen = set()
        for operation in self.desk.execution.operations:
            assert operation.parent_id is None or operation.parent_id in seen
            assert operation.status is not Status.TIMED_OUT or operation.position == 0
            seen.add(operation.id)


def _plain(record: Record) -> Record:
    return Record(record.spec, record.progress, tuple(record.operations), tuple(record.events))


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = pytest.mark.slow(Life.TestCase)
