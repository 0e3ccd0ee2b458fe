"""Callbacks: created once, completed from outside, and waited for by whoever of the run asks."""

import threading
from datetime import timedelta

import pytest

from perdure import (
    RAW,
    CallbackError,
    CallbackNotSubmitted,
    CallbackTimeout,
    DurableCallRefused,
    Retry,
    SerdesError,
    current_step,
    failure,
    step,
)
from perdure_local.ledger import ErrorObject
from support.colours import both
from support.hosting import error_of, hosted, moves, run, said, status
from support.ledger_service import LedgerService, Reply, succeeded

REFUSAL = ErrorObject(ErrorType="shop.NotToday", ErrorMessage="not today", ErrorData="data", StackTrace=["line"])


def answering(*args, **kwargs):
    return LedgerService(answers=dict(*args, **kwargs))


def operations(harness):
    return [(str(one.kind), one.sub_type, one.name) for one in harness.execution.operations][1:]


def seen_of(error):
    return (type(error), error.args, str(error), error.error_type, error.data, failure(error), type(error.__cause__))


@both
def test_a_callback_has_an_id_and_a_result(colour):
    ids = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="approval")
        ids.append(callback.id)
        yield ctx.step("tell", lambda: callback.id)
        first = yield callback.result()
        again = yield callback.result()
        return [first, again]

    harness = run(workflow, service=answering(approval="yes"), strict=True)
    assert succeeded(harness.execution) == ["yes", "yes"]
    assert len(set(ids)) == 1
    assert len(ids) == 2
    assert operations(harness) == [("CALLBACK", "Callback", "approval"), ("STEP", "Step", "tell")]


@both
@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({}, "plain text", "plain text"),
        ({}, '{"a": 1}', '{"a": 1}'),
        ({}, None, None),
        ({"result": dict}, '{"a": 1}', {"a": 1}),
        ({"result": int}, "5", 5),
        ({"result": list[int]}, "[1,2]", [1, 2]),
        ({"result": str}, '"text"', "text"),
        ({"serdes": RAW}, "raw", "raw"),
    ],
)
def test_what_a_callback_is_completed_with(colour, options, text, value):
    seen = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb", **options)
        seen.append((yield callback.result()))
        yield ctx.wait(seconds=1)
        seen.append((yield ctx.wait_for_callback(lambda callback_id: None, name="human", **options)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, service=answering({"*": text}), strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert len(seen) > 3
    assert all(one == value for one in seen)


@both
def test_a_text_that_does_not_fit_the_type_is_a_serdes_error_live_and_on_replay(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb", result=int)
        try:
            yield callback.result()
        except SerdesError as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, service=answering(cb="text"), strict=True)) == "SUCCEEDED"
    assert len(seen) == 2
    assert seen[0] == seen[1]


@both
def test_creating_never_raises_and_the_result_raises_what_was_reported(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb")
        yield ctx.step("between", lambda: None)
        for _ in range(2):
            try:
                yield callback.result()
            except CallbackError as error:
                seen.append(seen_of(error))
        yield ctx.wait(seconds=1)

    harness = run(workflow, service=answering(cb=Reply(error=REFUSAL)), strict=True)
    assert status(harness) == "SUCCEEDED"
    assert len(seen) == 4
    assert len({str(line) for line in seen}) == 1
    assert seen[0][0] is CallbackError
    assert seen[0][2] == "not today"
    assert seen[0][3] == "shop.NotToday"


@both
@pytest.mark.parametrize(
    "limits", [{"timeout": 30}, {"heartbeat": 20}, {"timeout": timedelta(minutes=1), "heartbeat": 20}]
)
def test_a_callback_times_out(colour, limits):
    seen = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb", **limits)
        try:
            yield callback.result()
        except CallbackTimeout as error:
            seen.append(seen_of(error))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert len(seen) == 2
    assert seen[0] == seen[1]
    (start,) = [u for r in harness.service.requests for u in r.updates if u["Type"] == "CALLBACK"]
    sent = start["CallbackOptions"]
    assert sent.get("TimeoutSeconds", 0) == {30: 30, timedelta(minutes=1): 60, None: 0}[limits.get("timeout")]
    assert sent.get("HeartbeatTimeoutSeconds", 0) == limits.get("heartbeat", 0)


@both
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"timeout": 100_000_000}, ValueError),
        ({"heartbeat": 0}, ValueError),
        ({"timeout": "soon"}, TypeError),
        ({"name": ""}, ValueError),
        ({"name": 5}, TypeError),
        ({"serdes": 5}, TypeError),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_what_is_refused_takes_no_place(colour, options, error, waits):
    @colour
    def workflow(event, ctx):
        submit = [lambda callback_id: None] if waits else []
        call = ctx.wait_for_callback if waits else ctx.create_callback
        with pytest.raises(error):
            call(*submit, **options)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert operations(harness) == [("STEP", "Step", "after")]


@both
def test_the_result_may_be_asked_for_in_a_branch(colour):
    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb")

        @colour
        def branch(own):
            return (yield callback.result())

        @colour
        def waiting(own):
            yield own.wait(seconds=5)
            return "waited"

        return (yield ctx.parallel([branch, waiting, branch])).values()

    harness = run(workflow, service=answering(cb=Reply("yes", after=60)), strict=True)
    assert succeeded(harness.execution) == ["yes", "waited", "yes"]


