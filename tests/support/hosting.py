"""Durable functions hosted for a test: the real engine, a ledger for a service, a clock set by hand."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from perdure import durable
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.host import Host
from support.ledger_service import Faults, Harness, LedgerService

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Durable

TESTS = Path(__file__).parent.parent


class LambdaContext:
    """Lambda's context object, as far as the engine and these tests ask for it."""

    aws_request_id = "request-1"
    function_name = "workflow"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:workflow:$LATEST"
    memory_limit_in_mb = "128"
    log_group_name = "/aws/lambda/workflow"
    log_stream_name = "stream"

    def __init__(self, remaining: int = 60_000) -> None:
        self.remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


class NoTicker(Ticker):
    """Never ticks: what a test sees sent was sent because somebody waited for it."""

    def watch(self, committer: object) -> None: ...


class GivenUp(BaseException):
    """Stands for the end of the process, where user code would not let go of its thread."""

    def __init__(self, output: bytes) -> None:
        self.output = output


def run(
    workflow: Callable[[Any, Any], Any] | Durable[Any, Any],
    payload: str | None = "{}",
    *,
    faults: Faults | None = None,
    service: LedgerService | None = None,
    **options: Any,
) -> Harness:
    """Run a workflow to its end; `options` are the host's, and those of `@durable`."""
    harness = hosted(workflow, service or LedgerService(payload, faults=faults), **options)
    harness.run()
    return harness


def hosted(workflow: Any, service: Any, **options: Any) -> Harness:
    """A workflow ready to be driven."""
    names = ("strict", "abandon", "ticker", "task_root", "chains")
    of_host = {name: options.pop(name) for name in names if name in options}
    function = workflow if hasattr(workflow, "__durable__") else durable(**options)(workflow)
    tokens = itertools.count(1)
    host = Host(
        lambda: service,
        task_root=of_host.pop("task_root", str(TESTS)),
        clock=lambda: service.clock.now,
        randomness=lambda: 1.0,
        client_token=lambda: f"token-{next(tokens)}",
        ticker=of_host.pop("ticker", None) or NoTicker(),
        abandon=of_host.pop("abandon", None) or _abandoned,
        **of_host,
    )
    prepared = host.prepare(function)
    return Harness(lambda event: prepared.answer(event, LambdaContext()), service)


def moves(harness: Harness) -> list[list[str]]:
    """What each request recorded."""
    return [request.moves for request in harness.service.requests]


def status(harness: Harness) -> str:
    """What has become of the execution."""
    return harness.execution.progress.status.value


def error_of(harness: Harness) -> Any:
    """The error that the execution failed with, as it was recorded."""
    return harness.execution.progress.error


def said(harness: Harness) -> str:
    """The message of that error."""
    message: str = error_of(harness)["ErrorMessage"]
    return message


def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait for another thread; fails loudly rather than hanging."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def _abandoned(output: bytes) -> NoReturn:
    raise GivenUp(output)
