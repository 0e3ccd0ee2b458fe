"""What a record of an operation is raised as."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import Failure, InvokeError, OperationError, SerdesError, StepError, StepInterrupted, failure
from perdure_runtime.values.failures import record
from perdure_runtime.values.marks import LOST
from perdure_runtime.values.revivals import attach
from support.exceptions import Composed, Stubborn, raised


def test_facts_of_the_operation_travel_with_the_error() -> None:
    recorded = {**record(KeyError("x")), "StackTrace": ["line", 5]}
    error = raised(recorded)
    assert type(error) is KeyError
    assert failure(error) == Failure(
        "charge", "0123456789abcdef", 3, "KeyError", "'x'", ("line",), '{"perdure":1,"args":["x"]}'
    )
    assert error.__notes__ == ["raised by the operation 'charge' (01234567), attempt 3"]


def test_operation_without_attempts_does_not_speak_of_them() -> None:
    assert raised(record(ValueError("x")), attempts=0).__notes__ == ["raised by the operation 'charge' (01234567)"]


def test_foreign_work_never_chooses_a_class() -> None:
    error = raised(record(ValueError("x")), fallback=InvokeError, origins=None)
    assert type(error) is InvokeError
    assert error.args == ("x", "ValueError", None)
    assert len(error.__notes__) == 1


def test_data_of_a_user_is_handed_on_and_marked_data_is_not() -> None:
    foreign = {"ErrorType": "Foreign", "ErrorMessage": "x", "ErrorData": "their data"}
    error = raised(foreign)
    assert isinstance(error, OperationError)
    assert error.data == "their data"
    marked = raised(record(Composed("x")))
    assert isinstance(marked, OperationError)
    assert marked.data is None


@pytest.mark.parametrize("recorded", [None, {}, {"ErrorMessage": 5, "ErrorType": ["x"], "StackTrace": "s"}])
def test_missing_record_is_an_error_of_the_operation(recorded: Any) -> None:
    error = raised(recorded)
    assert type(error) is StepError
    assert str(error) == "no error was recorded"
    assert len(error.__notes__) == 1


def test_error_refusing_attributes_and_notes_is_still_raised() -> None:
    error = raised(record(Stubborn("x")))
    assert type(error) is Stubborn
    assert failure(error) is not None
    vars(error)["__notes__"] = 5
    assert attach(error, Failure("f", "", 1, None, None, (), None)) is error


def test_raised_errors_of_operations_can_be_pickled() -> None:
    error = raised(record(Composed("x")))
    assert failure(pickle.loads(pickle.dumps(error))) == failure(error)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aws_durable_execution_sdk_python.exceptions.StepInterruptedError", StepInterrupted),
        ("aws_durable_execution_sdk_python.exceptions.SerDesError", SerdesError),
        ("aws_durable_execution_sdk_python.exceptions.StepError", StepError),
        ("perdure.StepInterrupted", StepInterrupted),
        ("ValueError", ValueError),
    ],
)
def test_errors_the_official_sdk_recorded_are_raised_as_their_counterparts(name: Any, kind: Any) -> None:
    error = raised({"ErrorType": name, "ErrorMessage": "what happened"})
    assert type(error) is kind
    assert str(error) == "what happened"


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "eval", "builtins.SystemExit", "SystemExit", "type"])
def test_malicious_type_raises_the_operations_error(name: Any) -> None:
    assert type(raised({"ErrorType": name, "ErrorMessage": "id"})) is StepError


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=40) | st.just(LOST))
def test_any_record_raises_something(name: Any, message: Any, data: Any) -> None:
    assert isinstance(raised({"ErrorType": name, "ErrorMessage": message, "ErrorData": data}), Exception)
