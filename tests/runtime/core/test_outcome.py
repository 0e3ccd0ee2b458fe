import pytest

from perdure import ReplayMismatch, ServiceError
from perdure_runtime.core.outcome import Failed, Pending, Raised, Returned, RunAgain, Stopped, Succeeded, conclude

RETURNED = Returned("7")
RAISED = Raised(ValueError("boom"))
STOPPED = Stopped()
LATER = ServiceError("Checkpoint", "Throttled", retryable=True)
NEVER = ServiceError("Checkpoint", "Denied", retryable=False)
MISMATCH = ReplayMismatch("id", [])
BUG = RuntimeError("ours")


@pytest.mark.parametrize(
    ("ending", "fatal", "revoked", "stopped", "expected"),
    [
        (RETURNED, None, False, False, Succeeded("7")),
        (RAISED, None, False, False, Failed(RAISED.error)),
        (STOPPED, None, False, True, Pending()),
        (STOPPED, None, False, False, Pending()),
        (RETURNED, None, False, True, Pending()),
        (RAISED, None, False, True, Pending()),
        (RETURNED, None, True, False, Pending()),
        (RAISED, None, True, False, Pending()),
        (STOPPED, LATER, False, True, RunAgain(LATER)),
        (RETURNED, LATER, True, True, RunAgain(LATER)),
        (STOPPED, NEVER, False, True, Failed(NEVER)),
        (RETURNED, NEVER, True, False, Failed(NEVER)),
        (RETURNED, MISMATCH, False, False, Failed(MISMATCH)),
        (RAISED, MISMATCH, False, True, Failed(MISMATCH)),
        (RAISED, MISMATCH, True, False, Pending()),
        (RAISED, BUG, False, False, RunAgain(BUG)),
    ],
)
def test_what_is_said_first_wins(ending, fatal, revoked, stopped, expected):
    answer = conclude(ending, fatal=fatal, revoked=revoked, stopped=stopped, on_mismatch="fail")
    assert answer == expected
    assert type(answer) is type(expected)


def test_a_mismatch_is_left_to_a_rollback_where_the_function_says_so():
    answer = conclude(RETURNED, fatal=MISMATCH, revoked=False, stopped=False, on_mismatch="retry")
    assert answer == RunAgain(MISMATCH)
