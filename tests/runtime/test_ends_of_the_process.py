"""The process ends in the middle of an operation: code may put things in order, and the execution goes on elsewhere."""

import pytest

from perdure import Poll, step
from support.hosting import hosted
from support.ledger_service import LedgerService
from support.step_bodies import add


class Ending(BaseException):
    """As SystemExit of a handler of SIGTERM, which the test's own process is not to know."""


def ends(*_):
    raise Ending


class EndsReading:
    """A serdes."""

    def serialize(self, value):
        return str(value)

    def deserialize(self, text):
        raise Ending


def ends_inside(ctx, *_):
    return ctx.step("inside", ends)


@pytest.mark.parametrize(
    "call",
    [
        lambda ctx: ctx.step(ends),
        lambda ctx: ctx.run_in_child_context(ends),
        lambda ctx: ctx.run_in_child_context(ends_inside),
        lambda ctx: ctx.wait_for_condition(ends, 1, until=bool, poll=Poll.fixed(delay=1)),
        lambda ctx: ctx.map(ends_inside, [1, 2]),
        lambda ctx: ctx.step(step(add, serdes=EndsReading()), 1, 2),
    ],
    ids=["step", "child", "step in a child", "condition", "map", "serdes"],
)
def test_code_may_put_things_in_order_when_the_process_ends_in_an_operation(call):
    done = []

    def workflow(event, ctx):
        try:
            call(ctx)
        finally:
            done.append(ctx.step("put in order", add, 1, 2))

    harness = hosted(workflow, LedgerService())
    with pytest.raises(Ending):
        harness.invoke()
    assert done == [3]
    assert harness.execution.is_running
