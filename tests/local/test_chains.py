"""Chained invokes: one function of a service invokes another from within a workflow."""

import threading

import pytest

from perdure_local import Function, ServiceStopped
from support.api_calls import SUCCEED
from support.desk import callback, chained, update
from support.local_service import (
    InProcessService,
    Script,
    await_execution,
    await_kind,
    kinds_of,
    lambda_client,
    operation,
)

MIB = 1024 * 1024
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function"


@pytest.fixture
def service():
    with InProcessService(skip_time=True) as opened:
        yield opened


def called(service, *updates, **options):
    """Run a parent that makes these updates in its first checkpoint; its ARN, and its last envelope."""
    script = Script(service, list(updates))
    service.host("parent", script, **options)
    arn = service.start("parent", b"{}")
    assert service.wait(arn, 20).status == "SUCCEEDED"
    return arn, script.calls[-1]


def child_of(service, arn):
    """The ARN of the execution that an execution's only invoke has started, once it waits for its callback."""
    await_kind(service, arn, "ChainedInvokeStarted")
    started = next(event for event in service.history(arn) if event["EventType"] == "ChainedInvokeStarted")
    child = started["ChainedInvokeStartedDetails"]["DurableExecutionArn"]
    await_execution(service, child)
    await_kind(service, child, "CallbackStarted")
    return child


def outcome(envelope, name="A"):
    found = operation(envelope, name)
    return found["Status"], found["ChainedInvokeDetails"]


def echo(envelope):
    """A durable function that returns its input."""
    return {"Status": "SUCCEEDED", "Result": operation_of_execution(envelope)["ExecutionDetails"]["InputPayload"]}


def operation_of_execution(envelope):
    return envelope["InitialExecutionState"]["Operations"][0]


@pytest.mark.parametrize(
    "target",
    [
        "ship",
        "ship:$LATEST",
        "ship:live",
        "function:ship",
        "123456789012:function:ship:live",
        f"{FUNCTION}:ship",
        f"{FUNCTION}:ship:$LATEST",
    ],
)
@pytest.mark.parametrize("is_durable", [True, False])
def test_a_target_may_be_named_in_every_way(service, target, is_durable):
    service.host(
        "ship", echo if is_durable else lambda event: event, is_durable=is_durable, aliases=frozenset({"live"})
    )
    _, envelope = called(service, chained(target, payload='{"order":7}'))
    assert outcome(envelope) == ("SUCCEEDED", {"Result": '{"order":7}'})


def test_a_durable_target_is_an_execution_of_its_own(service):
    service.host("ship", Script(service, [update("WAIT START", seconds=7200)]))
    arn, envelope = called(service, chained("ship:$LATEST", payload="7"))
    (child,) = service.executions("ship")
    assert outcome(envelope) == ("SUCCEEDED", {"Result": "2"})
    assert (child.parent, child.payload, child.status, child.invocations) == (arn, "7", "SUCCEEDED", 2)
    started = next(event for event in service.history(arn) if event["EventType"] == "ChainedInvokeStarted")
    assert started["ChainedInvokeStartedDetails"] == {
        "FunctionName": "ship:$LATEST",
        "Input": {"Payload": "7", "Truncated": False},
        "ExecutedVersion": "$LATEST",
        "DurableExecutionArn": child.arn,
    }
    assert kinds_of(service, arn) == [
        *("ExecutionStarted", "ChainedInvokeStarted", "InvocationCompleted"),
        *("ChainedInvokeSucceeded", "InvocationCompleted", "ExecutionSucceeded"),
    ]


def test_a_parent_is_as_old_as_the_child_it_waited_for(service):
    service.host("ship", Script(service, [update("WAIT START", seconds=7200)]))
    arn, envelope = called(
        service, chained("ship"), update("WAIT START", "B", seconds=60), update("WAIT START", "C", seconds=90_000)
    )
    (child,) = service.executions("ship")
    parent = service.wait(arn, 20)
    assert child.started_at >= parent.started_at
    assert parent.ended_at >= child.ended_at >= parent.started_at + 7200
    assert parent.ended_at < parent.started_at + 90_000
    assert operation(envelope, "B")["Status"] == "SUCCEEDED", "what was due while the child slept has come"
    assert operation(envelope, "C")["Status"] == "STARTED"


def test_a_plain_target_is_called_once(service):
    seen = []
    service.host("price", lambda event: seen.append(event) or {"cents": 950}, is_durable=False)
    arn, envelope = called(service, chained("price", payload='{"item":"teapot"}'))
    assert outcome(envelope) == ("SUCCEEDED", {"Result": '{"cents":950}'})
    assert seen == [{"item": "teapot"}]
    started = next(event for event in service.history(arn) if event["EventType"] == "ChainedInvokeStarted")
    assert "DurableExecutionArn" not in started["ChainedInvokeStartedDetails"]


