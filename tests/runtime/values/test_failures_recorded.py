"""What is recorded of an exception, and within which limits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import ChildContextError, Failure, InvokeError, SerdesError, StepError, StepInterrupted
from perdure_runtime.values.failures import LIMIT, record
from perdure_runtime.values.marks import LOST
from perdure_runtime.values.revivals import attach, rebuild
from support.exceptions import HERE, OURS, Coded, Declined, Defaulted, Stop, Unreadable, with_attributes


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


class NoParts(Exception):
    """Breaks whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class NoCause(Exception):
    @property
    def __cause__(self) -> None:  # type: ignore[override]
        raise RuntimeError("cause")


class NoMembers(ExceptionGroup[Exception]):
    @property
    def exceptions(self) -> tuple[Exception, ...]:
        raise RuntimeError("exceptions")


@pytest.mark.parametrize(
    ("kind", "args"), [(NoParts, ("no",)), (NoCause, ("no",)), (NoMembers, ("no", [ValueError("x")]))]
)
def test_an_error_whose_class_breaks_what_it_is_asked_is_recorded_all_the_same(kind: Any, args: Any) -> None:
    try:
        raise kind(*args)  # noqa: TRY301
    except Exception as error:  # noqa: BLE001  the very one
        recorded = record(error)
    assert recorded["ErrorType"] == f"{__name__}.{kind.__qualname__}"
    assert recorded["ErrorMessage"] in {"no", "no (1 sub-exception)", "<NoParts without a readable message>"}
    assert recorded["ErrorData"] == LOST
    assert recorded["StackTrace"][-1] == "    raise kind(*args)  # noqa: TRY301"
    assert rebuild(recorded, OURS) is None


def test_what_a_subclass_puts_in_the_place_of_a_text_is_left_out() -> None:
    class Odd(InvokeError):
        def __init__(self) -> None:
            super().__init__("no")
            self.error_type = 5  # type: ignore[assignment]
            self.data = {"a": 1}  # type: ignore[assignment]

    recorded = record(Odd())
    assert (recorded["ErrorMessage"], "ErrorData" in recorded) == ("no", False)


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


@given(st.text(), st.integers(0, 4000), st.lists(st.text(max_size=30), max_size=5), st.integers(400, 3000))
def test_record_keeps_its_limit(text: Any, times: Any, args: Any, limit: Any) -> None:
    error = with_attributes(Declined(text * times, *args), code=text * 10)
    error.add_note("note " * 20)
    assert len(json.dumps(record(error, limit=limit))) <= limit
