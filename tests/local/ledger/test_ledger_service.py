"""The in-process service that the engine's tests run on keeps its promises."""

import orjson
import pytest

from perdure.errors import ServiceError
from perdure_local.ledger import Fault, Limits, Record, Status
from support.desk import callback, chained, update
from support.ledger_service import START, Faults, Harness, LedgerService, Reply, Stuck, WorkerDied, rebuilt, succeeded


def encoded(*moves):
    return [orjson.dumps(move) for move in moves]


class Steps:
    """A handler that does three steps, waits, and counts what it really did."""

    def __init__(self, service):
        self.service, self.ran = service, []

    def __call__(self, event):
        envelope = orjson.loads(event)
        arn, token = envelope["DurableExecutionArn"], envelope["CheckpointToken"]
        have = {one["Id"]: one for one in envelope["InitialExecutionState"]["Operations"]}
        for name in "ABC":
            if have.get(name, {}).get("Status") != "SUCCEEDED":
                self.ran.append(name)
                batch = encoded(*[update("STEP START", name)] * (name not in have), update("STEP SUCCEED", name))
                token = self.service.checkpoint(arn, token, batch, name).token
        if "W" not in have:
            self.service.checkpoint(arn, token, encoded(update("WAIT START", "W", seconds=3600)), "W")
            return b'{"Status":"PENDING"}'
        return b'{"Status":"SUCCEEDED","Result":"3"}'


def harness(**options):
    service = LedgerService(**options)
    return Harness(Steps(service), service)


def test_a_run_to_the_end_moves_the_clock_to_what_is_due():
    run = harness()
    start = run.service.clock.now
    assert succeeded(run.run()) == 3
    assert run.service.clock.now == start + 3600
    assert len(run.outputs) == 2
    assert run.answer.ran == list("ABC")
    assert run.service.requests[0].moves == ["STEP START", "STEP SUCCEED"]


@pytest.mark.parametrize(
    ("faults", "ran"), [(Faults(before=frozenset({2})), "ABBC"), (Faults(after=frozenset({2})), "ABC")]
)
def test_a_worker_dies_around_a_checkpoint(faults, ran):
    run = harness(faults=faults)
    assert succeeded(run.run()) == 3
    assert "".join(run.answer.ran) == ran
    assert [type(output) for output in run.outputs] == [WorkerDied, bytes, bytes]


def test_a_dead_worker_stays_dead_and_its_answer_is_lost():
    service = LedgerService(faults=Faults(before=frozenset({1})), limits=Limits(invocation_backoff=0))
    calls = []

    def handler(event):
        envelope = orjson.loads(event)
        for _ in range(2):
            try:
                service.checkpoint(envelope["DurableExecutionArn"], envelope["CheckpointToken"], [], "c")
            except WorkerDied:
                calls.append("died")
        return b'{"Status":"SUCCEEDED"}' if len(calls) == 2 else b'{"Status":"FAILED"}'

    run = Harness(handler, service)
    run.step()
    assert calls == ["died", "died"]
    assert run.execution.is_running


def test_a_batch_is_cut_where_it_is_asked_to_be():
    run = harness(faults=Faults(cut=lambda updates: {1}))
    assert succeeded(run.run()) == 3
    assert run.service.checkpoints == 7
    assert len(run.service.requests) == 4


def test_a_worker_can_die_between_the_pieces_of_a_batch():
    run = harness(faults=Faults(cut=lambda updates: {1}, after=frozenset({1})))
    assert succeeded(run.run()) == 3
    assert run.answer.ran == list("AABC")


def test_a_run_that_waits_for_nothing_is_stuck():
    service = LedgerService(limits=Limits(invocation_backoff=0, idle_pendings=1000))
    with pytest.raises(Stuck):
        Harness(lambda event: b'{"Status":"PENDING"}', service, most=5).run()


def test_refusals_are_classified():
    service = LedgerService()
    service.begin()
    with pytest.raises(ServiceError) as stale:
        service.checkpoint(service.arn, "c3RhbGU=", [], "c")
    assert (stale.value.retryable, stale.value.status) == (True, 400)
    token = service.execution.token
    with pytest.raises(ServiceError) as refused:
        service.checkpoint(service.arn, token, encoded(update("STEP RETRY")), "c")
    assert not refused.value.retryable
    with pytest.raises(ServiceError):
        service.get_state(service.arn, "c3RhbGU=", "")
    assert service.get_state(service.arn, token, "").operations[0]["Type"] == "EXECUTION"


def test_changes_are_kept_and_a_restart_goes_on_from_them():
    run = harness()
    run.step()
    run.service.restart()
    assert succeeded(run.run()) == 3
    record = run.execution.record()
    again = rebuilt(run.service.changes)
    assert Record(again.spec, again.progress, tuple(again.operations), tuple(again.events)) == record


