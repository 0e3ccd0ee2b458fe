"""Random lives of an execution, legal and not: what must hold after every move."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perdure_local.ledger import (
    Execution,
    Fault,
    InvokeEnd,
    Kind,
    Limits,
    Operation,
    Record,
    Resolved,
    Status,
    Target,
)
from perdure_local.ledger.faults import missing
from perdure_local.ledger.operation import seconds
from perdure_local.ledger.pages import visible
from perdure_local.store import Store
from support.desk import CRASH, Desk, callback, chained, update
from support.ledger_service import rebuilt
from support.model import misfits

IDS = st.sampled_from(list("ABCDEF"))
UPDATES = st.builds(
    lambda move, name, parent, extra: update(move, name, **({"ParentId": parent} if parent else {}), **extra),
    st.sampled_from(
        """STEP START,STEP SUCCEED,STEP FAIL,STEP RETRY,CONTEXT START,CONTEXT SUCCEED,CONTEXT FAIL,
        WAIT START,WAIT CANCEL,EXECUTION SUCCEED,STEP CANCEL,CALLBACK START,CALLBACK START,
        CHAINED_INVOKE START,CHAINED_INVOKE START""".replace("\n", "")
        .replace(" " * 8, "")
        .split(",")
    ),
    IDS,
    st.sampled_from([None, None, None, "A", "B"]),
    st.sampled_from(
        [
            {"delay": 3, "seconds": 5},
            {"delay": 1, "seconds": 2, "CallbackOptions": {"TimeoutSeconds": 4, "HeartbeatTimeoutSeconds": 2}},
            {"delay": 2, "seconds": 4, "Payload": "1", "CallbackOptions": {"HeartbeatTimeoutSeconds": 3}},
            {"replay_children": True, "ChainedInvokeOptions": {"FunctionName": "ship"}},
            {"ChainedInvokeOptions": {"FunctionName": "plain"}, "Payload": "1"},
            {"ChainedInvokeOptions": {"FunctionName": "nobody", "TenantId": "t"}},
        ]
    ),
)
# Most random batches are refused, so that lives of those alone would be poor in operations.
STARTS = st.sampled_from(
    [
        *(callback(**options) for options in ({}, {"TimeoutSeconds": 6}, {"HeartbeatTimeoutSeconds": 3})),
        callback(TimeoutSeconds=6, HeartbeatTimeoutSeconds=3),
        *(chained(function) for function in ("ship", "ship", "plain", "nobody")),
        update("WAIT START", seconds=4),
        update("STEP RETRY", delay=2, Payload="1"),
        update("CONTEXT START"),
    ]
)
ENDS = st.sampled_from(
    [
        InvokeEnd(Status.SUCCEEDED, result="1"),
        InvokeEnd(Status.FAILED, error={"ErrorMessage": "no"}),
        InvokeEnd(Status.TIMED_OUT, error={}),
        InvokeEnd(Status.STOPPED),
    ]
)
LIMITS = Limits(operations=12, invocation_failures=3)
FOREIGN = {Kind.CALLBACK: "Callback", Kind.CHAINED_INVOKE: "ChainedInvoke"}


def resolve(target: Target) -> Resolved:
    if target.name == "nobody":
        raise missing("there is nobody")
    child = "arn:aws:lambda:us-east-1:123456789012:function:ship:1/durable-execution/c/c"
    return Resolved("1", child if target.name == "ship" else None)


class Life(RuleBasedStateMachine):
    """One execution under random calls."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(LIMITS, timeout=100)
        self.desk.resolve = resolve
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
            for operation in change.operations:
                assert misfits("Operation", operation.wire(seconds)) == []
            for event in change.events:
                assert misfits("Event", event.wire(include_data=True)) == []

    @initialize()
    def first_invocation(self) -> None:
        self.invoke()

    @precondition(lambda self: self.desk.execution.is_ready(self.desk.now))
    @rule()
    def begin(self) -> None:
        self.invoke()

    def invoke(self) -> None:
        changed = [one.id for one in self.operations() if one.touched > self.watched.get(one.id, 1)]
        event = self.desk.begin()
        visible_ids = {one.id for one in visible(self.desk.execution.operations)}
        assert event["UpdatedOperationIds"] == [key for key in changed if key in visible_ids]
        shown = event["InitialExecutionState"]["Operations"]
        assert [one["Id"] for one in shown] == [one.id for one in visible(self.desk.execution.operations)]
        self.watched = {one.id: one.touched for one in self.desk.execution.operations}
        self.note()

    @rule(batch=st.lists(UPDATES, max_size=4), client_token=st.sampled_from([None, "c"]))
    def checkpoint(self, batch, client_token) -> None:
        self.push(batch, client_token)

    def push(self, batch, client_token) -> None:
        desk, before = self.desk, self.desk.execution.record()
        try:
            answer = desk.execution.checkpoint(desk.token, batch, client_token, desk.now, resolve=desk.resolve)
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
    @rule(starts=st.lists(st.tuples(IDS, STARTS), min_size=1, max_size=3, unique_by=lambda start: start[0]))
    def begin_operations(self, starts) -> None:
        known = {one.id for one in self.operations()}
        fresh = [{**move, "Id": name} for name, move in starts if name not in known]
        self.push(fresh, None)

    @precondition(lambda self: self.desk.execution.in_flight)
    @rule(ending=st.sampled_from([CRASH, *[{"Status": "PENDING"}] * 6, {"Status": "FAILED"}, b"?"]))
    def finish(self, ending) -> None:
        self.desk.finish(ending)
        self.note()

    @rule(name=IDS, call=st.sampled_from(["succeed", "fail", "heartbeat"]))
    def say_to_a_callback(self, name, call) -> None:
        execution, now = self.desk.execution, self.desk.now
        execution.fire(now)
        found = next((one for one in self.operations() if one.id == name and one.callback is not None), None)
        status = found.status if found is not None and execution.is_running else None
        said = {
            "succeed": lambda: execution.succeed_callback(name, b"yes", now),
            "fail": lambda: execution.fail_callback(name, {"ErrorMessage": "no"}, now),
            "heartbeat": lambda: execution.heartbeat_callback(name, now),
        }
        if status is Status.STARTED:
            said[call]()
            assert self.desk.operation(name).status.is_terminal is (call != "heartbeat")
        else:
            with pytest.raises(Fault) as refusal:
                said[call]()
            assert refusal.value.status == (400 if status is Status.TIMED_OUT else 404)
        self.note()

    @rule(name=IDS, end=ENDS)
    def end_an_invoke(self, name, end) -> None:
        execution = self.desk.execution
        was_open = name in {one.id for one in execution.open_invokes()}
        try:
            execution.finish_invoke(name, end, self.desk.now)
        except LookupError:
            assert not was_open
        else:
            assert not was_open or self.desk.operation(name).status is end.status or not execution.is_running
        self.note()

    def operations(self) -> list[Operation]:
        return list(self.desk.execution.operations)

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
        if execution.is_running and not execution.in_flight:
            assert execution.next_due() is not None or execution.awaits_outside

    @invariant()
    def whoever_is_awaited_is_known(self) -> None:
        execution = self.desk.execution
        expected = [one.id for one in self.operations() if one.awaits_outside and execution.is_running]
        assert execution.awaits_outside is bool(expected)
        assert [one.id for one in execution.open_invokes()] == [
            key for key in expected if self.desk.operation(key).invoke is not None
        ]

    @invariant()
    def an_end_from_outside_is_in_the_history_once(self) -> None:
        types = Counter((event.operation_id, event.type) for event in self.desk.execution.events)
        for operation in self.operations():
            kind = FOREIGN.get(operation.kind)
            if kind is not None:
                ended = {type_: count for (key, type_), count in types.items() if key == operation.id}
                expected = {f"{kind}Started": 1}
                if operation.status.is_terminal:
                    expected[f"{kind}{operation.status.value.title().replace('_', '')}"] = 1
                assert ended == expected

    @invariant()
    def parents_come_before_their_children(self) -> None:
        seen = set()
        for operation in self.desk.execution.operations:
            assert operation.parent_id is None or operation.parent_id in seen
            seen.add(operation.id)


def _plain(record: Record) -> Record:
    return Record(record.spec, record.progress, tuple(record.operations), tuple(record.events))


Life.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestLife = pytest.mark.slow(Life.TestCase)
