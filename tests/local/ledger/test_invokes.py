import orjson
import pytest

from perdure_local.ledger import (
    ErrorObject,
    Execution,
    Failed,
    Fault,
    InvokeEnd,
    Limits,
    Resolved,
    Returned,
    Spec,
    Status,
    Target,
    end_of_call,
    end_of_execution,
    invokes_of,
)
from support.desk import CRASH, FUNCTION, START, Desk, chained, update

CHILD = "arn:aws:lambda:us-east-1:123456789012:function:ship:1/durable-execution/c/c"
DURABLE = Resolved("1", CHILD)
PLAIN = Resolved("$LATEST")
ERROR = {"ErrorType": "Broken", "ErrorMessage": "no"}
SUCCEEDED = InvokeEnd(Status.SUCCEEDED, result="1")


def push(desk: Desk, *updates: dict, found: Resolved | Fault = DURABLE) -> dict[str, dict]:
    """Checkpoint with a resolver that finds this, whatever it is asked for."""

    def resolve(target: Target) -> Resolved:
        if isinstance(found, Fault):
            raise found
        return found

    answer = desk.execution.checkpoint(desk.token, updates, None, desk.now, resolve=resolve)
    desk.token = answer.token or ""
    return {shown["Id"]: shown for shown in answer.wire()["NewExecutionState"]["Operations"]}


def invoking(found: Resolved = DURABLE, payload: str | None = None, **options: str) -> Desk:
    """A desk that waits for its invoke A."""
    desk = Desk()
    desk.begin()
    push(desk, chained("ship:1", payload=payload, **options), found=found)
    desk.suspend()
    return desk


def finish(desk: Desk, end: InvokeEnd) -> None:
    desk.execution.finish_invoke("A", end, desk.now)


def test_an_invoke_keeps_all_that_its_target_is_to_be_started_with():
    desk = invoking(payload='{"a":1}', TenantId="t", XAmznTraceId="Root=1")
    terms = desk.operation().invoke
    assert (terms.function, terms.name, terms.qualifier) == ("ship:1", "ship", "1")
    assert (terms.tenant_id, terms.trace_id, terms.input) == ("t", "Root=1", '{"a":1}')
    assert (terms.version, terms.execution_arn) == ("1", CHILD)


def test_an_invoke_that_sends_nothing_sends_an_empty_object():
    desk = invoking(PLAIN)
    assert (desk.operation().invoke.input, desk.operation().invoke.execution_arn) == ("{}", None)


def test_what_is_to_be_started_is_in_the_change_that_began_it():
    desk = invoking()
    change = desk.execution.drain()
    assert [operation.id for operation in invokes_of(change)] == ["A"]
    desk.pass_time(1)
    desk.execution.stop(None, desk.now)
    assert list(invokes_of(desk.execution.drain())) == []


def test_what_is_still_to_be_started_is_known_after_a_restart():
    desk = invoking()
    assert Execution.restore(desk.execution.record()).open_invokes() == [desk.operation()]
    finish(desk, SUCCEEDED)
    assert desk.execution.open_invokes() == []


def test_a_target_is_resolved_once_and_only_for_a_batch_that_stands():
    asked = []
    desk = Desk()
    desk.begin()

    def resolve(target: Target) -> Resolved:
        asked.append(target.name)
        return PLAIN

    batch = [chained("one"), chained("two", "B"), update("WAIT START", "W")]
    with pytest.raises(Fault):
        desk.execution.checkpoint(desk.token, batch, "c", desk.now, resolve=resolve)
    assert asked == []
    token = desk.token
    first = desk.execution.checkpoint(token, batch[:2], "c", desk.now, resolve=resolve)
    assert desk.execution.checkpoint(token, batch[:2], "c", desk.now, resolve=resolve) == first
    assert asked == ["one", "two"]


def test_a_resolver_that_breaks_leaves_everything_as_it_was():
    desk = Desk()
    desk.begin()
    before = desk.execution.record()
    with pytest.raises(ZeroDivisionError):
        desk.execution.checkpoint(desk.token, [chained("ship")], None, desk.now, resolve=lambda _: 1 / 0)
    assert desk.execution.record() == before


