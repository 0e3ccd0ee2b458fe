import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import (
    BatchError,
    CallbackTimeout,
    ChildContextError,
    DurableCallRefused,
    Failure,
    InvokeError,
    OperationError,
    SerdesError,
    StepError,
    StepInterrupted,
    WaitCancelled,
    failure,
)
from perdure_runtime.values.failures import LIMIT, Origins, attach, error_for, rebuild, record
from perdure_runtime.values.marks import LOST

OURS = Origins(str(Path(__file__).parent))
HERE = __name__


class Declined(Exception):
    pass


class Coded(Exception):
    """Its message is made from its arguments, which it keeps."""

    def __init__(self, code: int, card: str) -> None:
        super().__init__(code, card)
        self.code = code

    def __str__(self) -> str:
        return f"card {self.args[1]} was declined with {self.code}"


class Defaulted(Exception):
    def __init__(self, message: str, code: int = 5) -> None:
        super().__init__(message)
        self.code = code
        self.text = message


class Composed(Exception):
    """Its constructor takes something else than what it leaves in args."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"because {reason}")


class Reduced(Exception):
    """As Composed, but it says how to make it again, as pickle needs to know too."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"because {reason}")
        self._reason = reason

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return (type(self), (self._reason,))


class BadlyReduced(Exception):
    def __reduce__(self) -> str:
        raise RuntimeError("no")


class OddlyReduced(Exception):
    def __reduce__(self) -> str:
        return "ODD"


class EmptilyReduced(Exception):
    def __reduce__(self) -> tuple[Any, ...]:
        return ()


class Needy(Exception):
    def __init__(self, *, code: int) -> None:
        super().__init__("needs a code")
        self.code = code


class Fixed(Exception):
    def __str__(self) -> str:
        return "always the same"


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Stubborn(Exception):
    __slots__ = ("more",)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


class Stop(BaseException):
    pass


class UserStep(StepError):
    pass


class Elsewhere(Exception):
    def __new__(cls, *args: object) -> Any:
        return super().__new__(Declined if args == ("swap",) else cls, *args)


class Text(str):
    __slots__ = ()


class Outer:
    class Inner(Exception):
        pass


def local_class() -> Exception:
    class Local(Exception):
        pass

    return Local("x")


def with_attributes(error: Exception, **attributes: object) -> Exception:
    error.__dict__.update(attributes)
    return error


def same(one: BaseException, other: BaseException) -> bool:
    return type(one) is type(other) and repr(one.args) == repr(other.args) and str(one) == str(other)


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


MARKED_SERDES = '{"perdure":1,"args":["bad","value.x"]}'

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
    lambda: ExceptionGroup("several", [ValueError("x")]),
    lambda: BatchError("several", [ValueError("x")]),
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
    assert f"the original {recorded['ErrorType']}" in error.__notes__[0]


def test_class_without_a_readable_message_is_rebuilt_all_the_same() -> None:
    assert type(rebuild(record(Unreadable("x")), OURS)) is Unreadable


def test_class_named_by_the_user_may_come_from_anywhere() -> None:
    error = json.JSONDecodeError("bad", "{", 0)
    found = rebuild(record(error), Origins("/nowhere", (json.JSONDecodeError,)))
    assert isinstance(found, json.JSONDecodeError)
    assert same(found, error)
    assert rebuild(record(Declined("x")), Origins("/nowhere")) is None


