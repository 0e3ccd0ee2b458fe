"""The driver of async workflows: operations are coroutines on one loop, and several may be open at a time.

Everything the engine waits for is a future. Commits gather until the loop has nothing else to run and are sent then:
by the loop's own thread where no body runs, because then there is nothing to hold up, and by a thread of the pool where
one does. A body that is `async def` is a task of its own; a plain one runs on the pool.

The run is over for this invocation when the durable work is quiet and the loop is idle. Timers, tasks and descriptors
of the user's own do not hold it open, beyond a short grace. The workflow is then cancelled like any task, so its
`finally` blocks run; what it does after that changes nothing, because the stop flag is sticky.
"""

from __future__ import annotations

import asyncio
import inspect
from contextvars import Context, copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, assert_never

from perdure import ServiceError, StepError
from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.effects import Call, Commit, Ok, Outcome, Park, Raised
from perdure_runtime.core.table import Impossible, Move, move_for
from perdure_runtime.drivers.aio_loop import GRACE
from perdure_runtime.drivers.calls import result_of
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.running_step import RunningStep
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure import Logger
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.calls import Asked, Calls
    from perdure_runtime.drivers.pool import Pool
    from perdure_runtime.drivers.run import Run

__all__ = ["FOREIGN_GRACE", "Aio"]

FOREIGN_GRACE = 0.1
"""Seconds that timers and descriptors of the user's own hold a run open that is otherwise done waiting."""
BUSY = 64
"""Turns of a loop that never idles after which a commit is sent all the same."""
MOST_CANCELS = 3

_kept: list[asyncio.Task[Any]] = []
"""Workflows that would not end; a collected task would be told of as destroyed while pending."""


