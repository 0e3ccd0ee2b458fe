"""`perdure run --resume` from outside: what was killed or interrupted goes on, and does nothing twice."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from support.command import PATIENCE, PERDURE, environment, left, perdure, write_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SHOP = """
import pathlib, time
from perdure import Context, durable

HERE = pathlib.Path(__file__).parent

def note(what):
    with (HERE / "notes").open("a") as notes:
        print(what, file=notes)
    return what

@durable
def waiting(event: dict, ctx: Context) -> list:
    paid = ctx.step(note, "paid")
    ctx.wait(seconds=event.get("seconds", 3600), name="clearing")
    return [paid, ctx.step(note, "sent")]

def pack():
    note("packing")
    while not (HERE / "go on").exists():
        time.sleep(0.01)
    return "packed"

@durable
def packing(event: dict, ctx: Context) -> list:
    return [ctx.step(note, "paid"), ctx.step(pack)]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_module(tmp_path, "shop", SHOP)
    return tmp_path


def notes(shop: Path) -> list[str]:
    return (shop / "notes").read_text("utf-8").splitlines()


def cut_off(shop: Path, number: signal.Signals, *arguments: str, at: str) -> tuple[int, str]:
    """Begin a run, send its process group a signal once it has written `at`; its status, and what it said then."""
    with subprocess.Popen(
        [*PERDURE, *arguments],
        cwd=shop,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if at in line:
                break
        os.killpg(running.pid, number)
        _, stderr = running.communicate(timeout=PATIENCE)
    return running.returncode, stderr


def await_none_left(shop: Path) -> None:
    """A worker whose service was killed is killed, too, a little later."""
    end = time.monotonic() + PATIENCE
    while left(shop):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_run_goes_on_where_it_was(shop: Path) -> None:
    asked = ("run", "shop.waiting", "--input", '{"seconds": 3}')
    assert cut_off(shop, signal.SIGKILL, *asked, at="invocation 1 suspended") == (-signal.SIGKILL, "")
    await_none_left(shop)
    done = perdure(shop, "run", "shop.waiting", "--resume")
    assert done.stderr == ""
    assert done.status == 0
    for part in (
        " resumed: 2 operations recorded earlier",
        "wait clearing waits 3 s",
        "invocation 2 started (cold start)",
    ):
        assert part in done.stdout
    assert "step note succeeded" in done.stdout
    assert "invocation 1" not in done.stdout
    assert ", 3 operations, " in done.stdout
    assert done.last_line == 'SUCCEEDED  ["paid","sent"]'
    assert notes(shop) == ["paid", "sent"]


def test_a_run_killed_in_a_step_runs_that_step_again_and_no_other(shop: Path) -> None:
    cut_off(shop, signal.SIGKILL, "run", "shop.packing", at="step pack started")
    await_none_left(shop)  # though its body goes on for ever; another one at the same time would run it twice
    (shop / "go on").touch()
    done = perdure(shop, "run", "shop.packing", "--resume")
    assert done.last_line == 'SUCCEEDED  ["paid","packed"]'
    assert sorted(notes(shop)) == ["packing", "packing", "paid"]


def test_an_interrupted_run_says_how_to_go_on(shop: Path) -> None:
    asked = ("run", "shop.waiting", "--journal", "my runs/j.db", "--env", "TOKEN=secret", "--name", "order-7")
    status, stderr = cut_off(shop, signal.SIGINT, *asked, at="invocation 1 suspended")
    first, line = stderr.splitlines()
    assert (status, first) == (130, "Interrupted. To go on from here:")
    assert line == "  perdure run shop.waiting --resume order-7 --journal 'my runs/j.db' --env TOKEN=..."
    assert left(shop) == []
    done = perdure(shop, *shlex.split(line)[1:], "--skip-time", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [lines[0][field] for field in ("event", "name", "operations")] == ["execution_resumed", "order-7", 2]
    assert [lines[-1][field] for field in ("status", "result", "operations")] == ["SUCCEEDED", ["paid", "sent"], 3]
    assert notes(shop) == ["paid", "sent"]


def test_a_name_and_its_input_go_on_as_well(shop: Path) -> None:
    asked = ("run", "shop.waiting", "--name", "order-7")
    cut_off(shop, signal.SIGTERM, *asked, at="invocation 1 suspended")
    done = perdure(shop, *asked, "--skip-time")
    assert "execution order-7 resumed: 2 operations recorded earlier" in done.stdout
    assert done.last_line == 'SUCCEEDED  ["paid","sent"]'


def test_what_is_over_is_told_again(shop: Path) -> None:
    perdure(shop, "run", "shop.waiting", "--skip-time", "--name", "order-7")
    again = perdure(shop, "run", "shop.waiting", "--resume", "order", "--json")
    (summary,) = [json.loads(line) for line in again.stdout.splitlines()]
    assert (again.status, summary["status"], summary["operations"]) == (0, "SUCCEEDED", 3)
    assert "was over before" in perdure(shop, "run", "shop.waiting", "--resume", "order-7").stdout
    nothing = perdure(shop, "run", "shop.waiting", "--resume")
    assert (nothing.status, nothing.stdout) == (2, "")
    assert "no unfinished execution in .perdure/journal.db. The last one SUCCEEDED; --resume order-7" in nothing.stderr


def test_without_a_journal_there_is_nothing_to_resume(shop: Path) -> None:
    done = perdure(shop, "run", "--resume", "shop.waiting")
    assert done.status == 2
    assert done.stderr == "perdure: There is no journal .perdure/journal.db, so there is nothing to resume.\n"
    assert not (shop / ".perdure").exists()


def test_of_several_one_has_to_be_named_and_the_others_stay(shop: Path) -> None:
    for name in ("order-7", "order-8"):
        cut_off(shop, signal.SIGTERM, "run", "shop.waiting", "--name", name, at="invocation 1 suspended")
    unclear = perdure(shop, "run", "--resume", "shop.waiting")
    assert unclear.status == 2
    assert unclear.stderr.startswith("perdure: shop.waiting has 2 executions that are unfinished; --resume one:\n")
    assert perdure(shop, "run", "shop.waiting", "--resume", "order-7", "--skip-time").status == 0
    assert notes(shop) == ["paid", "paid", "sent"]
    assert perdure(shop, "run", "--resume", "shop.waiting", "--skip-time", "--quiet").stdout == '["paid","sent"]\n'


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("shop.waiting", "--resume", "--input", "{}"),
            "--input is for a new execution; one that is resumed has its own.",
        ),
        (("shop.waiting", "--resume", "x", "--name", "y"), "--name is for a new execution"),
        (("shop.waiting", "--resume", "--execution-timeout", "5"), "--execution-timeout is for a new execution"),
        (("--resume", "order-7"), "Missing argument 'MODULE.FUNCTION'."),
    ],
)
def test_calls_that_make_no_sense_are_refused(shop: Path, arguments: tuple[str, ...], text: str) -> None:
    done = perdure(shop, "run", *arguments)
    assert done.status == 2
    assert text in done.stderr


def test_a_file_that_is_no_journal_stays_as_it_is(shop: Path) -> None:
    source = (shop / "shop.py").read_bytes()
    (shop / "shop.py").chmod(0o644)
    done = perdure(shop, "run", "shop.waiting", "--journal", "shop.py")
    assert done.status == 1
    assert "shop.py is not a journal of this program: file is not a database." in done.stderr
    assert ((shop / "shop.py").read_bytes(), (shop / "shop.py").stat().st_mode & 0o777) == (source, 0o644)
