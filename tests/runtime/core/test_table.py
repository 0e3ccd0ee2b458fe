import pytest

from perdure_runtime.core.table import TABLE, Impossible, Move, move_for
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Status

SERVED = (Kind.STEP, Kind.WAIT)
CANNOT_BE = {(Kind.WAIT, Status.PENDING), (Kind.WAIT, Status.READY)}


@pytest.mark.parametrize("kind", SERVED)
@pytest.mark.parametrize("status", [None, *Status])
def test_every_state_of_every_kind_has_a_move_or_is_known_to_be_impossible(kind, status):
    assert ((kind, status) in TABLE) is ((kind, status) not in CANNOT_BE)


@pytest.mark.parametrize(("kind", "status"), sorted(CANNOT_BE))
def test_a_state_that_cannot_be_is_said_loudly(kind, status):
    with pytest.raises(Impossible, match=f"operation 01234567: a {kind} cannot be {status}"):
        move_for(kind, status, "0123456789")


@pytest.mark.parametrize("kind", SERVED)
def test_a_finished_operation_is_never_run_again(kind):
    for status in TERMINAL:
        assert move_for(kind, status, "id") in {Move.RETURN, Move.RAISE}


@pytest.mark.parametrize("kind", SERVED)
def test_only_success_returns(kind):
    assert [status for status in Status if TABLE.get((kind, status)) is Move.RETURN] == [Status.SUCCEEDED]
