"""What runs again after a crash, and what does not."""

from perdure import Retry, StepInterrupted, current_step, failure, step
from support.hosting import run
from support.ledger_service import Faults, LedgerService, succeeded


def test_a_once_step_is_started_before_its_body_runs():
    seen = []
    service = LedgerService()

    @step(once=True)
    def charge():
        seen.extend(request.moves for request in service.requests)

    run(lambda event, ctx: ctx.step(charge), service=service)
    assert seen == [["STEP START"]]


def test_an_interrupted_once_step_is_not_run_again():
    runs = []

    @step(once=True)
    def charge():
        runs.append(1)

    def workflow(event, ctx):
        try:
            ctx.step(charge)
        except StepInterrupted as error:
            return f"unknown: {failure(error).operation}"

    harness = run(workflow, faults=Faults(before=frozenset({2})))
    assert succeeded(harness.execution) == "unknown: charge"
    assert len(runs) == 1


def test_an_interrupted_once_step_is_run_again_where_its_policy_says_so():
    runs = []

    @step(once=True, retry=Retry.fixed(attempts=3, delay=1, interrupted=True))
    def charge():
        runs.append(current_step().attempt)
        return "paid"

    harness = run(lambda event, ctx: ctx.step(charge), faults=Faults(before=frozenset({2})))
    assert succeeded(harness.execution) == "paid"
    assert runs == [1, 2]


def test_an_ordinary_step_is_run_again_after_a_crash_as_the_same_attempt():
    runs = []
    harness = run(
        lambda event, ctx: ctx.step(lambda: runs.append(current_step().attempt)), faults=Faults(before=frozenset({1}))
    )
    assert succeeded(harness.execution) is None
    assert runs == [1, 1]


def test_a_recorded_result_whose_answer_was_lost_is_not_computed_again():
    runs = []
    harness = run(lambda event, ctx: ctx.step(lambda: runs.append(1)), faults=Faults(after=frozenset({1})))
    assert succeeded(harness.execution) is None
    assert runs == [1]
