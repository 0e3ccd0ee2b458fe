"""A codec that waits for something elsewhere holds up its own line of work and no other; order and places stay."""

from threading import Event

import pytest

from perdure import Completion, durable
from support.colours import both
from support.hosting import hosted, run
from support.ledger_service import LedgerService, succeeded

PATIENCE = 10
"""Seconds after which a codec gives up waiting, which fails the test."""


class Gate:
    """A codec that waits, at the operations of this name, until `opened` is set."""

    name = "gate"

    def __init__(self, held, *, writing=True, reading=False):
        self.held = held
        self.writing = writing
        self.reading = reading
        self.opened = Event()

    def encode(self, data, site, /):
        if self.writing:
            self.wait(site)
        return data

    def decode(self, data, site, /):
        if self.reading:
            self.wait(site)
        return data

    def wait(self, site):
        if site.operation_name == self.held and not self.opened.wait(PATIENCE):
            raise TimeoutError("nothing else went on")


def value():
    return "value"


def same(state: str) -> str:
    return state


def a_step(ctx, colour):
    return ctx.step("held", value)


def a_child(ctx, colour):
    def inner(ctx):
        return (yield ctx.step(value))

    return ctx.run_in_child_context("held", colour(inner))


def a_condition(ctx, colour):
    return ctx.wait_for_condition(same, "value", until=bool, name="held")


def a_batch(ctx, colour):
    def inner(ctx):
        return (yield ctx.step(value))

    return ctx.parallel([colour(inner)], name="held")


WORK = pytest.mark.parametrize("work", [a_step, a_child, a_condition, a_batch])


def beside(colour, work, gate):
    """Two branches: one has a codec that waits, and the code of the other opens it."""

    def waiting(ctx):
        found = yield work(ctx, colour)
        return found if isinstance(found, str) else found.values()[0]

    def opening(ctx):
        first = yield ctx.step("first", value)
        gate.opened.set()
        return first + (yield ctx.step("second", value))

    @durable(codecs=(gate,))
    @colour
    def workflow(event, ctx):
        both_of_them = yield ctx.parallel([colour(waiting), colour(opening)], name="both")
        yield ctx.wait(seconds=1)
        return both_of_them.values()

    return workflow


def recorded(harness):
    """Which operations there are, and what is recorded of each."""
    updates = [update for request in harness.service.requests for update in request.updates]
    return sorted((update["Id"], update["Action"], str(update.get("Payload"))) for update in updates)


@WORK
@both
def test_other_branches_go_on_while_a_codec_waits_for_what_it_writes(colour, work):
    gate = Gate("held")
    harness = run(beside(colour, work, gate))
    assert succeeded(harness.execution) == ["value", "valuevalue"]
    open_gate = Gate("held")
    open_gate.opened.set()
    assert recorded(run(beside(colour, work, open_gate))) == recorded(harness)


@WORK
@both
def test_other_branches_go_on_while_a_codec_waits_for_what_it_reads(colour, work):
    gate = Gate("held")
    gate.opened.set()
    harness = hosted(beside_a_wait(colour, work, gate), LedgerService())
    harness.step()
    gate.opened.clear()
    gate.writing, gate.reading = False, True
    harness.run()
    assert succeeded(harness.execution) == ["value", "value"]


def beside_a_wait(colour, work, gate):
    """The same, where the second invocation reads what the first has written."""

    def waiting(ctx):
        found = yield work(ctx, colour)
        yield ctx.wait(seconds=5)
        return found if isinstance(found, str) else found.values()[0]

    def opening(ctx):
        first = yield ctx.step("first", value)
        yield ctx.wait(seconds=1)
        gate.opened.set()
        return first

    @durable(codecs=(gate,))
    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([colour(waiting), colour(opening)], name="both")).values()

    return workflow


@both
def test_a_workflow_that_has_nothing_else_to_do_waits_with_its_codec(colour):
    gate = Gate("held")
    gate.opened.set()

    @durable(codecs=(gate,))
    @colour
    def workflow(event, ctx):
        step_gave = yield a_step(ctx, colour)
        child_gave = yield a_child(ctx, colour)
        return [step_gave, child_gave, (yield a_condition(ctx, colour))]

    assert succeeded(run(workflow).execution) == ["value"] * 3


@pytest.mark.slow  # a codec that goes on has a grace, as a body has
@both
def test_the_codec_of_a_branch_that_nobody_waits_for_is_left_behind_and_told_of(colour, capfd):
    gate = Gate("held")

    def quick(ctx):
        return (yield ctx.step(value))

    def waiting(ctx):
        return (yield ctx.step("held", value))

    @durable(codecs=(gate,))
    @colour
    def workflow(event, ctx):
        first = yield ctx.parallel([colour(waiting), colour(quick)], completion=Completion.FIRST_SUCCESSFUL)
        return [item.status.value for item in first.items]

    try:
        harness = run(workflow)
    finally:
        gate.opened.set()
    assert succeeded(harness.execution) == ["STARTED", "SUCCEEDED"]
    assert "a codec's request goes on by itself" in "".join(capfd.readouterr())