class Waiting:
    """A handler that opens operations, then waits until none of them is open; its result is what it saw of them."""

    def __init__(self, service, *moves):
        self.service, self.moves, self.said = service, moves, []

    def __call__(self, event):
        envelope = orjson.loads(event)
        arn, token = envelope["DurableExecutionArn"], envelope["CheckpointToken"]
        have = envelope["InitialExecutionState"]["Operations"][1:]
        if not have:
            answer = self.service.checkpoint(arn, token, encoded(*self.moves), "c")
            have = self.service.checkpoint(arn, answer.token, [], "d").operations or answer.operations
        self.said.append({one["Id"]: one["Status"] for one in have})
        if any(one["Status"] == "STARTED" for one in have):
            return b'{"Status":"PENDING"}'
        details = [one.get("CallbackDetails") or one.get("ChainedInvokeDetails", {}) for one in have]
        results = [one.get("Result") or one.get("Error") for one in details]
        return orjson.dumps({"Status": "SUCCEEDED", "Result": orjson.dumps(results).decode()})


def waiting(*moves, **options):
    service = LedgerService(**options)
    return Harness(Waiting(service, *moves), service)


def test_answers_are_given_when_nothing_runs():
    run = waiting(callback(), chained("ship", "B"), answers={"A": "yes", "ship": "1"})
    assert succeeded(run.run()) == ["yes", "1"]
    assert run.service.clock.now == START
    assert [len(said) for said in run.answer.said] == [2, 2, 2]


@pytest.mark.parametrize("key", ["A", "approve", "*"])
def test_an_answer_is_found_by_id_by_name_or_for_any(key):
    run = waiting({**callback(), "Name": "approve"}, answers={key: Reply(error={"ErrorMessage": "no"})})
    assert succeeded(run.run()) == [{"ErrorMessage": "no"}]


def test_the_callback_of_a_wait_for_callback_is_found_by_the_name_of_that():
    around = {**update("CONTEXT START", "P"), "Name": "approve", "SubType": "WaitForCallback"}
    service = LedgerService(answers={"approve": "yes"})
    handler = Waiting(service, around, {**callback(), "Name": "approve create callback id", "ParentId": "P"})
    run = Harness(handler, service)
    run.step()
    run.step()
    assert service.open("approve").payload == "yes"


def test_a_late_answer_lets_timers_go_first():
    moves = (callback(), update("WAIT START", "W", seconds=5))
    run = waiting(*moves, answers={"A": Reply("yes", after=7)})
    run.run()
    assert [event.type for event in run.execution.events if event.operation_id in {"A", "W"}][2:] == [
        "WaitSucceeded",
        "CallbackSucceeded",
    ]
    assert run.service.clock.now == START + 7


@pytest.mark.parametrize("after", [5, 7])
def test_an_answer_that_comes_too_late_finds_a_callback_that_has_timed_out(after):
    run = waiting(callback(TimeoutSeconds=5), answers={"A": Reply("yes", after=after)})
    assert succeeded(run.run()) == [{"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}]


def test_an_answer_can_depend_on_the_operation_and_is_made_once():
    asked = []

    def echo(operation):
        asked.append(operation.id)
        return operation.invoke.input

    run = waiting(chained("echo", payload="[1]"), chained("echo", "B", payload="2"), answers={"echo": echo})
    assert succeeded(run.run()) == ["[1]", "2"]
    assert asked == ["A", "B"]


def test_an_invoke_can_end_in_every_way():
    reply = Reply(status=Status.STOPPED, error={"ErrorMessage": "stop"})
    run = waiting(chained("ship"), answers={"ship": reply})
    assert succeeded(run.run()) == [{"ErrorMessage": "stop"}]
    assert run.service.open("ship").status is Status.STOPPED


def test_functions_that_are_not_there_fail_their_invokes():
    run = waiting(chained("ship"), functions={"other"})
    assert succeeded(run.run()) == [
        {"ErrorType": "ResourceNotFoundException", "ErrorMessage": "Function not found: ship"}
    ]
    assert len(run.outputs) == 1


def test_eager_answers_come_during_the_invocation():
    run = waiting(callback(), answers={"A": "yes"}, eager=True)
    assert succeeded(run.run()) == ["yes"]
    assert len(run.outputs) == 1


def test_whoever_waits_for_nobody_is_stuck_and_told_for_whom():
    run = waiting({**callback(), "Name": "approve"})
    with pytest.raises(Stuck, match="waits for CALLBACK approve STARTED and nobody answers"):
        run.run()


def test_the_world_outside_by_hand():
    moves = (callback("A", HeartbeatTimeoutSeconds=5), callback("B"), chained("ship", "C"), callback("D"))
    run = waiting(*moves, callback("E", TimeoutSeconds=60))
    service = run.service
    run.step()
    service.heartbeat_callback("A")
    service.succeed_callback("A", "yes")
    service.fail_callback("B", {"ErrorMessage": "no"})
    service.finish_invoke("ship", error={"ErrorType": "E"})
    service.succeed_callback("D")
    service.time_out_callback("E")
    assert service.clock.now == START + 60
    service.restart()
    assert succeeded(run.run()) == [
        "yes",
        {"ErrorMessage": "no"},
        {"ErrorType": "E"},
        None,
        {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"},
    ]
    with pytest.raises(Fault, match="Callback not found"):
        service.succeed_callback("A")
    with pytest.raises(AssertionError, match="no callback or invoke is called 'Z'; there is CALLBACK A SUCCEEDED"):
        service.open("Z")
