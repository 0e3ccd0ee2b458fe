"""What a workflow records, and what its code is given."""

from datetime import UTC, datetime

import orjson
import pytest

from perdure import RAW, Retry, current_context, current_step, step
from support.colours import both
from support.hosting import error_of, hosted, moves, run
from support.ledger_service import START, LedgerService, succeeded
from support.step_bodies import add


def test_a_quick_step_costs_one_request():
    harness = run(lambda event, ctx: ctx.step(add, 1, 2))
    assert succeeded(harness.execution) == 3
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


def test_step_wait_step_takes_two_invocations():
    def workflow(event, ctx):
        first = ctx.step(add, event["n"], 1)
        ctx.wait(hours=2, name="carrier pickup")
        return ctx.step("again", add, first, 1)

    harness = run(workflow, '{"n": 5}')
    assert succeeded(harness.execution) == 7
    assert moves(harness) == [["STEP START", "STEP SUCCEED"], ["WAIT START"], ["STEP START", "STEP SUCCEED"]]
    assert [orjson.loads(output)["Status"] for output in harness.outputs] == ["PENDING", "SUCCEEDED"]
    assert harness.service.clock.now - START == 7200
    names = [operation.name for operation in harness.execution.operations]
    assert names[1:] == ["add", "carrier pickup", "again"]


def test_a_wait_may_have_elapsed_already_in_the_answer():
    class Eager(LedgerService):
        def checkpoint(self, arn, token, updates, client_token):
            answer = super().checkpoint(arn, token, updates, client_token)
            self.clock.advance(60)
            return answer

    def workflow(event, ctx):
        ctx.wait(60)
        ctx.step(add, 1, 2)
        ctx.wait(60)
        return "done"

    harness = hosted(workflow, Eager())
    harness.run()
    assert succeeded(harness.execution) == "done"


def test_a_handler_may_return_nothing():
    harness = run(lambda event, ctx: None)
    assert orjson.loads(harness.outputs[0]) == {"Status": "SUCCEEDED", "Result": "null"}
    assert harness.service.requests == []


@pytest.mark.parametrize("payload", [None, "", "  "])
def test_an_execution_without_input_has_an_empty_event(payload):
    assert succeeded(run(lambda event, ctx: event, payload).execution) == {}


def test_facts_about_the_execution_are_the_envelopes():
    def workflow(event, ctx):
        assert current_context() is ctx
        facts = ctx.execution
        return [facts.arn, facts.name, facts.started_at.isoformat(), ctx.lambda_context.aws_request_id]

    harness = run(workflow)
    started = datetime.fromtimestamp(START, UTC).isoformat()
    assert succeeded(harness.execution) == [harness.service.arn, "run", started, "request-1"]


def test_a_running_step_knows_itself():
    seen = []

    @step(name="pay", retry=Retry.fixed(attempts=3, delay=1))
    def pay():
        info = current_step()
        seen.append((info.name, info.id, info.attempt, info.idempotency_key, info.cancelled, info.remaining_seconds))
        if info.attempt < 3:
            raise OSError("busy")

    def workflow(event, ctx):
        ctx.step(pay)
        ctx.step(pay)

    run(workflow)
    first, second = seen[:3], seen[3:]
    assert [attempt for _, _, attempt, _, _, _ in seen] == [1, 2, 3, 1, 2, 3]
    assert len({key for _, _, _, key, _, _ in first}) == 1
    assert first[0][3] != second[0][3]
    assert first[0][0] == "pay"
    assert first[0][4:] == (False, 60.0)


def test_what_a_body_sets_in_a_contextvar_does_not_leak():
    from contextvars import ContextVar

    colour = ContextVar("colour", default="grey")

    def workflow(event, ctx):
        colour.set("blue")
        seen = ctx.step(lambda: [colour.get(), colour.set("red")][0])
        return [seen, colour.get()]

    assert succeeded(run(workflow).execution) == ["blue", "blue"]


def test_methods_and_options_work_as_steps():
    class Shop:
        def __init__(self, town):
            self.town = town

        def greet(self, who):
            return f"{who} in {self.town}"

        @step(name="packing")
        def pack(self, item, *, count):
            return f"{count} {item} in {self.town}"

    def workflow(event, ctx):
        shop = Shop("Rome")
        return [ctx.step(shop.greet, "Ada"), ctx.step(shop.pack, "book", count=2)]

    harness = run(workflow)
    assert succeeded(harness.execution) == ["Ada in Rome", "2 book in Rome"]
    assert [operation.name for operation in harness.execution.operations][1:] == ["greet", "packing"]


def test_a_steps_own_serdes_changes_the_value_at_once():
    class Shout:
        def serialize(self, value):
            return value.upper()

        def deserialize(self, text):
            return text

    def workflow(event, ctx):
        first = ctx.step(step(lambda: "hello", serdes=Shout()))
        second = ctx.step(step(lambda: "raw", serdes=RAW))
        ctx.wait(1)
        return [first, second]

    harness = run(workflow)
    assert succeeded(harness.execution) == ["HELLO", "raw"]
    assert harness.service.requests[1].updates[1]["Payload"] == "raw"


@both
def test_a_recorded_value_that_cannot_be_read_names_its_operation(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.invoke("stock", name="count", result=int)

    harness = run(workflow, service=LedgerService(answers={"count": '"many"'}))
    assert error_of(harness)["ErrorType"] == "perdure.SerdesError"
    assert error_of(harness)["ErrorMessage"].startswith("chained_invoke 'count' (1ced8f5b): result: expected int")