@both
def test_the_result_of_a_branchs_callback_may_be_asked_for_after_it(colour):
    handles = []

    @colour
    def branch(ctx):
        handles.append((yield ctx.create_callback(name="cb")))
        return handles[-1].id

    @colour
    def workflow(event, ctx):
        yield ctx.parallel([branch])
        return (yield handles[-1].result())

    harness = hosted(workflow, answering(cb="yes"))
    harness.run()
    # The branch is read back and not run on replay, so its handle is gone: this is no way to write a workflow.
    assert status(harness) in {"FAILED", "SUCCEEDED"}


@both
def test_the_result_is_refused_inside_a_body_and_on_a_thread(colour):
    refused = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb")

        def call():
            with pytest.raises(DurableCallRefused) as caught:
                callback.result()
            refused.append(caught)

        yield ctx.step("body", call)
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert len(refused) == 2


@pytest.mark.slow
def test_the_result_is_refused_inside_an_async_body():
    async def workflow(event, ctx):
        callback = await ctx.create_callback(name="cb")

        async def body():
            with pytest.raises(DurableCallRefused):
                callback.result()

        await ctx.step(body)
        return "ok"

    assert succeeded(run(workflow).execution) == "ok"


@both
def test_a_callback_is_created_before_anything_that_could_tell_its_id(colour):
    known = []

    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb")
        known.append([str(one.kind) for one in service.execution.operations])
        return callback.id

    service = LedgerService()
    harness = run(workflow, service=service)
    assert known == [["EXECUTION", "CALLBACK"]]
    assert moves(harness) == [["CALLBACK START"]]


@both
def test_wait_for_callback_submits_once_and_returns_the_answer(colour):
    submitted = []

    def submit(callback_id):
        submitted.append((callback_id, current_step().attempt))
        return object()  # nobody's business

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_callback(submit, timeout=60, result=dict))

    harness = run(workflow, service=answering(submit='{"ok":true}'), strict=True)
    assert succeeded(harness.execution) == {"ok": True}
    assert len(submitted) == 1
    assert operations(harness) == [
        ("CONTEXT", "WaitForCallback", "submit"),
        ("CALLBACK", "Callback", "submit create callback id"),
        ("STEP", "Step", "submit submitter"),
    ]
    assert [str(e.type) for e in harness.execution.events][1:5] == [
        "ContextStarted",
        "CallbackStarted",
        "StepStarted",
        "StepSucceeded",
    ]


@both
def test_an_async_submitter_is_awaited(colour):
    submitted = []

    async def submit(callback_id):
        submitted.append(callback_id)

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_callback(submit))

    harness = run(workflow, service=answering({"*": "yes"}), strict=True)
    assert succeeded(harness.execution) == "yes"
    assert len(submitted) == 1


@both
def test_a_submitter_is_tried_again_as_it_is_told(colour):
    attempts = []

    def submit(callback_id):
        attempts.append(current_step().attempt)
        if len(attempts) < 3:
            raise OSError("the desk is closed")

    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_callback(submit, retry=Retry.fixed(attempts=3, delay=2)))

    harness = run(workflow, service=answering({"*": Reply("yes", after=50)}), strict=True)
    assert succeeded(harness.execution) == "yes"
    assert attempts == [1, 2, 3]


@both
@pytest.mark.parametrize("how", ["not submitted", "failed", "timed out"])
def test_failures_of_wait_for_callback_are_equal_live_and_on_replay(colour, how):
    seen = []

    @step(retry=Retry.NONE)
    def submit(callback_id):
        if how == "not submitted":
            raise OSError("the desk is closed")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.wait_for_callback(submit, timeout=30, name="human")
        except CallbackError as error:
            seen.append(seen_of(error))
        yield ctx.wait(seconds=1)

    answers = {"human": Reply(error=REFUSAL)} if how == "failed" else {}
    harness = run(workflow, service=LedgerService(answers=answers), strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    kinds = {"not submitted": CallbackNotSubmitted, "failed": CallbackError, "timed out": CallbackTimeout}
    assert seen[0][0] is kinds[how]
    assert ("not today" in seen[0][2]) is (how == "failed")
    assert ("the desk is closed" in seen[0][2]) is (how == "not submitted")


@both
def test_an_unhandled_failure_surfaces_with_the_message_of_outside(colour):
    @colour
    def workflow(event, ctx):
        return (yield ctx.wait_for_callback(lambda callback_id: None))

    harness = run(workflow, service=answering({"*": Reply(error=REFUSAL)}))
    assert status(harness) == "FAILED"
    assert error_of(harness)["ErrorMessage"] == "not today"


@both
def test_a_callback_answered_while_the_invocation_runs_is_not_suspended_for(colour):
    @colour
    def workflow(event, ctx):
        callback = yield ctx.create_callback(name="cb")
        yield ctx.step("answer", lambda: service.succeed_callback("cb", "early"))
        return (yield callback.result())

    service = LedgerService()
    harness = run(workflow, service=service)
    assert succeeded(harness.execution) == "early"
    assert len(harness.outputs) <= 2
