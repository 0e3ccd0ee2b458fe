"""The user code of the scenarios: one handler, so that one worker serves all of them. Deployed as `app.py`.

Nothing outlives a container, so what shows that a body ran is a line that it prints.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

import perdure
from perdure import Context, Retry, current_step, durable, step


def written(line: str) -> None:
    """Write a line in one piece, which `print` does not promise to threads."""
    sys.stdout.write(f"{line}\n")


def noted(name: str, value: Any = None) -> Any:
    sys.stdout.write(
        f"ran {name} {current_step().attempt}\n"
    )  # in one piece, which `print` does not promise to threads
    return value


def step_wait_step(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    first = ctx.step("validate", noted, "validate", f"validated-{event['order']}")
    ctx.wait(3, name="short wait")
    second = ctx.step("process", noted, "process", f"processed-{first}")
    return {"status": "completed", "data": second}


def multiple_steps(event: dict[str, Any], ctx: Context) -> list[int]:
    value = event["start"]
    seen = []
    for number in range(1, 6):
        value = ctx.step(f"step {number}", noted, f"step {number}", value + number)
        seen.append(value)
    return seen


def retry_succeeds(event: dict[str, Any], ctx: Context) -> str:
    @step(name="flaky", retry=Retry.fixed(attempts=3, delay=4))
    def flaky() -> str:
        noted("flaky")
        attempt = current_step().attempt
        if attempt < 3:
            raise ConnectionError(f"attempt {attempt} failed")
        return f"ok on attempt {attempt}"

    return ctx.step(flaky)


def at_most_once_crash_replay(event: dict[str, Any], ctx: Context) -> str:
    @step(name="charge", once=True)
    def charge() -> str:
        noted("charge")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
        return "charged"

    ctx.step("before", noted, "before", 1)
    return ctx.step(charge)


def parallel_happy_path(event: dict[str, Any], ctx: Context) -> list[str]:
    def invoice(ctx: Context) -> str:
        return str(ctx.step("write", noted, "write", "invoice"))

    def label(ctx: Context) -> str:
        ctx.wait(60, name="printer warms up")
        return str(ctx.step("print", noted, "print", "label"))

    return ctx.parallel({"invoice": invoice, "label": label}, name="papers").values()


def map_max_concurrency(event: dict[str, Any], ctx: Context) -> list[int]:
    together = threading.Barrier(event["concurrency"], timeout=30)  # broken, where fewer run at a time

    @step
    def square(number: int) -> int:
        together.wait()
        return int(noted(f"square {number}", number * number))

    return ctx.map(square, event["numbers"], concurrency=event["concurrency"], name="squares").values()


def wait_for_callback_happy_path(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    def ask(callback_id: str) -> None:
        noted("ask")

    return {"answer": ctx.wait_for_callback(ask, name="approval", result=dict[str, bool])}


def replay_aware_logger(event: dict[str, Any], ctx: Context) -> str:
    ctx.logger.info("at the start")
    ctx.step("first", noted, "first")
    ctx.logger.info("between", place=1)
    ctx.wait(1, name="boundary")
    ctx.logger.info("after the first boundary")
    ctx.wait(1, name="another boundary")
    ctx.logger.info("at the end")
    return "logged"


def invoke_happy_path(event: dict[str, Any], ctx: Context) -> int:
    asked = {"scenario": "doubled", "number": event["number"]}
    return ctx.invoke(f"{event['function']}:$LATEST", asked, name="double", result=int) + 1


def doubled(event: dict[str, Any], ctx: Context) -> int:
    return int(ctx.step("double", noted, "double", event["number"] * 2))


def whereabouts(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return {
            "started as": sys.orig_argv,
            "user": os.getuid(),
            "engine": perdure.__file__,
            "writable": [place for place in ("/", "/opt", "/var/task", "/tmp") if os.access(place, os.W_OK)],  # noqa: S108
            "stock loop": "awslambdaric.bootstrap" in sys.modules,
        }

    return ctx.step(look)


def said(event: dict[str, Any], ctx: Context) -> None:
    written(event["text"])


SCENARIOS = {
    one.__name__: one
    for one in (
        *(step_wait_step, multiple_steps, retry_succeeds, at_most_once_crash_replay, parallel_happy_path),
        *(map_max_concurrency, wait_for_callback_happy_path, replay_aware_logger, invoke_happy_path, doubled),
        *(whereabouts, said),
    )
}


@durable
def handler(event: dict[str, Any], ctx: Context) -> Any:
    return SCENARIOS[event["scenario"]](event, ctx)
