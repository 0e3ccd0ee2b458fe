"""Batches that others recorded: the official SDK's, and what nobody wrote."""

from typing import Any

import pytest

from perdure import ChildContextError, SerdesError
from perdure.batches import BatchReason
from support.batches import (
    OFFICIAL_EMPTY,
    OFFICIAL_MIXED,
    OFFICIAL_NESTED,
    OFFICIAL_PLAIN,
    Label,
    batch,
    item,
    label,
    revive,
    values,
)


def test_official_plain_batch_is_read() -> None:
    found = values().read(OFFICIAL_PLAIN, 2, revive(values()), lambda index: f"map-item-{index}", name="all")
    assert found.name == "all"
    assert [one.name for one in found] == ["map-item-0", "map-item-1"]
    assert found.values() == ["a", {"n": 1, "l": [1, {"x": None}]}]
    again = batch(item(0, "a"), item(1, {"n": 1, "l": [1, {"x": None}]}))
    assert values().store(found, {})[0] == values().store(again, {})[0]


def test_official_errors_and_running_items_are_read() -> None:
    found = values().read(OFFICIAL_MIXED, 6, revive(values()), lambda _: None)
    assert found.reason is BatchReason.MIN_SUCCESSFUL_REACHED
    assert (found.total, [one.index for one in found], [one.index for one in found.started]) == (6, [0, 1, 2, 4], [4])
    assert found.partial() == [(1, b"x")]
    first, second = found.errors()
    assert (type(first), str(first)) == (ValueError, "not today")
    assert isinstance(second, ChildContextError)
    assert (second.message, second.error_type, second.data) == ("e", "pkg.mod.Declined", "its own")


def test_official_empty_batch_is_read() -> None:
    assert values().read(OFFICIAL_EMPTY, 0, revive(values()), lambda _: None).values() == []


def test_official_batch_in_a_batch_is_read() -> None:
    found = values().read(OFFICIAL_NESTED, 1, revive(values()), lambda _: None)
    assert found.reason is BatchReason.CUSTOM_COMPLETION_FAILED
    assert found.values()[0].values() == ["a", {"n": 1, "l": [1, {"x": None}]}]


def test_official_records_are_decoded_by_annotation() -> None:
    text = OFFICIAL_EMPTY.replace(
        "[]",
        '[{"t":"m","v":{"index":{"t":"i","v":0},"status":{"t":"s","v":"SUCCEEDED"},'
        '"result":{"t":"m","v":{"text":{"t":"s","v":"a"}}},"error":{"t":"n","v":null}}}]',
    )
    assert values(label).read(text, 1, revive(values()), lambda _: None).values() == [Label("a")]


@pytest.mark.parametrize(("error", "reason"), [("null", "ALL_COMPLETED"), ("{}", "FAILURE_TOLERANCE_EXCEEDED")])
def test_reason_that_an_early_version_left_out_is_inferred(error: str, reason: str) -> None:
    status = "SUCCEEDED" if error == "null" else "FAILED"
    text = f'{{"t":"br","v":{{"all":[{{"index":0,"status":"{status}","error":{error}}}]}}}}'
    assert values().read(text, 1, revive(values()), lambda _: None).reason == reason


def test_failed_item_without_an_error_has_one_all_the_same() -> None:
    text = '{"t":"br","v":{"all":[{"index":0,"status":"FAILED","error":null}],"completionReason":"ALL_COMPLETED"}}'
    [error] = values().read(text, 1, revive(values()), lambda _: None).errors()
    assert "no error was recorded" in str(error)


# What nobody wrote

ONE = '{"t":"br","v":{"all":[%s],"completionReason":"ALL_COMPLETED"}}'


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (None, "result", "no batch was recorded"),
        ("", "result", "not JSON"),
        ("[]", "result", 'not recorded under the type tag "br"'),
        ('{"t":"m","v":{}}', "result", 'not recorded under the type tag "br"'),
        ('{"t":"br"}', "result", 'not recorded under the type tag "br"'),
        ('{"t":"br","v":[]}', "result", "expected a dict"),
        ('{"t":"br","v":{}}', "result.all", "expected the items"),
        ('{"t":"br","v":{"all":{}}}', "result.all", "expected the items"),
        ('{"t":"br","v":{"all":[],"completionReason":1}}', "result.completionReason", "found int 1"),
        ('{"t":"br","v":{"all":[],"completionReason":"BORED"}}', "result.completionReason", "found str 'BORED'"),
        (ONE % "1", "result.all[0]", "expected the item"),
        (ONE % "{}", "result.all[0].index", "found None"),
        (ONE % '{"index":true}', "result.all[0].index", "found bool True"),
        (ONE % '{"index":-1}', "result.all[0].index", "at least 0, found int -1"),
        (ONE % '{"index":7}', "result.all[0].index", "the code declares 2 items"),
        (ONE % '{"index":0,"status":"DONE"}', "result.all[0].status", "found str 'DONE'"),
        (ONE % '{"index":0,"status":["FAILED"]}', "result.all[0].status", "found list"),
        (ONE % '{"index":0,"status":"FAILED","error":"x"}', "result.all[0].error", "found str 'x'"),
        (ONE % '{"index":0,"status":"STARTED"},{"index":0,"status":"STARTED"}', "result.all[1].index", "at least 1"),
        ("[" * 100_000, "result", "nested"),
    ],
)
def test_hostile_text_gives_a_typed_error(text: Any, path: str, said: str) -> None:
    with pytest.raises(SerdesError) as caught:
        values().read(text, 2, revive(values()), lambda _: None)
    assert caught.value.path == path
    assert said in caught.value.reason


def test_hostile_result_is_refused_with_its_place() -> None:
    text = ONE % '{"index":0,"status":"SUCCEEDED","result":{"text":1}}'
    with pytest.raises(SerdesError) as caught:
        values(label).read(text, 2, revive(values()), lambda _: None)
    assert caught.value.path == "result[0].text"
