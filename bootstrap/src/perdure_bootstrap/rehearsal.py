"""A rehearsal: before the first invocation, one that nobody asked for, and of which nothing remains.

Python learns about code while it runs it: where its names are, of what classes its values. The first time costs about
twice, and the second time a third more, than what every later time does. Lambda gives init more of a processor than a
small function has for its invocations. So at the end of init the way of an invocation is gone once, from the bytes of
the Runtime API to those of the answer, by a workflow of the function's colour that does nothing.

Nobody else takes part. The workflow, its host, the environment and the connection are stand-ins; neither the handler
nor the service is called, and nothing is logged. What the process keeps of an invocation is put back as it was; an
async one's loop is made by now, as the first invocation would make it.
"""

from __future__ import annotations

import os
from contextvars import copy_context
from io import StringIO
from typing import TYPE_CHECKING, cast

from perdure.handlers import Durable, DurableOptions
from perdure_bootstrap.loop import Loop
from perdure_bootstrap.socket_api import SocketRuntimeApi
from perdure_runtime.drivers.asking.functions import is_async, unwrapped
from perdure_runtime.host import Host
from perdure_runtime.invocation import Prepared
from perdure_runtime.jsoncode import CODE
from perdure_runtime.logs.settings import begin_invocation
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.origins import Origins

if TYPE_CHECKING:
    from typing import Any

    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.runtime_api import Invocation
    from perdure_runtime.service.protocol import Service

__all__ = ["Stage", "rehearse"]

OURS = "rehearsal"
JSON = "application/json"
ENVELOPE = (
    b'{"DurableExecutionArn":"rehearsal","CheckpointToken":"rehearsal","InitialExecutionState":{"Operations":'
    b'[{"Id":"rehearsal","Type":"EXECUTION","Status":"STARTED","ExecutionDetails":{"InputPayload":"{}"}}]}}'
)
NEXT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: rehearsal\r\n"
    b"Lambda-Runtime-Deadline-Ms: 0\r\nLambda-Runtime-Invoked-Function-Arn: rehearsal\r\n"
    b"Lambda-Runtime-Trace-Id: rehearsal\r\nContent-Length: %d\r\n\r\n%b" % (len(ENVELOPE), ENVELOPE)
)
TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def rehearse(function: Durable[Any, Any], stage: Stage | None = None) -> None:
    """Serve one invocation of a workflow of this function's colour that does nothing. Raises nothing."""
    used = CODE.used
    try:
        as_coroutine = is_async(unwrapped(function.function))
        if as_coroutine:
            from perdure_runtime.drivers.aio_loop import the_loop  # with asyncio

            the_loop()  # the process's, which stays: whatever is logged of it, no invocation is named
        copy_context().run(_serve, stage or Stage(), as_coroutine)
    except Exception:  # noqa: BLE001, S110  its end, or what went wrong with it; the first invocation is not worse off
        pass
    finally:
        CODE.used = used
        begin_invocation(None)


class Stage:
    """What is around the loop: the far end of its connection, which says its lines whatever it hears, and its log."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = iter(lines or (NEXT, TAKEN))
        self._descriptors = os.pipe()
        """Something to look at, where nothing ever arrives."""
        self.heard: list[bytes] = []

    def sendall(self, data: bytes, /) -> None:
        """Hear a request."""
        self.heard.append(data)

    def recv(self, _size: int, /) -> bytes:
        """The next line; raises EOFError after the last."""
        for line in self._lines:
            return line
        raise EOFError

    def settimeout(self, seconds: float | None, /) -> None:
        """Nobody waits."""

    def fileno(self) -> int:
        """What is looked at before a request is made."""
        return self._descriptors[0]

    def close(self) -> None:
        """It is over."""
        for descriptor in self._descriptors:
            os.close(descriptor)

    def begin(self, invocation: Invocation) -> None:
        """Nothing is logged."""

    def error(self, report: Report) -> None:
        """Nothing is logged."""

    def warning(self, message: str) -> None:
        """Nothing is logged."""


def _serve(stage: Stage, as_coroutine: bool) -> None:  # noqa: FBT001  handed on by `Context.run`
    workflow: Durable[Any, Any] = Durable(_nothing_awaited if as_coroutine else _nothing, DurableOptions())
    host = Host(lambda: cast("Service", None), task_root="")  # none is called, since nothing is recorded
    anything = converter(object, owner=OURS)
    prepared = Prepared(workflow, host, host.service, anything, anything, Forms(Origins("", ())), None)

    def answer(invocation: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        context.aws_request_id = cast("str", None)  # threads of the user's may log meanwhile, in no invocation
        return prepared.answer(invocation.body, context), JSON

    api = SocketRuntimeApi(OURS, open_transport=lambda: stage)
    Loop(api, stage, {}, StringIO()).serve(answer)


def _nothing(_event: object, _ctx: object) -> object:
    return {}


async def _nothing_awaited(_event: object, _ctx: object) -> object:
    return {}
