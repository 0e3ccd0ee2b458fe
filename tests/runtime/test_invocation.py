"""Workflows through the whole engine, against the ledger: what is recorded, answered and raised."""

import json
import threading
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from perdure import (
    RAW,
    DurableCallRefused,
    MalformedEnvelope,
    ReplayMismatch,
    Retry,
    SerdesError,
    ServiceError,
    StepError,
    StepInterrupted,
    current_context,
    current_step,
    failure,
    step,
)
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.service.protocol import Checkpointed
from support.hosting import GivenUp, hosted, moves, run, until
from support.ledger_service import START, Faults, LedgerService, succeeded


class Declined(Exception):
    """A user's own error."""


def add(left, right):
    return left + right


def broken():
    raise Declined("no funds")


def status(harness):
    return harness.execution.progress.status.value


def error_of(harness):
    return harness.execution.progress.error


# What a workflow records


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


# Failures


def test_a_failed_step_raises_its_own_class_live_and_on_replay():
    caught = []

    def workflow(event, ctx):
        try:
            ctx.step(step(broken, retry=Retry.NONE))
        except Declined as error:
            caught.append(
                (str(error), failure(error).operation, failure(error).attempts, error.__traceback__ is not None)
            )
        ctx.wait(1)
        return "went on"

    harness = run(workflow)
    assert succeeded(harness.execution) == "went on"
    assert caught == [("no funds", "broken", 1, True)] * 2


def test_a_class_that_cannot_be_rebuilt_is_a_step_error_live_and_on_replay():
    class Local(Exception):
        pass

    def fail():
        raise Local("inside")

    caught = []

    def workflow(event, ctx):
        try:
            ctx.step(step(fail, retry=Retry.NONE))
        except StepError as error:
            caught.append((type(error), str(error), failure(error).error_type.rpartition(".")[2]))
        ctx.wait(1)

    run(workflow)
    assert caught == [(StepError, "inside", "Local")] * 2


def test_an_uncaught_failure_fails_the_execution_with_its_own_type_and_place():
    harness = run(lambda event, ctx: ctx.step(step(broken, retry=Retry.NONE)))
    error = error_of(harness)
    assert status(harness) == "FAILED"
    assert error["ErrorType"].endswith("Declined")
    assert error["ErrorMessage"] == "no funds"
    assert "ErrorData" not in error


def test_an_error_of_the_handler_fails_the_execution_and_shows_the_users_code():
    def workflow(event, ctx):
        raise ValueError("boom")

    error = error_of(run(workflow))
    assert error["ErrorType"] == "ValueError"
    assert "test_invocation.py" in "".join(error["StackTrace"])
    assert "perdure_runtime" not in "".join(error["StackTrace"])


def test_a_traceback_of_a_failed_step_starts_at_the_users_call():
    def workflow(event, ctx):
        ctx.step(step(broken, retry=Retry.NONE))

    stack = "".join(error_of(run(workflow))["StackTrace"])
    assert "ctx.step(step(broken" in stack
    assert "core/operations" not in stack


def test_a_failed_attempt_is_retried_as_its_policy_says():
    attempts = []

    @step(retry=Retry.fixed(attempts=3, delay=10))
    def flaky():
        attempts.append(current_step().attempt)
        if len(attempts) < 3:
            raise OSError("busy")
        return "ok"

    harness = run(lambda event, ctx: ctx.step(flaky))
    assert succeeded(harness.execution) == "ok"
    assert attempts == [1, 2, 3]
    assert moves(harness) == [
        ["STEP START", "STEP RETRY"],
        ["STEP START", "STEP RETRY"],
        ["STEP START", "STEP SUCCEED"],
    ]
    assert harness.service.clock.now - START == 20


def test_a_body_may_raise_stop_iteration():
    def stop():
        raise StopIteration("enough")

    def workflow(event, ctx):
        with pytest.raises(StopIteration, match="enough"):
            ctx.step(step(stop, retry=Retry.NONE))
        return "ok"

    assert succeeded(run(workflow).execution) == "ok"


def test_a_process_that_is_told_to_exit_exits():
    def leave():
        raise SystemExit(3)

    harness = hosted(lambda event, ctx: ctx.step(leave), LedgerService())
    with pytest.raises(SystemExit):
        harness.invoke()


# Once


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


# Suspension that user code swallows


