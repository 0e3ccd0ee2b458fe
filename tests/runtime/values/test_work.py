"""Values and failures of steps, child contexts and conditions."""

import enum
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import ChildContextError, ConditionError, HandlerRefused, SerdesError, StepError, StepOptions, failure
from perdure.children import child
from perdure.functions import ChildOptions
from perdure.serdes import JSON
from perdure.steps import step
from perdure_runtime.values.failures import LIMIT
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.sizes import LARGEST_PAYLOAD
from support.annotated import Line
from support.batches import ASKED, seen
from support.exceptions import OURS, Coded, Composed, Declined

FORMS = Forms(OURS)


def anything(*args: Any) -> Any: ...
def line(ctx: Any) -> Line: ...  # type: ignore[empty-body]
async def eventual(ctx: Any) -> Line: ...  # type: ignore[empty-body]


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __call__(self) -> int: ...  # type: ignore[empty-body]


class Shouted:
    def serialize(self, value: str, /) -> str:
        return value.upper()

    def deserialize(self, text: str, /) -> str:
        return text


class Fails:
    def serialize(self, value: Any, /) -> str:
        raise OSError("disk full")

    def deserialize(self, text: str, /) -> Any:
        raise SerdesError("mine")


@pytest.mark.parametrize("fn", [line, eventual, child(line, name="x"), step(line, name="y")])
def test_child_has_the_type_its_function_is_annotated_with(fn: Any) -> None:
    forms = FORMS.of_child(fn, ChildOptions())
    text, live = forms.store(Line("a", 1.0))
    assert text == '{"t":"m","v":{"sku":"a","price":1.0,"count":1}}'
    assert live == forms.read(text) == Line("a", 1.0)


def rows() -> list[dict[str, Any]]: ...  # type: ignore[empty-body]


def test_what_an_annotation_leaves_open_is_stored_at_once_and_is_another_object() -> None:
    forms, value = FORMS.of(rows, StepOptions()), [{"a": 1, "b": [None, {"c": "x"}]}, {}]
    text, live = forms.store(value)
    assert text == '{"t":"l","v":[{"a":1,"b":[null,{"c":"x"}]},{}]}'
    assert live == value == forms.read(text)
    assert isinstance(live, list)
    assert live[0] is not value[0]


@pytest.mark.parametrize(
    ("value", "path"),
    [([{}, 1], "result[1]"), ({}, "result"), ([{1: 2}], "result[0]"), ([[]], "result[0]")],
)
def test_what_is_plain_json_and_not_of_the_annotated_type_is_refused(value: object, path: str) -> None:
    with pytest.raises(SerdesError) as caught:
        FORMS.of(rows, StepOptions()).store(value)
    assert caught.value.path == path
    assert "change the annotation" in str(caught.value)


def test_result_that_was_not_recorded_is_none() -> None:
    for forms in (FORMS.of_child(line, ChildOptions()), FORMS.of(line, StepOptions())):
        assert forms.read(None) is None


def test_live_value_is_what_its_serdes_reads() -> None:
    forms = FORMS.of_child(line, ChildOptions(serdes=Shouted()))
    assert forms.store("hello") == ("HELLO", "HELLO")
    assert forms.read("HELLO") == "HELLO"


def test_failing_serdes_is_a_serdes_error() -> None:
    forms = FORMS.of_child(anything, ChildOptions(serdes=Fails()))
    with pytest.raises(SerdesError, match="its serdes failed: OSError: disk full"):
        forms.store(1)
    with pytest.raises(SerdesError, match="mine"):
        forms.read("x")


def test_serdes_has_to_make_a_string() -> None:
    class Numbers:
        def serialize(self, value: int, /) -> Any:
            return value

        def deserialize(self, text: str, /) -> int:
            return int(text)

    with pytest.raises(SerdesError, match="serialize returned a int, not a str"):
        FORMS.of_child(anything, ChildOptions(serdes=Numbers())).store(1)


def test_callables_of_every_kind_are_bodies() -> None:
    assert FORMS.of(len, StepOptions()).store(3) == ("3", 3)
    assert FORMS.of(dict.fromkeys, StepOptions()).store({}) == ('{"t":"m","v":{}}', {})
    assert FORMS.of(Unhashable(), StepOptions()).store(3) == ("3", 3)
    assert FORMS.describe(ValueError("x"))["ErrorType"] == "ValueError"


