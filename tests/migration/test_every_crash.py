"""A worker of one SDK dies with any request recorded, and one of the other SDK takes over."""

from __future__ import annotations

import pytest

from migration.spellings import SPELLINGS, WORKFLOWS, assert_alike, begun
from perdure_local.ledger import Kind, Status
from support.migration import Run

pytestmark = pytest.mark.long


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize(("dies", "follows"), [("official", "sync"), ("official", "async"), ("sync", "official")])
def test_the_other_sdk_takes_over_anywhere(dies, follows, workflow):
    spellings = SPELLINGS[workflow]
    model = begun().under(spellings["official"])
    run = begun().under(spellings[dies])
    for number, place in enumerate(run.requests(), 1):
        fork = run.fork(place)
        if is_once_under_way(fork):
            continue
        try:
            assert_alike(fork.under(spellings[follows]), model)
        except AssertionError as error:
            error.add_note(f"died after change {number} of {len(run.service.changes)}")
            raise


def is_once_under_way(run: Run) -> bool:
    """Whether the body of a step that runs at most once had begun: it fails then, whoever goes on."""
    return any(
        operation.kind is Kind.STEP and operation.name == "charge" and operation.status is Status.STARTED
        for operation in run.execution.operations
    )
