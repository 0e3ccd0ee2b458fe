"""A `Batch` that user code returns: recorded where any value is recorded, with all that it says."""

import json
from typing import Any

import pytest

from perdure import ChildContextError, SerdesError, StepOptions, failure
from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure_runtime.values import codec
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.failures import LIMIT
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.unannotated import json_of
from support.annotated import Line
from support.batches import OFFICIAL_MIXED, OFFICIAL_NESTED, batch, item, running, told
from support.exceptions import OURS, Declined

FORMS = Forms(OURS)


def anything() -> Any: ...
def lines() -> Batch[Line]: ...  # type: ignore[empty-body]
def bare() -> Batch: ...  # type: ignore[empty-body, type-arg]


def stored(value: Any, fn: Any = anything) -> tuple[str, Any]:
    forms = FORMS.of(fn, StepOptions())
    text, live = forms.store(value)
    again: Any = forms.read(text)
    assert type(again) is type(live)
    if isinstance(live, Batch):
        assert told(again) == told(live)
    return text, live


def test_returned_batch_is_a_batch_again() -> None:
    given = Batch((item(0, 1, name="a"), running(2, "c")), BatchReason.MIN_SUCCESSFUL_REACHED, 5, "all")
    text, live = stored(given)
    assert live == given
    assert text == (
        '{"t":"br","v":{"all":[{"index":0,"status":"SUCCEEDED","result":1,"error":null,"name":"a"},'
        '{"index":2,"status":"STARTED","result":null,"error":null,"name":"c"}],'
        '"completionReason":"MIN_SUCCESSFUL_REACHED","total":5,"name":"all"}}'
    )


def test_what_the_official_sdk_would_infer_is_left_out() -> None:
    text, live = stored(batch(item(0, 1)))
    assert json.loads(text)["v"].keys() == {"all", "completionReason"}
    assert live == batch(item(0, 1))


def test_batch_inside_other_values_is_a_batch_again() -> None:
    given = {"found": [batch(item(0, (1, batch(item(0, "x")))))], "plain": {"a": [1]}}
    text, live = stored(given)
    assert live == given
    assert '"plain":{"a":[1]}' in text


@pytest.mark.parametrize("fn", [lines, bare])
def test_annotated_batch_is_served(fn: Any) -> None:
    given = batch(item(0, Line("a", 1.0)), item(1, error=ValueError("x")), running(2))
    if fn is bare:
        given = batch(item(0, 1), running(1))
    _, live = stored(given, fn)
    assert live.partial() == given.partial()
    assert [one.status for one in live] == [one.status for one in given]


def test_annotation_is_checked_with_the_items_place() -> None:
    with pytest.raises(SerdesError, match=r"result\[1\]: expected Line, found int 5"):
        stored(batch(item(0, Line("a", 1.0)), item(1, 5)), lines)
    with pytest.raises(SerdesError, match="expected Batch, found list"):
        stored([1], lines)


def test_exceptions_in_a_returned_batch_are_rebuilt() -> None:
    _, live = stored(batch(item(0, error=Declined("no"), name="a"), item(1, error=ChildContextError("x", "m.Gone"))))
    first, second = live.errors()
    assert (type(first), str(first)) == (Declined, "no")
    assert (type(second), second.message, second.error_type) == (ChildContextError, "x", "m.Gone")
    facts = failure(first)
    assert facts is not None
    assert (facts.operation, facts.operation_id) == ("a", "")
    assert first.__notes__ == ["raised by the operation 'a'"]


def test_batch_that_was_stored_before_says_the_same_again() -> None:
    _, live = stored(batch(item(0, error=Declined("no"))))
    _, again = stored(live)
    assert [type(error) for error in again.errors()] == [Declined]
    assert str(again.errors()[0]) == "no"


def test_large_errors_share_the_room_of_one_record() -> None:
    given = batch(*(item(index, error=ValueError("é" * LIMIT)) for index in range(100)))
    text, live = stored(given)
    assert len(text.encode()) < 256 * 1024
    assert live.failure_count == 100
    assert "characters left out" in str(live.errors()[99])


def test_official_batches_are_read_as_step_results() -> None:
    found: Any = FORMS.of(anything, StepOptions()).read(OFFICIAL_MIXED)
    assert found.total == 4
    assert found[0].result == (1, b"x")
    assert [type(error) for error in found.errors()] == [ValueError, ChildContextError]
    assert str(found.errors()[0]) == "not today"
    nested: Any = FORMS.of(anything, StepOptions()).read(OFFICIAL_NESTED)
    assert nested[0].result.values()[0] == "a"


# Items by themselves


