"""The default service client: signed HTTP requests over one kept-alive connection, and nothing that boto3 would import.

One call is up to three attempts, as in AWS's own clients: an answer of 429 or 5xx, a lost connection or a timeout is
followed by a random, growing pause and the same request, signed anew. All attempts carry one ClientToken, so the
service records a checkpoint once however often it arrives. A connection found dead when it is picked up again,
typically after the sandbox was frozen, is replaced at once and does not count (`connection.Stale`).

A page of state can be asked for before it is needed (`expect_state`): its answer is on its way while the caller works.

What remains after that is raised as `ServiceError`, with its verdict.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, TypeVar

from perdure.errors import ServiceError
from perdure_runtime.service import sigv4, wire
from perdure_runtime.service.connection import Stale
from perdure_runtime.service.credentials import CredentialsUnavailable
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure_runtime.service.connection import Connection
    from perdure_runtime.service.credentials import Credentials, CredentialSource
    from perdure_runtime.service.endpoint import Endpoint
    from perdure_runtime.service.protocol import Checkpointed, StatePage
    from perdure_runtime.service.reply import Reply

ATTEMPTS = 3
_MOST_SECONDS = 20.0
_FIRST_SECONDS = 0.05
_FIRST_SECONDS_THROTTLED = 1.0
_PATIENCE = 5.0
"""How much longer than its own pause a call waits because the service asked it to."""
_LONGEST_WISH = 6
_REDIRECT = 300

T = TypeVar("T")


class Call(NamedTuple):
    """A request up to the parts that change from one to the next."""

    name: str
    execution: str
    head: str
    signable: sigv4.Signable


class Setback(NamedTuple):
    """What became of an attempt that failed."""

    failure: ServiceError
    transient: bool = True
    """Whether another attempt may do better."""
    wish: float | None = None
    """How long the service asked to wait, in seconds."""


class Pace(NamedTuple):
    """How often a call is attempted and what the pauses are made of."""

    sleep: Callable[[float], object]
    random: Callable[[], float]
    attempts: int = ATTEMPTS

    def pause(self, attempt: int, setback: Setback) -> float:
        """Seconds to wait after the `attempt`th attempt."""
        from perdure_runtime.service.verdicts import is_throttling  # where something has failed

        throttled = is_throttling(setback.failure.status, setback.failure.code)
        first = _FIRST_SECONDS_THROTTLED if throttled else _FIRST_SECONDS
        own = self.random() * min(first * 2.0 ** (attempt - 1), _MOST_SECONDS)
        return own if setback.wish is None else max(own, min(setback.wish, own + _PATIENCE))


class LeanService:
    """The durable execution service over HTTP. One call at a time; further ones wait their turn."""

    __slots__ = (
        "_agent",
        "_checkpoint",
        "_clock",
        "_connection",
        "_credentials",
        "_endpoint",
        "_expected",
        "_lock",
        "_pace",
        "_page",
        "_second",
        "_signer",
        "_stamp",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        region: str,
        credentials: CredentialSource,
        *,
        connection: Connection,
        agent: str,
        clock: Callable[[], float],
        pace: Pace,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._connection = connection
        self._agent = agent
        self._clock = clock
        self._pace = pace
        self._signer = sigv4.Signer(region)
        self._lock = allocate_lock()
        self._checkpoint: Call | None = None
        self._page: tuple[tuple[str, str, str, int], Call] | None = None
        """The page that was asked for last, and its call: it is asked for ahead, and again to be read."""
        self._expected: Call | None = None
        """The call whose answer was asked for ahead of it."""
        self._second = -1
        self._stamp = ""
        """That second, as the signature wants it."""

    def __repr__(self) -> str:
        return f"<LeanService {self._endpoint.scheme}://{self._endpoint.authority} {self._connection!r}>"

    def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
        """Record `updates` and take the next token. Raises `ServiceError`."""
        call = self._checkpoint
        if call is None or call.execution != arn:
            path = f"{wire.execution_path(arn)}/checkpoint"
            call = self._checkpoint = self._call(wire.CHECKPOINT, arn, "POST", path)
        return self._made(call, wire.checkpoint_body(token, updates, client_token), wire.checkpointed)

    def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
        """Read one page of operations. Raises `ServiceError`."""
        return self._made(self._state(arn, token, marker, limit), b"", wire.state_page)

    def expect_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> None:
        """Ask for the page that `get_state` is going to be called for next; its answer is on its way meanwhile.

        A failure is left for that call to meet, with its retries. Any other call throws the answer away.
        """
        call = self._state(arn, token, marker, limit)
        with self._lock:
            self._expected = None
            try:
                self._connection.send(self._head(call, b"", self._credentials.current()))
            except OSError:
                return
            self._expected = call

    def connect(self) -> None:
        """Open the connection ahead of the first call. A failure is left for that call to meet, with its retries."""
        with self._lock:
            try:
                self._connection.connect()
            except OSError:
                return

    def close(self) -> None:
        """Close the connection; the next call opens another. For after a snapshot, and at the end."""
        with self._lock:
            self._connection.close()

    def _state(self, arn: str, token: str, marker: str, limit: int) -> Call:
        asked = arn, token, marker, limit
        page = self._page
        if page is None or page[0] != asked:
            path = f"{wire.execution_path(arn)}/state"
            call = self._call(wire.GET_STATE, arn, "GET", path, wire.state_query(token, marker, limit))
            page = self._page = asked, call
        return page[1]

    def _call(self, name: str, arn: str, method: str, path: str, query: str = "") -> Call:
        path = self._endpoint.path + path
        # Content-Type is signed, as AWS's clients do; a request without a body has none.
        signed = (("Content-Type", "application/json"),) if method == "POST" else ()
        lines = [f"{method} {path}{'?' if query else ''}{query} HTTP/1.1", f"Host: {self._endpoint.authority}"]
        lines += [f"{header}: {value}" for header, value in (*signed, ("User-Agent", self._agent))]
        prepared = sigv4.signable(method, self._endpoint.authority, path, query, signed)
        return Call(name, arn, "".join([f"{line}\r\n" for line in lines]), prepared)

    def _made(self, call: Call, body: bytes, read: Callable[[bytes], T]) -> T:
        attempt = 1
        with self._lock:
            is_asked = self._expected is not None and self._expected == call
            self._expected = None
            while isinstance(outcome := self._attempt(call, body, read, is_asked=is_asked), Setback):
                if attempt == self._pace.attempts or not outcome.transient:
                    raise outcome.failure
                self._pace.sleep(self._pace.pause(attempt, outcome))
                attempt += 1
                is_asked = False
        return outcome

    def _attempt(self, call: Call, body: bytes, read: Callable[[bytes], T], *, is_asked: bool) -> T | Setback:
        try:
            credentials = self._credentials.current()
        except CredentialsUnavailable as error:
            # The source has made its own attempts.
            return Setback(_failed(call, "CredentialsUnavailable", error), transient=False)
        try:
            reply = self._answer(call, body, credentials, is_asked=is_asked)
            if reply.status < _REDIRECT:
                return read(reply.body)
        except OSError as error:
            return Setback(_failed(call, "ConnectionFailed", error))
        except wire.MalformedAnswer as error:
            return Setback(_failed(call, "MalformedAnswer", error))
        return _refused(call, reply)

    def _answer(self, call: Call, body: bytes, credentials: Credentials, *, is_asked: bool) -> Reply:
        connection = self._connection
        try:
            return connection.receive() if is_asked else connection.exchange(self._head(call, body, credentials), body)
        except Stale:
            # Signed anew: the sandbox may have been frozen in between for longer than a signature holds.
            return connection.exchange(self._head(call, body, credentials), body)

    def _head(self, call: Call, body: bytes, credentials: Credentials) -> bytes:
        second = int(self._clock())
        if second != self._second:
            self._second, self._stamp = second, sigv4.stamp(second)
        headers = self._signer.headers(call.signable, body, credentials, self._stamp)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return f"{call.head}{lines}{length}\r\n".encode()


def _refused(call: Call, reply: Reply) -> Setback:
    from perdure_runtime.service.verdicts import is_transient, verdict

    code, message = wire.refusal(reply.status, reply.headers, reply.body)
    error = ServiceError(
        call.name,
        code,
        message,
        status=reply.status,
        retryable=verdict(reply.status, code, message),
        request_id=reply.headers.get("x-amzn-requestid"),
        execution=call.execution,
    )
    transient = is_transient(reply.status, code, message)
    return Setback(error, transient=transient, wish=_seconds(reply.headers.get("retry-after", "")))


def _failed(call: Call, code: str, cause: Exception) -> ServiceError:
    from perdure_runtime.service.verdicts import verdict

    said = str(cause) or type(cause).__name__
    error = ServiceError(call.name, code, said, retryable=verdict(None, code, said), execution=call.execution)
    error.__cause__ = cause
    return error


def _seconds(text: str) -> float | None:
    """The seconds of a Retry-After header; its other form, a date, is for pauses longer than any of ours."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_WISH else None
