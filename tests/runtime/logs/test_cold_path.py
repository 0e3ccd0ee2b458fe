"""What logs import, and when: seen from a process of its own, since this one has loaded everything."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

DEAR = (
    *("asyncio", "boto3", "dataclasses", "inspect", "json", "logging", "orjson"),
    *("socket", "ssl", "structlog", "threading", "traceback"),
)
PREPARED = """
import sys
from perdure_runtime.logs.settings import begin_invocation
from perdure_runtime.logs.settings import configure
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import SCOPE, LogScope
configure({"AWS_LAMBDA_LOG_FORMAT": "JSON"})
begin_invocation("rid-1")
scope = LogScope("arn:execution", replaying=True)
SCOPE.set(scope)
logger = DurableLogger(scope)
"""


def run(program):
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", PREPARED + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_logs_import_nothing_dear_until_a_line_is_written():
    program = f"""
logger.bind(order=7).error("again")
logger.isEnabledFor(20)
scope.replaying = False
logger.debug("too quiet")
print([name for name in {DEAR!r} if name in sys.modules])
"""
    assert run(program) == ["[]"]


@pytest.mark.slow
def test_first_line_leaves_asyncio_out():
    out = run("""
scope.replaying = False
logger.info("new")
print("asyncio" in sys.modules)
import asyncio, structlog
print(structlog.stdlib.asyncio.run is asyncio.run)
""")
    assert json.loads(out[0])["message"] == "new"
    assert out[1:] == ["False", "True"]


@pytest.mark.slow
def test_submodule_of_asyncio_imported_by_another_thread_meanwhile_is_the_real_one():
    out = run("""
import sys, threading
from perdure_runtime.logs import arrivals
def meanwhile(run, module):
    thread = threading.Thread(target=__import__, args=("asyncio.queues",))
    thread.start()
    thread.join()
    run(module)
arrivals.intercept("structlog.dev", meanwhile)
scope.replaying = False
logger.info("new")
import asyncio
print(asyncio.Queue is sys.modules["asyncio.queues"].Queue)
""")
    assert out[1:] == ["True"]


@pytest.mark.slow
def test_structlog_logs_from_a_coroutine_after_that():
    out = run("""
scope.replaying = False
logger.info("new")
import asyncio, structlog
async def main():
    await structlog.get_logger().ainfo("from a coroutine")
asyncio.run(main())
""")
    assert [json.loads(line)["message"] for line in out] == ["new", "from a coroutine"]
    assert json.loads(out[1])["executionArn"] == "arn:execution"


def test_logging_imported_in_the_middle_of_a_replay_is_covered():
    out = run("""
import logging
logging.basicConfig()
logging.warning("again")
scope.replaying = False
logging.warning("new")
logging.getLogger("shop").info("too quiet")
""")
    (record,) = [json.loads(line) for line in out]
    assert (record["message"], record["logger"], record["executionArn"]) == ("new", "root", "arn:execution")


@pytest.mark.slow
def test_structlog_imported_in_the_middle_of_a_replay_is_covered():
    out = run("""
import structlog
structlog.get_logger().warning("again")
scope.replaying = False
structlog.get_logger().warning("new")
""")
    assert [json.loads(line)["message"] for line in out] == ["new"]


def test_print_is_left_alone():
    assert run('print("said during a replay")') == ["said during a replay"]
