"""Real processes: a runtime of a few lines, and handlers that misbehave."""

import asyncio
import contextlib
import itertools
import os
import pathlib
import resource
import signal
import sys
import textwrap
import time

import pytest

from perdure_local.deliveries import Answered, Delivery
from perdure_local.functions import Function
from perdure_local.ledger import Failed
from perdure_local.workers import Pool, WorkerSettings
from support.local_service import TINY_RUNTIME

pytestmark = pytest.mark.slow

RUNTIME = (sys.executable, str(TINY_RUNTIME))
HANDLERS = """
    import os, signal, subprocess, sys, time
    print("loaded")

    def echo(event, headers):
        print("hello", event)
        return {"event": event, "pid": os.getpid(), "deadline": headers["Lambda-Runtime-Deadline-Ms"]}

    def fail(event, headers):
        raise ValueError("no")

    def leave(event, headers):
        os._exit(3)

    def killed(event, headers):
        os.kill(os.getpid(), signal.SIGKILL)

    def sleep(event, headers):
        time.sleep(60)

    def family(event, headers):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        return child.pid

    def big(event, headers):
        return "x" * 7_000_000

    def huge(event, headers):
        return "x" * 40_000_000

    def mood(event, headers):
        return echo(event, headers) if event != "die" else os._exit(1)
"""
NUMBERS = itertools.count()


@pytest.fixture
def run(tmp_path):
    """Run events through one pool of a handler; gives the endings, and what else is asked for."""
    (tmp_path / "app.py").write_text(textwrap.dedent(HANDLERS))

    def go(handler, *events, command=RUNTIME, look=None, at_once=False, **options):
        lines = []
        timings = {name: options.pop(name) for name in ("init", "rest") if name in options}

        async def main():
            function = Function(
                name="f", handler=handler, task_root=str(tmp_path), command=command, **{"timeout": 10.0, **options}
            )

            def on_line(delivery, stream, text):
                lines.append((delivery and delivery.request_id, stream, text))

            settings = WorkerSettings(on_line, time.time, "http://127.0.0.1:9", os.environ, **timings)
            pool = Pool(function, settings)

            async def one(event):
                worker = await pool.acquire()
                try:
                    return await worker.run(delivery(event))
                finally:
                    pool.release(worker)

            try:
                if at_once:
                    endings = await asyncio.gather(*(one(event) for event in events))
                else:
                    endings = [await one(event) for event in events]
                if look is not None:
                    look(pool)
            finally:
                await pool.close()
            return endings

        return asyncio.run(main()), lines

    return go


def delivery(event):
    number = next(NUMBERS)
    return Delivery(
        request_id=f"r{number}", invocation_id=f"i{number}", body=event, function_arn="arn:f:$LATEST", trace_id="Root=1"
    )


def decoded(ending):
    assert isinstance(ending, Answered), ending
    return eval(ending.body)  # noqa: S307 - what the handler above returned


def test_a_worker_is_reused(run):
    (first, second), lines = run("app.echo", b'"a"', b'"b"')
    assert decoded(first)["event"] == "a"
    assert decoded(first)["pid"] == decoded(second)["pid"]
    assert [text for _, stream, text in lines if stream == "stdout"] == ["loaded", "hello a", "hello b"]
    assert all(request_id for request_id, _, _ in lines)


def test_the_deadline_is_the_timeout_from_now(run):
    before = time.time()
    (ending,), _ = run("app.echo", b"1")
    assert before + 10 <= int(decoded(ending)["deadline"]) / 1000 + 0.001 <= time.time() + 10


def test_a_function_error_keeps_the_worker(run):
    endings, _ = run("app.fail", b"1", b"2", look=lambda pool: len(pool.workers) == 1)
    for ending in endings:
        assert not ending.is_final
        assert (ending.error["ErrorType"], ending.error["ErrorMessage"]) == ("ValueError", "no")
        assert "in fail" in "".join(ending.error["StackTrace"])


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        ("app.leave", "Runtime exited with error: exit status 3"),
        ("app.killed", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_worker_that_dies_fails_its_invocation_and_the_next_has_a_new_one(run, handler, text):
    endings, lines = run(handler, b"1", b"2")
    expected = Failed({"ErrorType": "Runtime.ExitError", "ErrorMessage": text})
    assert endings == [expected, expected]
    assert [line for _, _, line in lines] == ["loaded", "loaded"]


def test_after_a_death_the_function_goes_on(run):
    (before, death, after), _ = run("app.mood", b'"a"', b'"die"', b'"b"')
    assert isinstance(death, Failed)
    assert decoded(before)["pid"] != decoded(after)["pid"]


def test_a_worker_that_was_killed_while_it_rested_costs_no_invocation(run, tmp_path):
    async def main():
        settings = WorkerSettings(lambda *_: None, time.time, "http://127.0.0.1:9", os.environ)
        function = Function(name="f", handler="app.echo", task_root=str(tmp_path), command=RUNTIME, timeout=10.0)
        pool = Pool(function, settings)
        try:
            worker = await pool.acquire()
            first = decoded(await worker.run(delivery(b"1")))
            os.kill(worker.pid, signal.SIGKILL)
            while worker.pid is not None:  # noqa: ASYNC110 - a thread sees the death, there is nothing to await
                await asyncio.sleep(0)
            return first["pid"], decoded(await worker.run(delivery(b"2")))["pid"]
        finally:
            await pool.close()

    first, second = asyncio.run(main())
    assert first != second


def test_a_function_that_takes_too_long_is_killed(run):
    began = time.monotonic()
    (ending,), _ = run("app.sleep", b"1", timeout=0.5)
    assert ending == Failed({"ErrorType": "Sandbox.Timedout", "ErrorMessage": "Task timed out after 0.50 seconds"})
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("handler", "kind"), [("absent.echo", "ModuleNotFoundError"), ("app.absent", "AttributeError")]
)
def test_a_function_that_cannot_be_loaded_says_why_and_is_not_tried_again(run, handler, kind):
    (ending,), lines = run(handler, b"1")
    assert ending.is_final
    assert ending.error["ErrorType"] == kind
    assert "absent" in ending.error["ErrorMessage"]
    assert [text for _, _, text in lines if text == "loaded"] == (["loaded"] if kind == "AttributeError" else [])


