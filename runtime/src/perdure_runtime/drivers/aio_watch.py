"""When an async run sends, goes on, suspends and ends: what the driver decides while its loop is idle.

Everything the engine waits for is a future, or what tasks take for one. Commits gather until the loop has nothing else
to run and are sent then: by the loop's own thread where no body runs, because then there is nothing to hold up, and by
a thread for just that where one does.

The run is over for this invocation when the durable work is quiet and the loop is idle. Timers, tasks and descriptors
of the user's own, and work they have given to threads, do not hold it open, beyond a short grace. The workflow is then
cancelled like any task, so its `finally` blocks run; what it does after that changes nothing, because the stop flag is
sticky.
"""

from __future__ import annotations

import asyncio
from _thread import get_ident
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from perdure import StepError
from perdure_runtime.core.quiescence import SOON
from perdure_runtime.drivers.aio_loop import GRACE
from perdure_runtime.drivers.aio_waiter import Waiter
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure_runtime.drivers.aio_branches import AioBranches
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.run import Run
    from perdure_runtime.host import Host

__all__ = ["FOREIGN_GRACE", "Watch"]

FOREIGN_GRACE = 0.1
"""Seconds that timers and descriptors of the user's own hold a run open that is otherwise done waiting."""
BUSY = 64
"""Turns after which a loop that never idles counts as idle all the same."""
MOST_CANCELS = 3


