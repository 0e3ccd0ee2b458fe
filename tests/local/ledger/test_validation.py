import pytest

from perdure_local.ledger import Limits
from support.desk import Desk, callback, chained, update


@pytest.fixture
def desk():
    opened = Desk()
    opened.begin()
    return opened


def test_at_most_one_execution_update(desk):
    batch = (update("EXECUTION SUCCEED", "x"), update("EXECUTION SUCCEED", "y"))
    assert desk.refused(*batch) == "Cannot checkpoint multiple EXECUTION updates."


def test_an_execution_update_comes_last(desk):
    batch = (update("EXECUTION SUCCEED", "x"), update("STEP START"))
    assert desk.refused(*batch) == "EXECUTION checkpoint must be the last update."


@pytest.mark.parametrize(
    "moves",
    [
        ("STEP START", "STEP START"),
        ("STEP SUCCEED", "STEP START"),
        ("STEP START", "CONTEXT SUCCEED"),
        ("WAIT START", "WAIT CANCEL"),
        ("STEP START", "STEP SUCCEED", "STEP FAIL"),
        ("CALLBACK START", "CALLBACK START"),
        ("CONTEXT START", "CONTEXT SUCCEED", "CONTEXT FAIL"),
    ],
)
def test_an_id_appears_once(desk, moves):
    batch = [update(move, **({"seconds": 1} if move == "WAIT START" else {})) for move in moves]
    assert desk.refused(*batch) == "Cannot checkpoint multiple operations with the same ID."


@pytest.mark.parametrize(
    ("start", "close"),
    [("STEP START", "STEP SUCCEED"), ("STEP START", "STEP RETRY"), ("CONTEXT START", "CONTEXT FAIL")],
)
def test_a_start_may_travel_with_its_close(desk, start, close):
    desk.push(update(start), update(close, **({"delay": 1} if "RETRY" in close else {})))
    assert desk.operation().status != "STARTED"


def test_a_parent_is_a_context_that_exists_or_comes_first(desk):
    orphan = update("STEP START", "B", ParentId="A")
    assert desk.refused(orphan) == "Invalid parent operation id."
    assert desk.refused(orphan, update("CONTEXT START")) == "Invalid parent operation id."
    assert desk.refused(update("STEP START"), orphan) == "Invalid parent operation id."
    desk.push(update("CONTEXT START"), orphan)
    desk.push(update("STEP START", "C", ParentId="A"))
    assert desk.operation("C").parent_id == "A"


def test_what_an_operation_is_called_never_changes(desk):
    desk.push(update("CONTEXT START", "P"))
    desk.push(update("STEP START", Name="charge", SubType="Step", ParentId="P"))
    assert desk.refused(update("CONTEXT SUCCEED")) == "Inconsistent operation type."
    assert desk.refused(update("STEP SUCCEED", SubType="Other")) == "Inconsistent operation subtype."
    assert desk.refused(update("STEP SUCCEED", Name="other")) == "Inconsistent operation name."
    desk.push(update("CONTEXT START", "Q"))
    assert desk.refused(update("STEP SUCCEED", ParentId="Q")) == "Inconsistent parent operation id."
    desk.push(update("STEP SUCCEED"))
    assert (desk.operation().name, desk.operation().sub_type, desk.operation().parent_id) == ("charge", "Step", "P")


def test_a_name_cannot_be_given_later(desk):
    desk.push(update("STEP START"))
    assert desk.refused(update("STEP SUCCEED", Name="late")) == "Inconsistent operation name."


def test_identity_holds_within_a_batch(desk):
    batch = (update("STEP START", Name="one"), update("STEP SUCCEED", Name="two"))
    assert desk.refused(*batch) == "Inconsistent operation name."


def test_an_error_object_has_a_size(desk):
    message = "x" * (32_768 - len('{"ErrorMessage": ""}'))
    refused = desk.refused(update("STEP FAIL", Error={"ErrorMessage": message + "x"}))
    assert refused == "Error object size must be less than 32768 bytes."
    desk.push(update("STEP FAIL", Error={"ErrorMessage": message}))


@pytest.mark.parametrize("move", ["STEP SUCCEED", "CONTEXT SUCCEED"])
def test_a_payload_has_a_size_in_bytes(move):
    desk = Desk(Limits(payload_bytes=8))
    desk.begin()
    kind = move.split()[0]
    assert desk.refused(update(move, Payload="ä" * 5)) == f"{kind} payload size must be less than or equal to 8 bytes."
    desk.push(update(move, Payload="ä" * 4))


