"""Operations that are cut apart are what they would be if the answer were read whole."""

import json
import sys

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from perdure import ServiceError
from perdure_runtime import unread
from perdure_runtime.core.journal import Journal
from perdure_runtime.jsoncode import Code
from perdure_runtime.service import wire
from perdure_runtime.unread import Unread, cut, operation_in


@pytest.fixture(autouse=True, params=["_json", "orjson"])
def library(request, monkeypatch):
    """Which of the two is in use."""
    if request.param == "_json":
        monkeypatch.delitem(sys.modules, "orjson", raising=False)
    code = Code()
    code.read(b"0")
    assert code.is_swift is (request.param == "orjson")
    monkeypatch.setattr(wire, "CODE", code)
    monkeypatch.setattr(unread, "CODE", code)
    return request.param


def operation(name, **members):
    return {"Id": name, "Type": "STEP", "Status": "STARTED"} | members


def answer(*operations, **members):
    return {"CheckpointToken": "t2", "NewExecutionState": {"Operations": list(operations)} | members}


def compact(value):
    return orjson.dumps(value).decode()


LONG = "x" * wire.SHORT
MANY = [operation(name, Name=LONG) for name in "abc"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"Name": ""},
        {"Name": "},{"},
        {"StepDetails": {"Result": '{"Id":"x"}, {"Id":"y"}'}},
        {"StepDetails": {"Result": '"Id":"'}, "Name": '{"Id":"'},
        {"StepDetails": {"Result": "\\"}, "Name": '\\"}'},
        {"StepDetails": {"Result": "{"}, "Name": "}"},
        {"StepDetails": {"Result": '{"Id":"x"},{"Id":"y"}'}},
        {"StepDetails": {"Result": "\x00é\u2028\U0001f600"}},
        {"CallbackDetails": {"CallbackId": '"Operations":'}},
        {"Future": {"Nested": {"Identity": "more"}}},
        {"ContextDetails": {}},
    ],
)
@pytest.mark.parametrize("place", [0, 2, len(MANY)])
def test_operations_are_cut_where_they_are(members, place):
    told = answer(*MANY[:place], operation("special", **members), *MANY[place:], NextMarker="m")
    read = wire.checkpointed(compact(told).encode())
    assert isinstance(read.operations, Unread)
    assert (read.token, read.marker) == ("t2", "m")
    assert list(read.operations) == told["NewExecutionState"]["Operations"]
    assert read.operations.ids == [one["Id"] for one in told["NewExecutionState"]["Operations"]]
    assert len(read.operations) == len(MANY) + 1


@pytest.mark.parametrize("result", ['[{"a":1}]', '{"all":[{"a":1},{"b":["y"]},{"Id":"x"}]}', '["]"]'])
def test_lists_inside_of_texts_are_told_apart_where_that_is_worth_it(result, library):
    told = answer(operation("batch", ContextDetails={"Result": result}), *MANY)
    read = wire.checkpointed(compact(told).encode())
    assert isinstance(read.operations, Unread) is (library == "_json")
    assert list(read.operations) == told["NewExecutionState"]["Operations"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(answer(*MANY)),
        compact(answer(*MANY, operation("x", StepDetails={"Result": "[1]"}))),
        compact(answer(*MANY, operation("x", StepDetails={"Error": {"StackTrace": ["line"]}}))),
        compact(answer(*MANY, operation("x", Future={"Id": "nested"}))),
        compact(answer(*MANY)).replace('},{"Id":"b"', '}, {"Id":"b"'),
        compact(answer(*MANY)).replace('},{"Id":"b"', '}\n,{"Id": "b"'),
        compact(answer(*MANY, operation("x", StepDetails={"Result": "[{"}))),
        compact(answer(*MANY, operation("x", StepDetails={"Result": '["a"]', "Future": ["\\"]}))),
        compact({"Other": '["a"]'} | answer(*MANY)),
        compact({"CheckpointToken": f'["{LONG}"]', "NewExecutionState": {}}),
        compact(answer(*MANY, {"Type": "STEP", "Id": "x", "Status": "STARTED"}, MANY[0])),
        compact(answer(*MANY, operation('a"b'))),
        compact(answer(*MANY, operation("x", Future=[{"Other": 1}, {"Id": "y"}]))),
        compact({"Operations": MANY, "NewExecutionState": {}}),
        compact({"Operations": MANY, "NewExecutionState": 7}),
        compact({"NewExecutionState": {"Other": {"Operations": MANY}}}),
        compact({'x"Operations': MANY}),
        compact(answer(Name=LONG)),
        compact({"Name": LONG}),
        compact(answer(*map(operation, "abcdef"))),
        "{}",
    ],
)
def test_an_answer_of_any_other_shape_is_read_whole(text):
    try:
        expected = wire._checkpointed(json.loads(text))
    except wire.MalformedAnswer as refused:
        with pytest.raises(wire.MalformedAnswer, match=str(refused)):
            wire.checkpointed(text.encode())
        return
    read = wire.checkpointed(text.encode())
    assert isinstance(read.operations, list)
    assert read == expected


TEXTS = some.text(some.characters(codec="utf-8")) | some.lists(
    some.sampled_from(["},", "{", '{"Id":"', '"Id":"', '"', "\\", '"Operations":[{', "[", ":", '[{"', '},{"']),
    max_size=4,
).map("".join)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(0, 9) | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS | some.just("Id"), inner, max_size=3),
    max_leaves=6,
)
OPERATIONS = some.lists(
    some.builds(lambda name, more: {"Id": name} | more, TEXTS, some.dictionaries(TEXTS, VALUES, max_size=3)), max_size=8
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the library is one for all examples
@given(OPERATIONS, some.dictionaries(TEXTS, VALUES, max_size=2))
def test_cut_or_not_the_operations_are_the_same(operations, members):
    text = compact(members | answer(*operations))
    parts = cut(text.encode())
    if parts is not None:
        frame, ids, texts = parts
        assert [operation_in(it) for it in texts] == operations[:-1]
        assert ids == [one["Id"] for one in operations]
        assert json.loads(frame) == members | answer(operations[-1])


@pytest.mark.parametrize("end", range(1, 40))
def test_an_answer_that_breaks_off_is_malformed(end):
    text = compact(answer(*MANY))
    with pytest.raises(wire.MalformedAnswer, match="not JSON"):
        wire.checkpointed(text[:-end].encode())


def test_an_answer_that_is_no_text_is_malformed():
    with pytest.raises(wire.MalformedAnswer, match="not JSON"):
        wire.checkpointed(b"\xff")


@pytest.mark.parametrize("text", ['a"},{"Id":"b"', 'a"},', 'a","Type":', "a"])
def test_what_is_no_operation_is_noticed_where_it_is_read(text):
    with pytest.raises(ValueError):  # noqa: PT011  each says it in its own words
        operation_in(text)


def test_a_record_that_cannot_be_read_is_a_failure_that_stays():
    text = compact(answer(*MANY)).replace('"a","Type":"STEP"', '"a","Type":STEP')
    journal = Journal()
    journal.merge(wire.checkpointed(text.encode()).operations)
    assert journal.take_news() == list("abc")
    assert journal.find("b").status == "STARTED"
    assert journal.failure is None
    for _ in range(2):
        with pytest.raises(ServiceError, match="an operation is not JSON") as caught:
            journal.is_waiting("a")
        assert caught.value.retryable
    assert journal.failure is not None


def test_an_unread_record_has_no_other_attributes():
    journal = Journal()
    journal.merge(Unread(["a", "b"], ['a"'], [{"Id": "b"}]))
    with pytest.raises(AttributeError):
        _ = journal.find("a").anything
