"""`perdure run` of a workflow that waits for somebody outside: a callback, another function."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from support.command import left, perdure, write_module
from support.runs import Run, beside

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SHOP = """
import pathlib
from datetime import timedelta
from perdure import Context, durable

HERE = pathlib.Path(__file__).parent

def note(what):
    with (HERE / "notes").open("a") as notes:
        print(what, file=notes)
    return what

def ask(callback_id):
    (HERE / "id").write_text(callback_id)

@durable
def asking(event: dict, ctx: Context) -> str:
    answer = ctx.wait_for_callback(ask, name="approve", timeout=timedelta(days=2))
    ctx.wait(hours=1, name="cooling off")
    return answer

@durable
def ship(event: dict, ctx: Context) -> str:
    ctx.step(note, "packed")
    return f"{event['order']} signed by {ctx.wait_for_callback(ask, name='signature')}"

@durable
def checkout(event: dict, ctx: Context) -> str:
    ctx.step(note, "paid")
    return ctx.invoke("ship", {"order": 7}, name="shipping")

@durable
def pricing(event: dict, ctx: Context) -> int:
    return ctx.invoke("price", {"items": 3})

@durable
def lost(event: dict, ctx: Context) -> int:
    return ctx.invoke("nobody")

def price(event, context):
    return event["items"] * 950
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_module(tmp_path, "shop", SHOP)
    return tmp_path


def command_of(line: str) -> list[str]:
    """The command that a line of a run tells to complete a callback, as words."""
    found = next(part for part in line.split("; ") if part.startswith("perdure callback succeed "))
    return shlex.split(found)[1:]


def test_a_callback_is_completed_by_the_command_that_the_run_tells(shop: Path) -> None:
    with Run(shop, "shop.asking", "--skip-time") as run:
        line = run.await_line("callback waits 2 d")
        run.await_line("invocation 1 suspended")
        assert line.endswith(f"; its id is {(shop / 'id').read_text()}")
        listed = beside(shop, "callback", "list").stdout
        assert "  approve  of " in listed
        answered = beside(shop, *command_of(line), "yes")
        assert answered.stdout == "approve succeeded.\n"
        done = run.end()
    assert left(shop) == []
    assert done.last_line == 'SUCCEEDED  "yes"'
    assert "callback succeeded: yes" in done.stdout
    assert "wait cooling off elapsed" in done.stdout
    assert ", 1 h" in done.stdout, "the time after the callback is skipped"
    assert not list((shop / ".perdure").glob("*-endpoint"))


def test_a_run_with_a_journal_of_its_own_tells_where_it_is(shop: Path) -> None:
    with Run(shop, "shop.asking", "--skip-time", "--journal", "my runs/j.db") as run:
        line = run.await_line("callback waits 2 d")
        assert command_of(line)[-2:] == ["--journal", "my runs/j.db"]
        run.await_line("invocation 1 suspended")
        assert beside(shop, "callback", "list").status == 2
        assert beside(shop, *command_of(line), "yes").stdout == "approve succeeded.\n"
        assert run.end().last_line == 'SUCCEEDED  "yes"'


def test_a_callback_that_fails_fails_the_run(shop: Path) -> None:
    with Run(shop, "shop.asking", "--skip-time") as run:
        run.await_line("invocation 1 suspended")
        assert beside(shop, "callback", "fail", "approve", "not today").stdout == "approve failed.\n"
        done = run.end()
    assert done.status == 1
    assert "not today" in done.last_line


def test_a_durable_function_of_the_same_module_is_invoked_by_its_name(shop: Path) -> None:
    with Run(shop, "shop.checkout", "--skip-time") as run:
        run.await_line("  invoke shipping calls ship")
        run.await_line("      step submitter succeeded")
        assert beside(shop, "callback", "succeed", "signature", "ann").status == 0
        done = run.end()
    assert left(shop) == []
    assert done.last_line == 'SUCCEEDED  "7 signed by ann"'
    assert "    wait for callback signature started" in done.stdout
    assert ", 2 operations, " in done.stdout


def test_another_function_is_given_by_name(shop: Path) -> None:
    done = perdure(shop, "run", "shop.pricing", "--function", "price=shop.price")
    assert done.last_line == "SUCCEEDED  2850"
    assert "invoke calls price" in done.stdout


def test_a_function_that_is_not_there_is_told_with_the_way_out(shop: Path) -> None:
    done = perdure(shop, "run", "shop.lost")
    assert done.status == 1
    assert "Function not found: " in done.stdout
    assert "to have it here, give: --function nobody=MODULE.FUNCTION" in done.stdout


def test_a_function_that_cannot_be_loaded_is_told_before_anything_is_started(shop: Path) -> None:
    done = perdure(shop, "run", "shop.pricing", "--function", "price=shop.prices")
    assert done.status == 2
    assert done.stderr.startswith("perdure: module shop has no prices; did you mean ")
    assert not (shop / ".perdure").exists()


def test_a_run_that_was_killed_goes_on_with_what_it_had_invoked(shop: Path) -> None:
    with Run(shop, "shop.checkout", "--skip-time") as run:
        run.await_line("      step submitter succeeded")
        callback_id = (shop / "id").read_text()
        run.kill()
    gone = beside(shop, "callback", "succeed", callback_id, "ann")
    assert (gone.status, gone.stderr.split(" at ")[0]) == (1, "perdure: No service is running")
    with Run(shop, "shop.checkout", "--resume", "--skip-time") as run:
        run.await_line("    callback waits")
        assert beside(shop, "callback", "succeed", callback_id, "ann").stdout == "signature succeeded.\n"
        done = run.end()
    assert done.last_line == 'SUCCEEDED  "7 signed by ann"'
    assert (shop / "notes").read_text().split() == ["paid", "packed"]
    assert left(shop) == []
