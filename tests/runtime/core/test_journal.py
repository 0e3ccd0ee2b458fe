import pytest

from perdure import ReplayMismatch
from perdure_runtime.core.identity import Identity, Scope
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.records import MILLISECONDS
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.journals import EXECUTION, journal_of, recorded, taken


def test_only_operations_are_history():
    (first,) = taken("a")
    assert not journal_of().has_history
    assert journal_of(recorded(first)).has_history


def test_the_execution_is_found_wherever_it_stands():
    (first,) = taken("a")
    journal = Journal()
    assert journal.execution is None
    journal.merge([recorded(first)])
    journal.merge([EXECUTION])
    assert journal.execution.id == "e"


def test_a_newer_state_replaces_an_older_one():
    (first,) = taken("a")
    journal = journal_of(recorded(first, "STARTED"))
    journal.merge([recorded(first, "SUCCEEDED")])
    assert journal.find(first.id).status == "SUCCEEDED"


def test_what_is_not_recorded_is_none():
    (first,) = taken("a")
    assert journal_of().ask(first) is None
    assert journal_of().find(first.id) is None


def test_a_call_that_does_not_match_its_record_is_a_mismatch():
    first, _ = taken("a", "b")
    with pytest.raises(ReplayMismatch) as caught:
        journal_of(recorded(first)).ask(first._replace(name="b"))
    assert caught.value.differences == (("name", "a", "b"),)
    assert caught.value.hint == ""


def test_a_mismatch_hints_where_the_call_stands_in_the_history():
    first, second = taken("a", "b")
    with pytest.raises(ReplayMismatch, match=f"the history holds b as {second.id[:8]}, later on"):
        journal_of(recorded(first), recorded(second)).ask(first._replace(name="b"))


def test_records_that_no_call_asked_for_are_unreached():
    first, second = taken("a", "b")
    journal = journal_of(recorded(first), recorded(second))
    journal.ask(first)
    assert [record.name for record in journal.unreached()] == ["b"]
    journal.ask(second)
    assert journal.unreached() == []


def test_what_is_recorded_in_this_invocation_is_not_unreached():
    (first,) = taken("a")
    journal = journal_of()
    journal.merge([recorded(first)])
    assert journal.unreached() == []


@pytest.mark.parametrize(("status", "excused"), [("SUCCEEDED", True), ("FAILED", True), ("STARTED", False)])
def test_what_lies_inside_a_finished_context_is_excused(status, excused):
    (first,) = taken("a")
    outer = {"Id": "outer", "Type": "CONTEXT", "SubType": "RunInChildContext", "Status": status}
    inner = {**outer, "Id": "inner", "ParentId": "outer", "Status": "STARTED"}
    journal = journal_of(outer, inner, recorded(first._replace(parent="inner")))
    journal.ask(Identity("outer", Kind.CONTEXT, Subtype.CHILD, None, None))
    journal.ask(Identity("inner", Kind.CONTEXT, Subtype.CHILD, None, "outer"))
    assert (journal.unreached() == []) is excused


def test_what_lies_inside_a_context_that_is_not_there_is_excused():
    (first,) = taken("a")
    assert journal_of(recorded(first._replace(parent="pruned"))).unreached() == []


def test_a_journal_shows_its_size():
    assert repr(journal_of()) == "<Journal: 1 records, 0 asked for>"


@pytest.mark.parametrize(("status", "waiting"), [("PENDING", True), ("READY", False), ("SUCCEEDED", False)])
def test_a_parked_operation_waits_until_its_record_moves(status, waiting):
    (first,) = taken("a")
    journal = journal_of()
    assert journal.is_waiting(first.id)
    journal.merge([recorded(first, status)])
    assert journal.is_waiting(first.id) is waiting


def test_when_a_parked_operation_is_due_is_what_the_service_says():
    (first,) = taken("a")
    journal = journal_of()
    assert journal.wake(first.id) is None
    journal.merge([recorded(first, "PENDING", StepDetails={"NextAttemptTimestamp": 9.0})])
    assert journal.wake(first.id) == 9.0


def test_times_are_in_milliseconds_in_an_envelope_alone():
    first, second = taken("a", "b")
    journal = Journal()
    envelope = [recorded(it, "PENDING", StepDetails={"NextAttemptTimestamp": 9000}) for it in (first, second)]
    journal.merge(envelope, MILLISECONDS)
    journal.merge([recorded(first, "PENDING", StepDetails={"NextAttemptTimestamp": 10.0})])
    assert [journal.wake(it.id) for it in (first, second)] == [10.0, 9.0]
    assert [record.wake for record in journal] == [10.0, 9.0]
    assert journal.find(second.id).wake == 9.0


# Finished contexts


def test_in_a_finished_context_all_that_is_asked_for_has_to_be_recorded():
    first, second = taken("a", "b")
    journal = journal_of(recorded(first))
    assert journal.ask(first, sealed=True).status == "SUCCEEDED"
    with pytest.raises(ReplayMismatch) as caught:
        journal.ask(second, sealed=True)
    asked = f"step 'b' ({second.id[:8]})"
    assert caught.value.differences == (("operation", "nothing: its context has finished", asked),)
    assert caught.value.hint == ""


def test_a_call_that_a_finished_context_did_not_make_there_is_hinted_at_where_it_did():
    first, second = taken("a", "b")
    with pytest.raises(ReplayMismatch, match=f"the history holds b as {second.id[:8]}, later on"):
        journal_of(recorded(second)).ask(first._replace(name="b"), sealed=True)


