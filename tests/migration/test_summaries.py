"""Batches too large to be recorded are rebuilt from whatever stands in their place, by either SDK in the same way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from migration.spellings import SPELLINGS, begun
from support.ledger_service import succeeded
from support.migration import Run, Spelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_local.ledger.operation import Operation

pytestmark = pytest.mark.slow

SPELLED = SPELLINGS["large"]
COLOURS = ("sync", "async")
NESTED = {"few started", "few completed", "parallel"}
"""Batches whose branches have records of their own, which tell how they ended even where the summary does not."""


def with_all_indexes(text: str) -> str:
    """Both lists; the one of those that had only begun is believed."""
    summary = json.loads(text)
    begun = set(range(summary["totalCount"]))
    one, other = ("started", "completed") if "startedIndexes" in summary else ("completed", "started")
    return json.dumps({**summary, f"{other}Indexes": sorted(begun - set(summary[f"{one}Indexes"]))})


def without_indexes(text: str) -> str:
    """As older releases of the official SDK wrote it."""
    return json.dumps({key: member for key, member in json.loads(text).items() if not key.endswith("Indexes")})


def with_one_begun_only(text: str) -> str:
    """The summary is believed, though the last item's own record says that it ended."""
    summary = json.loads(text)
    last = summary["totalCount"] - 1
    return json.dumps({**summary, "startedIndexes": [*summary.get("startedIndexes", [1, 2]), last]})


def with_one_not_begun(text: str) -> str:
    """The summary is believed, though the last item has a record."""
    summary = json.loads(text)
    return json.dumps({**summary, "totalCount": summary["totalCount"] - 1})


FORMS: dict[str, Callable[[str], str]] = {
    "with all indexes": with_all_indexes,
    "with one begun only": with_one_begun_only,
    "with one not begun": with_one_not_begun,
    "without indexes": without_indexes,
    "empty": lambda _: "",
    "a user's own": lambda _: "six chapters",
    "JSON of another kind": lambda _: "[1, 2]",
    "an index out of range": lambda text: json.dumps({**json.loads(text), "startedIndexes": [9]}),
    "a reason nobody knows": lambda text: json.dumps({**json.loads(text), "completionReason": "TIRED"}),
}


@pytest.fixture(scope="module")
def played() -> Run:
    return begun().under(SPELLED["official"])


def replayed(run: Run, form: Callable[[str], str], spelling: Spelling) -> Any:
    """What the execution comes to when it goes on from its last suspension, its summaries rewritten."""

    def rewritten(operation: Operation) -> Operation:
        if operation.name in NESTED and operation.replay_children and operation.payload is not None:
            return replace(operation, payload=form(operation.payload))
        return operation

    return succeeded(run.fork(run.cuts[-2], rewritten).under(spelling).execution)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("form", FORMS)
def test_any_summary_is_read_as_the_official_sdk_reads_it(form, colour, played):
    assert replayed(played, FORMS[form], SPELLED[colour]) == replayed(played, FORMS[form], SPELLED["official"])


@pytest.mark.parametrize("colour", COLOURS)
def test_a_rebuilt_batch_is_the_one_that_ran(colour, played):
    assert replayed(played, str, SPELLED[colour]) == succeeded(played.execution)


@pytest.mark.parametrize("colour", COLOURS)
def test_our_summaries_say_what_the_official_ones_say(colour, played):
    written = begun().under(SPELLED[colour])
    assert summaries(written) == summaries(played)


def summaries(run: Run) -> dict[str, Any]:
    """Members in their order; how an operation without one is recorded, too."""
    return {
        operation.id: list(json.loads(operation.payload).items()) if operation.payload else operation.payload
        for operation in run.execution.operations
        if operation.replay_children
    }
