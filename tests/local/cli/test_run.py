"""`perdure run` from outside, with the real bootstrap; each command must leave no process behind."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.command import PATIENCE, PERDURE, environment, left, perdure, pids, write_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SHOP = """
import logging, os, pathlib, time
from dataclasses import dataclass
from perdure import Context, Retry, current_step, durable, step

@dataclass(frozen=True)
class Order:
    id: int

def first_time(name):
    mark = pathlib.Path(__file__).with_name(name)
    if mark.exists():
        return False
    mark.touch()
    return True

def reserve(order):
    print("looking at the shelf")
    logging.getLogger("shop").warning("only %d left", 1)
    return {"order": order, "shelf": 4}

@step(retry=Retry.fixed(delay=60, attempts=3))
def label():
    if current_step().attempt < 2:
        raise ConnectionError("no printer")
    return "LBL"

@durable
def checkout(order: Order, ctx: Context) -> dict:
    ctx.step(reserve, order.id)
    ctx.wait(hours=2, name="pickup")
    return {"order": order.id, "label": ctx.step(label)}

def crash():
    if first_time("crashed"):
        os._exit(3)
    return "made it"

@durable
def crashing(event: dict, ctx: Context) -> str:
    return ctx.step(crash)

@step(once=True)
def charge():
    if first_time("charged"):
        os._exit(3)
    return "charged twice"

@durable
def charging(event: dict, ctx: Context) -> str:
    return ctx.step(charge)

def decline():
    raise ValueError("card declined")

@durable
def failing(event: dict, ctx: Context) -> str:
    return ctx.step(step(decline, retry=Retry.NONE))

@durable
def waiting(event: dict, ctx: Context) -> int:
    return ctx.wait(hours=1) or 1

@durable
def echo(event: dict, ctx: Context) -> dict:
    return event

@durable
def stuck(event: dict, ctx: Context) -> str:
    if first_time("stuck"):
        time.sleep(600)
    return "free"

@durable
def variables(event: dict, ctx: Context) -> dict:
    return {name: os.environ.get(name) for name in event["names"]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_module(tmp_path, "shop", SHOP)
    return tmp_path


def test_an_execution_runs_to_its_end_with_time_skipped(shop: Path) -> None:
    done = perdure(shop, "run", "shop.checkout", "--skip-time", "--input", '{"id": 7}')
    assert done.stderr == ""
    assert done.status == 0
    assert done.last_line == 'SUCCEEDED  {"order":7,"label":"LBL"}'
    for part in (
        "0:00:00.000  execution ",
        "invocation 1 started (cold start)",
        "stdout  looking at the shelf",
        "log WARNING  only 1 left",
        'step reserve succeeded: {"order":7,"shelf":4}',
        "wait pickup waits 2 h",
        "invocation 1 suspended after ",
        "wait pickup elapsed",
        "step label attempt 1 failed, next in 1 min: ConnectionError: no printer",
        'step label succeeded at attempt 2: "LBL"',
        "invocation 3 finished after ",
        "3 invocations, 3 operations, 2 h 1 min elapsed, ",
    ):
        assert part in done.stdout
    assert "\x1b" not in done.stdout
    assert "attempt 1 of" not in done.stdout, "the engine's own record of what the line before says"


def test_a_module_that_starts_a_program_holds_up_nobody(shop: Path) -> None:
    lasting = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    write_module(shop, "shop", lasting + SHOP)
    assert perdure(shop, "run", "shop.echo").last_line == "SUCCEEDED  {}"


def test_a_step_whose_worker_dies_is_run_again(shop: Path) -> None:
    done = perdure(shop, "run", "shop.crashing", "--skip-time")
    assert done.status == 0
    assert "crashed after " in done.stdout
    assert "Runtime.ExitError: Runtime exited with error: exit status 3" in done.stdout
    assert done.stdout.count("(cold start)") == 2
    assert done.last_line == 'SUCCEEDED  "made it"'


def test_a_once_step_whose_worker_dies_is_not(shop: Path) -> None:
    done = perdure(shop, "run", "shop.charging", "--skip-time")
    assert done.status == 1
    assert "step charge interrupted" in done.stdout
    assert done.last_line.startswith("FAILED  perdure.StepInterrupted: the step 'charge' ")


def test_an_execution_that_fails_says_why_and_where(shop: Path) -> None:
    done = perdure(shop, "run", "shop.failing")
    assert done.status == 1
    assert "in failing\n" in done.stdout
    assert 'raise ValueError("card declined")' in done.stdout
    assert "raised by the operation 'decline'" in done.stdout
    assert done.last_line == "FAILED  ValueError: card declined"


def test_quiet_writes_the_result_and_nothing_else(shop: Path) -> None:
    done = perdure(shop, "run", "shop.checkout", "--skip-time", "--quiet", "--input", "-", stdin='{"id": 1}')
    assert (done.status, done.stdout, done.stderr) == (0, '{"order":1,"label":"LBL"}\n', "")


def test_quiet_writes_an_error_to_standard_error(shop: Path) -> None:
    done = perdure(shop, "run", "shop.failing", "--quiet")
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("FAILED  ValueError: card declined\n")


def test_json_writes_a_notice_a_line_and_then_the_summary(shop: Path) -> None:
    done = perdure(shop, "run", "shop.checkout", "--skip-time", "--json", "--name", "order-1", "--input", '{"id": 1}')
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines if line.get("name") == "label"] == [
        *("operation_started", "operation_retrying", "operation_started", "operation_succeeded"),
    ]
    reserved = next(line for line in lines if line["event"] == "operation_succeeded")
    assert reserved["result"] == {"order": 1, "shelf": 4}
    summary = lines[-1]
    assert (summary["event"], summary["status"], summary["result"]) == (
        "summary",
        "SUCCEEDED",
        {"order": 1, "label": "LBL"},
    )
    assert (summary["name"], summary["invocations"], summary["operations"]) == ("order-1", 3, 3)
    assert summary["elapsed"] > 7200 > summary["real"]


