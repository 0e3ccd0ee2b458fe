"""What a `map` or a `parallel` records, and that a replay gives the batch that the first run gave."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import ChildContextError, SerdesError
from perdure.batches import Batch, BatchReason
from perdure.functions import ChildOptions
from perdure_runtime.values.batches import BatchValues, members_of
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.failures import LIMIT
from perdure_runtime.values.tags import BATCH
from support.batches import FORMS, Label, anything, batch, item, label, revive, running, seen, told, values
from support.exceptions import Coded, Declined


class Opaque:
    """No form but the one that its serdes gives it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Opaque({self.text})"


class OpaqueSerdes:
    def serialize(self, value: Opaque, /) -> str:
        return f"wrapped:{value.text}"

    def deserialize(self, text: str, /) -> Opaque:
        return Opaque(text.removeprefix("wrapped:"))


class Upper:
    def serialize(self, value: str, /) -> str:
        return f"wrapped:{value}"

    def deserialize(self, text: str, /) -> str:
        return text.removeprefix("wrapped:")


def counted(_number: int) -> int:
    raise NotImplementedError


def replayed(forms: BatchValues, text: str, first: Batch[Any]) -> Batch[Any]:
    names = {one.index: one.name for one in first.items}
    return forms.read(text, first.total, revive(forms), names.get, name=first.name)


def ran(forms: BatchValues, *items: Any, **more: Any) -> tuple[Batch[Any], dict[int, Any]]:
    """A batch as the engine has it when the last branch is over: errors are made from what their branches recorded."""
    errors = {one.index: forms.describe(one.error) for one in items if one.error is not None}
    revived = [
        one if one.error is None else item(one.index, error=revive(forms)(one.index, errors[one.index]), name=one.name)
        for one in items
    ]
    return batch(*revived, **more), errors


def check(forms: BatchValues, *items: Any, **more: Any) -> tuple[str, Batch[Any]]:
    first, errors = ran(forms, *items, **more)
    text, live = forms.store(first, errors)
    assert told(live) == told(replayed(forms, text, first))
    return text, live


PLAIN_TEXT = (
    '{"t":"br","v":{"all":[{"index":0,"status":"SUCCEEDED","result":"a","error":null},'
    '{"index":1,"status":"SUCCEEDED","result":{"n":1,"l":[1,{"x":null}]},"error":null}],'
    '"completionReason":"ALL_COMPLETED"}}'
)


def test_plain_results_are_recorded_without_tags() -> None:
    text, live = check(values(), item(0, "a"), item(1, {"n": 1, "l": [1, {"x": None}]}))
    assert text == PLAIN_TEXT
    assert live.values() == ["a", {"n": 1, "l": [1, {"x": None}]}]


@given(st.lists(st.none() | st.booleans() | st.integers() | st.text()))
def test_results_that_are_their_own_text_are_recorded_as_the_codec_would(results: list[object]) -> None:
    text, live = check(values(), *(item(index, result) for index, result in enumerate(results)))
    entries: list[dict[str, object]] = [
        {"index": index, "status": "SUCCEEDED", "result": result, "error": None} for index, result in enumerate(results)
    ]
    assert text == Codec().stored_members(BATCH, members_of(entries, BatchReason.ALL_COMPLETED))[0]
    assert [type(value) for value in live.values()] == [type(result) for result in results]


def test_result_of_another_type_than_its_annotation_says_is_refused_among_others() -> None:
    forms = FORMS.of_batch("MapResult", lambda _: FORMS.of_child(counted, ChildOptions()))
    with pytest.raises(SerdesError, match=r"result\[1\]"):
        forms.store(batch(item(0, 1), item(1, "one")), {})


def test_only_what_needs_a_tag_has_one() -> None:
    text, _ = check(values(), item(0, (1, b"x")), item(1, 2))
    assert text == (
        '{"t":"br","v":{"all":{"t":"l","v":[{"t":"m","v":{"index":0,"status":"SUCCEEDED",'
        '"result":{"t":"t","v":[1,{"t":"B","v":"eA=="}]},"error":null}},'
        '{"index":1,"status":"SUCCEEDED","result":2,"error":null}]},"completionReason":"ALL_COMPLETED"}}'
    )


