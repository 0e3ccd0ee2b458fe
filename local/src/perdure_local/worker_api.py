"""The Lambda Runtime API as one worker sees it (LAMBDA 2): next, response, error, init error.

A `Session` is the state machine of one worker process; `RuntimeApi` is the HTTP in front of it. What a call needs and
where it leads is a table. Every answer carries a Content-Type: awslambdaric dies of its absence.
"""

from __future__ import annotations

import asyncio
import enum
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from perdure_local.deliveries import LARGEST_RESPONSE, Answered, Delivery, Ending, failure, reported_failure
from perdure_local.hangups import hang_up
from perdure_local.ledger import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Receive, Scope, Send

_ROOT = ("2018-06-01", "runtime")


class Phase(enum.Enum):
    """Where a worker process is in its life."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    RESPONDED = "ResponseSent"
    INIT_FAILED = "InitError"


class Refusal(NamedTuple):
    """An error of the Runtime API itself."""

    status: int
    kind: str
    message: str


_WRONG_STATE = Refusal(403, "InvalidStateTransition", "State transition is not allowed")
_WRONG_ID = Refusal(400, "InvalidRequestID", "Invalid request ID")
_TOO_LARGE = Refusal(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).")
_NOT_FOUND = Refusal(404, "NotFound", "No such path in the Lambda Runtime API")

_MAY_ASK = frozenset({Phase.STARTED, Phase.RESPONDED})
"""Phases from which `next` may be called. A worker that is READY has asked, and still waits for the answer."""


class Session:
    """One worker process, from its start to its death."""

    def __init__(self, deadline_ms: Callable[[], int]) -> None:
        self.phase = Phase.STARTED
        self.init_failure: Failed | None = None
        self.changed = asyncio.Event()
        """Set when the phase changes; whoever waits clears it."""
        self._deadline_ms = deadline_ms
        self._delivery: Delivery | None = None
        self._ending: asyncio.Future[Ending] | None = None
        self._poll: asyncio.Future[Delivery] | None = None

    def deliver(self, delivery: Delivery) -> asyncio.Future[Ending]:
        """Hand an invocation to a worker that is READY; the future tells how it ended."""
        if self.phase is not Phase.READY or self._poll is None:
            raise RuntimeError(f"a worker in phase {self.phase.value} takes no invocation")
        self._delivery = delivery
        self._ending = asyncio.get_running_loop().create_future()
        self._poll.set_result(delivery)
        self._poll = None
        self._enter(Phase.RUNNING)
        return self._ending

    async def next(self, gone: Callable[[], Coroutine[Any, Any, None]]) -> Delivery | Refusal | None:
        """Wait for an invocation; None when the worker hung up first, which `gone` waits for."""
        if self.phase not in _MAY_ASK:
            return _WRONG_STATE
        poll: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        self._poll = poll
        self._enter(Phase.READY)
        hung_up = asyncio.ensure_future(gone())
        try:
            either: set[asyncio.Future[Any]] = {poll, hung_up}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hung_up.cancel()
        if poll.done():
            return poll.result()
        if self._poll is poll:
            self._poll = None
            self._enter(Phase.STARTED)
        return None

    def finish(self, request_id: str, invocation_id: str | None, ending: Ending) -> Refusal | None:
        """Take the end of the invocation in flight."""
        delivery = self._delivery
        if delivery is None:
            return _WRONG_STATE
        if self.phase is not Phase.RUNNING or request_id != delivery.request_id:
            return _WRONG_ID
        if invocation_id not in {None, delivery.invocation_id}:
            return _WRONG_ID
        self._enter(Phase.RESPONDED)
        if self._ending is not None and not self._ending.done():
            self._ending.set_result(ending)
        return None

    def fail_init(self, report: Failed) -> Refusal | None:
        """Take the report that the function could not be loaded."""
        if self.phase is not Phase.STARTED:
            return _WRONG_STATE
        self.init_failure = report
        self._enter(Phase.INIT_FAILED)
        return None

    def headers(self, delivery: Delivery) -> dict[str, str]:
        """Return the headers an invocation travels with."""
        tenant = {} if delivery.tenant_id is None else {"Lambda-Runtime-Aws-Tenant-Id": delivery.tenant_id}
        return {
            **tenant,
            "Lambda-Runtime-Aws-Request-Id": delivery.request_id,
            "Lambda-Runtime-Invocation-Id": delivery.invocation_id,
            "Lambda-Runtime-Deadline-Ms": str(self._deadline_ms()),
            "Lambda-Runtime-Invoked-Function-Arn": delivery.function_arn,
            "Lambda-Runtime-Trace-Id": delivery.trace_id,
        }

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.set()


class RuntimeApi:
    """ASGI application of one worker; `session` is replaced when its process is."""

    def __init__(self) -> None:
        self.session: Session | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request, receive)
        except ClientDisconnect:
            return
        if response is not None:
            await response(scope, receive, send)

    async def _respond(self, request: Request, receive: Receive) -> Response | None:
        session = self.session
        parts = tuple(request.url.path.split("/")[1:])
        if session is None or parts[:2] != _ROOT:
            return _refuse(_NOT_FOUND)
        match request.method, *parts[2:]:
            case "GET", "invocation", "next":
                return await _next(session, receive)
            case "POST", "invocation", request_id, "response":
                return await _response(session, request_id, request)
            case "POST", "invocation", request_id, "error":
                report = reported_failure(await _body(request), _error_type(request))
                return _accept(session.finish(request_id, _invocation_id(request), report))
            case "POST", "init", "error":
                report = reported_failure(await _body(request), _error_type(request), is_final=True)
                return _accept(session.fail_init(report))
        return _refuse(_NOT_FOUND)


async def _next(session: Session, receive: Receive) -> Response | None:
    delivery = await session.next(functools.partial(hang_up, receive))
    if delivery is None:
        return None
    if isinstance(delivery, Refusal):
        return _refuse(delivery)
    return Response(delivery.body, 200, session.headers(delivery), media_type="application/json")


async def _response(session: Session, request_id: str, request: Request) -> Response:
    body = await _body(request)
    if len(body) <= LARGEST_RESPONSE:
        return _accept(session.finish(request_id, _invocation_id(request), Answered(body)))
    # The invocation has failed by now, whatever the worker does next; a good one logs it and asks for more.
    text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
    ending = failure("Function.ResponseSizeTooLarge", text)
    return _refuse(session.finish(request_id, _invocation_id(request), ending) or _TOO_LARGE)


async def _body(request: Request) -> bytes:
    """Read a body to its end, and keep one byte more of it than is taken: that is how to see that it is too large."""
    kept = bytearray()
    async for part in request.stream():
        kept += part[: LARGEST_RESPONSE + 1 - len(kept)]
    return bytes(kept)


def _invocation_id(request: Request) -> str | None:
    return request.headers.get("lambda-runtime-invocation-id")


def _error_type(request: Request) -> str | None:
    return request.headers.get("lambda-runtime-function-error-type")


def _accept(refusal: Refusal | None) -> Response:
    return _json({"status": "OK"}, 202) if refusal is None else _refuse(refusal)


def _refuse(refusal: Refusal) -> Response:
    return _json({"errorMessage": refusal.message, "errorType": refusal.kind}, refusal.status)


def _json(body: object, status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
