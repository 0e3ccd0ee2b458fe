import pytest

from perdure_runtime.core.table import TABLE, Impossible, Move, move_for
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Status

SERVED = [kind for kind in Kind if kind is not Kind.EXECUTION]
CANNOT_BE = {(kind, status) for kind in SERVED if kind is not Kind.STEP for status in (Status.PENDING, Status.READY)}
WAITED_FOR = {
    (Kind.STEP, Status.PENDING),
    (Kind.WAIT, Status.STARTED),
    (Kind.CALLBACK, Status.STARTED),
    (Kind.CHAINED_INVOKE, Status.STARTED),
}


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


@pytest.mark.parametrize("kind", SERVED)
def test_what_is_not_recorded_is_started(kind):
    assert move_for(kind, None, "id") is Move.START


def test_whatever_the_service_moves_on_is_waited_for_and_nothing_else():
    assert {cell for cell, move in TABLE.items() if move is Move.PARK} == WAITED_FOR


def test_only_code_of_the_users_that_has_begun_runs_again():
    rerun = {cell for cell, move in TABLE.items() if move is Move.RERUN}
    assert rerun == {(Kind.STEP, Status.STARTED), (Kind.CONTEXT, Status.STARTED)}


@pytest.mark.parametrize("status", [None, *Status])
def test_the_execution_itself_is_no_operation(status):
    with pytest.raises(Impossible):
        move_for(Kind.EXECUTION, status, "id")
