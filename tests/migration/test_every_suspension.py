"""An execution under way moves between the official SDK and ours, wherever it was suspended, and ends alike."""

from __future__ import annotations

import itertools

import pytest

from migration.spellings import SPELLINGS, WORKFLOWS, assert_alike, begun
from support.ledger_service import succeeded
from support.migration import Run, Spelling

pytestmark = [pytest.mark.slow, pytest.mark.unmeasured]

# Both colours leave the same history and read it alike: one looks at every place, the other here and there.
EACH_COLOUR = pytest.mark.parametrize(("colour", "every"), [("sync", 1), ("async", 4)])


@pytest.fixture(scope="module", params=WORKFLOWS)
def spellings(request):
    return SPELLINGS[request.param]


@pytest.fixture(scope="module")
def whole(spellings):
    """The execution under one spelling from its beginning to its end, for each of them; run once."""
    runs: dict[str, Run] = {}

    def run(name: str) -> Run:
        if name not in runs:
            runs[name] = begun().under(spellings[name])
            succeeded(runs[name].execution)
        return runs[name]

    return run


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_both_sdks_record_the_same(colour, whole):
    assert_alike(whole(colour), whole("official"))


@EACH_COLOUR
def test_what_the_official_sdk_began_goes_on_under_ours(colour, every, spellings, whole):
    assert_moves_anywhere(whole("official"), spellings[colour], whole("official"), every)


@EACH_COLOUR
def test_what_ours_began_goes_on_under_the_official_sdk(colour, every, spellings, whole):
    assert_moves_anywhere(whole(colour), spellings["official"], whole("official"), every)


@pytest.mark.parametrize("order", list(itertools.permutations(["official", "sync", "async"])), ids="-".join)
def test_they_take_turns(order, spellings, whole):
    assert_alike(begun().under(*(spellings[name] for name in order)), whole("official"))


def assert_moves_anywhere(run: Run, to: Spelling, model: Run, every: int) -> None:
    *places, _end = enumerate(run.cuts, 1)
    assert places, "it is never suspended"
    for number, place in places[::every]:
        try:
            assert_alike(run.fork(place).under(to), model)
        except AssertionError as error:
            error.add_note(f"moved after invocation {number} of {len(run.cuts)}")
            raise
