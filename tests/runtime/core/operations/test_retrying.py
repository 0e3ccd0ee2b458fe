"""Blocks of operations that are run again, driven by hand (PROTOCOL 5.12)."""

import pytest

from perdure import ReplayMismatch, Retry, SerdesError, WaitCancelled
from perdure_runtime.core.effects import Enter, Ok, Park, Raised
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.operations.retrying import RetryingWork, retrying
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.driving import answers, drive, journal_of, moves, recorded, updates

ROOT = Scope()
CONTEXT = ROOT.take(Kind.CONTEXT, Subtype.CHILD, "order")
BOOM = ValueError("boom")


class Case:
    """`with_retry` on its way, inside its context; an attempt takes `places` before it ends."""

    def __init__(self, *history, policy=None, places=0, sealed=False):
        self.journal = journal_of(*history)
        self.scope = ROOT.inside(CONTEXT)
        self.scope.replaying = bool(history)
        self.scope.sealed = sealed
        self.attempts = []
        self.places = places
        self.policy = policy or Retry.fixed(attempts=3, delay=7)

    def tried(self, outcome):
        """The reply to `Enter`: one attempt of the block, which takes its places in the history and ends so."""

        def reply(effect):
            assert effect.scope is self.scope
            effect.body("context")
            for _ in range(self.places):
                self.scope.take(Kind.STEP, Subtype.STEP, None)
            return outcome

        return reply

    def drive(self, *replies):
        work = RetryingWork(
            lambda context, attempt: self.attempts.append((context, attempt)),
            self.policy,
            lambda: 1.0,
            lambda attempt: f"order-backoff-{attempt}",
        )
        return drive(retrying(self.journal, self.scope, work), *replies)


def pauses(count, places=0):
    """The identities of the waits between the attempts."""
    scope = ROOT.inside(CONTEXT)
    found = []
    for attempt in range(1, count + 1):
        for _ in range(places):
            scope.take(Kind.STEP, Subtype.STEP, None)
        found.append(scope.take(Kind.WAIT, Subtype.WAIT, f"order-backoff-{attempt}"))
    return found


def test_a_block_that_succeeds_is_run_once():
    case = Case()
    asked, outcome = case.drive(case.tried(Ok(5)))
    assert [type(effect) for effect in asked] == [Enter]
    assert case.attempts == [("context", 1)]
    assert outcome == Ok(5)


def test_a_block_that_failed_is_run_again_after_a_wait_of_its_own():
    case = Case()
    (pause,) = pauses(1)
    asked, outcome = case.drive(
        case.tried(Raised(BOOM)),
        answers(case.journal, recorded(pause, "SUCCEEDED")),
        case.tried(Ok(5)),
    )
    assert moves(asked) == ["WAIT START"]
    assert updates(asked)[0] | {"Type": "WAIT"} == {
        "Id": pause.id,
        "Type": "WAIT",
        "Action": "START",
        "SubType": "Wait",
        "ParentId": CONTEXT.id,
        "Name": "order-backoff-1",
        "WaitOptions": {"WaitSeconds": 7},
    }
    assert asked[2] == Park(pause.id)
    assert case.attempts == [("context", 1), ("context", 2)]
    assert outcome == Ok(5)


@pytest.mark.parametrize("places", [0, 2])
def test_every_attempt_takes_places_of_its_own_so_a_replay_comes_by_the_same_way(places):
    case = Case(*[recorded(pause, "SUCCEEDED") for pause in pauses(2, places)], places=places)
    asked, outcome = case.drive(case.tried(Raised(BOOM)), case.tried(Raised(BOOM)), case.tried(Ok(5)))
    assert [type(effect) for effect in asked] == [Enter] * 3
    assert [attempt for _, attempt in case.attempts] == [1, 2, 3]
    assert outcome == Ok(5)


def test_the_failure_that_the_policy_gives_up_on_is_the_outcome():
    case = Case(policy=Retry.NONE)
    last = Raised(BOOM, {"ErrorType": "ValueError"})
    asked, outcome = case.drive(case.tried(last))
    assert moves(asked) == []
    assert outcome is last


def test_what_another_attempt_cannot_mend_is_not_attempted_again():
    case = Case(policy=Retry.custom(lambda _error, _attempt: 1))
    _, outcome = case.drive(case.tried(Raised(SerdesError("cannot be stored"))))
    assert isinstance(outcome.error, SerdesError)
    assert len(case.attempts) == 1


def test_a_policy_that_breaks_is_the_failure():
    def broken(error, attempt):
        raise ZeroDivisionError("policy")

    case = Case(policy=Retry.custom(broken))
    _, outcome = case.drive(case.tried(Raised(BOOM)))
    assert isinstance(outcome.error, ZeroDivisionError)
    assert outcome.error.__context__ is BOOM


def test_a_wait_that_did_not_elapse_ends_the_block():
    case = Case(recorded(pauses(1)[0], "CANCELLED"))
    _, outcome = case.drive(case.tried(Raised(BOOM)))
    assert isinstance(outcome.error, WaitCancelled)


def test_replay_is_over_at_the_first_wait_that_is_not_recorded():
    case = Case(recorded(pauses(1)[0], "SUCCEEDED"))
    assert case.scope.is_replaying(case.journal)
    case.drive(case.tried(Raised(BOOM)), case.tried(Raised(BOOM)))
    assert not case.scope.is_replaying(case.journal)


def test_a_wait_in_the_place_of_something_else_is_a_mismatch():
    (pause,) = pauses(1)
    case = Case(recorded(pause._replace(name="order-backoff-9"), "SUCCEEDED"))
    with pytest.raises(ReplayMismatch):
        case.drive(case.tried(Raised(BOOM)))


def test_inside_a_finished_context_every_wait_has_to_be_recorded():
    case = Case(sealed=True)
    with pytest.raises(ReplayMismatch, match="its context has finished"):
        case.drive(case.tried(Raised(BOOM)))