def test_child_may_return_more_than_can_be_recorded_and_a_step_may_not() -> None:
    large = "é" * (LARGEST_PAYLOAD // 2)
    text, live = FORMS.of_child(anything, ChildOptions()).store(large)
    assert live == large
    assert len(text.encode()) > LARGEST_PAYLOAD
    with pytest.raises(SerdesError, match=r"takes 1,048,578 bytes, and the service records at most 1,048,576"):
        FORMS.of(anything, StepOptions()).store(large)


def test_text_that_has_no_bytes_is_refused() -> None:
    forms = FORMS.of_child(anything, ChildOptions(serdes=Shouted()))
    with pytest.raises(SerdesError, match="cannot travel as UTF-8"):
        forms.store("\ud800")


def test_summary_is_the_users_or_empty() -> None:
    assert FORMS.of_child(anything, ChildOptions()).summary([1]) == ""
    assert (
        FORMS.of_child(anything, ChildOptions(summary=lambda value: f"{len(value)} things")).summary([1]) == "1 things"
    )


@pytest.mark.parametrize(
    ("summary", "said"),
    [(lambda _: None, "returned a NoneType"), (lambda _: 1 / 0, "its summary failed: ZeroDivisionError")],
)
def test_summary_that_misbehaves_is_a_serdes_error(summary: Any, said: str) -> None:
    with pytest.raises(SerdesError, match=said):
        FORMS.of_child(anything, ChildOptions(summary=summary)).summary(1)


def test_child_raises_the_original_error() -> None:
    forms = FORMS.of_child(anything, ChildOptions())
    recorded = json.loads(json.dumps(forms.describe(Coded(7, "visa"))))
    error = forms.revive(recorded, ASKED, 0)
    assert isinstance(error, Coded)
    assert error.code == 7
    facts = failure(error)
    assert facts is not None
    assert (facts.operation, facts.operation_id, facts.attempts) == ("asked", ASKED.id, 0)


def test_child_raises_its_own_error_for_what_cannot_be_rebuilt() -> None:
    forms = FORMS.of_child(anything, ChildOptions())
    error = forms.revive(forms.describe(Composed("rain")), ASKED, 0)
    assert isinstance(error, ChildContextError)
    assert error.error_type is not None
    assert error.error_type.endswith("Composed")


def test_step_and_child_and_condition_differ_in_what_they_raise() -> None:
    recorded = {"ErrorType": "some.where.Else", "ErrorMessage": "no"}
    found = (
        FORMS.of(anything, StepOptions()).revive(recorded, ASKED, 1),
        FORMS.of_child(anything, ChildOptions()).revive(recorded, ASKED, 0),
        FORMS.of_condition(anything, 1).revive(recorded, ASKED, 1),
    )
    assert [type(error) for error in found] == [StepError, ChildContextError, ConditionError]


@given(st.text(st.characters()), st.text(st.characters(), max_size=50))
def test_error_of_any_text_is_small_and_says_the_same_live_and_replayed(text: str, name: str) -> None:
    forms = FORMS.of_child(anything, ChildOptions())
    recorded = forms.describe(Declined(text, name))
    replayed = json.loads(json.dumps(recorded))
    assert len(json.dumps(recorded)) <= LIMIT
    assert seen(forms.revive(recorded, ASKED, 0)) == seen(forms.revive(replayed, ASKED, 0))


@pytest.mark.parametrize("size", [10_000, 40_000, 1_000_000])
def test_large_error_is_cut(size: int) -> None:
    forms = FORMS.of_child(anything, ChildOptions())
    recorded = forms.describe(Declined("\U0001f600" * size, "x" * size))
    assert len(json.dumps(recorded)) <= LIMIT


# Conditions


class Phase(enum.Enum):
    WAITING = "waiting"


@dataclass
class Progress:
    done: int = 0


def returns(state: Any) -> Progress: ...  # type: ignore[empty-body]
def takes(state: Progress): ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("check", "initial", "state"),
    [
        (anything, 1, 2),
        (anything, None, {"a": (1,)}),
        (returns, None, Progress(2)),
        (takes, None, Progress(2)),
        (lambda state: state, Progress(), Progress(2)),
        (lambda state: state, Phase.WAITING, Phase.WAITING),
        (lambda state: state, {"a": 1}, {"a": 2}),
    ],
)
def test_state_comes_back_as_what_it_was(check: Any, initial: Any, state: Any) -> None:
    forms = FORMS.of_condition(check, initial)
    text, live = forms.store(state)
    again: Any = forms.read(text)
    assert live == again == state
    assert type(live) is type(again) is type(state)
    assert forms.read(None) is None


def test_state_may_have_a_serdes() -> None:
    forms = FORMS.of_condition(takes, Progress(), JSON)
    assert forms.store([1]) == ("[1]", [1])


def test_state_is_never_larger_than_the_service_takes() -> None:
    with pytest.raises(SerdesError, match="at most 1,048,576"):
        FORMS.of_condition(anything, "").store("x" * LARGEST_PAYLOAD)


def test_condition_never_raises_the_checks_own_error() -> None:
    forms = FORMS.of_condition(anything, 1)
    error = forms.revive(forms.describe(Declined("no")), ASKED, 3)
    assert isinstance(error, ConditionError)
    assert error.message == "no"
    assert error.error_type is not None
    assert error.error_type.endswith("Declined")
    assert error.data is None


def test_annotation_that_cannot_be_served_is_refused_by_name() -> None:
    def odd(ctx: Any) -> complex: ...  # type: ignore[empty-body]

    with pytest.raises(HandlerRefused, match="odd"):
        FORMS.of_child(odd, ChildOptions())


def count(ctx: Any) -> int: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(("function", "values"), [(count, [1, -2, 2**70]), (anything, [None, True, "a", 1])])
def test_plain_values_are_read_at_a_glance(function, values):
    form = FORMS.of_child(function, ChildOptions()).form
    read = form.at_a_glance(["null" if value is None else form.store(value)[0] for value in values])
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["1", "1.5"],
        ["1", "[1]"],
        ["1", '{"a":1}'],
        ["1", f'"{"x" * 1_000}"'],
        ["1", ""],
        ["1", "2 3"],
        ["1", "?"],
        ["1", "[" * 3_000],
        ['"a, b"', '"["'],
        ["1,2", ""],
        ['"a', 'b"', "3"],
        ["[1", "2]", "3"],
        ["1,2", "3"],
        ["1", "2]"],
        ["1]", "2"],
    ],
)
def test_values_that_are_not_plain_and_texts_that_are_none_are_not_read_at_a_glance(texts):
    assert FORMS.of_child(anything, ChildOptions()).form.at_a_glance(texts) is None


@pytest.mark.parametrize("options", [ChildOptions(serdes=Shouted()), ChildOptions(serdes=Fails())])
def test_what_has_a_serdes_is_not_read_at_a_glance(options):
    assert FORMS.of_child(anything, options).form.at_a_glance(["1", "2"]) is None