def test_item_that_looks_like_a_tag_comes_back_as_it_is() -> None:
    text, live = check(values(), item(0, {"t": "i", "v": 1}), item(1, '{"t":"i","v":1}'))
    assert live.values() == [{"t": "i", "v": 1}, '{"t":"i","v":1}']
    assert '"result":{"t":"m","v":{"t":"i","v":1}}' in text


def test_empty_batch_is_recorded() -> None:
    text, live = check(values())
    assert text == '{"t":"br","v":{"all":[],"completionReason":"ALL_COMPLETED"}}'
    assert live.values() == []


def test_error_of_an_item_is_the_one_that_its_branch_recorded() -> None:
    forms = values()
    error = forms.describe(Declined("no"))
    text, live = forms.store(batch(item(0, error=revive(forms)(0, error))), {0: error})
    data = json.loads(text)["v"]["all"][0]
    assert data["error"] == error
    assert error["ErrorType"].endswith("Declined")
    assert data["result"] is None
    assert type(live[0].error) is Declined


def test_item_whose_error_was_not_recorded_has_what_its_exception_says() -> None:
    forms = values()
    text, _ = forms.store(batch(item(0, error=ValueError("flat"))), {})
    assert json.loads(text)["v"]["all"][0]["error"]["ErrorMessage"] == "flat"


def test_members_of_an_error_that_are_not_there_are_left_out() -> None:
    text, _ = values().store(batch(item(0, error=ValueError())), {0: {"ErrorMessage": "m", "ErrorType": None, "X": 1}})
    assert json.loads(text)["v"]["all"][0]["error"] == {"ErrorMessage": "m"}


def test_live_batch_is_the_replayed_one_with_errors_names_and_running_items() -> None:
    forms = values()
    items = [
        item(0, Decimal("1.5"), name="one"),
        item(1, error=Declined("no"), name="two"),
        item(2, error=Coded(5, "visa")),
        item(3, error=ChildContextError("gone", "elsewhere.Gone", "d")),
        running(4, "five"),
    ]
    _, live = check(forms, *items, total=9, reason=BatchReason.FAILURE_TOLERANCE_EXCEEDED)
    assert [type(error) for error in live.errors()] == [Declined, Coded, ChildContextError]
    assert live.total == 9
    assert [one.name for one in live] == ["one", "two", None, None, "five"]


def test_live_results_are_never_the_branches_own_objects() -> None:
    result = {"items": [1]}
    _, live = check(values(), item(0, result))
    assert live[0].result == result
    assert live[0].result is not result


def test_result_is_decoded_by_the_annotation_of_its_function() -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    text, live = check(values(label), item(0, Label("a", when)), item(1, Label("b")))
    assert live.values() == [Label("a", when), Label("b")]
    assert '"result":{"text":"b","printed":null}' in text


def test_result_of_another_type_than_annotated_is_refused_with_its_place() -> None:
    with pytest.raises(SerdesError) as caught:
        values(label).store(batch(item(0, Label("a")), item(1, Label(5))), {})  # type: ignore[arg-type]
    assert caught.value.path == "result[1].text"


def test_items_may_have_different_forms() -> None:
    each = [FORMS.of_child(label, ChildOptions()), FORMS.of_child(anything, ChildOptions())]
    forms = FORMS.of_batch("ParallelResult", each.__getitem__)
    _, live = check(forms, item(0, Label("a")), item(1, {"text": "a"}))
    assert live.values() == [Label("a"), {"text": "a"}]


def test_result_with_a_serdes_is_recorded_as_the_value_it_is() -> None:
    text, live = check(values(item_serdes=Upper()), item(0, "wrapped:x"))
    assert '"result":"wrapped:x"' in text
    assert live.values() == ["wrapped:x"]


def test_result_that_only_its_serdes_can_hold_is_recorded_as_the_text_of_that() -> None:
    text, live = check(values(item_serdes=OpaqueSerdes()), item(0, Opaque("a")), item(1, None))
    assert json.loads(text)["v"]["all"][0] == {
        "index": 0,
        "status": "SUCCEEDED",
        "result": None,
        "error": None,
        "text": "wrapped:a",
    }
    assert isinstance(live[0].result, Opaque)
    assert live[1].result is None


