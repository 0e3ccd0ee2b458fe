import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.core.handover import DELAY, ERROR_TYPE, carried, counted, marked

FAILURE = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
OURS = FAILURE | {"ErrorData": '{"perdure":1,"args":{"t":"l","v":["boom"]}}'}


def test_a_hand_over_is_due_as_soon_as_the_service_allows():
    assert DELAY == 1


def test_a_hand_over_is_an_error_of_its_own_kind_that_says_how_many_there_have_been():
    mark = marked(2)
    assert mark["ErrorType"] == ERROR_TYPE == "perdure.HandedOver"
    assert json.loads(mark["ErrorData"]) == {"perdure": 1, "handed_over": 2}
    assert counted(mark) == 2


@pytest.mark.parametrize(
    ("error", "count"),
    [
        (None, 0),
        ({}, 0),
        (FAILURE, 0),
        (OURS, 0),
        (FAILURE | {"ErrorData": None}, 0),
        (FAILURE | {"ErrorData": "the user's own"}, 0),
        (FAILURE | {"ErrorData": '{"handed_over":3}'}, 0),
        (FAILURE | {"ErrorData": '{"perdure":1,"handed_over":3} and more'}, 0),
        (FAILURE | {"ErrorData": '{"perdure":1,"handed_over":12345678901}'}, 0),
        (FAILURE | {"ErrorData": '{"perdure":1,"args":"a\nb","handed_over":3}'}, 3),
    ],
)
def test_an_error_without_a_count_tells_of_none(error, count):
    assert counted(error) == count


@pytest.mark.parametrize("error", [FAILURE, OURS, FAILURE | {"ErrorData": None}])
def test_a_failure_carries_the_count_on_and_keeps_what_it_says(error):
    told = carried(error, 3)
    assert counted(told) == 3
    assert {**told, "ErrorData": None} == {**error, "ErrorData": None}
    assert json.loads(told["ErrorData"]) == json.loads(error.get("ErrorData") or '{"perdure":1}') | {"handed_over": 3}


def test_a_failure_without_hand_overs_before_it_stays_as_it_is():
    assert carried(OURS, 0) is OURS


def test_data_of_the_users_own_has_no_room_for_a_count():
    error = FAILURE | {"ErrorData": "the user's own"}
    assert carried(error, 3) is error


def test_a_count_that_is_there_is_replaced_by_the_later_one():
    assert counted(carried(carried(OURS, 3), 4)) == 4


@given(st.integers(1, 999_999_999), st.dictionaries(st.text(), st.text()))
def test_whatever_an_error_says_its_count_is_read_back(count, args):
    data = json.dumps({"perdure": 1, "args": args}, separators=(",", ":"), ensure_ascii=False)
    assert counted(carried(FAILURE | {"ErrorData": data}, count)) == count
