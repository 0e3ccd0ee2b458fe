"""Workflows whose code is no longer what recorded their history."""

from perdure import ReplayMismatch
from support.hosting import error_of, hosted, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add


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
    assert "test_changed_code.py:" in said


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