@pytest.mark.parametrize("is_durable", [True, False])
def test_nothing_to_send_is_an_empty_object(service, is_durable):
    service.host("ship", echo if is_durable else lambda event: event, is_durable=is_durable)
    _, envelope = called(service, chained("ship"))
    assert outcome(envelope) == ("SUCCEEDED", {"Result": "{}"})


def test_the_error_of_a_durable_target_is_the_invoke_s(service):
    error = {"ErrorType": "shop.Refused", "ErrorMessage": "no", "ErrorData": "d", "StackTrace": ["s"]}
    service.host("ship", lambda _: {"Status": "FAILED", "Error": error})
    _, envelope = called(service, chained("ship"))
    assert outcome(envelope) == ("FAILED", {"Error": error})


def test_the_error_of_a_plain_target_is_the_invoke_s(service):
    def fail(event):
        raise ValueError("no such item")

    service.host("price", fail, is_durable=False)
    _, envelope = called(service, chained("price"))
    assert outcome(envelope) == ("FAILED", {"Error": {"ErrorType": "ValueError", "ErrorMessage": "no such item"}})


def test_a_durable_target_that_takes_too_long_times_out(service):
    service.host("ship", Script(service, [update("WAIT START", seconds=7200)]), execution_timeout=60)
    arn, envelope = called(service, chained("ship"))
    text = "CHAINED_INVOKE timed out after 60 seconds."
    assert outcome(envelope) == (
        "TIMED_OUT",
        {"Error": {"ErrorType": "ChainedInvoke.Timeout", "ErrorMessage": text}},
    )
    assert "ChainedInvokeTimedOut" in kinds_of(service, arn)


def test_a_target_that_is_stopped_gives_the_error_it_was_stopped_with(service):
    service.host("ship", Script(service, [callback()]))
    parent = Script(service, [chained("ship")])
    service.host("parent", parent)
    arn = service.start("parent", b"{}")
    service.stop(child_of(service, arn), {"ErrorType": "Manual", "ErrorMessage": "enough"})
    assert service.wait(arn, 20).status == "SUCCEEDED"
    assert outcome(parent.calls[-1]) == ("STOPPED", {"Error": {"ErrorType": "Manual", "ErrorMessage": "enough"}})


@pytest.mark.parametrize("target", ["nobody", "ship:nobody", f"{FUNCTION}:nobody"])
def test_a_target_that_is_not_there_has_failed_in_the_checkpoint_s_answer(service, target):
    answers = []

    def handler(envelope):
        with lambda_client(service.endpoint) as client:
            answer = client.checkpoint_durable_execution(
                DurableExecutionArn=envelope["DurableExecutionArn"],
                CheckpointToken=envelope["CheckpointToken"],
                Updates=[chained(target)],
            )
        answers.extend(answer["NewExecutionState"]["Operations"])
        return SUCCEED

    service.host("ship", echo)
    service.host("parent", handler)
    arn = service.start("parent", b"{}")
    service.wait(arn, 20)
    (found,) = answers
    assert (found["Status"], found["ChainedInvokeDetails"]["Error"]["ErrorType"]) == (
        "FAILED",
        "ResourceNotFoundException",
    )
    events = service.history(arn)
    assert [event["EventType"] for event in events[1:3]] == ["ChainedInvokeStarted", "ChainedInvokeFailed"]
    assert "Input" not in events[1]["ChainedInvokeStartedDetails"]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("no name", "Invalid function ARN 'no name'"),
        ("arn:aws:lambda:us-east-1:999999999999:function:ship", "on a function in another account."),
        ("arn:aws:lambda:eu-west-1:123456789012:function:ship", "on a function in another region."),
    ],
)
def test_a_target_that_cannot_be_is_refused(service, target, text):
    refusals = []

    def handler(envelope):
        with (
            lambda_client(service.endpoint) as client,
            pytest.raises(client.exceptions.InvalidParameterValueException) as refusal,
        ):
            client.checkpoint_durable_execution(
                DurableExecutionArn=envelope["DurableExecutionArn"],
                CheckpointToken=envelope["CheckpointToken"],
                Updates=[chained(target)],
            )
        refusals.append(str(refusal.value))
        return SUCCEED

    service.host("parent", handler)
    service.wait(service.start("parent", b"{}"), 20)
    assert text in refusals[0]


TOO_LARGE = "output payload size must be less than or equal to 1048576 bytes."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("output", "is_durable", "status", "message"),
    [
        ("x" * MIB, False, "FAILED", f"CHAINED_INVOKE {TOO_LARGE}"),  # as JSON it has two quotes
        ("x" * (MIB - 2), False, "SUCCEEDED", None),
        ({"Status": "SUCCEEDED", "Result": "x" * (MIB + 1)}, True, "FAILED", f"Execution {TOO_LARGE}"),
        ({"Status": "SUCCEEDED", "Result": "x" * MIB}, True, "SUCCEEDED", None),
    ],
)
def test_a_result_has_at_most_a_mebibyte(service, output, is_durable, status, message):
    service.host("ship", lambda _: output, is_durable=is_durable)
    _, envelope = called(service, chained("ship"))
    found, details = outcome(envelope)
    assert (found, details.get("Error", {}).get("ErrorMessage")) == (status, message)
    assert [child.status for child in service.executions("ship")] == [status] * is_durable


