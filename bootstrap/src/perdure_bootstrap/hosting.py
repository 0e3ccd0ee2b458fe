"""The one place where the bootstrap knows of the engine: what serves a handler, and where log records go.

A durable function is served by the engine, bytes in and bytes out, so its envelope is decoded once. A durable function
inside somebody's wrapper (a vendor's instrumentation, say) is served as the plain handler that the wrapper is, so that
wrapper sees every invocation; the engine is then hosted on the far side of the wrapper (`perdure_runtime.plain`). A
process that never imported `perdure` holds no durable function, and pays nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from perdure_bootstrap import packs
from perdure_bootstrap.faults import HANDLER_REFUSED, Fault
from perdure_runtime.logs.settings import begin_invocation, configure
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from typing import NoReturn

    from perdure import Durable
    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.loop import Answer
    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.runtime_api import Invocation
    from perdure_runtime.service.ahead import Ahead

    MakeHost = Callable[[Mapping[str, str], object | None, Callable[[bytes], NoReturn], Ahead | None], "Host"]

__all__ = ["Early", "Host", "LambdaLog", "Prepared", "Serving", "serving_for"]

JSON = "application/json"
PLAIN = "perdure_runtime.plain"
WARNING, ERROR = 30, 40  # as `logging` has them, which is not imported for two numbers


if TYPE_CHECKING:

    class Prepared(Protocol):
        """A durable function that the engine is ready to serve."""

        def answer(self, event: bytes, lambda_context: LambdaContext, /) -> bytes:
            """Serve one invocation, envelope in and envelope out; raises where Lambda should try again."""
            ...

    class Host(Protocol):
        """The engine."""

        def prepare(self, durable: Durable[Any, Any], /) -> Prepared:
            """Look at a function before its first invocation; raises `perdure.HandlerRefused`."""
            ...

        def end(self) -> None:
            """Begin nothing more, send what is queued, close the connection."""
            ...

        def renew(self) -> None:
            """Choose connection and credentials anew when they are next needed."""
            ...


class Early:
    """The connection to the service, opened before there is an engine that could want it."""

    def __init__(self, environ: Mapping[str, str], *, until_restored: bool = False) -> None:
        """In a process that is to become a snapshot, no connection is opened before it is `restored`."""
        self._environ = environ
        self._is_held = until_restored
        self.ahead: Ahead | None = None
        """None as long as there is no sign of a durable function."""

    def begin(self) -> None:
        """There may be a durable function: begin to open the connection."""
        packs.unpack(packs.AHEAD)
        from perdure_runtime.service.ahead import Ahead  # nothing that a plain handler has to pay for

        self.ahead = Ahead(self._environ)
        if not self._is_held:
            self.ahead.begin()

    def restored(self) -> None:
        """The process was brought back from a snapshot."""
        if self.ahead is not None:
            self.ahead.begin()


class Serving(NamedTuple):
    """What serves a handler."""

    answer: Answer
    let_go: Callable[[], object]
    """For when the process is about to end."""
    renew: Callable[[], object]
    """For when it was restored from a snapshot."""
    rehearse: Callable[[], object]
    """For the end of init: goes the way of an invocation once."""


def serving_for(
    handler: Callable[..., Any],
    environ: Mapping[str, str],
    *,
    client: object | None,
    abandon: Callable[[bytes], NoReturn],
    ahead: Ahead | None = None,
    make_host: MakeHost | None = None,
) -> Serving:
    """What serves `handler`; a fault where the engine refuses it. `ahead` is a connection that it may use."""
    durable = _durable(handler)
    if durable is None:
        from perdure_bootstrap.plain import PlainHandler

        if ahead is not None:
            from perdure_runtime.service.ahead import lend

            lend(ahead)
        return Serving(PlainHandler(handler), _end_wrapped, _renew_wrapped, _unrehearsed)
    from perdure import HandlerRefused

    host = (make_host or _engine)(environ, client, abandon, ahead)
    packs.unpack(_pack_for(durable))
    try:
        prepared = host.prepare(durable)
    except HandlerRefused as error:
        raise Fault(HANDLER_REFUSED, str(error)) from error

    def answer(invocation: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        return prepared.answer(invocation.body, context), JSON

    def rehearse() -> None:
        try:
            from perdure_bootstrap import rehearsal  # nothing that a plain handler has to pay for
        except Exception:  # noqa: BLE001  it may be left out, as it may go wrong
            return
        rehearsal.rehearse(durable)

    return Serving(answer, host.end, host.renew, rehearse)


class LambdaLog:
    """The loop's records, in Lambda's formats, by the way that all records of the process take."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        configure(environ)

    def begin(self, invocation: Invocation) -> None:
        """Name the invocation whose records follow."""
        begin_invocation(invocation.request_id, invocation.tenant_id)

    def error(self, report: Report) -> None:
        """Write an error report, in the shape that Lambda's own runtime gives it."""
        from perdure_bootstrap.reports import error_line
        from perdure_runtime.logs.settings import SETTINGS
        from perdure_runtime.logs.sinks import put, sink

        line = error_line(report, SETTINGS.clock(), as_json=SETTINGS.as_json, one_line=sink().one_line)
        put(line, ERROR)

    def warning(self, message: str) -> None:
        """Write a warning."""
        from perdure_runtime.logs.fields import origin
        from perdure_runtime.logs.lines import Entry, rendered
        from perdure_runtime.logs.settings import SETTINGS
        from perdure_runtime.logs.sinks import put, sink

        entry = Entry(SETTINGS.clock(), WARNING, message, "perdure", origin(None))
        put(rendered(entry, one_line=sink().one_line), WARNING)


def _durable(handler: object) -> Durable[Any, Any] | None:
    """The durable function that `handler` itself is; None where it is something else, or only wraps one."""
    if "perdure" not in sys.modules:
        return None
    from perdure import durable_of

    durable = durable_of(handler)
    return durable if durable is handler else None


def _pack_for(durable: Durable[Any, Any]) -> str:
    """What the engine needs for a function of this colour. What is wrong with a function, the engine says."""
    from perdure_runtime.drivers.asking.functions import is_async, unwrapped

    try:
        return packs.ASYNC if is_async(unwrapped(durable.function)) else packs.PLAIN
    except Exception:  # noqa: BLE001  it may be an object that says anything of itself
        return packs.PLAIN


def _unrehearsed() -> None:
    """What serves plain handlers is quick enough as it is."""


def _wrapped_hosts() -> tuple[Host, ...]:
    """The hosts of durable functions that were called as plain handlers, by whatever wraps them."""
    plain = sys.modules.get(PLAIN)
    return () if plain is None else plain.hosts()


def _end_wrapped() -> None:
    for host in _wrapped_hosts():
        host.end()


def _renew_wrapped() -> None:
    for host in _wrapped_hosts():
        host.renew()


def _engine(
    environ: Mapping[str, str], client: object | None, abandon: Callable[[bytes], NoReturn], ahead: Ahead | None
) -> Host:
    packs.unpack(packs.ENGINE)
    from perdure_runtime.host import Host as Engine

    return Engine.from_environment(environ, client=client, abandon=abandon, ahead=ahead)
