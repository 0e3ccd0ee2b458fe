"""What stands for a batch that is too large to be recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import SerdesError
from perdure.batches import Batch, BatchReason
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.summaries import MOST_ITEMS, Summary
from support.batches import batch, item, running
from support.exceptions import OURS

if TYPE_CHECKING:
    from perdure_runtime.values.batches import BatchKind


def forms(kind: BatchKind = "MapResult", summary: Any = None) -> Any:
    return Forms(OURS).of_batch(kind, lambda _: pytest.fail("no item is looked at"), summary=summary)


FAILED = item(1, error=ValueError("x"))
REACHED = BatchReason.MIN_SUCCESSFUL_REACHED

# Batches, and what the official Python SDK 3.0.0 writes for them.
WRITTEN: list[tuple[BatchKind, Batch[Any], str | None, str]] = [
    (
        "MapResult",
        batch(item(0, 1), FAILED, item(2, 3), running(3), reason=REACHED, total=9),
        None,
        (
            '{"type": "MapResult", "totalCount": 4, "completionReason": "MIN_SUCCESSFUL_REACHED",'
            ' "startedIndexes": [3], "startedCount": 1, "successCount": 2, "failureCount": 1, "status": "FAILED"}'
        ),
    ),
    (
        "ParallelResult",
        batch(item(0, 1), item(1, 2)),
        "two are fine é",
        (
            '{"type": "ParallelResult", "totalCount": 2, "completionReason": "ALL_COMPLETED", "startedIndexes": [],'
            ' "startedCount": 0, "successCount": 2, "failureCount": 0, "status": "SUCCEEDED",'
            ' "summary": "two are fine \\u00e9"}'
        ),
    ),
    (
        "ParallelResult",
        batch(item(0, 1), running(1), running(2), running(3), reason=REACHED),
        None,
        (
            '{"type": "ParallelResult", "totalCount": 4, "completionReason": "MIN_SUCCESSFUL_REACHED",'
            ' "completedIndexes": [0], "startedCount": 3, "successCount": 1, "failureCount": 0, "status": "SUCCEEDED"}'
        ),
    ),
]


@pytest.mark.parametrize(("kind", "made", "said", "official"), WRITTEN)
def test_summary_is_the_official_sdks(kind: BatchKind, made: Any, said: str | None, official: str) -> None:
    ours = forms(kind, None if said is None else lambda _: said)
    text = ours.summarize(made)
    assert list(json.loads(text).items()) == list(json.loads(official).items())
    expected = Summary(len(made), made.reason, frozenset(one.index for one in made.started))
    assert ours.read_summary(text) == ours.read_summary(official) == expected


def test_tie_lists_those_that_were_running() -> None:
    text = forms().summarize(batch(item(0, 1), running(1), reason=REACHED))
    assert '"startedIndexes":[1]' in text


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (lambda _: 5, "summary returned a int"),
        (lambda made: made.missing, "its summary failed: AttributeError"),
        (lambda _: "x" * 2**20, "takes 1,048,7"),
    ],
)
def test_summary_that_misbehaves_is_told(said: Any, complaint: str) -> None:
    with pytest.raises(SerdesError, match=complaint):
        forms(summary=said).summarize(batch())


BASE = {"totalCount": 3, "completionReason": "ALL_COMPLETED", "startedIndexes": []}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "some text of a user's",
        "[1]",
        "[" * 100_000,
        *(
            json.dumps({**BASE, **change})
            for change in (
                {"totalCount": None},
                {"totalCount": -1},
                {"totalCount": True},
                {"totalCount": MOST_ITEMS + 1},
                {"totalCount": "3"},
                {"completionReason": "BORED"},
                {"completionReason": ["ALL_COMPLETED"]},
                {"startedIndexes": [3]},
                {"startedIndexes": [-1]},
                {"startedIndexes": [True]},
                {"startedIndexes": ["0"]},
                {"startedIndexes": None},
                {"startedIndexes": None, "completedIndexes": [9]},
                {"startedIndexes": None, "itemStatuses": "SSS"},
            )
        ),
    ],
)
def test_text_that_is_no_summary_is_none(text: Any) -> None:
    assert forms().read_summary(text) is None


@given(st.text() | st.text(alphabet='{}[]",:totalCunRe0123456789') | st.binary().map(lambda data: data.decode("latin")))
def test_any_text_is_a_summary_or_none(text: str) -> None:
    found = forms().read_summary(text)
    assert found is None or isinstance(found, Summary)
