"""What a run shows of payloads: fields that the user's functions redact are masked on every screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perdure_local.cli.redaction import Masks
from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.notices import ExecutionStarted, InvocationStarted, LogLine, OperationFailed, OperationSucceeded
from perdure_local.service import Summary
from support.command import perdure, write_module

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = "4711-0815"
MASKS = Masks({"card": "****"})
OPERATION = {
    "arn": "arn",
    "at": 1.0,
    "operation_id": "a",
    "kind": Kind.STEP,
    "name": "pay",
    "sub_type": None,
    "parent_id": None,
    "attempt": 1,
}


def test_payloads_of_notices_and_summaries_are_masked() -> None:
    text, shown = '{"card":"4711-0815","n":1}', '{"card":"****","n":1}'
    begun = ExecutionStarted(arn="arn", at=1.0, name="n", payload=text)
    assert MASKS.shown(begun) == ExecutionStarted(arn="arn", at=1.0, name="n", payload=shown)
    done = OperationSucceeded(**OPERATION, result=text)  # type: ignore[arg-type]
    assert MASKS.shown(done) == OperationSucceeded(**OPERATION, result=shown)  # type: ignore[arg-type]
    summary = Summary("arn", "n", "f", ExecutionStatus.SUCCEEDED, text, text, None, 1.0, 2.0, 1)
    assert MASKS.shown(summary) == summary._replace(payload=shown, result=shown)
    assert MASKS.text(text) == shown


def test_the_data_of_an_error_is_masked_and_its_message_is_not() -> None:
    error = {"ErrorType": "Declined", "ErrorMessage": f"card {NUMBER}", "ErrorData": f'{{"card":"{NUMBER}"}}'}
    failed = OperationFailed(**OPERATION, error=error)  # type: ignore[arg-type]
    assert MASKS.shown(failed).error == {**error, "ErrorData": '{"card":"****"}'}


@pytest.mark.parametrize(
    "item",
    [
        InvocationStarted(arn="arn", at=1.0, request_id="r", number=1),
        OperationSucceeded(**OPERATION, result='{"n":1}'),  # type: ignore[arg-type]
        OperationSucceeded(**OPERATION, result=None),  # type: ignore[arg-type]
        OperationFailed(**OPERATION, error={"ErrorType": "ValueError"}),  # type: ignore[arg-type]
        LogLine(function="f", arn=None, request_id=None, stream="stdout", text=f'{{"card":"{NUMBER}"}}'),
        None,
    ],
)
def test_what_has_nothing_to_mask_is_shown_as_it_is(item: object) -> None:
    assert MASKS.shown(item) == item


def test_of_what_went_through_codecs_no_content_is_shown() -> None:
    text = '{"perdure":1,"codec":[{"by":"zlib","crc32":1,"size":9120}],"data":"QUFB"}'
    shown = Masks({}).shown(OperationSucceeded(**OPERATION, result=text))  # type: ignore[arg-type]
    assert shown.result == "zlib (9,120 bytes)"
    assert Masks({}).text('{"card":1}') == '{"card":1}'
    assert Masks({"card": "****"}).text("") == ""


ORDER = f"""
from perdure import Compress, Context, Redact, child, durable, step
from parts import charge

@step(codecs=(Redact(("iban",)), Compress(threshold=100)))
def large() -> dict:
    return {{"iban": "{NUMBER}", "text": "x" * 1000}}

@child(codecs=(Redact(("pin",)),))
def inside(ctx: Context) -> dict:
    return {{"pin": "{NUMBER}"}}

@durable(codecs=(Redact(("card",), "****"),))
def checkout(event: dict, ctx: Context) -> dict:
    ctx.logger.info("begun", card=event["card"])
    ctx.step(large)
    ctx.run_in_child_context(inside)
    paid = ctx.step(charge, event["card"])
    again = ctx.invoke("refund", paid)
    ctx.wait(seconds=1)
    return {{"card": paid["card"], "again": again, "total": 7}}

@durable
def refund(event: dict, ctx: Context) -> dict:
    return ctx.step("back", lambda: event)
"""
PARTS = """
from perdure import Redact, step

@step(codecs=(Redact(("secret",)),))
def charge(card: str) -> dict:
    return {"card": card, "secret": card, "order": [{"Card": card}]}
"""


@pytest.mark.slow
def test_nothing_that_is_redacted_gets_onto_a_screen(tmp_path: Path) -> None:
    write_module(tmp_path, "order", ORDER)
    write_module(tmp_path, "parts", PARTS)
    given = json.dumps({"card": NUMBER})
    begin = ("run", "order.checkout", "--skip-time", "--input", given, "--name", "n", "--json")
    for arguments in (
        begin,
        ("run", "order.checkout", "--resume", "n"),
        ("run", "order.checkout", "--name", "n", "--input", given, "--quiet"),
    ):
        done = perdure(tmp_path, *arguments)
        assert done.status == 0, done.stderr
        assert NUMBER not in done.stdout + done.stderr
        assert '"card":"****"' in done.stdout
        assert '"total":7' in done.last_line