@pytest.mark.parametrize(("synchronous", "most"), [(True, 16), (False, 8)])
def test_a_result_nobody_waits_for_has_less_room(synchronous, most):
    desk = Desk(Limits(payload_bytes=8, execution_payload_bytes=16), synchronous=synchronous)
    desk.begin()
    refused = desk.refused(update("EXECUTION SUCCEED", Payload="x" * (most + 1)))
    assert refused == f"Execution output payload size must be less than or equal to {most} bytes."
    desk.push(update("EXECUTION SUCCEED", Payload="x" * most))


def test_a_batch_is_recorded_whole_or_not_at_all(desk):
    token = desk.token
    desk.refused(update("STEP START"), update("WAIT START", "B", seconds=1), update("STEP START", "C", ParentId="D"))
    assert [operation.id for operation in desk.execution.operations] == ["0b1c"]
    assert desk.token == token
    desk.push(update("STEP START"))


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("text", "Updates[0] must be an object."),
        ({"Type": "STEP", "Action": "START"}, "Updates[0].Id is required."),
        (
            {"Id": "a b", "Type": "STEP", "Action": "START"},
            "Updates[0].Id must be 1 to 64 characters of [a-zA-Z0-9-_].",
        ),
        (
            {"Id": "a" * 65, "Type": "STEP", "Action": "START"},
            "Updates[0].Id must be 1 to 64 characters of [a-zA-Z0-9-_].",
        ),
        (update("STEP START", Name=""), "Updates[0].Name must be 1 to 256 printable ASCII characters."),
        (update("STEP START", Name="ä"), "Updates[0].Name must be 1 to 256 printable ASCII characters."),
        (update("STEP START", SubType="a b"), "Updates[0].SubType must be 1 to 32 characters of [a-zA-Z0-9-_]."),
        (update("STEP SUCCEED", Payload=1), "Updates[0].Payload must be a string."),
        (update("STEP FAIL", Error="no"), "Updates[0].Error must be an object."),
        (update("STEP FAIL", Error={"ErrorType": 1}), "Updates[0].Error.ErrorType must be a string."),
        (update("STEP FAIL", Error={"StackTrace": "x"}), "Updates[0].Error.StackTrace must be a list of strings."),
        (update("STEP RETRY", StepOptions=1), "Updates[0].StepOptions must be an object."),
        (
            update("STEP RETRY", delay=0),
            "Updates[0].StepOptions.NextAttemptDelaySeconds must be a whole number of seconds from 1 to 31622400.",
        ),
        (
            update("WAIT START", seconds=31_622_401),
            "Updates[0].WaitOptions.WaitSeconds must be a whole number of seconds from 1 to 31622400.",
        ),
        (
            callback(TimeoutSeconds=100_000_000),
            "Updates[0].CallbackOptions.TimeoutSeconds must be a whole number of seconds from 0 to 99999999.",
        ),
        (
            callback(HeartbeatTimeoutSeconds=-1),
            "Updates[0].CallbackOptions.HeartbeatTimeoutSeconds must be a whole number of seconds from 0 to 99999999.",
        ),
        (update("CALLBACK START", CallbackOptions=[]), "Updates[0].CallbackOptions must be an object."),
        (
            update("CHAINED_INVOKE START", ChainedInvokeOptions={}),
            "Updates[0].ChainedInvokeOptions.FunctionName is required.",
        ),
        (chained("f", TenantId=1), "Updates[0].ChainedInvokeOptions.TenantId must be a string."),
        (
            chained("f", XAmznTraceId="x" * 8193),
            "Updates[0].ChainedInvokeOptions.XAmznTraceId must be at most 8192 characters.",
        ),
        (
            {"Id": "A", "Type": "STEP", "Action": "GO"},
            "Updates[0].Action must be one of START, SUCCEED, FAIL, RETRY, CANCEL.",
        ),
        (
            {"Id": "A", "Action": "START"},
            "Updates[0].Type must be one of EXECUTION, CONTEXT, STEP, WAIT, CALLBACK, CHAINED_INVOKE.",
        ),
    ],
)
def test_members_are_held_to_the_model(desk, member, message):
    assert desk.refused(member) == message
