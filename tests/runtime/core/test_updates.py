"""What is asked of the service, field by field (PROTOCOL 2.2 and 2.6)."""

import pytest

from perdure_runtime.core.identity import Identity
from perdure_runtime.core.updates import (
    callback_started,
    execution_succeeded,
    failed,
    invoke_started,
    polled,
    retried,
    started,
    succeeded,
    summarised,
    wait_started,
)
from perdure_runtime.core.vocabulary import Kind, Subtype

STEP = Identity("id-1", Kind.STEP, Subtype.STEP, "pay", "id-0")
OF_STEP = {"Id": "id-1", "Type": "STEP", "SubType": "Step", "Name": "pay", "ParentId": "id-0"}
TOLD = {"ErrorType": "ValueError"}


def of(kind, subtype):
    return STEP._replace(kind=kind, subtype=subtype), OF_STEP | {"Type": kind.value, "SubType": subtype}


WAIT, OF_WAIT = of(Kind.WAIT, Subtype.WAIT)
CALLBACK, OF_CALLBACK = of(Kind.CALLBACK, Subtype.CALLBACK)
INVOKE, OF_INVOKE = of(Kind.CHAINED_INVOKE, Subtype.INVOKE)
CONTEXT, OF_CONTEXT = of(Kind.CONTEXT, Subtype.CHILD)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (started(STEP), OF_STEP | {"Action": "START"}),
        (started(CONTEXT), OF_CONTEXT | {"Action": "START"}),
        (wait_started(WAIT, 5), OF_WAIT | {"Action": "START", "WaitOptions": {"WaitSeconds": 5}}),
        (
            callback_started(CALLBACK, 60, 0),
            OF_CALLBACK | {"Action": "START", "CallbackOptions": {"TimeoutSeconds": 60, "HeartbeatTimeoutSeconds": 0}},
        ),
        (
            invoke_started(INVOKE, "f", "{}", None),
            OF_INVOKE | {"Action": "START", "Payload": "{}", "ChainedInvokeOptions": {"FunctionName": "f"}},
        ),
        (
            invoke_started(INVOKE, "f", "", "blue"),
            OF_INVOKE
            | {"Action": "START", "Payload": "", "ChainedInvokeOptions": {"FunctionName": "f", "TenantId": "blue"}},
        ),
        (succeeded(STEP, ""), OF_STEP | {"Action": "SUCCEED", "Payload": ""}),
        (succeeded(CONTEXT, "7"), OF_CONTEXT | {"Action": "SUCCEED", "Payload": "7"}),
        (
            summarised(CONTEXT, "many"),
            OF_CONTEXT | {"Action": "SUCCEED", "Payload": "many", "ContextOptions": {"ReplayChildren": True}},
        ),
        (failed(STEP, TOLD), OF_STEP | {"Action": "FAIL", "Error": TOLD}),
        (
            retried(STEP, TOLD, 3),
            OF_STEP | {"Action": "RETRY", "Error": TOLD, "StepOptions": {"NextAttemptDelaySeconds": 3}},
        ),
        (
            polled(STEP, "state", 3),
            OF_STEP | {"Action": "RETRY", "Payload": "state", "StepOptions": {"NextAttemptDelaySeconds": 3}},
        ),
        (
            execution_succeeded(1_767_225_600.5, "large"),
            {
                "Id": "execution-result-1767225600500",
                "Type": "EXECUTION",
                "Action": "SUCCEED",
                "Payload": "large",
            },
        ),
    ],
)
def test_an_update_says_this_and_nothing_else(update, expected):
    assert update == expected


def test_what_an_operation_does_not_have_is_left_out():
    assert started(STEP._replace(name=None, parent=None)) == {
        "Id": "id-1",
        "Type": "STEP",
        "SubType": "Step",
        "Action": "START",
    }