class Watch:
    """Watches over the loop for the length of one run."""

    _body: asyncio.Task[Any] | None = None
    _broken: BaseException | None = None
    _cancels = 0
    _deadline: float | None = None
    _ended = False
    _turns = 0

    def __init__(self, run: Run, loop: Loop, host: Host) -> None:
        self._run = run
        self._loop = loop
        self._host = host
        self._clock = host.clock
        self._thread = get_ident()
        self.branches: AioBranches | None = None
        """Who opens branches."""
        self._unsettled: list[Waiter] = []
        """Those that wait for a ticket."""
        self._parked: dict[str, list[Waiter]] = {}
        self._woken: deque[Waiter] = deque()
        """Those that go on in this turn of the loop, or in the next."""
        self._late: deque[asyncio.Future[None]] = deque()

    @property
    def log(self) -> DurableLogger:
        """For what is told of the workflow as a whole; of most there is nothing to tell."""
        return DurableLogger(LogScope(self._run.committer.arn))

    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401  the handler's result
        """Run a workflow until it ends or has to stop; raises `Stop` for the latter."""
        loop, committer = self._loop, self._run.committer
        if asyncio._get_running_loop() is not None:  # noqa: SLF001  the public question raises for the usual answer
            error = RuntimeError("an async durable function was called inside a running event loop")
            self._run.fail(error)
            raise error
        loop.begin_run()
        loop.idle.ask = self._ask
        committer.on_answer = self._notify
        try:
            self._body = loop.start(main(), "the workflow")
            if self._cancels:  # while it began, and there was no task to cancel yet
                self._body.cancel()
            if not (self._body.done() and loop.is_bare):
                self._body.add_done_callback(self._end)
                self._turn_until_ended()
        except BaseException as error:  # of ours, or the process is to end; nothing of this run may linger on the loop
            if isinstance(error, Exception):
                self._run.fail(error)
            self._run.begin_stop()
            self._ended = True
            loop.idle.ask = None
            loop.sweep()
            raise
        finally:
            loop.idle.ask = committer.on_answer = None
        # The task's context leads back here; and an error's traceback must not keep the task by way of a local.
        body, self._body = self._body, None
        for task in loop.sweep(spared=body):
            self.log.error("a task outlives its invocation, although it was cancelled", task=task.get_name())
        if not body.done():
            loop.kept.add(body)
            self._run.abandon()
        try:
            if not body.cancelled():
                return body.result()
        finally:
            del body
        if self._run.stopping:
            raise Stop
        raise StepError("the workflow cancelled its own task", "asyncio.CancelledError")

    def _turn_until_ended(self) -> None:
        was_stopped = self._loop.is_stopped  # by the workflow, as it began
        self._loop.run_forever()
        if self._broken is not None:
            raise self._broken
        if was_stopped or not self._ended:
            raise RuntimeError("code of the workflow stopped the event loop; it is not the code's to stop")

    # What operations wait for

    def acknowledged(self, ticket: int, *, at_once: bool = False) -> tuple[Waiter] | tuple[()]:
        """What a task waits for until all up to this ticket is acknowledged; nothing where it is.

        Where nothing else goes on there is nothing to hold up, and what may be sent `at_once` is.
        """
        if at_once and self._is_alone():
            self._request(partial(self._run.committer.flush, ticket))
            if self._run.committer.settled >= ticket and not self._run.stopping:
                return ()
        waiter = Waiter(self._loop, ticket, None)
        self._unsettled.append(waiter)
        return (waiter,)

    def _is_alone(self) -> bool:
        """Whether nothing goes on, or would, but what the code waits for that runs just now."""
        if self.branches is not None and self.branches.batches:
            return False
        activity = self._run.activity
        is_busy = self._unsettled or self._woken or activity.bodies or activity.commits
        return not is_busy and self._loop.has_nothing_else

    async def moved(self, operation_id: str, ticket: int) -> None:
        """Return once all up to this ticket is acknowledged, and the journal holds a newer state: maybe at once."""
        run = self._run
        waiter = Waiter(self._loop, ticket, operation_id)
        if ticket > run.committer.settled:
            self._unsettled.append(waiter)
        elif run.journal.is_waiting(operation_id):
            self._park(operation_id, waiter)
        else:
            return
        try:
            await waiter
        finally:
            waiting = None if run.stopping else self._parked.get(operation_id)  # a run that only unwinds needs no count
            if waiting is not None and waiter in waiting:
                run.activity.unpark(operation_id)
                waiting.remove(waiter)
                if not waiting:
                    del self._parked[operation_id]

    def _park(self, operation_id: str, waiter: Waiter) -> None:
        self._parked.setdefault(operation_id, []).append(waiter)
        self._run.activity.park(operation_id, self._run.journal.wake(operation_id))

    async def handed_over(self) -> None:
        """Return if nothing else keeps the execution going, so that this work has to be handed over."""
        future = self._loop.create_future()
        self._late.append(future)
        self._run.activity.late += 1
        try:
            await future
        finally:
            self._run.activity.late -= 1
            if future in self._late:
                self._late.remove(future)

    # Commits

    def _notify(self) -> None:
        """A request has been answered; called on whichever thread sent it."""
        if get_ident() == self._thread:  # it asked while its loop was about to wait, and need not be woken
            self._answered()
        else:
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
        news = run.journal.take_news()
        for operation_id in news if self._parked else ():
            if operation_id in self._parked and not run.journal.is_waiting(operation_id):
                self._woken.extend(self._parked[operation_id])
        self._go_on_up_to(committer.settled)

    def _go_on_up_to(self, settled: int) -> None:
        """Have go on, or park, what has waited for tickets up to this one."""
        waiting, self._unsettled = self._unsettled, []
        for waiter in waiting:
            if waiter.is_over:
                continue
            if waiter.ticket > settled:
                self._unsettled.append(waiter)
            elif (parks := waiter.parks) is not None and self._run.journal.is_waiting(parks):
                self._park(parks, waiter)
            else:
                self._woken.append(waiter)
        if self._woken:
            self._loop.call_soon(self._wake)

    def _wake(self) -> None:
        """All whose time has come go on, in one turn of the loop."""
        try:
            while self._woken:
                self._woken.popleft().wake()
        finally:
            if self._woken:  # one of them ends the process; they might yet clean up
                self._loop.call_soon(self._wake)

    def _send_what_waits(self) -> bool:
        """Send where somebody waits for it, or branches cannot begin before; whether there was anything."""
        if self._unsettled:
            self._flush()
        elif self.branches is not None and self.branches.are_held_up():
            self._request(self._run.committer.refresh)
        else:
            return False
        return True

    def _flush(self) -> None:
        # What the first in the queue waits for: those who go on then fill the next request.
        ticket = min(waiter.ticket for waiter in self._unsettled)
        self._request(partial(self._run.committer.flush, ticket))

    def _request(self, request: Callable[[], None]) -> None:
        """Make a request: on a thread of its own where bodies run on the loop meanwhile, else right here."""
        activity = self._run.activity
        activity.commits = 1
        if activity.bodies:
            self._host.sender.submit(partial(self._guarded, request))
        else:
            self._guarded(request)

    def _guarded(self, request: Callable[[], None]) -> None:
        try:
            request()
        except Exception:  # noqa: BLE001  kept in `failure`; one that was kept before sends no request, so it must be told
            self._notify()
        except BaseException as error:  # noqa: BLE001  raised again by `run`, whichever thread this is
            self._broken = error
            self._loop.call_soon_threadsafe(self._end, None)

    # Idleness

    def _ask(self, timeout: float | None) -> float | None:
        """How long the loop may wait: asked when it has run all it could."""
        is_busy = timeout is not None and timeout <= 0
        self._turns = self._turns + 1 if is_busy else 0
        if is_busy and self._turns <= BUSY:
            return timeout
        self._turns = 0
        longest = self._longest_wait(timeout)
        return timeout if is_busy else longest

    def _longest_wait(self, timeout: float | None) -> float | None:
        activity = self._run.activity
        if self._body is None or self._body.done():
            return timeout
        if self._run.stopping:
            return self._ask_while_stopping(timeout)
        if self.branches is not None and self.branches.open_some():
            return 0
        if not activity.commits and self._send_what_waits():
            return 0
        if not activity.quiet:
            self._deadline = None
            return timeout if activity.commits else self._until_due(timeout)
        if self._late and not activity.wakes_before(self._clock() + SOON):
            late = self._late.popleft()
            if not late.done():
                late.set_result(None)
            return 0
        return self._ask_when_quiet(timeout)

    def _until_due(self, timeout: float | None) -> float | None:
        """While other work goes on, a wait that falls due goes on too: the service is asked when it is time."""
        activity, now = self._run.activity, self._clock()
        left = activity.until_asking(now)
        if left is None:
            return timeout
        if left > 0:
            return _sooner(timeout, left)
        activity.asked(now)
        activity.commits = 1
        self._host.sender.submit(partial(self._guarded, self._run.committer.refresh))
        return timeout

    def _ask_when_quiet(self, timeout: float | None) -> float | None:
        activity, committer = self._run.activity, self._run.committer
        if committer.waiting or activity.until_asking(self._clock()) == 0:
            # The answer may bring what is waited for; brought after the run has stopped, it would not be seen.
            activity.asked(self._clock())
            self._request(committer.refresh)
            return 0
        now = self._loop.time()
        if timeout is not None or self._loop.watches_for_user_code:
            if self._deadline is None:
                self._deadline = now + FOREIGN_GRACE
            if now < self._deadline:
                return _sooner(timeout, self._deadline - now)
            tasks = [task.get_name() for task in asyncio.all_tasks(self._loop) if self._is_users(task)]
            if tasks or timeout is not None:  # not for a connection that is merely kept open
                self.log.warning(
                    "the workflow is suspended although work of its own is still going", tasks=tasks or "only a timer"
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
        self._run.begin_stop()
        self._deadline = None
        self._cancels += 1
        if self._cancels > MOST_CANCELS:
            self._loop.call_soon(self._end, None)
        elif self._body is not None:
            self._body.cancel()

    def _end(self, _body: object) -> None:
        """The workflow has ended, or will not; what it has left ready to run has had a turn by then."""
        if not self._ended:
            self._ended = True
            self._loop.stop()

    def _is_users(self, task: asyncio.Task[Any]) -> bool:
        return task is not self._body and not isinstance(task.get_coro(), DurableCall)


def _sooner(timeout: float | None, limit: float) -> float:
    return limit if timeout is None else min(timeout, limit)
