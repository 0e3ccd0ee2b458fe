"""What callbacks and invoked functions are given, and what becomes of their answers."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import CallbackError, CallbackTimeout, InvokeError, SerdesError, StepError, failure
from perdure.errors import CallbackNotSubmitted
from perdure.serdes import JSON, RAW
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.sizes import LARGEST_PAYLOAD
from support.annotated import Colour, Line
from support.batches import ASKED, seen
from support.exceptions import OURS, Declined

FORMS = Forms(OURS)
OFFICIAL = "aws_durable_execution_sdk_python.exceptions."


@dataclass
class Decision:
    approved: bool
    on: date | None = None


class Money:
    """Stored by nothing but its serdes."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    __hash__ = None  # type: ignore[assignment]


class MoneySerdes:
    def serialize(self, value: Money, /) -> str:
        return f"{value.cents} ct"

    def deserialize(self, text: str, /) -> Money:
        return Money(int(text.removesuffix(" ct")))


class Length:
    """Reads numbers, and would write something else."""

    def serialize(self, value: int, /) -> Any:
        return value

    def deserialize(self, text: str, /) -> Any:
        return {1, len(text)}


# Callbacks


@pytest.mark.parametrize("text", ["approved", "", '{"a": 1}', "null", None, "\u2028é"])
def test_callback_without_a_type_gives_the_text_that_was_sent(text: Any) -> None:
    assert FORMS.of_callback().read(text) == text