def test_an_invoke_of_nothing_has_failed_by_the_time_the_answer_goes_out():
    desk = Desk()
    desk.begin()
    shown = push(desk, chained("nobody", payload="1"), found=Fault("ResourceNotFoundException", "not here"))["A"]
    assert shown["Status"] == "FAILED"
    expected = {"ErrorType": "ResourceNotFoundException", "ErrorMessage": "not here"}
    assert shown["ChainedInvokeDetails"] == {"Error": expected}
    assert shown["EndTimestamp"] == START
    assert desk.events[-2:] == ["ChainedInvokeStarted", "ChainedInvokeFailed"]
    assert not desk.execution.awaits_outside
    assert list(invokes_of(desk.execution.drain())) == []
    desk.suspend()
    assert desk.execution.progress.idle_pendings == 1


def test_a_service_without_functions_finds_none():
    desk = Desk()
    desk.begin()
    error = desk.push(chained("ship"))["A"]["ChainedInvokeDetails"]["Error"]
    assert error == {"ErrorType": "ResourceNotFoundException", "ErrorMessage": "Function not found: ship"}


@pytest.mark.parametrize(
    ("end", "details"),
    [
        (SUCCEEDED, {"Result": "1"}),
        (InvokeEnd(Status.SUCCEEDED), {}),
        (InvokeEnd(Status.FAILED, error=ERROR), {"Error": ERROR}),
        (InvokeEnd(Status.TIMED_OUT, error=ERROR), {"Error": ERROR}),
        (InvokeEnd(Status.STOPPED, error={}), {"Error": {}}),
    ],
)
def test_the_end_of_the_target_is_the_end_of_the_invoke(end, details):
    desk = invoking()
    desk.now += 3
    finish(desk, end)
    event = desk.begin()
    shown = event["InitialExecutionState"]["Operations"][1]
    assert (shown["Status"], shown["ChainedInvokeDetails"]) == (end.status.value, details)
    assert shown["EndTimestamp"] == round((START + 3) * 1000)
    assert event["UpdatedOperationIds"] == ["A"]
    assert desk.operation().invoke.input is None


@pytest.mark.parametrize("end", [Status.STARTED, Status.CANCELLED, Status.READY])
def test_an_invoke_ends_in_no_other_way(end):
    desk = invoking()
    with pytest.raises(ValueError, match="cannot become"):
        finish(desk, InvokeEnd(end))


def test_an_end_that_is_reported_twice_changes_nothing():
    desk = invoking()
    finish(desk, SUCCEEDED)
    before = desk.execution.record()
    finish(desk, InvokeEnd(Status.FAILED, error=ERROR))
    assert desk.execution.record() == before


def test_an_end_that_comes_too_late_for_the_execution_changes_nothing():
    desk = invoking()
    desk.execution.stop(None, desk.now)
    before = desk.execution.record()
    assert desk.execution.open_invokes() == []
    finish(desk, SUCCEEDED)
    assert desk.execution.record() == before
    assert desk.operation().status is Status.STARTED


@pytest.mark.parametrize("name", ["B", "0b1c"])
def test_only_an_invoke_has_a_target(name):
    desk = invoking()
    with pytest.raises(LookupError, match="no CHAINED_INVOKE operation"):
        desk.execution.finish_invoke(name, SUCCEEDED, desk.now)


