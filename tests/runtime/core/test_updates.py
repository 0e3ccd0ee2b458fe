"""What is asked of the service, field by field (PROTOCOL 2.2 and 2.6)."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as some

from perdure_runtime.core import updates
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
    written,
)
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.jsoncode import CODE, Code

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
]


@pytest.mark.parametrize(("update", "expected"), UPDATES)
def test_an_update_says_this_and_nothing_else(update, expected):
    assert update == expected


def test_what_an_operation_does_not_have_is_left_out():
    assert started(STEP._replace(name=None, parent=None)) == {
        "Id": "id-1",
        "Type": "STEP",
        "SubType": "Step",
        "Action": "START",
    }


@pytest.fixture
def lean(monkeypatch):
    """As in a process that has not met orjson."""
    monkeypatch.delitem(sys.modules, "orjson", raising=False)
    monkeypatch.setattr(updates, "CODE", Code())
    return updates.CODE


TEXTS = some.text(some.characters(codec="utf-8"))


@pytest.mark.parametrize("update", [update for update, _ in UPDATES])
def test_every_update_is_written_as_the_library_writes_it(update, lean):
    bare = {member: value for member, value in update.items() if member not in {"Name", "ParentId"}}
    for told in (update, bare):
        assert written(told) == lean.written(told)
    assert not lean.is_swift


@pytest.mark.slow
@given(some.sampled_from([update for update, _ in UPDATES]), TEXTS, TEXTS)
def test_an_update_travels_as_json_has_it(update, name, payload):
    told = update | {member: text for member, text in (("Name", name), ("Payload", payload)) if member in update}
    loaded = sys.modules.pop("orjson", None)
    try:
        code = updates.CODE = Code()
        assert written(told) == code.written(told)
        assert not code.is_swift
    finally:
        updates.CODE = CODE
        if loaded is not None:
            sys.modules["orjson"] = loaded


def test_a_long_payload_is_left_to_the_library(lean):
    update = succeeded(STEP, "é" * 100_000)
    assert written(update) == CODE.written(update)
    assert lean.is_swift
    assert written(started(STEP)) == CODE.written(started(STEP))


def test_a_text_that_is_no_unicode_is_refused(lean):
    with pytest.raises(ValueError, match="surrogates"):
        written(succeeded(STEP, "\ud800"))