class Joined:
    """A serdes of a whole batch."""

    def serialize(self, value: Batch[str], /) -> str:
        return "JOINED:" + ",".join(value.values())

    def deserialize(self, text: str, /) -> Batch[str]:
        words = text.removeprefix("JOINED:").split(",")
        return batch(*(item(index, word) for index, word in enumerate(words)))


def test_serdes_of_the_batch_replaces_the_whole_text() -> None:
    text, live = check(values(serdes=Joined()), item(0, "x"), item(1, "y"))
    assert text == "JOINED:x,y"
    assert live.values() == ["x", "y"]


@pytest.mark.parametrize(
    ("written", "read", "said"),
    [
        (5, None, "serialize returned a int"),
        ("x", [1], "deserialize returned a list, not a Batch"),
        ("\ud800", batch(), "cannot travel as UTF-8"),
        (ValueError("boom"), None, "its serdes failed: ValueError: boom"),
    ],
)
def test_serdes_that_misbehaves_is_told(written: Any, read: Any, said: str) -> None:
    class Broken:
        def serialize(self, value: Any, /) -> Any:
            if isinstance(written, Exception):
                raise written
            return written

        def deserialize(self, text: str, /) -> Any:
            return read

    with pytest.raises(SerdesError, match=said):
        values(serdes=Broken()).store(batch(item(0, 1)), {})


def test_many_large_errors_are_each_within_the_limit_of_one() -> None:
    forms = values()
    errors = [Declined('é\U0001f600\\"' * 20_000) for _ in range(10)]
    text, live = check(forms, *(item(index, error=error) for index, error in enumerate(errors)))
    for one in json.loads(text)["v"]["all"]:
        assert len(json.dumps(one["error"])) <= LIMIT
    assert len(live.errors()) == 10


def test_texts_of_any_size_are_made_and_summarized_small() -> None:
    forms = values()
    first = batch(*(item(index, "x" * 70_000) for index in range(20)))
    text, _ = forms.store(first, {})
    assert len(text) > 1024 * 1024
    assert len(forms.summarize(first)) < 300


# Properties

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
rich = st.binary() | st.uuids() | st.decimals(allow_nan=False) | st.datetimes(timezones=st.just(UTC)) | st.dates()
results = st.recursive(
    plain | rich,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from(["t", "v", "all", "text"]), inner, max_size=3)
        | st.builds(lambda one: batch(item(0, one, name="inner"), total=3), inner)
    ),
    max_leaves=8,
)
errors = st.one_of(
    st.builds(ValueError, st.text()),
    st.builds(Declined, st.text(), st.integers()),
    st.builds(Coded, st.integers(), st.text()),
    st.builds(ChildContextError, st.text(), st.none() | st.text(), st.none() | st.text()),
)
outcomes = st.one_of(
    st.builds(lambda value: lambda index: item(index, value), results),
    st.builds(lambda error: lambda index: item(index, error=error, name=f"item {index}"), errors),
    st.just(running),
)


@pytest.mark.slow
@given(st.lists(outcomes, max_size=5), st.integers(0, 3), st.sampled_from(BatchReason))
def test_live_batch_is_the_replayed_one(made: Any, more: int, reason: BatchReason) -> None:
    items = [outcome(index) for index, outcome in enumerate(made)]
    text, live = check(values(), *items, total=len(items) + more, reason=reason)
    text.encode()
    assert [seen(error) for error in live.errors()] == [seen(one.error) for one in live.failed]


labels = st.builds(Label, st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.datetimes())


@pytest.mark.slow
@given(st.lists(labels, max_size=4))
def test_annotated_results_come_back_as_they_were(made: list[Label]) -> None:
    _, live = check(values(label), *(item(index, one) for index, one in enumerate(made)))
    assert live.values() == [Label(one.text, one.printed and one.printed.replace(fold=0)) for one in made]


def test_numbers_that_json_lacks_come_back() -> None:
    _, live = check(values(), item(0, math.inf), item(1, 2**70))
    assert live.values() == [math.inf, 2**70]