def swallow_once(ctx):
    try:  # noqa: SIM105
        ctx.wait(5)
    except BaseException:  # noqa: BLE001, S110
        pass
    return "wrong"


def swallow_bare(ctx):
    try:
        ctx.wait(5)
    except:  # noqa: E722
        return "wrong"


def swallow_and_call(ctx):
    try:
        ctx.wait(5)
    except BaseException:  # noqa: BLE001
        return ctx.step(add, 1, 2)


def swallow_in_finally(ctx):
    try:
        ctx.wait(5)
    finally:
        return "wrong"  # noqa: B012


def swallow_in_a_loop(ctx):
    for _ in range(50):
        try:
            ctx.wait(5)
            break
        except BaseException:  # noqa: BLE001, S112
            continue
    return "wrong"


def swallow_in_a_generator(ctx):
    def steps():
        try:
            yield ctx.wait(5)
        except BaseException:  # noqa: BLE001
            yield "wrong"

    return next(iter(list(steps())))


def swallow_and_raise_another(ctx):
    try:
        ctx.wait(5)
    except BaseException as error:
        raise ValueError("wrong") from error


@pytest.mark.parametrize(
    "workflow",
    [
        swallow_once,
        swallow_bare,
        swallow_and_call,
        swallow_in_finally,
        swallow_in_a_loop,
        swallow_in_a_generator,
        swallow_and_raise_another,
    ],
)
def test_a_swallowed_suspension_still_suspends(workflow):
    harness = hosted(lambda event, ctx: workflow(ctx), LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


def test_code_that_swallows_for_ever_is_given_up():
    def workflow(event, ctx):
        while True:
            try:
                ctx.wait(5)
            except BaseException as error:
                if isinstance(error, GivenUp):
                    raise

    harness = hosted(workflow, LedgerService())
    with pytest.raises(GivenUp) as given_up:
        harness.invoke()
    assert given_up.value.output == b'{"Status":"PENDING"}'


def test_a_handler_is_told_when_it_is_unwound():
    seen = []

    def workflow(event, ctx):
        try:
            ctx.wait(5)
        finally:
            seen.append(ctx.suspending)

    run(workflow)
    assert seen == [True, False]


# What the service says


class Scripted(LedgerService):
    """A ledger whose n-th checkpoint answers something else."""

    def __init__(self, at, answer, **options):
        super().__init__(**options)
        self.at = at
        self.given = answer
        self.calls = 0

    def checkpoint(self, arn, token, updates, client_token):
        self.calls += 1
        if self.calls == self.at and isinstance(self.given, Exception):
            raise self.given
        answer = super().checkpoint(arn, token, updates, client_token)
        return self.given(answer) if self.calls == self.at and callable(self.given) else answer


def refused(code, *, retryable, message=""):
    return ServiceError("CheckpointDurableExecution", code, message, status=400, retryable=retryable)


def two_steps(event, ctx):
    first = ctx.step(add, 1, 2)
    try:
        return ctx.step(add, first, 4)
    except Exception:  # noqa: BLE001
        return "swallowed"


def test_a_service_that_may_succeed_later_lets_lambda_retry():
    harness = hosted(two_steps, Scripted(1, refused("Throttled", retryable=True)))
    harness.run()
    assert isinstance(harness.outputs[0], ServiceError)
    assert succeeded(harness.execution) == 7


def test_a_service_that_refuses_for_good_fails_the_execution():
    harness = hosted(two_steps, Scripted(2, refused("AccessDenied", retryable=False)))
    harness.run()
    assert status(harness) == "FAILED"
    assert "AccessDenied" in error_of(harness)["ErrorMessage"]


def test_a_revoked_token_is_answered_with_pending_and_nothing_more_is_sent():
    harness = hosted(two_steps, Scripted(1, lambda answer: Checkpointed(None, answer.operations)))
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


def test_an_answer_in_pages_is_read_to_its_end_before_anybody_acts_on_it():
    class Paged(LedgerService):
        held = ()

        def checkpoint(self, arn, token, updates, client_token):
            answer = super().checkpoint(arn, token, updates, client_token)
            self.held = answer.operations
            return Checkpointed(answer.token, [], "page-2")

        def get_state(self, arn, token, marker, limit=1000):
            from perdure_runtime.service.protocol import StatePage

            assert marker == "page-2"
            return StatePage(list(self.held))

    harness = hosted(lambda event, ctx: ctx.wait(5), Paged())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


def test_state_in_pages_is_read_before_the_handler_runs():
    from perdure_local.ledger import Limits

    def workflow(event, ctx):
        total = sum(ctx.step(add, n, n) for n in range(7))
        ctx.wait(1)
        return total

    harness = run(workflow, service=LedgerService(limits=Limits(page_items=2)))
    assert succeeded(harness.execution) == 42
    assert sum(request.call == "get_state" for request in harness.service.requests) == 1


@pytest.mark.parametrize("retryable", [True, False])
def test_state_that_cannot_be_read_is_no_reason_to_run_the_handler(retryable):
    from perdure_local.ledger import Limits

    class Unreadable(LedgerService):
        def get_state(self, arn, token, marker, limit=1000):
            raise refused("Broken", retryable=retryable)

    runs = []

    def workflow(event, ctx):
        runs.append(1)
        ctx.step(add, 1, 1)
        ctx.step(add, 1, 1)
        ctx.wait(1)

    harness = hosted(workflow, Unreadable(limits=Limits(page_items=2)))
    harness.invoke()
    harness.step()
    harness.step()
    assert len(runs) == 1
    last = harness.outputs[-1]
    assert isinstance(last, ServiceError) if retryable else orjson.loads(last)["Status"] == "FAILED"


def test_a_result_too_large_for_the_answer_is_recorded_first():
    text = "x" * (6 * 1024 * 1024 - 51)
    harness = run(lambda event, ctx: text)
    assert moves(harness) == [["EXECUTION SUCCEED"]]
    assert orjson.loads(harness.outputs[0]) == {"Status": "SUCCEEDED", "Result": ""}
    assert harness.execution.progress.result == json.dumps(text)


def test_a_result_that_fits_is_answered():
    harness = run(lambda event, ctx: "x" * (6 * 1024 * 1024 - 200))
    assert harness.service.requests == []


# Where durable calls are refused


def test_a_durable_call_inside_a_step_is_refused_and_not_retried():
    runs = []

    def workflow(event, ctx):
        def nested():
            runs.append(1)
            return ctx.step(add, 1, 2)

        return ctx.step(nested)

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "inside a step" in error_of(harness)["ErrorMessage"]
    assert len(runs) == 1


def test_a_durable_call_from_a_thread_of_ones_own_is_refused():
    def workflow(event, ctx):
        caught = []

        def elsewhere():
            try:
                ctx.wait(1)
            except DurableCallRefused as error:
                caught.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return caught

    (said,) = succeeded(run(workflow).execution)
    assert "ctx.wait() was refused: it was called on a thread or in a task of your own" in said


@pytest.mark.parametrize("call", [lambda ctx: ctx.wait(0), lambda ctx: ctx.wait(timedelta(days=400))])
def test_a_bad_duration_takes_no_place_in_the_history(call):
    def workflow(event, ctx):
        with pytest.raises(ValueError, match="between 1 second and 366 days"):
            call(ctx)
        return ctx.step(add, 1, 2)

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


# Values


def test_a_result_that_cannot_be_stored_fails_the_step_past_its_retries_and_sends_no_success():
    runs = []

    def unfit():
        runs.append(1)
        return {"items": [1, object()]}

    harness = run(lambda event, ctx: ctx.step(unfit))
    assert status(harness) == "FAILED"
    assert moves(harness) == [["STEP START", "STEP FAIL"]]
    assert "items[1]" in error_of(harness)["ErrorMessage"]
    assert len(runs) == 1


def test_a_result_of_the_handler_that_cannot_be_stored_fails_the_execution():
    harness = run(lambda event, ctx: {"items": [1, object()]})
    assert status(harness) == "FAILED"
    assert "items[1]" in error_of(harness)["ErrorMessage"]


def test_the_caller_of_a_step_may_catch_what_cannot_be_stored():
    def workflow(event, ctx):
        try:
            ctx.step(object)
        except SerdesError as error:
            first = str(error)
        ctx.wait(1)
        return first

    assert "object" in succeeded(run(workflow).execution)


# Code that changed


def renamed(name):
    def workflow(event, ctx):
        ctx.step("reserve", add, 1, 2)
        ctx.wait(10)
        return ctx.step(name, add, 1, 2)

    return workflow


def test_a_changed_workflow_fails_with_what_was_recorded_and_asked_and_where():
    service = LedgerService()
    hosted(renamed("ship"), service).invoke()

    def changed(event, ctx):
        ctx.step("book", add, 1, 2)

    harness = hosted(changed, service)
    harness.run()
    said = error_of(harness)["ErrorMessage"]
    assert status(harness) == "FAILED"
    assert "name: recorded 'reserve', asked 'book'" in said
    assert "test_invocation.py:" in said


def test_a_changed_workflow_that_catches_its_mismatch_gets_no_further():
    service = LedgerService()
    hosted(renamed("ship"), service).invoke()
    runs = []

    def changed(event, ctx):
        try:
            ctx.step("book", add, 1, 2)
        except Exception:  # noqa: BLE001
            ctx.step(lambda: runs.append(1))
        return "wrong"

    harness = hosted(changed, service)
    harness.run()
    assert status(harness) == "FAILED"
    assert runs == []


def test_a_changed_workflow_may_wait_for_a_rollback():
    service = LedgerService()
    hosted(renamed("ship"), service).invoke()

    def changed(event, ctx):
        ctx.step("book", add, 1, 2)

    changed_harness = hosted(changed, service, on_mismatch="retry")
    changed_harness.step()
    changed_harness.step()
    assert isinstance(changed_harness.outputs[-1], ReplayMismatch)
    rolled_back = hosted(renamed("ship"), service)
    rolled_back.run()
    assert succeeded(rolled_back.execution) == 3


def shorter(event, ctx):
    return "done"


def test_operations_that_are_not_reached_any_more_are_told_of(capsys):
    service = LedgerService()
    hosted(renamed("ship"), service).invoke()
    harness = hosted(shorter, service)
    harness.run()
    assert succeeded(harness.execution) == "done"
    assert "reserve" in capsys.readouterr().out


def test_operations_that_are_not_reached_fail_a_strict_run():
    service = LedgerService()
    hosted(renamed("ship"), service).invoke()
    harness = hosted(shorter, service, strict=True)
    harness.run()
    assert status(harness) == "FAILED"
    assert "never reached" in error_of(harness)["ErrorMessage"]


# The envelope


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "is a JSON list"),
        (b'{"order": 7}', "DurableExecutionArn is missing"),
        (b'{"DurableExecutionArn": "arn"}', "CheckpointToken is missing"),
        (b'{"DurableExecutionArn": 7, "CheckpointToken": "t"}', "DurableExecutionArn is not a text"),
        (b'{"InitialExecutionState": 3}', "InitialExecutionState is not an object"),
        (b'{"InitialExecutionState": {"Operations": [{}]}}', "not a list of operations"),
        (b'{"InitialExecutionState": {"Operations": 3}}', "not a list of operations"),
    ],
)
def test_an_event_that_is_no_envelope_says_what_is_missing_and_what_to_do(event, said):
    harness = hosted(lambda event, ctx: None, LedgerService())
    with pytest.raises(MalformedEnvelope, match="needs DurableConfig") as caught:
        harness.answer(event)
    assert said in str(caught.value)