@pytest.mark.parametrize(
    ("error", "name", "message", "data"),
    [
        (ValueError("bad"), "ValueError", "bad", None),
        (Declined("no"), f"{HERE}.Declined", "no", None),
        (KeyError("x"), "KeyError", "'x'", '{"perdure":1,"args":["x"]}'),
        (Defaulted("no"), f"{HERE}.Defaulted", "no", '{"perdure":1,"attributes":{"t":"m","v":{"code":5}}}'),
        (Declined({"a": 1}), f"{HERE}.Declined", "{'a': 1}", '{"perdure":1,"args":{"t":"l","v":[{"a":1}]}}'),
        (Declined(object), f"{HERE}.Declined", "<class 'object'>", LOST),
        (Unreadable(), f"{HERE}.Unreadable", "<Unreadable without a readable message>", '{"perdure":1,"args":[]}'),
        (StepInterrupted("cut"), "perdure.StepInterrupted", "cut", None),
        (
            SerdesError("bad", "value.x"),
            "perdure.SerdesError",
            "value.x: bad",
            '{"perdure":1,"args":["bad","value.x"]}',
        ),
        (InvokeError("no", "T", "d"), "perdure.InvokeError", "no", '{"perdure":1,"error_type":"T","data":"d"}'),
        (InvokeError("no", None, "d"), "perdure.InvokeError", "no", "d"),
        (InvokeError("no", None, 5), "perdure.InvokeError", "no", None),  # type: ignore[arg-type]
        (StepError("no", "mod.Original"), "mod.Original", "no", LOST),
        (ChildContextError("no", "mod.Original", "d"), "mod.Original", "no", "d"),
        (with_attributes(Declined("no"), message="no", _own=1, sink=object()), f"{HERE}.Declined", "no", None),
    ],
    ids=repr,
)
def test_what_is_recorded(error: Any, name: Any, message: Any, data: Any) -> None:
    recorded = record(error)
    assert recorded["ErrorType"] == name
    assert recorded["ErrorMessage"] == message
    assert recorded.get("ErrorData") == data
    assert recorded["StackTrace"] == []
    assert ("ErrorData" in recorded) == (data is not None)


def test_stack_is_the_users() -> None:
    def body() -> None:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad") as caught:
        body()
    [*_, place, source] = record(caught.value)["StackTrace"]
    assert place.startswith(f'  File "{__file__}", line ')
    assert place.endswith("body")
    assert source == '    raise ValueError("bad")'
    assert record(caught.value, engine=(__file__,))["StackTrace"] == []


def test_notes_stand_below_the_stack() -> None:
    error = ValueError("bad")
    error.add_note("while packing")
    assert record(error)["StackTrace"] == ["while packing"]
    error.__notes__ = "broken"  # type: ignore[assignment]
    assert record(error)["StackTrace"] == []


def test_stack_of_the_operation_stands_below_the_workflows() -> None:
    facts = Failure("charge", "a" * 64, 1, "ValueError", "bad", ('  File "step.py", line 1, in charge',), None)
    assert record(attach(ValueError("bad"), facts))["StackTrace"][0] == '  File "step.py", line 1, in charge'


def test_stack_is_cut_before_the_message() -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise ValueError("m" * 25_000)

    with pytest.raises(ValueError, match="mmm") as caught:
        deep(300)
    recorded = record(caught.value)
    assert recorded["ErrorMessage"] == "m" * 25_000
    assert any("lines left out" in line for line in recorded["StackTrace"])
    assert len(json.dumps(recorded)) <= LIMIT


def test_giant_message_is_cut_in_the_middle_and_keeps_its_class() -> None:
    recorded = record(Declined("a" * 50_000 + "b" * 50_000))
    assert len(json.dumps(recorded)) <= LIMIT
    assert recorded["ErrorMessage"].startswith("aaa")
    assert recorded["ErrorMessage"].endswith("bbb")
    found = rebuild(recorded, OURS)
    assert type(found) is Declined
    assert str(found) == recorded["ErrorMessage"]


def test_giant_arguments_are_dropped_before_the_message_is_cut() -> None:
    recorded = record(Coded(1, "x" * 20_000))
    assert recorded["ErrorMessage"] == f"card {'x' * 20_000} was declined with 1"
    assert recorded["ErrorData"] == LOST
    assert rebuild(recorded, OURS) is None


def test_small_arguments_outlive_a_giant_message() -> None:
    recorded = record(with_attributes(Declined("x" * 50_000), code=5))
    assert "5" in recorded["ErrorData"]
    assert vars(rebuild(recorded, OURS) or Stop())["code"] == 5


def raised(recorded: Any, **options: Any) -> Exception:
    given = {"operation": "charge", "operation_id": "0123456789abcdef", "attempts": 3, "fallback": StepError}
    return error_for(recorded, **{**given, "origins": OURS, **options})


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


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=40) | st.just(LOST))
def test_any_record_raises_something(name: Any, message: Any, data: Any) -> None:
    assert isinstance(raised({"ErrorType": name, "ErrorMessage": message, "ErrorData": data}), Exception)


@given(st.text(), st.integers(0, 4000), st.lists(st.text(max_size=30), max_size=5), st.integers(400, 3000))
def test_record_keeps_its_limit(text: Any, times: Any, args: Any, limit: Any) -> None:
    error = with_attributes(Declined(text * times, *args), code=text * 10)
    error.add_note("note " * 20)
    assert len(json.dumps(record(error, limit=limit))) <= limit
