"""Invokes: another function is called once, and its answer or failure comes back, live and on replay."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from perdure import RAW, InvokeError, SerdesError, failure
from perdure_local.ledger import ErrorObject, Status
from support.colours import both
from support.hosting import moves, run, said, status
from support.ledger_service import LedgerService, Reply, succeeded

PROBLEM = ErrorObject(ErrorType="shop.Declined", ErrorMessage="no", ErrorData="data", StackTrace=["line"])


@dataclass
class Order:
    number: int
    day: date


def operations(harness):
    return [(str(one.kind), one.sub_type, one.name) for one in harness.execution.operations][1:]


def sent(harness):
    return next(u for r in harness.service.requests for u in r.updates if u["Type"] == "CHAINED_INVOKE")


@both
@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (None, "null"),
        ({"a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true]}'),
        ("text", '"text"'),
        ((1, 2), "[1,2]"),
        (Order(7, date(2026, 1, 2)), '{"number":7,"day":"2026-01-02"}'),
        ({"price": Decimal("1.50")}, '{"price":"1.50"}'),
        ("é", '"é"'),
    ],
)
def test_the_payload_travels_as_plain_json(colour, payload, text):
    @colour
    def workflow(event, ctx):
        return (yield ctx.invoke("other", payload))

    harness = run(workflow, service=LedgerService(answers={"other": '{"r":1}'}), strict=True)
    assert succeeded(harness.execution) == {"r": 1}
    assert sent(harness)["Payload"] == text
    assert sent(harness)["ChainedInvokeOptions"]["FunctionName"] == "other"
    assert operations(harness) == [("CHAINED_INVOKE", "ChainedInvoke", None)]


@both
@pytest.mark.parametrize(
    ("options", "answer", "value"),
    [
        ({}, '{"a":1}', {"a": 1}),
        ({}, None, None),
        ({}, '"x"', "x"),
        ({"result": Order}, '{"number":7,"day":"2026-01-02"}', Order(7, date(2026, 1, 2))),
        ({"result": list[Decimal]}, '["1.50"]', [Decimal("1.50")]),
        ({"result_serdes": RAW}, "not json", "not json"),
        ({"name": "given", "tenant_id": "tenant"}, "5", 5),
    ],
)
def test_the_answer_is_equal_live_and_on_replay(colour, options, answer, value):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.invoke("other:live", {"n": 1}, **options)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, service=LedgerService(answers={"*": answer}), strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert seen == [value, value]
    assert operations(harness)[0][2] == options.get("name")
    assert sent(harness)["ChainedInvokeOptions"].get("TenantId") == options.get("tenant_id")


@both
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(error=PROBLEM), "shop.Declined"),
        (Reply(error=ErrorObject(ErrorType="Sandbox.Timedout", ErrorMessage="slow")), "Sandbox.Timedout"),
        (
            Reply(error=ErrorObject(ErrorType="ChainedInvoke.Timeout", ErrorMessage="t"), status=Status.TIMED_OUT),
            "ChainedInvoke.Timeout",
        ),
        (Reply(error=ErrorObject(ErrorType="Stopped", ErrorMessage="s"), status=Status.STOPPED), "Stopped"),
        (Reply(error=ErrorObject()), None),
        (Reply(error=ErrorObject(ErrorType="builtins.ValueError", ErrorMessage="not ours")), "builtins.ValueError"),
    ],
)
def test_failures_are_invoke_errors_and_equal_live_and_on_replay(colour, reply, kind):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.invoke("other", name="call")
        except InvokeError as error:
            seen.append((type(error), error.args, str(error), error.error_type, error.data, failure(error)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, service=LedgerService(answers={"other": reply}), strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0][0] is InvokeError
    assert seen[0][3] == kind


@both
def test_a_function_that_is_not_there_fails_at_once(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.invoke("nowhere")
        except InvokeError as error:
            seen.append((str(error), error.error_type))
        yield ctx.wait(seconds=1)

    harness = run(workflow, service=LedgerService(functions=[]), strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert "ResourceNotFound" in seen[0][1]
    assert len(harness.outputs) == 2


@both
def test_an_answer_that_does_not_fit_is_a_serdes_error_live_and_on_replay(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.invoke("other", result=Order)
        except SerdesError as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, service=LedgerService(answers={"*": "5"}), strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]


@both
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ctx: ctx.invoke(""), ValueError),
        (lambda ctx: ctx.invoke(5), TypeError),
        (lambda ctx: ctx.invoke(len), TypeError),
        (lambda ctx: ctx.invoke("other", tenant_id=5), TypeError),
        (lambda ctx: ctx.invoke("other", tenant_id=""), ValueError),
        (lambda ctx: ctx.invoke("other", name=""), ValueError),
        (lambda ctx: ctx.invoke("other", object()), SerdesError),
        (lambda ctx: ctx.invoke("other", "x" * 1_048_576), SerdesError),
        (lambda ctx: ctx.invoke("other", "é" * 600_000), SerdesError),
        (lambda ctx: ctx.invoke("other", result_serdes=5), TypeError),
        (lambda ctx: ctx.invoke("other", payload_serdes=5), TypeError),
    ],
)
def test_what_is_refused_takes_no_place(colour, call, error):
    @colour
    def workflow(event, ctx):
        with pytest.raises(error):
            call(ctx)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert operations(harness) == [("STEP", "Step", "after")]
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


@both
@pytest.mark.slow
def test_invokes_of_branches_start_together(colour):
    @colour
    def code(ctx, item):
        return (yield ctx.invoke(f"other-{item}", item))

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, list(range(20)))).values()

    harness = run(workflow, service=LedgerService(answers={"*": lambda one: one.invoke.name[6:]}), strict=True)
    assert succeeded(harness.execution) == list(range(20))
    starts = [request for request in moves(harness) if "CHAINED_INVOKE START" in request]
    assert len(starts) == 1


@both
def test_a_payload_serdes_writes_the_payload(colour):
    class Csv:
        def serialize(self, value, context=None):
            return ",".join(value)

        def deserialize(self, text, context=None):
            return text.split(",")

    @colour
    def workflow(event, ctx):
        return (yield ctx.invoke("other", ["a", "b"], payload_serdes=Csv(), result_serdes=Csv()))

    harness = run(workflow, service=LedgerService(answers={"*": "c,d"}), strict=True)
    assert succeeded(harness.execution) == ["c", "d"]
    assert sent(harness)["Payload"] == "a,b"