def test_unknown_members_of_an_envelope_are_ignored():
    service = LedgerService('"in"')
    harness = hosted(lambda event, ctx: event, service)
    event = orjson.loads(service.begin()) | {"Future": {"x": 1}}
    assert orjson.loads(harness.answer(orjson.dumps(event)))["Result"] == '"in"'


def test_timestamps_may_be_texts():
    service = LedgerService()
    harness = hosted(lambda event, ctx: ctx.execution.started_at.year, service)
    event = orjson.loads(service.begin())
    event["InitialExecutionState"]["Operations"][0]["StartTimestamp"] = "2026-01-01T00:00:00.000Z"
    assert orjson.loads(harness.answer(orjson.dumps(event)))["Result"] == "2026"


def test_input_that_is_not_json_lets_lambda_retry():
    harness = hosted(lambda event, ctx: None, LedgerService("{broken"))
    harness.invoke()
    assert isinstance(harness.outputs[0], ValueError)


def test_an_execution_that_waits_for_nothing_is_noticed():
    """The harness itself: a PENDING with nothing to wait for does not go on for ever."""
    harness = hosted(lambda event, ctx: None, LedgerService())
    harness.answer = lambda event: b'{"Status":"PENDING"}'
    harness.run()
    assert status(harness) == "FAILED"
    assert "no pending operations" in error_of(harness)["ErrorMessage"]


# A body that takes long


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
