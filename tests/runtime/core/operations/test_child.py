"""Child contexts, driven by hand (PROTOCOL 5.7)."""

import pytest

from perdure import ReplayMismatch, SerdesError
from perdure_runtime.core.effects import Enter, Ok, Raised, enter
from perdure_runtime.core.identity import Scope, hashed
from perdure_runtime.core.operations.child import LARGEST_INLINE, ChildWork, child, is_large
from perdure_runtime.core.operations.child import recorded as told_by_its_record
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from support.driving import Line, Recorded, Upper, drive, journal_of, recorded, updates

ROOT = Scope()
CHILD = ROOT.take(Kind.CONTEXT, Subtype.CHILD, "order")
START = {"Id": CHILD.id, "Type": "CONTEXT", "Action": "START", "SubType": "RunInChildContext", "Name": "order"}
BOOM = ValueError("boom")
TOLD = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
LARGE = "x" * (LARGEST_INLINE + 1)


def body(context):
    raise AssertionError("operations leave bodies to the driver")


class Declined(Exception):
    pass


class Case:
    """A child context on its way: its operation, and the scope that its code would get."""

    def __init__(self, *history, values=None, **options):
        self.journal = journal_of(*history)
        self.scope = ROOT.inside(CHILD)
        self.line = Line()
        self.work = ChildWork(values or Upper(), self.line, **options)

    def drive(self, *replies):
        record = self.journal.find(CHILD.id)
        return drive(child(self.journal, CHILD, self.scope, self.work, self.runs, record), *replies)

    def runs(self):
        return enter(body, self.scope)

    @property
    def entered(self):
        return Enter(body, self.scope)


def test_a_new_context_starts_runs_and_records_what_it_returned():
    case = Case()
    asked, outcome = case.drive(Ok("done"))
    assert asked == [
        Recorded(START),
        case.entered,
        Recorded({**START, "Action": "SUCCEED", "Payload": "DONE"}),
    ]
    assert case.line.owed == 2
    assert outcome == Ok("done!")


def test_a_started_context_runs_again_without_a_start():
    case = Case(recorded(CHILD, "STARTED"))
    asked, outcome = case.drive(Ok("done"))
    assert asked[0] == case.entered
    assert [update["Action"] for update in updates(asked)] == ["SUCCEED"]
    assert outcome == Ok("done!")


def test_a_recorded_result_is_returned_and_the_code_does_not_run():
    assert Case(recorded(CHILD, "SUCCEEDED", Result="DONE")).drive() == ([], Ok("done!"))
    assert Case(recorded(CHILD, "SUCCEEDED")).drive() == ([], Ok(None))


def test_a_recorded_result_that_cannot_be_read_is_the_contexts_failure():
    asked, outcome = Case(recorded(CHILD, "SUCCEEDED", Result="?")).drive()
    assert asked == []
    assert isinstance(outcome.error, SerdesError)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"])
def test_a_recorded_failure_is_raised_and_the_code_does_not_run(status):
    asked, outcome = Case(recorded(CHILD, status, Error=TOLD)).drive()
    assert asked == []
    assert outcome.error.args == ("ValueError", "order", 0)
    assert outcome.recorded == TOLD


@pytest.mark.parametrize(
    ("status", "details", "told"),
    [
        ("SUCCEEDED", {"Result": "DONE"}, "Ok(value='done!')"),
        (
            "SUCCEEDED",
            {"Result": "?"},
            "Raised(error=SerdesError(",
        ),
        ("SUCCEEDED", {"ReplayChildren": True}, "None"),
        ("FAILED", {"Error": TOLD}, "Raised(error=Declined(LookupError("),
        ("STARTED", {}, "None"),
    ],
)
def test_an_outcome_that_is_recorded_needs_no_operation(status, details, told):
    record = journal_of(recorded(CHILD, status, **details)).find(CHILD.id)
    assert repr(told_by_its_record(CHILD, Upper(), Declined, record)).startswith(told)


def test_what_the_code_raises_fails_the_context():
    case = Case()
    asked, outcome = case.drive(Raised(BOOM))
    assert case.line.owed == 2
    assert asked[2] == Recorded({**START, "Action": "FAIL", "Error": TOLD})
    assert outcome.error.args == ("ValueError", "order", 0)
    assert outcome.recorded == TOLD


def test_a_result_that_cannot_be_stored_fails_the_context():
    asked, outcome = Case().drive(Ok("refused"))
    assert [update["Action"] for update in updates(asked)] == ["START", "FAIL"]
    assert outcome.error.args == ("SerdesError", "order", 0)


@pytest.mark.parametrize("history", [(), (recorded(CHILD, "STARTED"),)])
@pytest.mark.parametrize("reply", [Ok("done"), Raised(BOOM)])
def test_an_ended_context_excuses_what_it_did_not_reach(history, reply):
    inner = ROOT.inside(CHILD).take(Kind.STEP, Subtype.STEP, None)
    case = Case(recorded(CHILD, "STARTED"), recorded(inner, "SUCCEEDED"))
    case.journal.seal()
    case.journal.ask(CHILD)
    assert len(case.journal.unreached()) == 1
    case.drive(reply)
    assert case.journal.unreached() == []


