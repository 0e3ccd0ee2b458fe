import pickle
from datetime import timedelta

import pytest

from perdure import (
    BatchError,
    CallbackError,
    CallbackNotSubmitted,
    CallbackTimeout,
    DurableCallRefused,
    Failure,
    HandlerRefused,
    MalformedEnvelope,
    NonRetryable,
    OperationError,
    PerdureError,
    RecordedError,
    ReplayMismatch,
    RetryAfter,
    SerdesError,
    ServiceError,
    StepError,
    StepInterrupted,
    WaitCancelled,
    errors,
    failure,
)

MISMATCH = ReplayMismatch("0123456789abcdef", [("name", "reserve", "charge")], "app.py:7", "the history holds charge")
SERVICE = ServiceError(
    "CheckpointDurableExecution", "ThrottlingException", "slow down", status=429, request_id="r-1", execution="arn:x"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StepError("boom", "app.Boom", "data"), "boom"),
        (StepInterrupted("cut off"), "cut off"),
        (WaitCancelled("gone"), "gone"),
        (CallbackNotSubmitted("nobody was asked"), "nobody was asked"),
        (
            MISMATCH,
            "operation 01234567 at app.py:7: name: recorded 'reserve', asked 'charge' (the history holds charge).",
        ),
        (ReplayMismatch("0123456789abcdef", []), "restore the call"),
        (DurableCallRefused("ctx.step()", "because"), "ctx.step() was refused: because"),
        (HandlerRefused("app.f", "because"), "app.f: because"),
        (
            SerdesError("cannot be stored", "value.items[3]", "step 'pay'"),
            "step 'pay': value.items[3]: cannot be stored",
        ),
        (SerdesError("cannot be stored"), "cannot be stored"),
        (MalformedEnvelope("CheckpointToken", "is missing"), "CheckpointToken is missing"),
        (SERVICE, "CheckpointDurableExecution failed with ThrottlingException (HTTP 429, request r-1): slow down"),
        (ServiceError("Get", "Timeout"), "Get failed with Timeout"),
        (PerdureError("plain", 7), "plain 7"),
        (NonRetryable("never"), "never"),
        (RetryAfter(5, "busy"), "busy"),
        (RetryAfter(timedelta(minutes=2)), "another attempt may be made after 120 s"),
        (RecordedError("app.Boom", "boom", ["line"]), "app.Boom: boom"),
        (RecordedError(None, "2 more errors were not recorded"), "2 more errors were not recorded"),
        (BatchError("2 failed", [ValueError("a"), KeyError("b")]), "2 failed"),
    ],
)
def test_an_error_says_the_fact_and_survives_pickling(error, said):
    assert said in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert {key: value for key, value in vars(copy).items() if key != "exceptions"}.keys() == vars(error).keys()


def test_service_errors_keep_their_facts_through_pickling():
    assert vars(pickle.loads(pickle.dumps(SERVICE))) == vars(SERVICE)


def test_a_batch_error_is_a_group_that_can_be_taken_apart():
    caught = []
    try:
        raise BatchError("2 failed", [ValueError("a"), KeyError("b")])
    except* ValueError as group:
        caught.append(group)
    except* KeyError as group:
        caught.append(group)
    assert [type(group) for group in caught] == [BatchError, BatchError]
    assert [str(group.exceptions[0]) for group in caught] == ["a", "'b'"]


def test_a_batch_error_keeps_its_items_through_pickling():
    error = BatchError("2 failed", [ValueError("a"), StepError("b", "app.B", "data")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.message == "2 failed"
    assert [(type(item), item.args) for item in copy.exceptions] == [
        (type(item), item.args) for item in error.exceptions
    ]
    assert vars(copy) == vars(error)


def test_a_batch_error_is_not_changed_through_the_list_it_was_made_of():
    errors = [ValueError("a")]
    error = BatchError("1 failed", errors)
    errors.append(ValueError("b"))
    assert len(error.exceptions) == 1
    assert error.args == ("1 failed", error.exceptions)


def test_batch_errors_nest_as_batches_do():
    inner = BatchError("1 failed", [ValueError("a"), OSError("b")])
    outer = BatchError("2 failed", [inner, KeyError("c")])
    matched, rest = outer.split(ValueError)
    assert [type(group) for group in (matched, rest, matched.exceptions[0])] == [BatchError] * 3
    assert (str(matched), str(matched.exceptions[0].exceptions[0])) == ("2 failed", "a")


def test_all_that_ends_a_callback_badly_is_a_callback_error():
    assert issubclass(CallbackTimeout, CallbackError)
    assert issubclass(CallbackNotSubmitted, CallbackError)


def test_failure_tells_the_facts_an_operation_attached():
    error = ValueError("boom")
    assert failure(error) is None
    facts = Failure("pay", "0123", 2, "ValueError", "boom", (), None)
    setattr(error, errors.FACTS, facts)
    assert failure(error) is facts
    setattr(error, errors.FACTS, "forged")
    assert failure(error) is None


RAISED_BY_USERS = {"NonRetryable", "RetryAfter"}


@pytest.mark.parametrize("name", sorted({*errors.__all__} - {"Failure", "failure"} - RAISED_BY_USERS))
def test_every_error_belongs_to_the_family(name):
    assert issubclass(getattr(errors, name), PerdureError)


def test_failures_of_operations_share_one_base():
    for name in ("StepError", "ChildContextError", "InvokeError", "CallbackError", "ConditionError", "BatchError"):
        assert issubclass(getattr(errors, name), OperationError)


def test_a_delay_that_an_error_asks_for_is_seconds():
    assert (RetryAfter(timedelta(seconds=90)).delay, RetryAfter(2.5, "busy").delay) == (90, 2.5)


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), timedelta(seconds=-1)])
def test_a_delay_that_is_none_is_refused(delay):
    with pytest.raises(ValueError, match="seconds from 0 up"):
        RetryAfter(delay)


def test_what_is_no_delay_is_refused():
    with pytest.raises(TypeError, match="a timedelta or a number of seconds, not str"):
        RetryAfter("5")


def test_a_class_that_does_not_call_the_constructor_it_inherits_says_what_it_was_given():
    class Limited(RetryAfter):
        def __init__(self, page):
            self.page = page

    class Unpaid(OperationError):
        def __init__(self, order):
            self.order = order

    assert (str(Limited("p")), str(Unpaid("o"))) == ("p", "o")
    assert (Unpaid("o").error_type, Unpaid("o").data) == (None, None)
    assert OperationError.__new__(OperationError).message == ""


def test_a_class_may_say_its_delay_as_a_timedelta():
    class Nightly(RetryAfter):
        delay = timedelta(hours=1)

        def __init__(self):
            pass

    assert str(Nightly()) == "another attempt may be made after 3600 s"