def test_a_worker_that_never_comes_up_is_started_twice_and_its_last_words_are_kept(run):
    code = "import sys; print('try', file=sys.stderr); raise RuntimeError('no way')"
    (ending,), lines = run("app.echo", b"1", command=(sys.executable, "-c", code))
    assert ending.is_final
    assert ending.error["ErrorType"] == "Runtime.ExitError"
    first, *rest = ending.error["ErrorMessage"].splitlines()
    assert first == "Runtime exited with error: exit status 1 before it asked for work"
    assert rest[-1] == "RuntimeError: no way"
    assert [text for _, _, text in lines].count("try") == 2


def test_a_worker_that_is_killed_while_it_starts_may_try_again(run):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    (ending,), _ = run("app.echo", b"1", command=(sys.executable, "-c", code))
    assert (ending.is_final, ending.error["ErrorType"]) == (False, "Runtime.ExitError")


def test_a_worker_that_does_not_ask_for_work_is_given_up(run):
    code = "import time; time.sleep(60)"
    (ending,), _ = run("app.echo", b"1", command=(sys.executable, "-c", code), init=0.3)
    assert ending.is_final
    assert ending.error["ErrorMessage"] == "The worker did not ask for work within 0.30 seconds"


def test_a_command_that_does_not_exist(run):
    (ending,), _ = run("app.echo", b"1", command=("/nowhere/python",))
    assert (ending.is_final, ending.error["ErrorType"]) == (True, "Runtime.InvalidEntrypoint")


@pytest.mark.parametrize("handler", ["app.big", "app.huge"])
def test_a_response_that_is_too_large_does_not_cost_the_worker(run, handler):
    endings, lines = run(handler, b"1", b"2")
    assert [ending.error["ErrorType"] for ending in endings] == ["Function.ResponseSizeTooLarge"] * 2
    assert [text for _, _, text in lines] == ["loaded"]


def test_invocations_at_the_same_time_have_processes_of_their_own(run):
    endings, _ = run("app.echo", b"1", b"2", b"3", at_once=True, workers=2)
    assert {decoded(ending)["event"] for ending in endings} == {1, 2, 3}
    assert len({decoded(ending)["pid"] for ending in endings}) == 2


def gone(pid):
    """Whether a process is dead; one that waits to be reaped by its adoptive parent counts."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with pathlib.Path(f"/proc/{pid}/stat").open() as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"


@pytest.mark.skipif(not pathlib.Path("/proc/self").is_dir(), reason="looks processes up in /proc")
def test_closing_leaves_no_process_of_a_worker_s_own(run):
    pids = []
    (ending,), _ = run("app.family", b"1", look=lambda pool: pids.append(pool.workers[0].pid))
    pids.append(int(ending.body))
    deadline = time.monotonic() + 10
    while not all(gone(pid) for pid in pids) and time.monotonic() < deadline:
        os.sched_yield()
    assert all(gone(pid) for pid in pids)


@contextlib.contextmanager
def no_files_left():
    """Let this process open no further file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("has_started", [False, True])
def test_a_machine_short_of_files_fails_the_invocation_and_the_next_one_runs(tmp_path, has_started):
    (tmp_path / "app.py").write_text(textwrap.dedent(HANDLERS))

    async def main():
        settings = WorkerSettings(lambda *_: None, time.time, "http://127.0.0.1:9", os.environ)
        function = Function(
            name="f", handler="app.mood", task_root=str(tmp_path), command=RUNTIME, timeout=10.0, workers=1
        )
        pool = Pool(function, settings)

        async def one(event):
            worker = await asyncio.wait_for(pool.acquire(), 10)
            try:
                return await worker.run(delivery(event))
            finally:
                pool.release(worker)

        try:
            if has_started:
                await one(b'"die"')
            with no_files_left():
                short = await one(b"1")
            return short, await one(b"2")
        finally:
            await pool.close()

    short, after = asyncio.run(main())
    assert (short.error["ErrorType"], short.is_final, short.is_counted) == ("Runtime.ExitError", False, True)
    assert "Too many open files" in short.error["ErrorMessage"]
    assert decoded(after)["event"] == 2
