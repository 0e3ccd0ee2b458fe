import itertools

import pytest

from perdure_local.ledger import Action, InvokeEnd, Kind, Resolved, Status
from perdure_local.ledger.transitions import OUTSIDE, TIMERS, TRANSITIONS
from support.desk import Desk, update

STATUSES: dict[tuple[str, str | None], tuple[str, ...]] = {
    ("STEP", None): (),
    ("STEP", "STARTED"): ("STEP START",),
    ("STEP", "PENDING"): ("STEP RETRY",),
    ("STEP", "READY"): ("STEP RETRY", "time"),
    ("STEP", "SUCCEEDED"): ("STEP SUCCEED",),
    ("STEP", "FAILED"): ("STEP FAIL",),
    ("CONTEXT", None): (),
    ("CONTEXT", "STARTED"): ("CONTEXT START",),
    ("CONTEXT", "SUCCEEDED"): ("CONTEXT SUCCEED",),
    ("CONTEXT", "FAILED"): ("CONTEXT FAIL",),
    ("WAIT", None): (),
    ("WAIT", "STARTED"): ("WAIT START",),
    ("WAIT", "SUCCEEDED"): ("WAIT START", "time"),
    ("WAIT", "CANCELLED"): ("WAIT START", "WAIT CANCEL"),
    ("CALLBACK", None): (),
    ("CALLBACK", "STARTED"): ("CALLBACK START",),
    ("CALLBACK", "SUCCEEDED"): ("CALLBACK START", "SUCCEEDED"),
    ("CALLBACK", "FAILED"): ("CALLBACK START", "FAILED"),
    ("CALLBACK", "TIMED_OUT"): ("CALLBACK START", "time"),
    ("CHAINED_INVOKE", None): (),
    ("CHAINED_INVOKE", "STARTED"): ("CHAINED_INVOKE START",),
    ("CHAINED_INVOKE", "SUCCEEDED"): ("CHAINED_INVOKE START", "SUCCEEDED"),
    ("CHAINED_INVOKE", "FAILED"): ("CHAINED_INVOKE START", "FAILED"),
    ("CHAINED_INVOKE", "TIMED_OUT"): ("CHAINED_INVOKE START", "TIMED_OUT"),
    ("CHAINED_INVOKE", "STOPPED"): ("CHAINED_INVOKE START", "STOPPED"),
}
"""How an operation gets into each status it can have."""

CLOSE_STEP = "Invalid current STEP state to close."
CLOSE_CONTEXT = "Invalid current CONTEXT state to close."
EXPECTED = {
    ("STEP", "START"): ({None: "STARTED", "READY": "STARTED"}, "Invalid current STEP state to start."),
    ("STEP", "SUCCEED"): ({None: "SUCCEEDED", "STARTED": "SUCCEEDED", "READY": "SUCCEEDED"}, CLOSE_STEP),
    ("STEP", "FAIL"): ({None: "FAILED", "STARTED": "FAILED", "READY": "FAILED"}, CLOSE_STEP),
    ("STEP", "RETRY"): (
        {None: "PENDING", "STARTED": "PENDING", "READY": "PENDING"},
        "Invalid current STEP state to re-attempt.",
    ),
    ("CONTEXT", "START"): ({None: "STARTED"}, "Cannot start a CONTEXT that already exist."),
    ("CONTEXT", "SUCCEED"): ({None: "SUCCEEDED", "STARTED": "SUCCEEDED"}, CLOSE_CONTEXT),
    ("CONTEXT", "FAIL"): ({None: "FAILED", "STARTED": "FAILED"}, CLOSE_CONTEXT),
    ("WAIT", "START"): ({None: "STARTED"}, "Cannot start a WAIT that already exist."),
    ("WAIT", "CANCEL"): (
        {"STARTED": "CANCELLED"},
        "Cannot cancel a WAIT that does not exist or has already completed.",
    ),
    ("CALLBACK", "START"): ({None: "STARTED"}, "Cannot start a CALLBACK that already exist."),
    ("CHAINED_INVOKE", "START"): ({None: "STARTED"}, "Cannot start a CHAINED_INVOKE operation that already exists."),
}
"""The protocol's table (2.3), written a second time on purpose: result by current status, and the refusal."""

CELLS = [(kind, action, status) for (kind, status), action in itertools.product(STATUSES, Action)]


def prepared(kind: str, status: str | None) -> Desk:
    desk = Desk()
    desk.resolve = lambda _target: Resolved("1")
    desk.begin()
    for move in STATUSES[kind, status]:
        if move == "time":
            desk.pass_time(5)
        elif move in set(Status):
            end_outside(desk, kind, Status(move))
        else:
            desk.push(options(move))
    if status is not None:
        assert desk.operation().status == status
    return desk


