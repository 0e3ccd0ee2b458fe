"""An exception comes back from its record as it was, or not at all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import (
    CallbackTimeout,
    DurableCallRefused,
    InvokeError,
    NonRetryable,
    RecordedError,
    RetryAfter,
    SerdesError,
    StepError,
    StepInterrupted,
    WaitCancelled,
)
from perdure_runtime.values.failures import LIMIT, error_for, record
from perdure_runtime.values.marks import LOST
from perdure_runtime.values.origins import Origins
from perdure_runtime.values.revivals import rebuild
from support.exceptions import (
    HERE,
    OURS,
    BadlyReduced,
    Busy,
    Coded,
    Composed,
    Declined,
    Defaulted,
    Elsewhere,
    EmptilyReduced,
    Fixed,
    Forbidden,
    Frozen,
    Needy,
    OddlyReduced,
    Outer,
    Reduced,
    Refund,
    Slotted,
    Spelled,
    Stop,
    Stubborn,
    Text,
    Told,
    Unreadable,
    UserStep,
    with_attributes,
)


def local_class() -> Exception:
    class Local(Exception):
        pass

    return Local("x")


def same(one: BaseException, other: BaseException) -> bool:
    kept = [getattr(error, name, None) for name in ("code", "name", "path") for error in (one, other)]
    same_attributes = kept[::2] == kept[1::2]
    return (
        type(one) is type(other) and repr(one.args) == repr(other.args) and str(one) == str(other) and same_attributes
    )


REBUILT: list[Callable[[], Exception]] = [
    lambda: ValueError("bad"),
    ValueError,
    lambda: ValueError(""),
    lambda: ValueError(5),
    lambda: ValueError(None),
    lambda: ValueError("a", 1, [2.5, {"k": b"x"}]),
    lambda: KeyError("x"),
    lambda: KeyError(("a", 1)),
    lambda: FileNotFoundError(2, "No such file", "p"),
    lambda: OSError(2, "No such file", "p", None, "q"),
    lambda: OSError("plain"),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    lambda: ZeroDivisionError("division by zero"),
    lambda: StopIteration(3),
    TimeoutError,
    lambda: Declined("é€😀 \ud800"),
    Declined,
    lambda: Coded(51, "visa"),
    lambda: Defaulted("no", 7),
    lambda: Defaulted("no"),
    lambda: Reduced("of rain"),
    lambda: BadlyReduced("x"),
    lambda: OddlyReduced("x"),
    lambda: EmptilyReduced("x"),
    Fixed,
    lambda: Fixed("ignored"),
    lambda: Outer.Inner("x"),
    lambda: with_attributes(Declined("x"), amount=5, when=(1, 2)),
    lambda: Stubborn("x"),
    lambda: StepInterrupted("cut off"),
    lambda: StepInterrupted("cut off", "mod.X", "d"),
    lambda: WaitCancelled("stopped"),
    lambda: InvokeError("no", "ValueError", "data"),
    lambda: InvokeError("no", None, "data"),
    lambda: InvokeError("no", "ValueError"),
    InvokeError,
    lambda: CallbackTimeout("late"),
    lambda: SerdesError("is bad"),
    lambda: SerdesError("is bad", "value.x", "step"),
    lambda: DurableCallRefused("step", "inside a step"),
    lambda: StepError("lost"),
    lambda: UserStep("mine", "t", "d"),
    lambda: AttributeError("none", name="colour"),
    lambda: ModuleNotFoundError("none", name="app", path="app.py"),
    lambda: Refund(5000, "late"),
    lambda: Refund(5000),
    lambda: Refund(cents=5000, why="broken"),
    lambda: Frozen(code=5),
    lambda: Spelled(code=5),
    lambda: Told(5),
    lambda: Slotted("x", 5),
    lambda: NonRetryable("never"),
    lambda: with_attributes(NonRetryable("never"), code=5),
    lambda: RetryAfter(5, "busy"),
    lambda: RetryAfter(2.5),
    lambda: Forbidden("never"),
    lambda: Busy(5, "busy"),
]


@pytest.mark.parametrize("make", REBUILT, ids=lambda make: repr(make()))
def test_exception_comes_back_as_it_was(make: Any) -> None:
    error = make()
    recorded = record(error)
    wire = json.loads(json.dumps(recorded))
    found = rebuild(wire, OURS)
    assert found is not None
    assert same(found, error)
    assert record(found) == recorded
    public = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    assert {name: value for name, value in vars(found).items() if not name.startswith("_")} == public
    assert len(json.dumps(wire)) <= LIMIT


LOST_FOR_GOOD: list[Callable[[], BaseException]] = [
    lambda: Composed("of rain"),
    lambda: Needy(code=1),
    lambda: Declined("x", object()),
    lambda: Declined({1, 2}),
    lambda: Declined(Text("x")),
    local_class,
    lambda: Stop("x"),
    KeyboardInterrupt,
    lambda: SystemExit(1),
    lambda: json.JSONDecodeError("bad", "{", 0),
    lambda: StepError("x", "mod.Original", "d"),
]


@pytest.mark.parametrize("make", LOST_FOR_GOOD, ids=lambda make: type(make()).__name__)
def test_exception_that_cannot_be_rebuilt_is_told_by_the_operations_error(make: Any) -> None:
    recorded = record(make())
    assert rebuild(recorded, OURS) is None
    error = error_for(recorded, operation="charge", operation_id="a" * 64, attempts=2, fallback=StepError, origins=OURS)
    assert type(error) is StepError
    assert error.message == recorded["ErrorMessage"]
    assert error.error_type == recorded["ErrorType"]
    told = error.__cause__
    assert isinstance(told, RecordedError)
    assert (told.error_type, told.message) == (recorded["ErrorType"], recorded["ErrorMessage"])
    assert rebuild(record(told), OURS) is None


def test_class_without_a_readable_message_is_rebuilt_all_the_same() -> None:
    assert type(rebuild(record(Unreadable("x")), OURS)) is Unreadable


def test_class_named_by_the_user_may_come_from_anywhere() -> None:
    error = json.JSONDecodeError("bad", "{", 0)
    found = rebuild(record(error), Origins("/nowhere", (json.JSONDecodeError,)))
    assert isinstance(found, json.JSONDecodeError)
    assert same(found, error)
    assert rebuild(record(Declined("x")), Origins("/nowhere")) is None


@pytest.mark.parametrize(
    "data",
    [
        '{"perdure":',
        '{"perdure":2,"args":["x"]}',
        '{"perdure":1,"args":{"t":"zz","v":1}}',
        '{"perdure":1,"args":"x"}',
        '{"perdure":1,"args":["y"]}',
        '{"perdure":1,"args":["x","y"]}',
        '{"perdure":1,"attributes":[1]}',
        '{"perdure":1,"attributes":{"t":"m"}}',
        '{"perdure":1,"error_type":5}',
        '{"perdure":1,"data":[]}',
        '{"perdure":1,"args":' + "[" * 5000 + "]" * 5000 + "}",
        LOST,
    ],
    ids=lambda data: data[:40],
)
def test_marked_data_that_does_not_fit_rebuilds_nothing(data: Any) -> None:
    assert rebuild({"ErrorType": f"{HERE}.Declined", "ErrorMessage": "x", "ErrorData": data}, OURS) is None


def test_private_attributes_in_stored_data_are_ignored() -> None:
    data = '{"perdure":1,"attributes":{"t":"m","v":{"__class__":1,"_x":2,"code":3}}}'
    found = rebuild({"ErrorType": "ValueError", "ErrorMessage": "x", "ErrorData": data}, OURS)
    assert found is not None
    assert vars(found) == {"code": 3}


def test_constructor_that_makes_something_else_rebuilds_nothing() -> None:
    assert rebuild({"ErrorType": f"{HERE}.Elsewhere", "ErrorMessage": "swap"}, OURS) is None
    assert type(rebuild({"ErrorType": f"{HERE}.Elsewhere", "ErrorMessage": "stay"}, OURS)) is Elsewhere


def test_record_without_a_message_rebuilds_nothing() -> None:
    assert rebuild({"ErrorType": "ValueError"}, OURS) is None


arguments = st.lists(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.tuples(st.text()), max_size=3
)

classes = st.sampled_from([ValueError, KeyError, RuntimeError, Declined, Fixed, Outer.Inner, LookupError])


@pytest.mark.slow
@given(classes, arguments, st.dictionaries(st.sampled_from(["code", "why"]), st.integers() | st.text()))
def test_raised_recorded_and_rebuilt_is_equal(kind: Any, args: Any, attributes: Any) -> None:
    error = with_attributes(kind(*args), **attributes)
    wire = json.loads(json.dumps(record(error)))
    found = rebuild(wire, OURS)
    assert found is not None
    assert same(found, error)
    assert {**vars(found)} == {name: it for name, it in attributes.items() if it != str(error)}
