"""What is asked of the service, field by field (PROTOCOL 2.2 and 2.6)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from perdure_runtime.core.identity import Identity
from perdure_runtime.core.updates import (
    SHORT,
    callback_started,
    execution_succeeded,
    failed,
    invoke_started,
    polled,
    retried,
    spelled,
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


UPDATES = [
    (started(spelled(STEP)), OF_STEP | {"Action": "START"}),
    (started(spelled(CONTEXT)), OF_CONTEXT | {"Action": "START"}),
    (wait_started(spelled(WAIT), 5), OF_WAIT | {"Action": "START", "WaitOptions": {"WaitSeconds": 5}}),
    (
        callback_started(spelled(CALLBACK), 60, 0),
        OF_CALLBACK | {"Action": "START", "CallbackOptions": {"TimeoutSeconds": 60, "HeartbeatTimeoutSeconds": 0}},
    ),
    (
        invoke_started(spelled(INVOKE), "f", "{}", None),
        OF_INVOKE | {"Action": "START", "Payload": "{}", "ChainedInvokeOptions": {"FunctionName": "f"}},
    ),
    (
        invoke_started(spelled(INVOKE), "f", "", "blue"),
        OF_INVOKE
        | {"Action": "START", "Payload": "", "ChainedInvokeOptions": {"FunctionName": "f", "TenantId": "blue"}},
    ),
    (succeeded(spelled(STEP), ""), OF_STEP | {"Action": "SUCCEED", "Payload": ""}),
    (succeeded(spelled(CONTEXT), "7"), OF_CONTEXT | {"Action": "SUCCEED", "Payload": "7"}),
    (
        summarised(spelled(CONTEXT), "many"),
        OF_CONTEXT | {"Action": "SUCCEED", "Payload": "many", "ContextOptions": {"ReplayChildren": True}},
    ),
    (failed(spelled(STEP), TOLD), OF_STEP | {"Action": "FAIL", "Error": TOLD}),
    (
        retried(spelled(STEP), TOLD, 3),
        OF_STEP | {"Action": "RETRY", "Error": TOLD, "StepOptions": {"NextAttemptDelaySeconds": 3}},
    ),
    (
        polled(spelled(STEP), "state", 3),
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
]


@pytest.mark.parametrize(("update", "expected"), UPDATES)
def test_an_update_says_this_and_nothing_else(update, expected):
    assert json.loads(update) == expected


def test_what_an_operation_does_not_have_is_left_out():
    bare = {"Id": "id-1", "Type": "STEP", "SubType": "Step", "Action": "START"}
    assert json.loads(started(spelled(STEP._replace(name=None, parent=None)))) == bare


TEXTS = some.text(some.characters(codec="utf-8"))


@given(TEXTS, TEXTS)
def test_whatever_a_text_holds_comes_through(name, payload):
    step = STEP._replace(name=name)
    for update in (
        succeeded(spelled(step), payload),
        summarised(spelled(step), payload),
        polled(spelled(step), payload, 1),
    ):
        told = json.loads(update)
        assert (told["Name"], told["Payload"]) == (name, payload)


@pytest.mark.parametrize("size", [SHORT, SHORT + 1])
def test_a_payload_of_any_length_comes_through(size):
    assert json.loads(succeeded(spelled(STEP), "é" * size))["Payload"] == "é" * size


@pytest.mark.parametrize("size", [1, SHORT + 1])
def test_a_text_that_is_no_unicode_is_refused(size):
    with pytest.raises((TypeError, ValueError), match="surrogates"):
        succeeded(spelled(STEP), "\ud800" * size)