def test_a_name_stands_for_one_execution(shop: Path) -> None:
    asked = ("run", "shop.echo", "--name", "seven", "--input")
    first = perdure(shop, *asked, '{"n": 7}')
    second = perdure(shop, *asked, '{"n": 7}')
    other = perdure(shop, *asked, '{"n": 8}')
    assert (first.status, second.status, other.status) == (0, 0, 2)
    assert "execution seven was over before" in second.stdout
    assert second.last_line == 'SUCCEEDED  {"n":7}'
    assert "choose another --name, or the same --input" in other.stderr


def test_the_journal_is_the_owners_alone_and_out_of_version_control(shop: Path) -> None:
    perdure(shop, "run", "shop.echo")
    folder = shop / ".perdure"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "journal.db").stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_text("utf-8") == "*\n"


def test_modules_and_journal_may_be_elsewhere(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = perdure(elsewhere, "run", "shop.echo", "--root", str(shop), "--journal", "runs/j.db")
    assert done.status == 0
    assert (elsewhere / "runs" / "j.db").exists()
    assert not (shop / ".perdure").exists()
    assert left(shop) == []


def test_a_worker_gets_the_variables_that_are_named_and_no_others(shop: Path) -> None:
    names = ["GIVEN", "TAKEN", "SECRET", "PERDURE_RUNTIME_API"]
    asked = ("--env", "GIVEN=a=b", "--env", "TAKEN", "--runtime-api", "socket", "--input", json.dumps({"names": names}))
    environ = {"TAKEN": "mine", "SECRET": "hidden"}
    done = perdure(shop, "run", "shop.variables", "--quiet", *asked, environ=environ)
    assert json.loads(done.stdout) == {"GIVEN": "a=b", "TAKEN": "mine", "SECRET": None, "PERDURE_RUNTIME_API": "socket"}


def test_an_execution_that_takes_too_long_times_out(shop: Path) -> None:
    done = perdure(shop, "run", "shop.waiting", "--skip-time", "--execution-timeout", "60")
    assert done.status == 1
    assert done.last_line.startswith("TIMED_OUT  Execution timed out")


def test_an_invocation_that_takes_too_long_is_ended_and_made_again(shop: Path) -> None:
    done = perdure(shop, "run", "shop.stuck", "--skip-time", "--timeout", "0.3")
    assert done.last_line == 'SUCCEEDED  "free"'
    assert "Sandbox.Timedout: Task timed out after 0.30 seconds" in done.stdout


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_takes_the_worker_with_it(shop: Path, number: signal.Signals, status: int) -> None:
    command = [*PERDURE, "run", "shop.stuck"]
    with subprocess.Popen(
        command, cwd=shop, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "invocation 1 started" in line:
                break
        running.send_signal(number)
        _, stderr = running.communicate(timeout=PATIENCE)
    assert running.returncode == status
    assert stderr.startswith("Interrupted. To go on from here:\n  perdure run shop.stuck --resume ")
    assert left(shop) == []


def test_what_an_interrupted_run_left_does_not_run_along_with_the_next(shop: Path) -> None:
    running = subprocess.Popen(
        [*PERDURE, "run", "shop.waiting"], cwd=shop, env=environment(), stdout=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdout is not None
        for line in running.stdout:
            if "suspended" in line:
                break
        running.send_signal(signal.SIGINT)
    before = len(pids(shop))
    done = perdure(shop, "run", "shop.waiting", "--skip-time")
    assert done.last_line == "SUCCEEDED  1"
    assert len(pids(shop)) - before == 2, "the probe and one worker"


def test_a_journal_in_use_is_not_shared(shop: Path) -> None:
    running = subprocess.Popen(
        [*PERDURE, "run", "shop.waiting"], cwd=shop, env=environment(), stdout=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdout is not None
        running.stdout.readline()
        second = subprocess.run(
            [*PERDURE, "run", "shop.echo"], cwd=shop, env=environment(), capture_output=True, text=True, check=False
        )
        running.send_signal(signal.SIGTERM)
    assert second.returncode == 1
    assert "is in use by another running service" in second.stderr
    assert "Traceback" not in second.stderr
    assert left(shop) == []


def test_a_reader_that_leaves_is_no_traceback(shop: Path) -> None:
    with subprocess.Popen(
        [*PERDURE, "run", "shop.checkout", "--skip-time", "--input", '{"id": 7}'],
        cwd=shop,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        stderr = running.stderr.read()
        running.wait(PATIENCE)
    assert "Traceback" not in stderr
    assert left(shop) == []
