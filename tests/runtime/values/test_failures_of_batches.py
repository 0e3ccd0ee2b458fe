"""The error of a batch comes back with its members, and the official SDK's operation errors as ours."""

import json
from typing import Any

import pytest

from perdure import BatchError, CallbackError, CallbackTimeout, ChildContextError, ConditionError, InvokeError
from perdure_runtime.values.failures import record
from perdure_runtime.values.revivals import rebuild
from support.exceptions import HERE, OURS, Coded, Composed, Declined


def of_a_batch(*errors: Exception) -> BatchError:
    return BatchError("2 failed", errors)


def test_error_of_a_batch_comes_back_with_its_members() -> None:
    error = of_a_batch(Declined("no"), Coded(5, "visa"), of_a_batch(ValueError("deep")), Composed("rain"))
    recorded = json.loads(json.dumps(record(error)))
    found = rebuild(recorded, OURS)
    assert isinstance(found, BatchError)
    assert found.message == "2 failed"
    first, second, third, fourth = found.exceptions
    assert (type(first), str(first)) == (Declined, "no")
    assert isinstance(second, Coded)
    assert second.code == 5
    assert isinstance(third, BatchError)
    assert repr(third.exceptions) == "(ValueError('deep'),)"
    assert isinstance(fourth, ChildContextError)
    assert fourth.error_type == f"{HERE}.Composed"
    again = rebuild(record(found), OURS)
    assert isinstance(again, BatchError)
    assert [type(member) for member in again.exceptions] == [type(member) for member in found.exceptions]


def test_error_of_a_large_batch_keeps_its_first_members() -> None:
    found = rebuild(record(of_a_batch(*(ValueError(f"é{number}" * 10_000) for number in range(1000)))), OURS)
    assert isinstance(found, BatchError)
    *first, last = found.exceptions
    assert [str(error).startswith(f"é{number}é{number}é") for number, error in enumerate(first)] == [True] * 20
    assert str(last) == "980 more errors were not recorded"


@pytest.mark.parametrize(
    "data",
    ['{"perdure":1}', '{"perdure":1,"errors":[]}', '{"perdure":1,"errors":[5]}', '{"perdure":1,"errors":5}', "d"],
)
def test_error_of_a_batch_without_members_is_told_by_the_operations_error(data: Any) -> None:
    assert rebuild({"ErrorType": "perdure.BatchError", "ErrorMessage": "m", "ErrorData": data}, OURS) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("InvokeError", InvokeError),
        ("CallbackExternalError", CallbackError),
        ("CallbackTimeoutError", CallbackTimeout),
        ("WaitForConditionError", ConditionError),
    ],
)
def test_operations_errors_of_the_official_sdk_are_ours(name: str, kind: Any) -> None:
    full = f"aws_durable_execution_sdk_python.exceptions.{name}"
    found: Any = rebuild({"ErrorType": full, "ErrorMessage": "m", "ErrorData": "d"}, OURS)
    assert type(found) is kind
    assert (found.message, found.data) == ("m", "d")


def test_error_of_a_batch_in_its_first_form_is_read() -> None:
    inner = {"ErrorType": f"{HERE}.Coded", "ErrorMessage": "card visa was declined with 5"}
    inner["ErrorData"] = '{"perdure":1,"args":[5,"visa"]}'  # as text within a text
    data = json.dumps({"perdure": 1, "errors": [inner]}, separators=(",", ":"))
    found = rebuild({"ErrorType": "perdure.BatchError", "ErrorMessage": "1 failed", "ErrorData": data}, OURS)
    assert isinstance(found, BatchError)
    assert repr(found.exceptions) == "(Coded(5, 'visa'),)"