@pytest.mark.parametrize(
    ("result", "text", "value"),
    [
        (Decision, '{"approved": true, "on": "2026-01-02", "more": 1}', Decision(approved=True, on=date(2026, 1, 2))),
        (Decision, ' {"approved":false}\n', Decision(approved=False)),
        (list[Line], '[{"sku": "a", "price": 1}]', [Line("a", 1.0)]),
        (str, '"x"', "x"),
        (Any, '{"t": "i", "v": 5}', {"t": "i", "v": 5}),
        (Any, '{"a": [1]}', {"a": [1]}),
        (int | None, None, None),
        (Colour, '"red"', Colour.RED),
        (int, "123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_callback_with_a_type_gives_a_value_of_it(result: Any, text: Any, value: Any) -> None:
    assert FORMS.of_callback(result).read(text) == value


def test_callback_with_a_serdes_gives_what_that_reads() -> None:
    assert FORMS.of_callback(None, MoneySerdes()).read("12 ct") == Money(12)
    assert FORMS.of_callback(None, MoneySerdes()).read(None) is None


@pytest.mark.parametrize(
    ("result", "serdes", "text", "said"),
    [
        (Decision, None, "approved", "is not JSON"),
        (Decision, None, '{"approved": 1}', r"result\.approved: expected bool, found int 1"),
        (Decision, None, None, "expected an object with the fields of Decision, found None"),
        (str, None, "[" * 100_000, "nested"),
        (None, JSON, "{", "its serdes failed"),
    ],
)
def test_answer_of_another_form_is_a_serdes_error(result: Any, serdes: Any, text: Any, said: str) -> None:
    with pytest.raises(SerdesError, match=said):
        FORMS.of_callback(result, serdes).read(text)


REJECTED = {"ErrorType": "RejectedError", "ErrorMessage": "not approved", "ErrorData": "d", "StackTrace": ["at x"]}


def test_failed_callback_says_what_the_outside_said() -> None:
    error = FORMS.of_callback().revive(REJECTED, ASKED, timed_out=False)
    assert type(error) is CallbackError
    assert (str(error), error.error_type, error.data) == ("not approved", "RejectedError", "d")
    facts = failure(error)
    assert facts is not None
    assert (facts.operation, facts.stack) == ("asked", ("at x",))


@pytest.mark.parametrize("name", ["ValueError", "perdure.StepError", "support.exceptions.Declined"])
def test_outside_never_chooses_a_class(name: str) -> None:
    error = FORMS.of_callback().revive({"ErrorType": name, "ErrorMessage": "x"}, ASKED, timed_out=False)
    assert type(error) is CallbackError
    assert error.error_type == name


@pytest.mark.parametrize(
    ("error", "timed_out", "kind", "message"),
    [
        ({"ErrorType": "Callback.Timeout", "ErrorMessage": "late"}, True, CallbackTimeout, "late"),
        ({"ErrorType": "Callback.Heartbeat"}, True, CallbackTimeout, "the callback timed out"),
        (None, True, CallbackTimeout, "the callback timed out"),
        (None, False, CallbackError, "the callback failed"),
        ({"ErrorMessage": ""}, False, CallbackError, ""),
    ],
)
def test_callback_that_ended_badly_has_a_message(error: Any, timed_out: bool, kind: Any, message: str) -> None:  # noqa: FBT001
    found = FORMS.of_callback().revive(error, ASKED, timed_out)
    assert type(found) is kind
    assert found.message == message


# The context of wait_for_callback


@pytest.mark.parametrize(
    ("result", "serdes", "value", "text"),
    [
        (None, None, "approved", '"approved"'),
        (None, None, None, "null"),
        (Decision, None, Decision(approved=True), '{"t":"m","v":{"approved":true,"on":null}}'),
        (None, JSON, {"s": 1}, '{"t":"m","v":{"s":1}}'),
        (None, RAW, "x", '"x"'),
        (None, MoneySerdes(), Money(5), '{"t":"s","v":"5 ct"}'),
    ],
)
def test_value_of_a_waited_for_callback_is_recorded_and_read(result: Any, serdes: Any, value: Any, text: str) -> None:
    forms = FORMS.of_callback(result, serdes)
    stored, live = forms.store(value)
    assert stored == text
    assert live == forms.read_stored(stored) == value
    assert forms.read_stored(None) is None


def test_what_neither_codec_nor_serdes_can_hold_is_refused() -> None:
    with pytest.raises(SerdesError, match="set cannot be stored"):
        FORMS.of_callback().store({1})
    with pytest.raises(SerdesError, match="serialize returned a set"):
        FORMS.of_callback(None, Length()).store({1})


def test_official_record_of_the_context_is_read() -> None:
    text = '{"t":"m","v":{"approved":{"t":"b","v":true},"on":{"t":"D","v":"2026-01-02"}}}'
    assert FORMS.of_callback(Decision).read_stored(text) == Decision(approved=True, on=date(2026, 1, 2))
    assert FORMS.of_callback(None, MoneySerdes()).read_stored('"plain"') == "plain"


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        ("perdure.CallbackTimeout", CallbackTimeout, None),
        ("perdure.CallbackError", CallbackError, None),
        ("perdure.CallbackNotSubmitted", CallbackNotSubmitted, None),
        ("perdure.SerdesError", CallbackError, "perdure.SerdesError"),
        (f"{OFFICIAL}CallbackTimeoutError", CallbackTimeout, None),
        (f"{OFFICIAL}CallbackExternalError", CallbackError, None),
        (f"{OFFICIAL}CallbackError", CallbackError, None),
        (f"{OFFICIAL}CallbackSubmitterError", CallbackNotSubmitted, None),
        (f"{OFFICIAL}SerDesError", CallbackError, f"{OFFICIAL}SerDesError"),
        (f"{OFFICIAL}StepError", CallbackNotSubmitted, f"{OFFICIAL}StepError"),
        ("ValueError", CallbackNotSubmitted, "ValueError"),
        ("perdure.StepError", CallbackNotSubmitted, "perdure.StepError"),
        (None, CallbackError, None),
    ],
)
def test_failure_of_the_context_is_always_a_callback_error(name: Any, kind: Any, kept: Any) -> None:
    error = FORMS.of_callback().revive_context({"ErrorType": name, "ErrorMessage": "m"}, ASKED)
    assert type(error) is kind
    assert (error.message, error.error_type) == ("m", kept)


def test_failure_of_the_context_without_a_record_is_a_callback_error() -> None:
    assert type(FORMS.of_callback().revive_context(None, ASKED)) is CallbackError


@pytest.mark.parametrize("data", [None, "d", '{"perdure":1,"lost":true}'])
@pytest.mark.parametrize("timed_out", [True, False])
def test_error_of_the_callback_passes_its_context_unchanged(data: Any, timed_out: bool) -> None:  # noqa: FBT001
    forms = FORMS.of_callback()
    inner = forms.revive({**REJECTED, "ErrorData": data}, ASKED, timed_out)
    outer = forms.revive_context(json.loads(json.dumps(forms.describe(inner))), ASKED)
    assert type(outer) is type(inner)
    assert (outer.message, outer.error_type, outer.data) == (inner.message, inner.error_type, inner.data)


def test_what_the_submitter_raised_is_told() -> None:
    forms = FORMS.of_callback()
    error = forms.revive_context(forms.describe(Declined("no", 5)), ASKED)
    assert type(error) is CallbackNotSubmitted
    assert error.message == "('no', 5)"
    assert error.error_type is not None
    assert error.error_type.endswith("Declined")
    assert error.data is None
    again = forms.revive_context(forms.describe(StepError("x", "m.E")), ASKED)
    assert (type(again), again.error_type) == (CallbackNotSubmitted, "m.E")


# Invokes


@dataclass
class Request:
    when: datetime
    price: Decimal
    colour: Colour = Colour.RED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("x", '"x"'),
        ({"a": [1, 2.5, None]}, '{"a":[1,2.5,null]}'),
        ((1, 2), "[1,2]"),
        (
            Request(datetime(2026, 1, 2, tzinfo=UTC), Decimal("1.50")),
            '{"when":"2026-01-02T00:00:00+00:00","price":"1.50","colour":"red"}',
        ),
        ({"t": "i", "v": 1}, '{"t":"i","v":1}'),
        (2**70, "1180591620717411303424"),
    ],
)
def test_payload_is_plain_json(value: Any, text: str) -> None:
    assert FORMS.of_invoke().payload(value) == text