def items() -> tuple[BatchItem[Line], ...]: ...  # type: ignore[empty-body]
def one() -> BatchItem[Line] | None: ...
def by_name() -> dict[str, BatchItem[list[Line]]]: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("fn", "value"),
    [
        (anything, item(3, (1, b"x"), name="a")),
        (anything, [item(0, "x"), running(1, "b")]),
        (anything, {"first": item(0, batch(item(0, item(0, 1))))}),
        (one, item(0, Line("a", 1.0))),
        (one, None),
        (items, (item(0, Line("a", 1.0)), running(1))),
        (by_name, {"a": item(0, [Line("a", 1.0)])}),
    ],
    ids=lambda it: getattr(it, "__name__", None),
)
def test_returned_item_is_an_item_again(fn: Any, value: Any) -> None:
    _, live = stored(value, fn)
    assert live == value
    assert repr(live) == repr(value)


def test_item_is_recorded_as_a_batch_of_one_that_says_so() -> None:
    text, _ = stored(item(3, 1))
    assert text == (
        '{"t":"br","v":{"all":[{"index":3,"status":"SUCCEEDED","result":1,"error":null}],'
        '"completionReason":"ALL_COMPLETED","item":true}}'
    )


@pytest.mark.parametrize("fn", [anything, items])
def test_exception_in_a_returned_item_is_rebuilt(fn: Any) -> None:
    _, live = stored((item(0, error=Declined("no"), name="a"),), fn)
    assert (type(live[0].error), str(live[0].error), live[0].status) == (Declined, "no", BatchStatus.FAILED)


def test_annotation_of_an_item_is_checked() -> None:
    with pytest.raises(SerdesError, match=r"^result\[1\]: expected Line, found int 5"):
        stored((item(0, Line("a", 1.0)), item(1, 5)), items)
    with pytest.raises(SerdesError, match="expected BatchItem or None, found list"):
        stored([1], one)


def test_item_as_plain_json_is_its_record_and_reads_back() -> None:
    given = item(0, Line("a", 1.5), name="x")
    data = {"index": 0, "status": "SUCCEEDED", "error": None, "name": "x"}
    assert json_of([given]) == [{**data, "result": {"sku": "a", "price": 1.5, "count": 1}}]
    it = converter(BatchItem[Line], owner="test")
    assert it.from_payload(json.loads(json.dumps(it.to_json(given)))) == given
    with pytest.raises(SerdesError, match="expected an index of at least 0, found str"):
        it.from_payload({"index": "x"})


@pytest.mark.parametrize(
    "members", ['"all":[]', '"all":[{"index":0,"status":"STARTED"},{"index":1,"status":"STARTED"}]']
)
def test_item_that_is_not_one_is_refused(members: str) -> None:
    with pytest.raises(SerdesError, match=r"^result\.all: expected the one item that this stands for, found [02]"):
        FORMS.of(anything, StepOptions()).read(f'{{"t":"br","v":{{{members},"item":true}}}}')


def test_codec_without_batches_reads_plain_dicts_and_refuses_to_write_them() -> None:
    assert codec.decode('{"t":"br","v":{"all":[]}}') == {"all": []}
    with pytest.raises(SerdesError, match="Batch cannot be stored"):
        codec.encode(batch())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"t":"br","v":{}}', "result.all"),
        ('{"t":"l","v":[{"t":"br","v":{"all":[1]}}]}', "result[0].all[0]"),
        ('{"t":"br","v":{"all":[],"total":"5"}}', "result.total"),
        ('{"t":"br","v":{"all":[],"total":-1}}', "result.total"),
        ('{"t":"br","v":{"all":[],"total":true}}', "result.total"),
        ('{"t":"br","v":5}', "result"),
    ],
)
def test_hostile_batch_gives_a_typed_error(text: str, path: str) -> None:
    with pytest.raises(SerdesError) as caught:
        FORMS.of(anything, StepOptions()).read(text)
    assert caught.value.path == path


def test_odd_names_are_no_names() -> None:
    text = '{"t":"br","v":{"all":[{"index":0,"status":"STARTED","name":5}],"name":[]}}'
    found: Any = FORMS.of(anything, StepOptions()).read(text)
    assert (found.name, found[0].name, found[0].status) == (None, None, BatchStatus.STARTED)


def test_batch_as_plain_json_is_its_record() -> None:
    data: Any = json_of([batch(item(0, Line("a", 1.5)), item(1, error=ValueError("x")))])
    first, second = data[0]["all"]
    assert first == {
        "index": 0,
        "status": "SUCCEEDED",
        "result": {"sku": "a", "price": 1.5, "count": 1},
        "error": None,
    }
    assert second["error"] == {"ErrorMessage": "x", "ErrorType": "ValueError", "StackTrace": []}


def test_plain_json_of_an_annotated_batch_reads_back() -> None:
    it = converter(Batch[Line], owner="test")
    data = it.to_json(batch(item(0, Line("a", 1.5)), running(1)))
    assert it.from_payload(json.loads(json.dumps(data))) == batch(item(0, Line("a", 1.5)), running(1))
    with pytest.raises(SerdesError, match="expected Batch, found int 5"):
        it.from_payload(5)