# Large results


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("x" * LARGEST_INLINE, False),
        ("x" * (LARGEST_INLINE + 1), True),
        ("é" * (LARGEST_INLINE // 2), False),
        ("é" * (LARGEST_INLINE // 2 + 1), True),
        ("€" * (LARGEST_INLINE // 4), False),
        ("\ud800" * (LARGEST_INLINE // 3 + 1), True),
        ("", False),
    ],
)
def test_a_text_is_large_above_256_kib_of_bytes(text, large):
    assert is_large(text) is large


def test_in_place_of_a_large_result_a_summary_is_recorded_and_the_children_are_kept():
    asked, outcome = Case().drive(Ok(LARGE))
    summary = {"Payload": f"{len(LARGE) + 1} characters", "ContextOptions": {"ReplayChildren": True}}
    assert asked[2] == Recorded({**START, "Action": "SUCCEED", **summary})
    assert outcome == Ok(LARGE + "!")


def test_a_summary_that_breaks_fails_the_context():
    class Unsummarised(Upper):
        def summary(self, value):
            raise ZeroDivisionError("summary")

    asked, outcome = Case(values=Unsummarised()).drive(Ok(LARGE))
    assert updates(asked)[1]["Error"] == {"ErrorType": "ZeroDivisionError", "ErrorMessage": "summary"}
    assert outcome.error.args == ("ZeroDivisionError", "order", 0)


def test_a_large_result_is_made_again_from_the_children_and_nothing_is_recorded():
    case = Case(recorded(CHILD, "SUCCEEDED", ReplayChildren=True, Result="5 characters"))
    asked, outcome = case.drive(Ok(LARGE))
    assert asked == [case.entered]
    assert (case.scope.sealed, case.scope.replaying) == (True, True)
    assert outcome == Ok(LARGE + "!")


def test_code_that_fails_where_it_succeeded_before_is_a_mismatch():
    case = Case(recorded(CHILD, "SUCCEEDED", ReplayChildren=True))
    with pytest.raises(ReplayMismatch) as caught:
        case.drive(Raised(BOOM))
    assert caught.value.differences == (("outcome", "a result", "ValueError: boom"),)


def test_a_result_made_again_that_cannot_be_stored_any_more_is_the_contexts_failure():
    _, outcome = Case(recorded(CHILD, "SUCCEEDED", ReplayChildren=True)).drive(Ok("refused"))
    assert isinstance(outcome.error, SerdesError)


# Virtual contexts


def test_a_virtual_context_runs_and_records_nothing_of_itself():
    case = Case(virtual=True)
    asked, outcome = case.drive(Ok("done"))
    assert asked == [case.entered]
    assert outcome == Ok("done!")


@pytest.mark.parametrize(("reply", "error_type"), [(Raised(BOOM), "ValueError"), (Ok("refused"), "SerdesError")])
def test_a_virtual_context_fails_as_a_recorded_one_would(reply, error_type):
    asked, outcome = Case(virtual=True).drive(reply)
    assert updates(asked) == []
    assert outcome.error.args == (error_type, "order", 0)
    assert outcome.recorded["ErrorType"] == error_type


# The user's own mapping of failures


@pytest.mark.parametrize(
    ("history", "replies", "options"),
    [
        ((), (Raised(BOOM),), {}),
        ((recorded(CHILD, "FAILED", Error=TOLD),), (), {}),
        ((), (Raised(BOOM),), {"virtual": True}),
    ],
    ids=["live", "on replay", "virtual"],
)
def test_a_failure_is_mapped_live_and_on_replay_and_recorded_as_it_was(history, replies, options):
    asked, outcome = Case(*history, on_error=lambda error: Declined(*error.args), **options).drive(*replies)
    assert isinstance(outcome.error, Declined)
    assert outcome.error.args == ("ValueError", "order", 0)
    assert isinstance(outcome.error.__cause__, LookupError)
    assert outcome.recorded == TOLD
    assert [update["Error"] for update in updates(asked) if "Error" in update] in ([], [TOLD])


def mapped(on_error):
    _, outcome = Case(recorded(CHILD, "FAILED", Error=TOLD), on_error=on_error).drive()
    return outcome.error


def test_a_mapping_that_lets_the_failure_be_changes_nothing():
    error = mapped(lambda error: error)
    assert isinstance(error, LookupError)
    assert error.__cause__ is None


def test_a_mapping_may_name_the_cause_itself():
    def declined(error):
        mapped = Declined()
        mapped.__cause__ = BOOM
        return mapped

    assert mapped(declined).__cause__ is BOOM


def test_what_a_mapping_raises_comes_in_place_of_the_failure():
    def broken(error):
        raise ZeroDivisionError("mapping")

    error = mapped(broken)
    assert isinstance(error, ZeroDivisionError)
    assert isinstance(error.__context__, LookupError)


def test_a_mapping_that_returns_no_exception_is_told_so():
    error = mapped(lambda error: "declined")
    assert str(error) == "on_error has to return an exception, not a str"
    assert isinstance(error.__context__, LookupError)


# What cannot be


def test_a_context_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        Case(recorded(CHILD, "PENDING")).drive()


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.CONTEXT, Status.STARTED), Move.PARK)
    with pytest.raises(AssertionError, match="a context has no"):
        Case(recorded(CHILD, "STARTED")).drive()


def test_the_code_of_a_context_numbers_from_the_contexts_id():
    assert Case().scope.peek() == hashed(f"{CHILD.id}-1")
