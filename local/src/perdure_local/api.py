"""The Lambda API, as boto3, the AWS CLI and every official SDK speak it (PROTOCOL 9.1).

Requests are routed by their raw path: split at the slashes first, then decoded segment by segment, because an
execution's ARN contains slashes of its own. Nothing here decides anything about an execution; signatures are not looked
at (`guard` says why that is safe).
"""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from perdure_local.executions import ServiceStopped
from perdure_local.functions import LATEST, UNQUALIFIED, Address, Function, read_address
from perdure_local.hangups import while_connected
from perdure_local.ledger import ExecutionStatus, Failed, Fault
from perdure_local.ledger.execution import INVALID_TOKEN
from perdure_local.ledger.faults import invalid
from perdure_local.ledger.update import read_error
from perdure_local.replies import reply, reply_fault, reply_raw
from perdure_local.starts import Start
from perdure_local.views import (
    Filters,
    Paging,
    callback_view,
    execution_view,
    failure_view,
    history_view,
    list_view,
    read_flag,
    read_instant,
    read_limit,
    read_statuses,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from starlette.types import Receive, Scope, Send

    from perdure_local.executions import Executions
    from perdure_local.ledger import Execution

SYNCHRONOUS_PAYLOAD = 6 * 1024 * 1024
ASYNCHRONOUS_PAYLOAD = 1024 * 1024

_LOG = logging.getLogger("perdure_local")
_OFFICIAL_PYTHON = re.compile(r"aws-durable-execution-sdk-python/(\d+)")
_FIRST_LOWER_CASE = 3
"""The major version of the official Python SDK from which on it looks for the lower-case refusal."""


class Call(NamedTuple):
    """One request, taken apart."""

    names: tuple[str, ...]
    """The variable segments of its path."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    wait: Callable[[Coroutine[Any, Any, Execution]], Awaitable[Execution]]
    """Waits for something for as long as the caller is there."""

    def one(self, name: str) -> str | None:
        """Return a query value."""
        values = self.query.get(name)
        return values[-1] if values else None

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object; an absent one is empty."""
        if not self.body:
            return {}
        try:
            body = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Fault("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
        if not isinstance(body, dict):
            raise Fault("InvalidRequestContentException", "The request body must be a JSON object.")
        return body

    def paging(self) -> Paging:
        """Return the page that is asked for."""
        is_reversed = read_flag(self.one("ReverseOrder"), "ReverseOrder", default=False)
        return Paging(read_limit(self.one("MaxItems")), self.one("Marker") or None, is_reversed)


class LambdaApi:
    """ASGI application over the executions of a service."""

    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        except Fault as fault:
            response = reply_fault(fault)
        except ServiceStopped as stopped:
            response = reply_fault(Fault("ServiceException", str(stopped)))
        except Exception as error:  # noqa: BLE001 - the boundary: a bug answers this request, and no other
            _LOG.exception("%s %s failed", request.method, request.url.path)
            response = reply_fault(Fault("ServiceException", f"{type(error).__name__}: {error}"))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        raw: bytes = request.scope["raw_path"]
        segments = [unquote(part) for part in raw.decode("latin-1").split("/")[1:]]
        for method, pattern, handle in _ROUTES:
            if method == request.method and (names := _match(pattern, segments)) is not None:
                query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
                body, wait = await request.body(), functools.partial(while_connected, request.receive)
                return await handle(self._executions, Call(names, query, request.headers, body, wait))
        raise Fault("UnknownOperationException", f"No operation of this service is {request.method} {request.url.path}")


def _match(pattern: tuple[str | None, ...], segments: list[str]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    if any(fixed not in {None, segment} for fixed, segment in zip(pattern, segments, strict=True)):
        return None
    return tuple(segment for fixed, segment in zip(pattern, segments, strict=True) if fixed is None)


async def _invoke(executions: Executions, call: Call) -> Response:
    address = read_address(call.names[0], call.one("Qualifier"))
    function = executions.hosting.get(address.name)
    kind = call.headers.get("x-amz-invocation-type", "RequestResponse")
    most = {"RequestResponse": SYNCHRONOUS_PAYLOAD, "Event": ASYNCHRONOUS_PAYLOAD, "DryRun": SYNCHRONOUS_PAYLOAD}
    if kind not in most:
        raise invalid(f"InvocationType must be one of {', '.join(most)}.")
    if len(call.body) > most[kind]:
        raise Fault(
            "RequestTooLargeException", f"Request must be smaller than {most[kind]} bytes for the Invoke operation"
        )
    version = _version(function, address)
    payload = _payload(call.body)
    if kind == "DryRun":
        return Response(status_code=204)
    tenant_id = call.headers.get("x-amz-tenant-id")
    if not function.is_durable:
        return await _invoke_plain(executions, function, payload, tenant_id, is_event=kind == "Event")
    name = call.headers.get("x-amz-durable-execution-name")
    start = Start(function, version, payload, name, synchronous=kind != "Event", tenant_id=tenant_id)
    execution = await executions.start(start)
    headers = {"X-Amz-Durable-Execution-Arn": execution.spec.arn, "X-Amz-Executed-Version": version}
    if kind == "Event":
        return reply_raw(b"", 202, headers)
    return _outcome(await call.wait(executions.wait(execution.spec.arn)), headers)


def _version(function: Function, address: Address) -> str:
    if address.qualifier is not None:
        return function.resolve(address.qualifier)
    if function.is_durable:
        raise invalid(UNQUALIFIED)
    return LATEST


def _payload(body: bytes) -> str:
    if not body:
        return "{}"
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Fault("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
    return body.decode()


def _outcome(execution: Execution, headers: dict[str, str]) -> Response:
    progress = execution.progress
    if progress.status is ExecutionStatus.SUCCEEDED:
        return reply_raw((progress.result or "").encode(), 200, headers)
    body = orjson.dumps(failure_view(progress.error))
    return reply_raw(body, 200, {**headers, "X-Amz-Function-Error": "Unhandled"})


async def _invoke_plain(
    executions: Executions, function: Function, payload: str, tenant_id: str | None, *, is_event: bool
) -> Response:
    if is_event:
        executions.call_later(function, payload, tenant_id)
        return Response(status_code=202)
    ending = await executions.hosting.call(function, payload, tenant_id)
    headers = {"X-Amz-Executed-Version": LATEST}
    if isinstance(ending, Failed):
        body = orjson.dumps(failure_view(ending.error))
        return reply_raw(body, 200, {**headers, "X-Amz-Function-Error": "Unhandled"})
    return reply_raw(ending.body, 200, headers)


async def _checkpoint(executions: Executions, call: Call) -> Response:
    body = call.json()
    token, client_token = body.get("CheckpointToken"), body.get("ClientToken")
    updates = body.get("Updates", [])
    if not isinstance(token, str) or not isinstance(client_token, str | None) or not isinstance(updates, list):
        raise invalid("CheckpointToken must be a string, Updates a list, ClientToken a string.")
    answer = await executions.checkpoint(call.names[0], token, updates, client_token, _invalid_token(call))
    return reply(answer.wire())


async def _state(executions: Executions, call: Call) -> Response:
    limit, marker = read_limit(call.one("MaxItems")), call.one("Marker") or None
    token = call.one("CheckpointToken") or ""
    page = await executions.state(call.names[0], token, marker, limit, _invalid_token(call))
    body: dict[str, Any] = {"Operations": page.operations}
    if page.marker is not None:
        body["NextMarker"] = page.marker
    return reply(body)


async def _get(executions: Executions, call: Call) -> Response:
    execution = executions.find(call.names[0])
    include_data = read_flag(call.one("IncludeExecutionData"), "IncludeExecutionData", default=True)
    function = executions.hosting.find(execution.spec.function)
    answer = reply(execution_view(execution, function, include_data=include_data))
    await executions.settled()
    return answer


async def _history(executions: Executions, call: Call) -> Response:
    execution = executions.find(call.names[0])
    include_data = read_flag(call.one("IncludeExecutionData"), "IncludeExecutionData", default=True)
    answer = reply(history_view(execution, call.paging(), include_data=include_data))
    await executions.settled()
    return answer


async def _list(executions: Executions, call: Call) -> Response:
    address = read_address(call.names[0], call.one("Qualifier"))
    function = executions.hosting.get(address.name)
    filters = Filters(
        version=None if address.qualifier is None else function.resolve(address.qualifier),
        name=call.one("DurableExecutionName"),
        statuses=read_statuses(call.query.get("Statuses", ())),
        started_after=read_instant(call.one("StartedAfter"), "StartedAfter"),
        started_before=read_instant(call.one("StartedBefore"), "StartedBefore"),
    )
    answer = reply(list_view(executions.of_function(function.name), filters, call.paging()))
    await executions.settled()
    return answer


async def _stop(executions: Executions, call: Call) -> Response:
    error = read_error(call.json() or None, "Error")
    return reply({"StopTimestamp": await executions.stop(call.names[0], error)})


async def _succeed_callback(executions: Executions, call: Call) -> Response:
    await executions.answer_callback(
        call.names[0], lambda execution, operation, now: execution.succeed_callback(operation, call.body, now)
    )
    return Response(status_code=200)


async def _fail_callback(executions: Executions, call: Call) -> Response:
    error = read_error(call.json() or None, "Error")
    await executions.answer_callback(
        call.names[0], lambda execution, operation, now: execution.fail_callback(operation, error, now)
    )
    return Response(status_code=200)


async def _heartbeat_callback(executions: Executions, call: Call) -> Response:
    await executions.answer_callback(
        call.names[0], lambda execution, operation, now: execution.heartbeat_callback(operation, now)
    )
    return Response(status_code=200)


async def _open_callbacks(executions: Executions, _call: Call) -> Response:
    answer = reply({"Callbacks": [callback_view(*found) for found in executions.open_callbacks()]})
    await executions.settled()
    return answer


def _invalid_token(call: Call) -> str:
    # SDKs tell a stale token from a terminal refusal by this text, and do not agree on its case (PROTOCOL 11.1, row 1).
    official = _OFFICIAL_PYTHON.search(call.headers.get("user-agent", ""))
    if official is not None and int(official[1]) >= _FIRST_LOWER_CASE:
        return "Invalid checkpoint token"
    return INVALID_TOKEN


_EXECUTIONS = ("2025-12-01", "durable-executions", None)
_CALLBACKS = ("2025-12-01", "durable-execution-callbacks", None)
OPEN_CALLBACKS = ("perdure", "callbacks")
"""Path of what AWS has no operation for: the callbacks that wait."""
_ROUTES: tuple[tuple[str, tuple[str | None, ...], Callable[[Executions, Call], Awaitable[Response]]], ...] = (
    ("POST", (*_EXECUTIONS, "checkpoint"), _checkpoint),
    ("GET", (*_EXECUTIONS, "state"), _state),
    ("GET", _EXECUTIONS, _get),
    ("GET", (*_EXECUTIONS, "history"), _history),
    ("POST", (*_EXECUTIONS, "stop"), _stop),
    ("POST", (*_CALLBACKS, "succeed"), _succeed_callback),
    ("POST", (*_CALLBACKS, "fail"), _fail_callback),
    ("POST", (*_CALLBACKS, "heartbeat"), _heartbeat_callback),
    ("GET", OPEN_CALLBACKS, _open_callbacks),
    ("GET", ("2025-12-01", "functions", None, "durable-executions"), _list),
    ("POST", ("2015-03-31", "functions", None, "invocations"), _invoke),
)
