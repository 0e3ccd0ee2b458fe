"""From the start of the process to the first invocation; the same road for a layer, an image and a user's own program.

Anything that goes wrong on it is reported to Lambda as an init error, in the log too, and ends the process.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from perdure_bootstrap import collector, extension, handlers, hosting
from perdure_bootstrap.lookout import Lookout
from perdure_bootstrap.loop import Loop
from perdure_bootstrap.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from typing import Any, NoReturn

    from perdure_bootstrap.hosting import Serving
    from perdure_bootstrap.runtime_api import RuntimeApi

__all__ = ["run", "runtime_api"]

EXECUTION_ENV = "AWS_EXECUTION_ENV"
RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"
CHOICE = "PERDURE_RUNTIME_API"
CONCURRENCY = "AWS_LAMBDA_MAX_CONCURRENCY"
INITIALIZATION, SNAP_START = "AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"


def run(handler: object, client: object | None = None, *, environ: MutableMapping[str, str] = os.environ) -> NoReturn:
    """Serve `handler` for as long as the process lives: a function, or its name as Lambda has it (`module.function`).

    Called at the end of a program of your own that Lambda starts as `/var/task/bootstrap`, on its main thread. `client`
    is a boto3 Lambda client, or a service client of your own, that durable functions speak to the service with.
    """
    collector.rest()
    # Text out by lines, whatever standard output is: a sandbox may be frozen or killed at any time.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    if CONCURRENCY in environ:
        from perdure_bootstrap import stock

        stock.take_over(handler, client, environ)
    # Lambda leaves it unset on OS-only runtimes, and libraries look at it to see that they are on Lambda.
    if not environ.get(EXECUTION_ENV):
        environ[EXECUTION_ENV] = "AWS_Lambda_perdure"
    wakeup = Wakeup()
    api = runtime_api(environ, wakeup)
    # Before the handler: its module may log while it is imported.
    log = hosting.LambdaLog(environ)
    loop = Loop(api, log, environ, sys.stdout)
    is_snapshot = environ.get(INITIALIZATION) == SNAP_START
    early = hosting.Early(environ, until_restored=is_snapshot) if client is None else None
    try:
        # Before the handler, too: its import takes longer than the registration, which thus costs nothing.
        registered = _extension(environ, log)
        serving = _prepare(handler, client, environ, loop, early)
        serving.rehearse()
        if registered is not None:
            registered.settle()
        collector.wake()
        if is_snapshot:
            from perdure_bootstrap import snapshots

            snapshots.pass_snapshot(loop, serving.renew)
            if early is not None:
                early.restored()
        loop.serve(serving.answer)
    finally:
        api.close()
        wakeup.close()


def runtime_api(environ: Mapping[str, str], wakeup: Wakeup) -> RuntimeApi:
    """The client of the Runtime API: ours, unless PERDURE_RUNTIME_API says `native`."""
    address = environ.get(RUNTIME_API)
    if not address:
        raise SystemExit(
            f"{RUNTIME_API} is not set: this program is started by Lambda, or by something that plays its part."
            " On your own machine, `perdure run module.handler` does."
        )
    choice = environ.get(CHOICE) or "socket"
    if choice == "socket":
        from perdure_bootstrap.socket_api import SocketRuntimeApi

        return SocketRuntimeApi(address, wakeup)
    if choice == "native":
        from perdure_bootstrap.native_api import NativeRuntimeApi

        return NativeRuntimeApi(address, wakeup)
    raise SystemExit(f"{CHOICE} is socket or native, not {choice!r}")


def _prepare(
    handler: object,
    client: object | None,
    environ: MutableMapping[str, str],
    loop: Loop,
    early: hosting.Early | None,
) -> Serving:
    """What serves invocations; on failure, a report and the end of the process."""
    try:
        if CONCURRENCY in environ:
            from perdure_bootstrap import stock

            stock.refuse_concurrency(environ)
        loaded = _load(handler, environ, early)
        ahead = None if early is None else early.ahead
        serving = hosting.serving_for(loaded, environ, client=client, abandon=loop.abandon, ahead=ahead)
        loop.let_go = serving.let_go
        # After the handler: its module may have plans of its own for the signal.
        loop.stop_on_sigterm()
    except Exception as error:  # noqa: BLE001  (user code: the handler's module)
        loop.report_init(error)
        raise SystemExit(1) from None
    except BaseException as error:
        loop.report_init(error)
        raise
    return serving


def _extension(environ: Mapping[str, str], log: hosting.LambdaLog) -> extension.Extension | None:
    """The extension, while it registers itself; None where none is wanted."""
    if not extension.is_wanted(environ):
        return None
    made = extension.Extension(environ[RUNTIME_API], log.warning)
    made.begin()
    return made


def _load(handler: object, environ: Mapping[str, str], early: hosting.Early | None) -> Callable[..., Any]:
    lookout = None if early is None else Lookout(early.begin)
    try:
        if not isinstance(handler, str):
            return handlers.callable_handler(handler, f"Handler {handler!r}")
        folders = handlers.search_path(environ.get("LAMBDA_TASK_ROOT") or os.getcwd())  # noqa: PTH109
        if lookout is not None:
            lookout.look_into(handler, folders)
        handlers.extend_path(folders)
        return handlers.load(handler)
    finally:
        if lookout is not None:
            lookout.end()