def test_an_end_during_an_invocation_is_in_the_next_answer_or_brings_the_handler_back():
    desk = Desk()
    desk.begin()
    push(desk, chained("ship"), chained("ship", "B"))
    finish(desk, SUCCEEDED)
    assert push(desk)["A"]["ChainedInvokeDetails"] == {"Result": "1"}
    desk.execution.finish_invoke("B", SUCCEEDED, desk.now)
    desk.suspend()
    assert desk.execution.is_ready(desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["B"]


def test_a_pause_after_a_failure_is_kept():
    desk = Desk()
    desk.begin()
    push(desk, chained("ship"))
    desk.finish(CRASH)
    finish(desk, SUCCEEDED)
    assert desk.execution.next_due() == START + 5


def child(timeout: int | None = None, limits: Limits | None = None) -> Execution:
    """The execution that an invoke has started, in its first invocation."""
    started = Execution.start(
        Spec(
            arn=CHILD,
            function="ship",
            function_arn=f"{FUNCTION}:1",
            version="1",
            name="c",
            payload="{}",
            started_at=START,
            timeout=timeout,
            synchronous=False,
            parent_arn="arn",
            parent_operation="A",
        ),
        limits or Limits(),
    )
    started.begin_invocation("i1", START)
    return started


def answer(execution: Execution, **output: object) -> None:
    execution.finish_invocation("i1", Returned(orjson.dumps(output)), START)


def test_an_invoke_ends_like_the_execution_it_started():
    good, bad, late, stopped, silent = child(), child(), child(timeout=60), child(), child()
    answer(good, Status="SUCCEEDED", Result='"ok"')
    assert end_of_execution(good) == InvokeEnd(Status.SUCCEEDED, result='"ok"')
    answer(bad, Status="FAILED", Error=ERROR)
    assert end_of_execution(bad) == InvokeEnd(Status.FAILED, error=ERROR)
    late.fire(START + 60)
    expected = {"ErrorType": "ChainedInvoke.Timeout", "ErrorMessage": "CHAINED_INVOKE timed out after 60 seconds."}
    assert end_of_execution(late) == InvokeEnd(Status.TIMED_OUT, error=expected)
    stopped.stop(ERROR, START)
    assert end_of_execution(stopped) == InvokeEnd(Status.STOPPED, error=ERROR)
    answer(silent, Status="FAILED")
    assert end_of_execution(silent) == InvokeEnd(Status.FAILED, error={})


def test_an_execution_that_runs_has_no_end():
    with pytest.raises(ValueError, match="is not over"):
        end_of_execution(child())


def test_a_result_that_is_too_large_for_the_parent_fails_the_child():
    limits = Limits(payload_bytes=8)
    large, fitting = child(limits=limits), child(limits=limits)
    answer(large, Status="SUCCEEDED", Result="x" * 9)
    text = "Execution output payload size must be less than or equal to 8 bytes."
    expected = {"ErrorType": "InvalidParameterValueException", "ErrorMessage": text}
    assert end_of_execution(large) == InvokeEnd(Status.FAILED, error=expected)
    answer(fitting, Status="SUCCEEDED", Result="x" * 8)
    assert end_of_execution(fitting).status is Status.SUCCEEDED


def test_a_closing_checkpoint_of_a_child_is_held_to_the_same_limit():
    started = child(limits=Limits(payload_bytes=8))
    with pytest.raises(Fault) as refusal:
        started.checkpoint(started.token, [update("EXECUTION SUCCEED", Payload="x" * 9)], None, START)
    assert refusal.value.message == "Execution output payload size must be less than or equal to 8 bytes."


def test_a_result_that_nobody_in_a_workflow_waits_for_may_be_large():
    desk = Desk(Limits(payload_bytes=8))
    desk.begin()
    desk.finish({"Status": "SUCCEEDED", "Result": "x" * 9})
    assert desk.execution.progress.status == "SUCCEEDED"


SIZE = "CHAINED_INVOKE output payload size must be less than or equal to 8 bytes."


@pytest.mark.parametrize(
    ("ending", "end"),
    [
        (Returned(b"null"), InvokeEnd(Status.SUCCEEDED, result="null")),
        (Returned(b"no JSON"), InvokeEnd(Status.SUCCEEDED, result="no JSON")),
        (Returned(b""), InvokeEnd(Status.SUCCEEDED)),
        (Failed(ErrorObject(ErrorType="E")), InvokeEnd(Status.FAILED, error={"ErrorType": "E"})),
        (
            Failed(ErrorObject(ErrorType="Sandbox.Timedout")),
            InvokeEnd(Status.FAILED, error={"ErrorType": "Sandbox.Timedout"}),
        ),
        (
            Returned(b"x" * 9),
            InvokeEnd(Status.FAILED, error={"ErrorType": "InvalidParameterValueException", "ErrorMessage": SIZE}),
        ),
        (
            Returned(b"\xff"),
            InvokeEnd(
                Status.FAILED,
                error={
                    "ErrorType": "InvalidParameterValueException",
                    "ErrorMessage": "CHAINED_INVOKE output payload must be UTF-8 text.",
                },
            ),
        ),
    ],
)
def test_an_invoke_ends_like_the_call_of_a_plain_function(ending, end):
    assert end_of_call(ending, Limits(payload_bytes=8)) == end


def test_the_input_has_a_size():
    desk = Desk(Limits(payload_bytes=8))
    desk.begin()
    refusal = "CHAINED_INVOKE input payload size must be less than or equal to 8 bytes."
    assert desk.refused(chained("ship", payload="ä" * 5)) == refusal
    push(desk, chained("ship", payload="ä" * 4))
