"""What led to an error, the members of a group, and notes: how they are recorded, in which bounds, and read back."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure import BatchError, InvokeError, OperationError, RecordedError, StepError, failure
from perdure_runtime.values.failures import LIMIT, record
from perdure_runtime.values.marks import mark_in
from perdure_runtime.values.revivals import DEEPEST, rebuild
from support.exceptions import HERE, OURS, Coded, Composed, Declined, Ranked, Several, Stop, Unplaced, raised


def led(error: Exception, cause: BaseException | None = None, context: BaseException | None = None) -> Exception:
    if cause is not None:
        error.__cause__ = cause
    if context is not None:
        error.__context__ = context
    return error


def chain_of(error: BaseException | None) -> list[str]:
    found = []
    while error is not None:
        found.append(repr(error))
        error = error.__cause__ or error.__context__
    return found


def there_and_back(error: BaseException) -> Exception | None:
    recorded = json.loads(json.dumps(record(error)))
    assert len(json.dumps(recorded)) <= LIMIT
    assert all(type(recorded.get(name, "")) is str for name in ("ErrorType", "ErrorMessage", "ErrorData"))
    assert all(type(line) is str for line in recorded["StackTrace"])
    return rebuild(recorded, OURS)


def test_form_of_what_led_to_an_error() -> None:
    first = KeyError("first")
    first.add_note("noted")
    recorded = record(led(Declined("second"), first, first))
    assert recorded["ErrorData"] == (
        '{"perdure":1,"cause":{"ErrorType":"KeyError","ErrorMessage":"\'first\'",'
        '"ErrorData":{"perdure":1,"args":["first"],"notes":["noted"]},"StackTrace":["noted"]},"context":"cause"}'
    )
    assert recorded["StackTrace"] == ["  caused by KeyError: 'first'"]


def test_error_that_nothing_led_to_has_no_data() -> None:
    assert "ErrorData" not in record(Declined("alone"))


def test_cause_that_is_the_context_comes_back_as_one() -> None:
    first = KeyError("first")
    found = there_and_back(led(Declined("second"), first, first))
    assert found is not None
    assert found.__cause__ is found.__context__


@pytest.mark.parametrize("is_hidden", [True, False])
def test_whether_the_context_is_shown_comes_back(is_hidden: Any) -> None:
    for error in (Declined("alone"), led(Declined("x"), None, KeyError("y")), led(Declined("x"), KeyError("y"))):
        error.__suppress_context__ = is_hidden
        found = there_and_back(error)
        assert found is not None
        assert found.__suppress_context__ is is_hidden


def test_data_of_a_user_stays_as_it_is_unless_something_led_to_the_error() -> None:
    alone, linked = OperationError("no", None, "mine"), led(InvokeError("no", None, "mine"), KeyError("first"))
    assert record(alone)["ErrorData"] == "mine"
    assert record(linked, is_final=True)["ErrorData"] == "mine"
    found = there_and_back(linked)
    assert isinstance(found, InvokeError)
    assert (found.data, chain_of(found)[1:]) == ("mine", ["KeyError('first')"])
    disguised = InvokeError("no", None, '{"perdure":1,"error_type":"T"}')
    assert repr(there_and_back(disguised)) == repr(disguised)


def test_link_that_cannot_be_rebuilt_is_stood_in_for() -> None:
    lost = Composed("of rain")
    lost.add_note("noted")
    found = there_and_back(led(Declined("second"), led(lost, ValueError("first"))))
    for _ in range(3):  # and recorded again it is the same
        assert found is not None
        link = found.__cause__
        assert isinstance(link, RecordedError)
        assert (link.error_type, link.message) == (f"{HERE}.Composed", "because of rain")
        assert link.__notes__[0] == "noted"
        assert repr(link.__cause__) == "ValueError('first')"
        found = there_and_back(found)


def test_link_that_is_no_exception_of_code_is_stood_in_for() -> None:
    found = there_and_back(led(Declined("x"), Stop("all")))
    assert found is not None
    assert str(found.__cause__) == f"{HERE}.Stop: all"


def test_stack_of_a_stand_in_is_a_note() -> None:
    recorded = {**record(Composed("x")), "StackTrace": ['  File "a.py", line 1, in f', "    fail()", "  caused by y"]}
    account = raised(recorded).__cause__
    assert isinstance(account, RecordedError)
    assert account.stack == ('  File "a.py", line 1, in f', "    fail()")
    assert account.__notes__ == ['the recorded traceback:\n  File "a.py", line 1, in f\n    fail()']
    again = record(account)
    assert again["StackTrace"] == list(account.stack)
    assert "notes" not in again["ErrorData"]


def test_stand_in_that_is_recorded_again_does_not_grow() -> None:
    error = raised(record(led(Composed("x"), KeyError("first"))))
    sizes = set()
    for _ in range(4):
        recorded = record(error)
        sizes.add(len(recorded["ErrorData"]))
        error = raised(recorded)
        assert type(error) is StepError
        assert chain_of(error)[1:] == [f"RecordedError('{HERE}.Composed', 'because x', ())", "KeyError('first')"]
        assert len(error.__notes__) == 1
    assert len(sizes) == 1


def test_long_chain_is_cut_and_says_so() -> None:
    error: Exception = ValueError(0)
    for number in range(1, 31):
        error = led(ValueError(number), error)
    found = chain_of(there_and_back(error))
    assert found[:9] == [f"ValueError({number})" for number in range(30, 21, -1)]
    assert found[9:] == ["RecordedError(None, '22 more errors were not recorded', ())"]


def test_chain_of_giants_keeps_its_limit_and_its_message() -> None:
    error: Exception = ValueError("x" * 20_000)
    for _ in range(8):
        error = led(ValueError('"é' * 9_000), error, KeyError("y" * 9_000))
    top = led(Declined("m" * 25_000), error)
    recorded = record(top)
    assert len(json.dumps(recorded)) <= LIMIT
    assert recorded["ErrorMessage"] == "m" * 25_000
    found = rebuild(recorded, OURS)
    assert type(found) is Declined
    assert found.__cause__ is not None


def test_message_that_fills_the_limit_alone_leaves_no_room_for_anything() -> None:
    recorded = record(led(Declined("m" * 31_900), KeyError("first")))
    assert recorded["ErrorMessage"] == "m" * 31_900
    assert "ErrorData" not in recorded


def test_chain_that_leads_back_is_recorded_once() -> None:
    one, other = Declined("one"), ValueError("other")
    one.__cause__, other.__cause__, other.__context__ = other, one, other
    assert chain_of(there_and_back(one)) == ["Declined('one')", "ValueError('other')"]


def test_ladder_of_causes_and_contexts_keeps_its_limit() -> None:
    error: Exception = ValueError(0)
    for number in range(1, 40):
        error = led(ValueError(number), error, led(KeyError(number), error))
    assert type(there_and_back(error)) is ValueError


def test_context_that_is_being_handled_around_is_not_the_errors_own() -> None:
    handled = LookupError("handled")
    error = led(Declined("x"), None, led(KeyError("own"), None, handled))
    try:
        raise handled
    except LookupError:
        found = there_and_back(error)
    assert chain_of(found) == ["Declined('x')", "KeyError('own')"]
    assert chain_of(there_and_back(error))[2:] == ["LookupError('handled')"]


@pytest.mark.parametrize(
    "group",
    [
        ExceptionGroup("two", [Declined("a"), Coded(5, "visa")]),
        Several("", [ValueError("a")]),
        Ranked("ranked", [ExceptionGroup("inner", [KeyError("x")]), OSError(2, "no")], 7),
        ExceptionGroup("with a batch", [BatchError("1 failed", [ValueError("x")])]),
    ],
    ids=repr,
)
def test_group_comes_back_with_its_members(group: Any) -> None:
    found = there_and_back(group)
    assert type(found) is type(group)
    assert repr(found) == repr(group)
    assert str(found) == str(group)
    assert {name: it for name, it in vars(found).items() if name != "__notes__"} == vars(group)


def test_group_without_arguments_to_make_it_of_is_lost() -> None:
    assert there_and_back(Unplaced(ValueError("x"))) is None


def test_member_that_cannot_be_rebuilt_is_stood_in_for() -> None:
    found = there_and_back(ExceptionGroup("two", [Declined("a"), Composed("b")]))
    assert isinstance(found, ExceptionGroup)
    assert repr(found.exceptions[0]) == "Declined('a')"
    assert str(found.exceptions[1]) == f"{HERE}.Composed: because b"


def test_large_group_keeps_its_first_members() -> None:
    found = there_and_back(ExceptionGroup("many", [ValueError(f"é{number}" * 10_000) for number in range(1000)]))
    assert isinstance(found, ExceptionGroup)
    *first, last = found.exceptions
    assert len(first) == 20
    assert all(str(error).startswith(f"é{number}é") for number, error in enumerate(first))
    assert str(last) == "980 more errors were not recorded"


def test_group_that_is_nested_without_end_keeps_its_limit() -> None:
    found: Any
    group: Exception = ValueError("x")
    for _ in range(500):
        group = ExceptionGroup("g", [group])
    found = there_and_back(group)
    assert isinstance(found, ExceptionGroup)
    for _ in range(9):
        [found] = found.exceptions
    assert str(found) == "1 more error was not recorded"


def test_foreign_failure_shows_what_led_to_it_and_chooses_no_class() -> None:
    error = raised(record(led(ValueError("x"), KeyError("first"))), fallback=InvokeError, origins=None)
    assert chain_of(error)[1:] == ["RecordedError('KeyError', \"'first'\", ())"]


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (['  File "/var/task/orders.py", line 12, in charge', "    raise x"], ", at orders.py:12 in charge"),
        (['  File "C:\\app\\orders.py", line 3, in f', "a note"], ", at orders.py:3 in f"),
        (["  … 5 lines left out …", '  File "a.py", line 1, in g', '  File "b.py", line 2, in h'], ", at b.py:2 in h"),
        (["a note", '  File "a.py", line 1, in g'], ", at a.py:1 in g"),
        (["com.example.Orders|charge|Orders.java|12"], ""),
        (['  File "'], ""),
        ([], ""),
    ],
)
def test_note_says_where_in_the_code(stack: Any, place: Any) -> None:
    error = raised({**record(ValueError("x")), "StackTrace": stack})
    assert error.__notes__ == [f"raised by the operation 'charge' (01234567), attempt 3{place}"]


def test_notes_come_back_in_their_order() -> None:
    error = Declined("x")
    for note in ("one", "tw\ud800o", "two\nlines", ""):
        error.add_note(note)
    found = raised(record(error))
    assert found.__notes__ == [*error.__notes__, "raised by the operation 'charge' (01234567), attempt 3"]
    assert raised(record(found)).__notes__ == found.__notes__


def test_notes_without_measure_keep_the_limit() -> None:
    error = Declined("x")
    for number in range(100):
        error.add_note(f"{number} " * 500)
    found = there_and_back(error)
    assert found is not None
    assert any("left out" in note for note in found.__notes__)


# Hostile data


HOSTILE: list[Any] = [
    {"cause": 5},
    {"cause": []},
    {"context": 5},
    {"context": "effect"},
    {"suppress": 1},
    {"notes": "n"},
    {"notes": [5]},
    {"errors": ["x"]},
    {"keywords": 5},
    {"keywords": {"t": "m", "v": {"no": 1}}},
    {"final": "x"},
    {"lost": []},
    {"cause": {"ErrorType": "os.system", "ErrorMessage": "id", "ErrorData": {"perdure": 1, "args": ["id"]}}},
    {"cause": {"ErrorType": 5, "ErrorMessage": [], "ErrorData": 5, "StackTrace": {"x": 1}}},
    {"cause": {"ErrorType": "ValueError", "ErrorMessage": "x", "ErrorData": {"perdure": 2}}},
    {"cause": {"ErrorType": "SystemExit", "ErrorMessage": "1"}},
    {"after": -1},
    {"after": True},
    {"after": "5"},
    {"after": math.nan},
    {"after": math.inf},
]


@pytest.mark.parametrize("members", HOSTILE, ids=lambda members: json.dumps(members)[:50])
def test_data_that_nobody_wrote_is_survived(members: Any) -> None:
    data = json.dumps({"perdure": 1, **members}, separators=(",", ":"))
    for name in ("ValueError", "ExceptionGroup", "perdure.BatchError", f"{HERE}.Declined", "x.Y"):
        error = raised({"ErrorType": name, "ErrorMessage": "m", "ErrorData": data})
        assert isinstance(error, (ValueError, ExceptionGroup, StepError, Declined))
        assert failure(error) is not None
        assert all(isinstance(link, Exception) for link in (error.__cause__,) if link is not None)


@pytest.mark.parametrize(
    ("after", "lost"),
    [(5, False), (0.5, False), (-1, True), (True, True), ("5", True), (math.nan, True), (math.inf, True)],
)
def test_delay_that_is_none_is_not_read(after: Any, lost: Any) -> None:
    mark = mark_in({"ErrorData": json.dumps({"perdure": 1, "after": after}, separators=(",", ":"))})
    assert (mark.lost, mark.after) == (lost, None if lost else after)


def test_chain_deeper_than_anybody_writes_is_read_as_far_as_it_goes() -> None:
    data: dict[str, Any] = {"perdure": 1}
    for _ in range(200):
        data = {"perdure": 1, "cause": {"ErrorType": "ValueError", "ErrorMessage": "x", "ErrorData": data}}
    text = json.dumps(data, separators=(",", ":"))
    found = rebuild({"ErrorType": "ValueError", "ErrorMessage": "x", "ErrorData": text}, OURS)
    assert found is not None
    assert 8 < len(chain_of(found)) <= DEEPEST + 3


def test_data_nested_without_end_is_lost() -> None:
    text = '{"perdure":1,"cause":' * 100_000
    assert mark_in({"ErrorData": text}).lost
    text = '{"perdure":1,"cause":{"ErrorData":' * 5000 + "{}" + "}}" * 5000
    assert isinstance(raised({"ErrorType": "ValueError", "ErrorMessage": "x", "ErrorData": text}), Exception)


MEMBERS = ["perdure", "args", "keywords", "errors", "notes", "cause", "context", "suppress", "lost", "t", "v"]
MEMBERS += ["ErrorType", "ErrorMessage", "ErrorData", "StackTrace"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "perdure",
                    "args",
                    "keywords",
                    "errors",
                    "notes",
                    "cause",
                    "context",
                    "suppress",
                    "lost",
                    "t",
                    "v",
                    "ErrorType",
                    "ErrorMessage",
                    "ErrorData",
                    "StackTrace",
                ]
            ),
            inner | st.just(1) | st.sampled_from(["ValueError", "cause"]),
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.sampled_from(["ValueError", "ExceptionGroup", "perdure.BatchError"]), st.dictionaries(st.text(), json_values))
def test_any_data_raises_something(name: Any, members: Any) -> None:
    for data in (members, {"perdure": 1, "cause": members, "errors": [members]}):
        text = json.dumps({"perdure": 1, **data}, separators=(",", ":"))
        assert isinstance(raised({"ErrorType": name, "ErrorMessage": "m", "ErrorData": text}), Exception)