class Aio:
    """Interprets the effects of all open operations of one run."""

    def __init__(self, run: Run, loop: Loop, pool: Pool, log: Logger) -> None:
        self._run = run
        self._loop = loop
        self._pool = pool
        self._log = log
        self._body: asyncio.Task[Any] | None = None
        self._finished: asyncio.Future[None] = loop.create_future()
        self._acknowledged: list[tuple[int, asyncio.Future[None]]] = []
        self._parked: dict[str, asyncio.Future[None]] = {}
        self._unstarted: dict[int, DurableCall[Any]] = {}
        self._turns = 0
        self._cancels = 0
        self._deadline: float | None = None
        self._broken: BaseException | None = None

    # The run

    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401  the handler's result
        """Run a workflow until it ends or has to stop; raises `Stop` for the latter."""
        loop, committer = self._loop, self._run.committer
        before = asyncio.all_tasks(loop)
        loop.idle.ask = self._ask
        committer.on_answer = self._notify
        try:
            self._body = loop.create_task(main(), name="the workflow")
            self._body.add_done_callback(self._end)
            loop.run_until_complete(self._finished)
        except BaseException:  # the process is told to end, or has to: nothing of this run may linger on the loop
            self._run.stopping = True
            loop.idle.ask = None
            loop.sweep(before)
            raise
        finally:
            loop.idle.ask = committer.on_answer = None
        body = self._body
        if not body.done():
            _kept.append(body)
        for task in loop.sweep(before | {body}):
            _kept.append(task)
            self._log.error("a task outlives its invocation, although it was cancelled", task=task.get_name())
        if not body.done() or body.cancelled():
            if self._run.stopping:
                raise Stop
            raise StepError("the workflow cancelled its own task", "asyncio.CancelledError")
        return body.result()

    def is_home(self) -> bool:
        """Whether the call comes from the workflow's own task."""
        try:
            return asyncio.current_task() is self._body
        except RuntimeError:  # no loop runs on this thread
            return False

    @property
    def unstarted(self) -> list[DurableCall[Any]]:
        """Operations that were asked for and never awaited."""
        return list(self._unstarted.values())

    def perform(self, calls: Calls, asked: Asked) -> DurableCall[Any]:
        """The operation as something to await."""

        def begin(call: DurableCall[Any]) -> Coroutine[Any, Any, Any]:
            self._unstarted.pop(id(call), None)
            return self._drive(calls, asked)

        call: DurableCall[Any] = DurableCall(asked.identity, begin)
        self._unstarted[id(call)] = call
        return call

    # Operations

    async def _drive(self, calls: Calls, asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        if self._run.stopping:
            self._run.stop()
        calls.begins(asked)
        operation = asked.operation
        reply: Any = None
        while True:
            try:
                effect = operation.send(reply)
            except StopIteration as end:
                calls.ended(asked)
                return result_of(end.value)
            except Impossible as error:
                self._run.fail(error)
                raise
            match effect:
                case Commit(updates, durable):
                    await self._commit(updates, durable=durable)
                    reply = None
                case Call(body, attempt):
                    reply = await self._call(body, attempt)
                case Park(operation_id, wake):
                    await self._park(operation_id, wake)
                    reply = None
                case _:
                    assert_never(effect)

    async def _commit(self, updates: tuple[dict[str, Any], ...], *, durable: bool) -> None:
        ticket = self._run.committer.push(updates, durable=durable)
        if durable:
            future = self._loop.create_future()
            self._acknowledged.append((ticket, future))
            await future

    async def _call(self, body: Callable[[int], object], attempt: int) -> Outcome[object]:
        activity = self._run.activity
        activity.bodies += 1
        context = copy_context()
        try:
            if _is_async(body):
                result = context.run(body, attempt)
            else:
                result = await self._on_pool(context, body, attempt)
            if isinstance(result, CoroutineType):
                result = await self._loop.create_task(result, context=context)
            return Ok(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if self._is_cancelled():
                raise
            # The body raised it by itself: a failure like any other.
            return Raised(StepError("the step's body was cancelled from within", "asyncio.CancelledError"))
        finally:
            activity.bodies -= 1

    def _is_cancelled(self) -> bool:
        task = asyncio.current_task()
        return self._run.stopping or task is None or task.cancelling() > 0

    async def _on_pool(self, context: Context, body: Callable[[int], object], attempt: int) -> object:
        loop = self._loop
        future: asyncio.Future[Outcome[object]] = loop.create_future()

        def deliver(outcome: Outcome[object]) -> None:
            if not future.done():
                future.set_result(outcome)

        def job() -> None:
            try:
                outcome: Outcome[object] = Ok(context.run(body, attempt))
            except BaseException as error:  # noqa: BLE001  told to the loop's thread, which decides
                outcome = Raised(error)  # type: ignore[arg-type]
            loop.call_soon_threadsafe(deliver, outcome)

        self._pool.submit(job)
        try:
            outcome = await future
        except asyncio.CancelledError:
            info = context.get(CURRENT_STEP)
            if isinstance(info, RunningStep):
                info.cancelled = True
                self._log.warning("a step's body goes on by itself, its result is dropped", step=info.name)
            raise
        if isinstance(outcome, Raised):
            raise outcome.error
        return outcome.value

    async def _park(self, operation_id: str, wake: float | None) -> None:
        """Return once the journal holds a newer state, which may be at once."""
        if self._has_moved(operation_id):
            return
        activity = self._run.activity
        future = self._parked[operation_id] = self._loop.create_future()
        activity.park(operation_id, wake)
        try:
            await future
        finally:
            activity.unpark(operation_id)
            self._parked.pop(operation_id, None)

    def _has_moved(self, operation_id: str) -> bool:
        record = self._run.journal.find(operation_id)
        return record is not None and move_for(record.kind, record.status, operation_id) is not Move.PARK

    # Commits

    def _notify(self) -> None:
        """A request has been answered; called on whichever thread sent it."""
        self._loop.call_soon_threadsafe(self._answered)

    def _answered(self) -> None:
        run, committer = self._run, self._run.committer
        run.activity.commits = 0
        if committer.failure is not None:
            run.fail(committer.failure)
            self._stop()
            return
        if committer.over:
            self._stop()
            return
        settled = committer.settled
        still_waiting = []
        for ticket, future in self._acknowledged:
            if ticket > settled:
                still_waiting.append((ticket, future))
            elif not future.done():
                future.set_result(None)
        self._acknowledged = still_waiting
        for operation_id, future in self._parked.items():
            if not future.done() and self._has_moved(operation_id):
                future.set_result(None)

    def _flush(self) -> None:
        activity = self._run.activity
        ticket = self._acknowledged[-1][0]
        self._turns = 0

        activity.commits = 1
        if activity.bodies:
            self._pool.submit(lambda: self._send(ticket))
        else:
            self._send(ticket)

    def _send(self, ticket: int) -> None:
        try:
            self._run.committer.flush(ticket)
        except ServiceError:
            self._notify()  # it is kept in `failure`; one that was kept before sends no request
        except BaseException as error:  # noqa: BLE001  raised again by `run`, whichever thread this is
            self._broken = error
            self._loop.call_soon_threadsafe(self._end, None)

    # Idleness

    def _ask(self, timeout: float | None) -> float | None:
        """How long the loop may wait: asked when it has run all it could."""
        waiting = bool(self._acknowledged) and not self._run.activity.commits
        if timeout is not None and timeout <= 0:
            self._turns += waiting
            if self._turns > BUSY:
                self._flush()
            return timeout
        if self._body is None or self._body.done():
            return timeout
        if self._run.stopping:
            return self._ask_while_stopping(timeout)
        if waiting:
            self._flush()
            return 0
        if not self._run.activity.quiet:
            self._deadline = None
            return timeout
        return self._ask_when_quiet(timeout)

    def _ask_when_quiet(self, timeout: float | None) -> float | None:
        now = self._loop.time()
        if timeout is not None or self._loop.watches_for_user_code:
            if self._deadline is None:
                self._deadline = now + FOREIGN_GRACE
            if now < self._deadline:
                return _sooner(timeout, self._deadline - now)
            self._log.warning(
                "the workflow is suspended although timers or tasks of its own are still going",
                tasks=[task.get_name() for task in asyncio.all_tasks(self._loop) if self._is_users(task)],
            )
        self._stop()
        return 0

    def _ask_while_stopping(self, timeout: float | None) -> float | None:
        """The workflow was cancelled and goes on: it cleans up, or it holds on."""
        now = self._loop.time()
        if self._deadline is None:
            self._deadline = now + GRACE
        if now < self._deadline:
            return _sooner(timeout, self._deadline - now)
        self._stop()
        return 0

    def _stop(self) -> None:
        """Cancel the workflow; one that swallows this again and again is left where it is."""
        self._run.stopping = True
        self._deadline = None
        self._cancels += 1
        if self._cancels > MOST_CANCELS:
            self._loop.call_soon(self._end, None)
        elif self._body is not None:
            self._body.cancel()

    def _end(self, _body: object) -> None:
        if self._finished.done():
            return
        if self._broken is None:
            self._finished.set_result(None)
        else:
            self._finished.set_exception(self._broken)

    def _is_users(self, task: asyncio.Task[Any]) -> bool:
        return task is not self._body and not isinstance(task.get_coro(), DurableCall)


def _is_async(body: Callable[[int], object]) -> bool:
    """Whether the function of a step belongs on the loop."""
    function = getattr(body, "__wrapped__", body)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _sooner(timeout: float | None, limit: float) -> float:
    return limit if timeout is None else min(timeout, limit)