def test_payload_may_have_a_serdes() -> None:
    assert FORMS.of_invoke(MoneySerdes()).payload(Money(5)) == "5 ct"


@pytest.mark.parametrize(
    ("serdes", "value", "said"),
    [
        (None, {"a": 1j}, r"payload\.a: .*complex"),
        (None, {1: 2}, "payload: .*keys"),
        (None, "x" * LARGEST_PAYLOAD, "takes 1,048,578 bytes"),
        (None, "é" * (LARGEST_PAYLOAD // 2), "takes 1,048,578 bytes"),
        (RAW, "\ud800", "cannot travel as UTF-8"),
        (Length(), 5, "serialize returned a int"),
        (RAW, 5, "its serdes failed: TypeError"),
    ],
)
def test_payload_that_cannot_be_sent_is_refused(serdes: Any, value: Any, said: str) -> None:
    with pytest.raises(SerdesError, match=said):
        FORMS.of_invoke(serdes).payload(value)


@pytest.mark.parametrize(
    ("result", "serdes", "text", "value"),
    [
        (None, None, None, None),
        (None, None, '{"a": 1}', {"a": 1}),
        (None, None, '{"t": "i", "v": 1}', {"t": "i", "v": 1}),
        (Line, None, '{"sku":"a","price":2}', Line("a", 2.0)),
        (None, MoneySerdes(), "5 ct", Money(5)),
        (None, MoneySerdes(), None, None),
    ],
)
def test_answer_of_a_function_is_plain_json(result: Any, serdes: Any, text: Any, value: Any) -> None:
    assert FORMS.of_invoke(None, result, serdes).read(text) == value


def test_answer_that_is_not_json_is_a_serdes_error() -> None:
    with pytest.raises(SerdesError, match="is not JSON"):
        FORMS.of_invoke().read("plain text")


def test_failed_invoke_never_raises_a_class_of_the_callers() -> None:
    error = FORMS.of_invoke().revive({"ErrorType": "ValueError", "ErrorMessage": "no", "ErrorData": "d"}, ASKED)
    assert isinstance(error, InvokeError)
    assert (error.message, error.error_type, error.data) == ("no", "ValueError", "d")
    assert "no error was recorded" in str(FORMS.of_invoke().revive(None, ASKED))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_plain_payload_is_an_answer_unchanged(value: Any) -> None:
    forms = FORMS.of_invoke()
    assert forms.read(forms.payload(value)) == value


@given(st.text() | st.text(alphabet='{}[]",:tv019.eE-snull '))
def test_any_text_is_an_answer_or_a_serdes_error(text: str) -> None:
    for read in (
        FORMS.of_invoke(None, Line).read,
        FORMS.of_callback(Decision).read,
        FORMS.of_callback(Decision).read_stored,
        FORMS.of_callback(None, MoneySerdes()).read_stored,
    ):
        try:
            read(text)
        except SerdesError as error:
            assert seen(error)  # noqa: PT017  a value or this error
