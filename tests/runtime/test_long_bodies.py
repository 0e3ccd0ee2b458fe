"""Bodies that take long: what is sent while they run."""

import pytest

from perdure import ServiceError
from perdure_runtime.drivers.ticker import Ticker
from support.hosting import hosted, moves, until
from support.ledger_service import LedgerService, succeeded
from support.scripted_service import Scripted, refused


@pytest.mark.slow
def test_the_start_of_a_long_step_is_seen_while_its_body_runs():
    service = LedgerService()

    def long():
        until(lambda: moves(harness) == [["STEP START"]])
        return "seen"

    harness = hosted(lambda event, ctx: ctx.step(long), service, ticker=Ticker(period=0.01))
    harness.run()
    assert succeeded(harness.execution) == "seen"
    assert moves(harness) == [["STEP START"], ["STEP SUCCEED"]]


@pytest.mark.slow
def test_a_tick_that_fails_is_told_to_the_next_commit():
    service = Scripted(1, refused("Throttled", retryable=True))
    harness = hosted(
        lambda event, ctx: ctx.step(lambda: until(lambda: service.calls == 1)), service, ticker=Ticker(period=0.01)
    )
    harness.invoke()
    assert isinstance(harness.outputs[0], ServiceError)


def test_invocations_that_run_at_the_same_time_are_looked_after_each_until_its_own_end():
    class Looked:
        ticks = 0

        def tick(self):
            self.ticks += 1

    first, second, ticker = Looked(), Looked(), Ticker(period=0.001)
    ticker.watch(first)
    ticker.watch(second)
    until(lambda: first.ticks and second.ticks)
    ticker.rest(first)
    seen = second.ticks
    until(lambda: second.ticks > seen)
    ticker.rest(second)