def test_a_mismatch_hints_at_the_kind_of_what_has_no_name():
    scope = Scope()
    step, wait = scope.take(Kind.STEP, Subtype.STEP, "a"), scope.take(Kind.WAIT, Subtype.WAIT, None)
    with pytest.raises(ReplayMismatch, match=f"the history holds wait as {wait.id[:8]}, later on"):
        journal_of(recorded(step), recorded(wait)).ask(wait._replace(id=step.id))


def test_what_was_asked_for_already_is_no_hint():
    first, second = taken("a", "b")
    journal = journal_of(recorded(first), recorded(second))
    journal.ask(second)
    with pytest.raises(ReplayMismatch) as caught:
        journal.ask(first._replace(name="b"))
    assert caught.value.hint == ""


@pytest.mark.parametrize("status", ["STARTED", "SUCCEEDED"])
def test_what_an_ended_context_recorded_and_did_not_reach_is_excused(status):
    scope = Scope()
    outer = scope.take(Kind.CONTEXT, Subtype.CHILD, None)
    inner = scope.inside(outer).take(Kind.CONTEXT, Subtype.CHILD, None)
    step = scope.inside(inner).take(Kind.STEP, Subtype.STEP, None)
    journal = journal_of(recorded(outer, "STARTED"), recorded(inner, status), recorded(step))
    journal.ask(outer)
    assert journal.unreached() != []
    journal.close(outer.id)
    assert journal.unreached() == []


def test_a_closed_context_does_not_excuse_itself():
    outer = Scope().take(Kind.CONTEXT, Subtype.CHILD, "a")
    journal = journal_of(recorded(outer, "STARTED"))
    journal.close(outer.id)
    assert [record.name for record in journal.unreached()] == ["a"]


# Virtual contexts


def test_a_virtual_context_takes_a_place_of_which_nothing_is_recorded():
    (first,) = taken("a")
    journal = journal_of()
    assert journal.ask_virtual(first) is None
    assert journal.find(first.id) is None


@pytest.mark.parametrize(("name", "shown"), [("order", "order"), (None, "RunInChildContext")])
def test_a_context_that_was_recorded_and_is_virtual_now_is_a_mismatch(name, shown):
    identity = Scope().take(Kind.CONTEXT, Subtype.CHILD, name)
    with pytest.raises(ReplayMismatch) as caught:
        journal_of(recorded(identity)).ask_virtual(identity)
    assert caught.value.differences == (("context", f"recorded as {shown}", "virtual, which is not recorded"),)


# News


def test_news_is_what_the_service_told_since_it_was_last_asked_for():
    first, second = taken("a", "b")
    journal = journal_of(recorded(first))
    assert journal.take_news() == []
    journal.merge([recorded(second), recorded(first)])
    assert journal.take_news() == [second.id, first.id]
    assert journal.take_news() == []


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "waiting"),
    [
        (Kind.WAIT, Subtype.WAIT, "STARTED", True),
        (Kind.CALLBACK, Subtype.CALLBACK, "STARTED", True),
        (Kind.CALLBACK, Subtype.CALLBACK, "TIMED_OUT", False),
        (Kind.CHAINED_INVOKE, Subtype.INVOKE, "STARTED", True),
        (Kind.CHAINED_INVOKE, Subtype.INVOKE, "STOPPED", False),
        (Kind.CONTEXT, Subtype.CHILD, "STARTED", False),
    ],
)
def test_who_waits_for_an_operation_waits_while_the_table_says_so(kind, subtype, status, waiting):
    identity = Scope().take(kind, subtype, None)
    assert journal_of(recorded(identity, status)).is_waiting(identity.id) is waiting


class Book:
    """Pages that a journal reads when it comes to need them."""

    def __init__(self, journal, *pages):
        self.pages = list(pages)
        self.journal = journal
        journal.expect(self.read)

    def read(self):
        self.journal.merge(self.pages.pop(0))
        if not self.pages:
            self.journal.seal()


def test_what_is_not_known_yet_is_read_for_and_no_further():
    first, second, third, fourth = taken("a", "b", "c", "d")
    journal = Journal()
    book = Book(journal, [EXECUTION], [recorded(first)], [recorded(second)], [recorded(third)])
    assert journal.execution.id == "e"
    assert len(book.pages) == 3
    assert journal.has_history
    assert len(book.pages) == 2
    assert journal.ask(second).id == second.id
    assert len(book.pages) == 1
    assert journal.find(fourth.id) is None
    assert book.pages == []


def test_what_has_to_be_reached_is_known_after_the_last_page():
    first, second = taken("a", "b")
    journal = Journal()
    Book(journal, [EXECUTION, recorded(first)], [recorded(second)])
    journal.ask(first)
    assert [record.id for record in journal.unreached()] == [second.id]


def test_hint_looks_into_pages_that_were_not_read():
    first, second = taken("a", "b")
    journal = Journal()
    Book(journal, [EXECUTION, recorded(first)], [recorded(second)])
    with pytest.raises(ReplayMismatch, match="later on"):
        journal.ask(second._replace(id=first.id))


def test_pages_nobody_needs_are_not_read():
    (first,) = taken("a")
    journal = Journal()
    book = Book(journal, [recorded(first)])
    journal.expect(None)
    assert journal.execution is None
    assert not journal.has_history
    assert len(book.pages) == 1