@pytest.mark.parametrize("is_durable", [True, False])
def test_the_tenant_goes_with_the_invocations_of_the_target(service, is_durable):
    service.host("ship", echo if is_durable else lambda event: event, is_durable=is_durable)
    called(service, chained("ship", TenantId="blue"))
    assert {(delivery.function_arn.split(":")[6], delivery.tenant_id) for delivery in service.deliveries} == {
        ("parent", None),
        ("ship", "blue"),
    }


def test_what_a_child_invokes_comes_back_through_it(service):
    service.host("leaf", echo)
    middle = Script(service, [chained("leaf", payload="1")])
    service.host("middle", middle)
    _, envelope = called(service, chained("middle"))
    assert outcome(envelope) == ("SUCCEEDED", {"Result": "2"})
    assert outcome(middle.calls[-1]) == ("SUCCEEDED", {"Result": "1"})


def test_a_function_may_invoke_itself(service):
    def countdown(envelope):
        have = envelope["InitialExecutionState"]["Operations"]
        left = int(have[0]["ExecutionDetails"]["InputPayload"])
        if left == 0:
            return {"Status": "SUCCEEDED", "Result": "0"}
        if len(have) > 1:
            return {"Status": "SUCCEEDED", "Result": str(1 + int(have[1]["ChainedInvokeDetails"]["Result"]))}
        with lambda_client(service.endpoint) as client:
            client.checkpoint_durable_execution(
                DurableExecutionArn=envelope["DurableExecutionArn"],
                CheckpointToken=envelope["CheckpointToken"],
                Updates=[chained("count", payload=str(left - 1))],
            )
        return {"Status": "PENDING"}

    service.host("count", countdown)
    assert service.wait(service.start("count", "3"), 20).result == "3"
    assert len(service.executions("count")) == 4


def test_a_parent_that_is_stopped_leaves_its_child_alone(service):
    service.host("ship", Script(service, [callback()]))
    service.host("parent", Script(service, [chained("ship")]))
    arn = service.start("parent", b"{}")
    child = child_of(service, arn)
    service.stop(arn)
    history = service.history(arn)
    assert service.wait(arn, 20).status == "STOPPED"
    started = next(event for event in service.history(child) if event["EventType"] == "CallbackStarted")
    with lambda_client(service.endpoint) as client:
        client.send_durable_execution_callback_success(CallbackId=started["CallbackStartedDetails"]["CallbackId"])
    assert service.wait(child, 20).status == "SUCCEEDED"
    assert service.history(arn) == history


def test_a_target_that_ends_while_the_parent_runs_is_in_its_next_answer(service):
    release = threading.Event()
    seen = []

    def handler(envelope):
        call = {"DurableExecutionArn": envelope["DurableExecutionArn"]}
        with lambda_client(service.endpoint) as client:
            first = client.checkpoint_durable_execution(
                CheckpointToken=envelope["CheckpointToken"], Updates=[chained("ship")], **call
            )
            assert release.wait(20)
            second = client.checkpoint_durable_execution(CheckpointToken=first["CheckpointToken"], Updates=[], **call)
        seen.extend(second["NewExecutionState"]["Operations"])
        return SUCCEED

    service.host("ship", echo)
    service.host("parent", handler)
    arn = service.start("parent", b"{}")
    await_kind(service, arn, "ChainedInvokeSucceeded")
    release.set()
    assert service.wait(arn, 20).invocations == 1
    assert [(one["Id"], one["Status"]) for one in seen] == [("A", "SUCCEEDED")]


def test_a_refused_batch_starts_nothing(service):
    def handler(envelope):
        with lambda_client(service.endpoint) as client, pytest.raises(client.exceptions.InvalidParameterValueException):
            client.checkpoint_durable_execution(
                DurableExecutionArn=envelope["DurableExecutionArn"],
                CheckpointToken=envelope["CheckpointToken"],
                Updates=[chained("ship"), update("WAIT CANCEL", "B")],
            )
        return SUCCEED

    service.host("ship", echo)
    service.host("parent", handler)
    service.wait(service.start("parent", b"{}"), 20)
    assert service.executions("ship") == []


@pytest.mark.parametrize("is_durable", [True, False])
def test_a_bug_that_a_target_meets_is_its_parent_s(service, caplog, is_durable):
    class Broken:
        function = Function(name="ship", handler="in.process", is_durable=is_durable)

        async def acquire(self):
            raise ZeroDivisionError

    async def serve():
        service._running.executions.serve(Broken())

    service._call(serve())
    service.host("parent", Script(service, [chained("ship")]))
    with pytest.raises(ServiceStopped, match="cannot go on"):
        service.wait(service.start("parent", b"{}"), 20)
    assert caplog.text.count("a bug of the local service") == 1
