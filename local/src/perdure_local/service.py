"""The local service as one object: its event loop runs in a thread of its own, its methods may be called from any.

`with LocalService("journal.db") as service:` opens the journal, takes up what a killed service left behind, and serves
the Lambda API at `service.endpoint`. Executions of a function go on once `add_function` has said how to run it, or, if
it says so, one by one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from perdure_local.functions import Function
from perdure_local.ledger import AWS_LIMITS, ErrorObject, Execution, ExecutionStatus, Limits
from perdure_local.settings import ServiceSettings
from perdure_local.store import IN_MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from perdure_local.notices import LogLine, Notice
    from perdure_local.running import Running

_LOG = logging.getLogger("perdure_local")
_Result = TypeVar("_Result")


class Summary(NamedTuple):
    """Where an execution stands."""

    arn: str
    name: str
    function: str
    status: ExecutionStatus
    payload: str | None
    result: str | None
    error: ErrorObject | None
    started_at: float
    ended_at: float | None
    invocations: int
    parent: str | None = None
    """ARN of the execution whose workflow invoked this one."""


class LocalService:
    """Durable functions on this machine."""

    def __init__(
        self,
        store_path: str | Path = IN_MEMORY,
        *,
        skip_time: bool = False,
        durable: bool = True,
        port: int = 0,
        limits: Limits = AWS_LIMITS,
        environ: Mapping[str, str] | None = None,
        time: Callable[[], float] = time.time,
        mint: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """Prepare a service; `start` or `with` brings it up.

        `skip_time`: waits, retry delays and pauses after failed invocations elapse at once. `durable`: what was
        acknowledged survives power loss; without it, which is meant for tests, the death of every process, but not of
        the machine. `environ` is what workers may take over from.
        """
        self._settings = ServiceSettings(
            store_path=store_path,
            skip_time=skip_time,
            durable=durable,
            port=port,
            limits=limits,
            environ=dict(os.environ if environ is None else environ),
            time=time,
            mint=mint,
        )
        self._listeners: list[Callable[[Notice | LogLine], None]] = []
        self._up: concurrent.futures.Future[Running] = concurrent.futures.Future()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Bring the service up; raises `JournalRefused` for a journal that cannot be used."""
        self._thread = threading.Thread(target=self._run, name="perdure-service", daemon=True)
        self._thread.start()
        self._up.result()

    def close(self) -> None:
        """Stop the workers and the service; what is in flight goes on when the journal is opened again."""
        if self._thread is None:
            return
        if self._up.done() and self._up.exception() is None:
            running = self._up.result()
            running.loop.call_soon_threadsafe(running.stopping.set)
        self._thread.join()
        self._thread = None

    @property
    def endpoint(self) -> str:
        """The URL of the Lambda API."""
        return self._running.endpoint

    def add_function(
        self,
        name: str,
        handler: str,
        *,
        task_root: str | Path = ".",
        env: Mapping[str, str] | None = None,
        timeout: float = 900.0,
        take_up: bool = True,
        **options: Any,  # noqa: ANN401 - the further fields of `Function`, checked by its constructor
    ) -> Function:
        """Host a function; executions of it that were left unfinished go on.

        Without `take_up` they stay as they are; each goes on when it is named: by `take_up`, or by a start with its
        name and payload.
        """
        root = str(Path(task_root).absolute())
        function = Function(name=name, handler=handler, task_root=root, env=env or {}, timeout=timeout, **options)
        self._call(self._running.add(function, take_up=take_up))
        return function

    def take_up(self, arn: str) -> None:
        """Let an execution go on that was left unfinished; one that does so already, or is over, is left alone."""
        self._call(self._running.take_up(arn))

    def start(self, function: str, payload: bytes | str, name: str | None = None) -> str:
        """Start an execution of the function's only version and return its ARN; a name makes it idempotent."""
        text = payload if isinstance(payload, str) else payload.decode()
        return self._call(self._running.start(function, text, name)).spec.arn

    def wait(self, arn: str, timeout: float | None = None) -> Summary:
        """Wait until an execution is over; raises TimeoutError after `timeout` real seconds."""
        return _summary(self._call(self._running.executions.wait(arn), timeout))

    def stop(self, arn: str, error: ErrorObject | None = None) -> float:
        """Stop an execution and return when it ended."""
        return self._call(self._running.executions.stop(arn, error))

    def executions(self, function: str) -> list[Summary]:
        """Return a function's executions, oldest first."""
        return self._call(self._running.of_function(function, _summary))

    def history(self, arn: str, *, include_data: bool = True) -> list[dict[str, Any]]:
        """Return an execution's events, oldest first, as the API has them."""
        return self._call(self._running.history(arn, include_data=include_data))

    def notices(self, arn: str) -> list[Notice]:
        """Return the notices that what is recorded of an execution makes, oldest first.

        The start of an invocation is not recorded, and an operation's notices all have the attempt it has come to.
        """
        return self._call(self._running.notices(arn))

    def subscribe(self, listener: Callable[[Notice | LogLine], None]) -> Callable[[], None]:
        """Have `listener` called with every notice; returns what ends that.

        It is called on the service's own thread, in order, and must be quick; one that raises is dropped.
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @property
    def _running(self) -> Running:
        if self._thread is None:
            raise RuntimeError("the service is not up: use `with LocalService(…) as service`, or call open()")
        return self._up.result()

    def _call(self, work: Coroutine[Any, Any, _Result], timeout: float | None = None) -> _Result:
        future = asyncio.run_coroutine_threadsafe(work, self._running.loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError(f"not over after {timeout} seconds") from None

    def _publish(self, notice: Notice | LogLine) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(notice)
            except Exception:  # noqa: BLE001 - a listener is the user's code; the service goes on without it
                _LOG.exception("a listener failed and is dropped")
                self._listeners.remove(listener)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._up.done():
                raise
            self._up.set_exception(error)

    async def _serve(self) -> None:
        # The web server costs more to import than all the rest, and who only looks at the command's help needs none.
        from perdure_local.running import run_service

        async with run_service(self._settings, self._publish) as running:
            self._up.set_result(running)
            await running.stopping.wait()


def _summary(execution: Execution) -> Summary:
    spec, progress = execution.spec, execution.progress
    return Summary(
        arn=spec.arn,
        name=spec.name,
        function=spec.function,
        status=progress.status,
        payload=spec.payload,
        result=progress.result,
        error=progress.error,
        started_at=spec.started_at,
        ended_at=progress.ended_at,
        invocations=progress.invocations,
        parent=spec.parent_arn,
    )