def end_outside(desk: Desk, kind: str, status: Status) -> None:
    if kind == "CHAINED_INVOKE":
        desk.execution.finish_invoke("A", InvokeEnd(status), desk.now)
    elif status is Status.SUCCEEDED:
        desk.execution.succeed_callback("A", b"", desk.now)
    else:
        desk.execution.fail_callback("A", None, desk.now)


def options(move: str) -> dict:
    extra = {
        "WAIT START": {"seconds": 5},
        "STEP RETRY": {"delay": 5},
        "CALLBACK START": {"CallbackOptions": {"TimeoutSeconds": 5}},
        "CHAINED_INVOKE START": {"ChainedInvokeOptions": {"FunctionName": "ship"}},
    }
    return update(move, **extra.get(move, {}))


@pytest.mark.parametrize(("kind", "action", "status"), CELLS)
def test_every_cell_of_the_table(kind, action, status):
    desk = prepared(kind, status)
    results, refusal = EXPECTED.get((kind, action.value), ({}, "Invalid action for the given operation type."))
    move = options(f"{kind} {action.value}")
    if status in results:
        desk.push(move)
        assert desk.operation().status == results[status]
    else:
        assert desk.refused(move) == refusal


def test_every_row_is_expected():
    served = {(kind.value, action.value) for kind, action in TRANSITIONS if kind is not Kind.EXECUTION}
    assert served == set(EXPECTED)


def test_every_status_an_operation_can_have_was_tried():
    reached = {(row.result, kind) for (kind, _), row in TRANSITIONS.items()}
    reached |= {(timer.result, kind) for kind, timer in TIMERS.items()}
    reached |= {(status, kind) for kind, statuses in OUTSIDE.items() for status in statuses}
    tried = {(status, kind) for kind, status in STATUSES if status is not None}
    assert tried == {(status.value, kind.value) for status, kind in reached if kind is not Kind.EXECUTION}


@pytest.mark.parametrize("action", ["START", "RETRY", "CANCEL"])
def test_an_execution_is_only_closed(action):
    desk = Desk()
    desk.begin()
    assert desk.refused(update(f"EXECUTION {action}")) == "Invalid action for the given operation type."


@pytest.mark.parametrize(
    ("move", "members", "refusal"),
    [
        ("STEP SUCCEED", {"Error": {}}, "Cannot provide an Error for SUCCEED action."),
        ("STEP FAIL", {"Payload": "1"}, "Cannot provide a Payload for FAIL action."),
        ("STEP RETRY", {}, "Invalid StepOptions for the given action."),
        (
            "STEP RETRY",
            {"delay": 1, "Payload": "1", "Error": {}},
            "Cannot provide both error and payload to RETRY a STEP.",
        ),
        ("CONTEXT SUCCEED", {"Error": {}}, "Cannot provide an Error for SUCCEED action."),
        ("CONTEXT FAIL", {"Payload": "1"}, "Cannot provide a Payload for FAIL action."),
        ("EXECUTION SUCCEED", {"Error": {}}, "Cannot provide an Error for SUCCEED action."),
        ("WAIT START", {}, "Invalid WaitOptions for the given action."),
        ("CHAINED_INVOKE START", {}, "Update for CHAINED_INVOKE operation requires ChainedInvokeOptions."),
    ],
)
def test_members_that_an_action_does_not_take(move, members, refusal):
    desk = Desk()
    desk.begin()
    assert desk.refused(update(move, **members)) == refusal


def test_attempts_count_when_they_end():
    desk = Desk()
    desk.begin()
    desk.push(update("STEP START"))
    assert desk.operation().attempt == 0
    desk.push(update("STEP RETRY", delay=5, Error={"ErrorMessage": "no"}))
    assert (desk.operation().attempt, desk.operation().due_at) == (1, desk.now + 5)
    desk.pass_time(5)
    assert (desk.operation().status, desk.operation().attempt, desk.operation().due_at) == (Status.READY, 1, None)
    desk.push(update("STEP START"), update("STEP SUCCEED", Payload="1"))
    assert (desk.operation().attempt, desk.operation().payload, desk.operation().error) == (2, "1", None)


def test_a_start_keeps_the_state_that_a_condition_has_polled():
    desk = Desk()
    desk.begin()
    desk.push(update("STEP START"), update("STEP RETRY", delay=1, Payload="state"))
    desk.pass_time(1)
    assert desk.operation().payload == "state"
    desk.push(update("STEP START"))
    assert desk.operation().payload == "state"


def test_a_terminal_status_is_stamped():
    desk = Desk()
    desk.begin()
    desk.push(update("STEP START"))
    assert desk.operation().ended_at is None
    desk.now += 3
    desk.push(update("STEP SUCCEED"))
    assert desk.operation().ended_at == desk.now
