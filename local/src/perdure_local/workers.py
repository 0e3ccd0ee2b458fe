"""Workers: processes that run a function's handler, one invocation at a time, reused while they live.

What becomes of an invocation whose worker fails:

* The worker dies in the middle of it: `Runtime.ExitError`. The service repeats the invocation, with a pause, five times
  in a row at most; the next try starts a new process.
* It takes longer than the function's timeout: the process is killed, `Sandbox.Timedout`; repeated alike.
* The runtime reports that the function cannot be loaded (`init/error`), or does not come up in time: that is final. The
  code is what it is, and trying again would only hide the reason for half a minute.
* The machine cannot give it a process or a port now (too many open files, too little memory): as if it had died.
* A new process exits by itself before it asks for work, and says nothing: started once more, then final, with the last
  lines of its standard error as the message. One that a signal kills counts as any other death.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perdure_local.deliveries import Delivery, Ending, failure
from perdure_local.guard import Guard
from perdure_local.http_server import HttpServer
from perdure_local.processes import Launch, Process
from perdure_local.worker_api import Phase, RuntimeApi, Session
from perdure_local.worker_environment import worker_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_local.functions import Function
    from perdure_local.ledger import Failed

    LineListener = Callable[[Delivery | None, str, str], None]

BOOTSTRAP = (sys.executable, "-m", "perdure_bootstrap")
INIT_SECONDS = 60.0
"""Time a new process has to ask for work. Lambda grants 10 s; a laptop under load may need more."""
REST_SECONDS = 10.0
"""Time between a worker's answer and its next request for work, after which it is replaced."""
GRACE_SECONDS = 0.5
"""Time between SIGTERM and SIGKILL: what Lambda grants with an internal extension."""
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS, errno.ENOSPC})
"""Errors of a machine that may be able to start a worker later."""
_SILENT_EXITS = 2
_TAIL = 20


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What all workers of a function share."""

    on_line: LineListener
    time: Callable[[], float]
    endpoint: str
    """URL of the Lambda API that they checkpoint to."""
    environ: Mapping[str, str]
    """What they may take over from."""
    init: float = INIT_SECONDS
    rest: float = REST_SECONDS
    grace: float = GRACE_SECONDS


class Worker:
    """A place for one process; a process that has died is replaced when the next invocation comes."""

    def __init__(self, function: Function, settings: WorkerSettings, number: int) -> None:
        self._function = function
        self._settings = settings
        self._stream = f"local/[$LATEST]{number:032x}"
        self._api = RuntimeApi()
        self._server: HttpServer | None = None
        self._process: Process | None = None
        self._session: Session | None = None
        self._delivery: Delivery | None = None
        self._errors: deque[str] = deque(maxlen=_TAIL)

    @property
    def pid(self) -> int | None:
        """The process, if one is alive."""
        return self._process.pid if self._process is not None and self._process.is_alive else None

    async def run(self, delivery: Delivery) -> Ending:
        """Have one invocation run; never raises for what a worker does."""
        self._delivery = delivery
        try:
            brought_up = await self._bring_up()
            if not isinstance(brought_up, Session):
                return brought_up
            return await self._deliver(brought_up, delivery)
        finally:
            self._delivery = None

    async def close(self) -> None:
        """End the process and the port it talked to."""
        if self._process is not None:
            await self._process.stop(self._settings.grace)
        if self._server is not None:
            await self._server.stop()

    async def _deliver(self, session: Session, delivery: Delivery) -> Ending:
        process = self._alive()
        ending = session.deliver(delivery)
        either: set[asyncio.Future[Any]] = {ending, process.exited}
        done, _ = await asyncio.wait(either, timeout=self._function.timeout, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            return ending.result()
        if not done:
            process.kill()
        code = await process.exited
        self._bury()
        if not done:
            return failure("Sandbox.Timedout", f"Task timed out after {self._function.timeout:.2f} seconds")
        return failure("Runtime.ExitError", _exit_text(code))

    async def _bring_up(self) -> Session | Failed:
        if self._process is not None and self._session is not None:
            if await self._reach(self._session, self._process, self._settings.rest) is Phase.READY:
                return self._session
            self._process.kill()
            await self._process.exited
            self._bury()
        for is_last in (False,) * (_SILENT_EXITS - 1) + (True,):
            ready = await self._start(is_last=is_last)
            if ready is not None:
                return ready
        raise AssertionError("the last start decides")

    async def _start(self, *, is_last: bool) -> Session | Failed | None:
        try:
            process = Process(self._launch(), self._on_line)
        except OSError as error:
            text = f"The worker cannot be started: {error}"
            if error.errno in _SHORTAGES:
                return failure("Runtime.ExitError", text)
            return failure("Runtime.InvalidEntrypoint", text, is_final=True)
        session = Session(self._deadline_ms)
        self._process, self._session, self._api.session = process, session, session
        self._errors.clear()
        phase = await self._reach(session, process, self._settings.init)
        if phase is Phase.READY:
            return session
        has_exited = not process.is_alive
        if not has_exited:
            await process.stop(self._settings.grace)
        code = await process.exited
        self._bury()
        if session.init_failure is not None:
            return session.init_failure
        if not has_exited:
            text = f"The worker did not ask for work within {self._settings.init:.2f} seconds"
            return failure("Sandbox.Timedout", text, is_final=True)
        if code < 0:
            return failure("Runtime.ExitError", _exit_text(code))
        if not is_last:
            return None
        text = "\n".join([f"{_exit_text(code)} before it asked for work", *self._errors])
        return failure("Runtime.ExitError", text, is_final=True)

    def _launch(self) -> Launch:
        """Say how to start a process; the first time, open the port that it will talk to."""
        function = self._function
        if self._server is None:
            self._server = HttpServer(Guard(self._api, largest_body=None, serves_pages=False))
            self._server.start()
        env = worker_environment(
            function,
            self._settings.environ,
            endpoint=self._settings.endpoint,
            runtime_api=self._server.address,
            stream=self._stream,
        )
        return Launch(function.command or BOOTSTRAP, env, function.task_root)

    async def _reach(self, session: Session, process: Process, seconds: float) -> Phase:
        """Wait until the worker asks for work, says that it cannot, or dies."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while session.phase not in {Phase.READY, Phase.INIT_FAILED} and process.is_alive and loop.time() < deadline:
            session.changed.clear()
            changed = asyncio.ensure_future(session.changed.wait())
            either: set[asyncio.Future[Any]] = {changed, process.exited}
            await asyncio.wait(either, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        if session.phase is Phase.READY and not process.is_alive:
            return Phase.RESPONDED
        return session.phase

    def _deadline_ms(self) -> int:
        return int((self._settings.time() + self._function.timeout) * 1000)

    def _alive(self) -> Process:
        if self._process is None:
            raise RuntimeError("the worker has no process")
        return self._process

    def _bury(self) -> None:
        self._process = self._session = self._api.session = None

    def _on_line(self, stream: str, text: str) -> None:
        if stream == "stderr":
            self._errors.append(text)
        self._settings.on_line(self._delivery, stream, text)


class Pool:
    """The workers of one function; grows with demand up to the function's limit."""

    def __init__(self, function: Function, settings: WorkerSettings) -> None:
        self.function = function
        self._settings = settings
        self._slots = asyncio.Semaphore(function.workers)
        self._resting: list[Worker] = []
        self._all: list[Worker] = []

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All workers, busy or not."""
        return tuple(self._all)

    async def acquire(self) -> Worker:
        """Take a worker, the one used last if several rest; waits while all are busy."""
        await self._slots.acquire()
        if self._resting:
            return self._resting.pop()
        # It opens nothing yet: what may fail does so in its `run`, and costs the invocation, not the slot.
        worker = Worker(self.function, self._settings, len(self._all) + 1)
        self._all.append(worker)
        return worker

    def release(self, worker: Worker) -> None:
        """Give a worker back."""
        self._resting.append(worker)
        self._slots.release()

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(*(worker.close() for worker in self._all))


def _exit_text(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    reason = f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code) or -code}".lower()
    return f"Runtime exited with error: {reason}"
