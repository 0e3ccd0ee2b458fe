"""Where durable functions are hosted: what an invocation needs from its surroundings, gathered once.

The engine takes clock, randomness, environment and service from here and from nowhere else.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from perdure.errors import HandlerRefused
from perdure_runtime.chains import Chains
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.invocation import Prepared
from perdure_runtime.service.lean import LeanService
from perdure_runtime.service.selection import Effects, service_from_environment
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.forms import Forms
from perdure_runtime.values.origins import Origins
from perdure_runtime.values.signatures import signature_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from perdure.handlers import Durable
    from perdure_runtime.drivers.committer import Committer
    from perdure_runtime.drivers.pool import Pool
    from perdure_runtime.service.ahead import Ahead
    from perdure_runtime.service.protocol import Service

__all__ = ["Host", "service_of"]

UNCAUGHT = 70  # EX_SOFTWARE
TOKEN_BYTES, SPREAD_BYTES = 16, 6
ARGUMENTS = 2
FOR_CONTEXTS = (
    "perdure_runtime.drivers.asking.batches",
    "perdure_runtime.drivers.asking.children",
    "perdure_runtime.drivers.bodies",
    "perdure_runtime.values.batches",
)
"""What contexts within that of the workflow need: branches and children."""
FOR_PLAIN = ("perdure_runtime.drivers.hub", "perdure_runtime.drivers.strands")
"""What a plain function is served by then; but for greenlet, which takes as long to import as all of that together."""
FOR_ASYNC = ("perdure_runtime.drivers.aio", "perdure_runtime.drivers.aio_watch", "perdure_runtime.drivers.aio_branches")
"""What an async function is served by."""


def spread() -> float:
    """A number from 0 up to 1; `random` would take milliseconds of a cold start to import."""
    return int.from_bytes(os.urandom(SPREAD_BYTES), "big") / (1 << 8 * SPREAD_BYTES)


class Host:
    """Clock, randomness, service and settings for all invocations of a process."""

    def __init__(
        self,
        service: Callable[[], Service],
        *,
        task_root: str,
        clock: Callable[[], float] = time.time,
        randomness: Callable[[], float] = spread,
        client_token: Callable[[], str] = lambda: os.urandom(TOKEN_BYTES).hex(),
        ticker: Ticker | None = None,
        abandon: Callable[[bytes], NoReturn] | None = None,
        strict: bool = False,
        chains: Chains | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self._choose = service
        self._service: Service | None = None
        self.committer: Committer | None = None
        """That of the invocation that is being made, if one is."""
        self.ending = False
        """Whether the process is about to end, so that no body should begin."""
        self.task_root = task_root
        self.clock = clock
        self.random = randomness
        self.client_token = client_token
        self.ticker = ticker or Ticker()
        self.abandon = abandon or give_up
        self.vanish: Callable[[], NoReturn] = partial(give_up, b"")
        """Ends the process without an answer."""
        self.strict = strict
        self.chains = chains or Chains({})
        self._ahead = ahead

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        client: object | None = None,
        abandon: Callable[[bytes], NoReturn] | None = None,
        ahead: Ahead | None = None,
    ) -> Host:
        """A host for this process; the service is chosen when it is first needed, unless a client is given.

        `ahead` may have a connection for it by then.
        """
        given = None if client is None else service_of(client)

        def choose() -> Service:
            if given is not None:
                return given
            return service_from_environment(environ, Effects(time.time, time.sleep, spread, _warn), ahead)

        root = environ.get("LAMBDA_TASK_ROOT") or os.getcwd()  # noqa: PTH109  pathlib is not on the cold path
        return cls(choose, task_root=root, abandon=abandon, chains=Chains(environ), ahead=ahead)

    def service(self) -> Service:
        """The client of the service for functions that bring none; chosen when it is first asked for."""
        if self._service is None:
            self._service = self._choose()
        return self._service

    @cached_property
    def pool(self) -> Pool:
        """For bodies of steps that run beside one another."""
        from perdure_runtime.drivers.pool import Pool  # threads, for who has branches

        return Pool()

    @cached_property
    def sender(self) -> Pool:
        """For commits of async workflows; the pool may be full of bodies that block."""
        from perdure_runtime.drivers.pool import Pool

        return Pool(most=1)

    def renew(self) -> None:
        """Close the connection, and choose a client with its credentials anew when one is asked for.

        For a process restored from a snapshot. A client that the user gave is the user's, and stays as it is.
        """
        service, self._service = self._service, None
        if isinstance(service, LeanService):
            service.close()
        if self._ahead is not None:
            self._ahead.close()

    def end(self) -> None:
        """The process is about to end: begin no body, send what is queued, close the connection. Raises nothing.

        For any thread but the one that runs the invocation, which goes on meanwhile; takes as long as the service does.
        """
        self.ending = True
        if (committer := self.committer) is not None:
            try:  # noqa: SIM105  contextlib is not on the cold path
                committer.drain()
            except Exception:  # noqa: BLE001, S110  it is kept in `failure`, for whoever commits next
                pass
        self.renew()

    def prepare(self, durable: Durable[Any, Any]) -> Prepared:
        """Make a durable function ready; raises `HandlerRefused` where it cannot be served as it is written."""
        _check_signature(durable)
        types = signature_types(durable.function, owner=durable.name)
        if types.event in _contexts():
            raise HandlerRefused(durable.name, "the event comes first, and the context second")
        origins = Origins(self.task_root, durable.options.errors)
        prepared = Prepared(
            durable,
            self,
            self._service_of(durable),
            converter(types.event, owner=durable.name),
            converter(types.result, owner=durable.name),
            Forms(origins),
            self.chains.of(durable.options.codecs, durable.name) if durable.options.codecs else None,
        )
        # Before the first invocation, for which there is less of a processor; and the collector never looks at it.
        for name in (*FOR_CONTEXTS, *(FOR_ASYNC if prepared.is_async else FOR_PLAIN)):
            import_module(name)
        return prepared

    def _service_of(self, durable: Durable[Any, Any]) -> Callable[[], Service]:
        if durable.options.client is None:
            return self.service
        try:
            own = service_of(durable.options.client)
        except TypeError as error:
            raise HandlerRefused(durable.name, str(error)) from None
        return lambda: own


def service_of(client: Any) -> Service:  # noqa: ANN401  whatever the user gave
    """A client that the user gave, as the engine's service; raises TypeError for what is no client."""
    if hasattr(client, "checkpoint_durable_execution"):
        from perdure_runtime.service.boto import BotoService  # boto3's models, only for those who have it already

        return BotoService(client)
    if hasattr(client, "checkpoint") and hasattr(client, "get_state"):
        service: Service = client
        return service
    raise TypeError(f"client is a {type(client).__name__}, neither a boto3 Lambda client nor a service client")


def _contexts() -> list[object]:
    """The types of the two contexts, as far as anybody has imported them; a thread may be about to."""
    homes = (("perdure.contexts", "Context"), ("perdure.async_contexts", "AsyncContext"))
    found = [getattr(sys.modules.get(home), name, None) for home, name in homes]
    return [context for context in found if context is not None]


def _check_signature(durable: Durable[Any, Any]) -> None:
    """A durable function takes the event and its context; how many arguments it wants is never guessed."""
    code = getattr(durable.function, "__code__", None)
    if code is not None and code.co_argcount == ARGUMENTS and not code.co_kwonlyargcount:
        return
    from inspect import signature  # for any other shape: a cold start has no time for it

    try:
        signature(durable.function).bind(None, None)
    except TypeError as error:
        reason = f"a durable function takes two arguments, the event and the context: {error}"
        raise HandlerRefused(durable.name, reason) from None


def give_up(_output: bytes) -> NoReturn:
    """Without a loop to answer through, the process ends, and Lambda makes the invocation again."""
    sys.stdout.flush()
    os._exit(UNCAUGHT)


def _warn(line: str) -> None:
    sys.stderr.write(line + "\n")
