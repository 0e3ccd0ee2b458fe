"""The in-process service that the engine's tests run on keeps its promises."""

import orjson
import pytest

from perdure.errors import ServiceError
from perdure_local.ledger import Limits, Record
from support.desk import update
from support.ledger_service import Faults, Harness, LedgerService, Stuck, WorkerDied, rebuilt, succeeded


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
