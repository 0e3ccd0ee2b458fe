"""All executions of a service: who may change one, when it is stored, what it needs next.

Every change takes the same way: the ledger decides in memory, the journal writes, then the answer goes out, listeners
are told, and `_wake` looks at what the execution needs: a timer, an invocation, nothing. A read is rendered first, and
goes out once the writes before it are done, so that nobody is told what a crash could still undo. All of it runs on one
event loop.

A journal that fails breaks the whole service. Any other error that nobody foresaw ends the execution that met it, as
far as this service goes: it is logged, whoever waits is told, and the next service takes the execution up.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

from perdure_local.chains import Chains
from perdure_local.deliveries import Answered
from perdure_local.entries import Entry
from perdure_local.hosting import Hosting
from perdure_local.journal import JournalFailed
from perdure_local.ledger import (
    AWS_LIMITS,
    ErrorObject,
    Execution,
    Failed,
    Fault,
    Kind,
    Limits,
    Returned,
    Status,
    invokes_of,
    read_callback_id,
    unknown_callback,
)
from perdure_local.ledger.faults import invalid, missing
from perdure_local.notices import ExecutionResumed, InvocationStarted, notices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from perdure_local.clock import RealClock
    from perdure_local.functions import Function
    from perdure_local.journal import Journal
    from perdure_local.ledger import Answer, Change, InvokeEnd, Operation, Record
    from perdure_local.ledger.pages import Page
    from perdure_local.notices import Notice
    from perdure_local.starts import Start
    from perdure_local.workers import Pool, Worker

_LOG = logging.getLogger("perdure_local")
_NAP = 30.0
"""The longest sleep before the clock is looked at again: a machine that was suspended must not oversleep."""


class ServiceStopped(Exception):
    """The service was closed or broke, or a bug of it stopped the execution, before what was waited for happened."""


class Host(NamedTuple):
    """What the executions of a service live with."""

    journal: Journal
    clock: RealClock
    mint: Callable[[], str]
    """Makes a new unique id."""
    publish: Callable[[Notice], None]
    limits: Limits = AWS_LIMITS


class Executions:
    """The executions of a service, running and ended."""

    def __init__(self, host: Host, records: Sequence[Record] = ()) -> None:
        self._host = host
        self._entries: dict[str, Entry] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.hosting = Hosting(host.mint)
        self._tasks: set[asyncio.Task[None]] = set()
        self._chains = Chains(self, host.mint, host.limits)
        self._is_open = True
        self.failure: BaseException | None = None
        """What broke the service, if anything did."""
        for record in records:
            self._adopt(Entry(Execution.restore(record, host.limits), is_left_over=True))

    # Life

    async def recover(self) -> None:
        """Take up what a service that died left: its invocations in flight are over, and cost no attempt."""
        for arn, entry in self._entries.items():
            execution = entry.execution
            self._host.clock.resume(arn, execution.progress.touched_at)
            if execution.is_running and execution.progress.invocation_id is not None:
                error = ErrorObject(ErrorType="Runtime.ExitError", ErrorMessage="The local service was restarted")
                now = self._host.clock.now(arn)
                execution.finish_invocation(execution.progress.invocation_id, Failed(error, is_counted=False), now)
                await self._settle(entry)
            if not execution.is_running:
                entry.ended.set()

    def serve(self, pool: Pool, *, take_up: bool = True) -> None:
        """Run invocations of a function from now on; with `take_up`, those of executions that were found, too."""
        self.hosting.add(pool)
        if take_up:
            for execution in tuple(self.of_function(pool.function.name)):
                self.take_up(execution.spec.arn)
        for entry in self._entries.values():
            self._chains.begin(entry, entry.execution.open_invokes())

    def take_up(self, arn: str) -> None:
        """Let an execution that was found go on; one that does so already, or is over, is left alone."""
        entry = self._entry(arn)
        if not entry.is_asleep:
            return
        entry.is_asleep = False
        execution = entry.execution
        if execution.is_running:
            self._host.publish(
                ExecutionResumed(
                    arn=arn,
                    at=round(self._host.clock.now(arn), 3),
                    name=execution.spec.name,
                    operations=sum(operation.kind is not Kind.EXECUTION for operation in execution.operations),
                    invocations=execution.progress.invocations,
                )
            )
            self._wake(entry)
            self._chains.begin(entry, execution.open_invokes())

    async def close(self) -> None:
        """Stop at once; what is in flight is taken up by `recover`."""
        self._is_open = False
        for entry in self._entries.values():
            if entry.timer is not None:
                entry.timer.cancel()
            entry.ended.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What callers ask

    def knows(self, arn: str) -> bool:
        """Return whether there is such an execution."""
        return arn in self._entries

    def find(self, arn: str) -> Execution:
        """Return an execution; raises a fault for one that does not exist."""
        return self._entry(arn).execution

    def of_function(self, name: str) -> Iterator[Execution]:
        """Yield a function's executions, oldest first."""
        return (entry.execution for entry in self._entries.values() if entry.execution.spec.function == name)

    async def settled(self) -> None:
        """Wait until everything that could be read when this was called is on disk: render first, then wait."""
        await self._host.journal.commit(None)

    async def start(self, asked: Start) -> Execution:
        """Start an execution, or go on with the one that has the same name and payload (PROTOCOL 9.3)."""
        asked.check()
        function = asked.function
        if asked.name is not None and (known := self._names.get((function.name, asked.name))) is not None:
            execution = self.find(known)
            await self.settled()
            if execution.spec.payload != asked.payload:
                raise Fault(
                    "DurableExecutionAlreadyStartedException",
                    f"An execution named {asked.name} of {function.name} was started with another payload: {known}",
                )
            self.take_up(known)
            return execution
        identity = self._host.mint()
        spec = asked.spec(identity, self._host.clock.now(asked.arn(identity)))
        entry = self._adopt(Entry(Execution.start(spec, self._host.limits)))
        await self._settle(entry)
        return entry.execution

    async def start_chained(self, asked: Start, arn: str) -> None:
        """Start the execution that a chained invoke was promised, at its parent's time."""
        if asked.parent is not None:
            self._host.clock.resume(arn, self._host.clock.now(asked.parent.arn))
        spec = asked.spec(arn.rsplit("/", 1)[1], self._host.clock.now(arn))
        await self._settle(self._adopt(Entry(Execution.start(spec, self._host.limits))))

    async def wait(self, arn: str) -> Execution:
        """Wait until an execution is over."""
        entry = self._entry(arn)
        await entry.ended.wait()
        if entry.execution.is_running:
            if entry.failure is not None:
                raise ServiceStopped(f"{arn} cannot go on: {entry.failure!r}") from entry.failure
            raise ServiceStopped(f"the service stopped while {arn} was running") from self.failure
        return entry.execution

    def call_later(self, function: Function, payload: str, tenant_id: str | None = None) -> None:
        """Run one invocation of a function that is not durable, for nobody who waits."""

        async def call() -> None:
            await self.hosting.call(function, payload, tenant_id)

        self.spawn(call())

    async def checkpoint(
        self, arn: str, token: str, updates: Sequence[object], client_token: str | None, invalid_token: str
    ) -> Answer:
        """Record a batch of updates; returns once it is on disk."""
        entry = self._entry_of_worker(arn)
        try:
            return entry.execution.checkpoint(
                token,
                updates,
                client_token,
                self._host.clock.now(arn),
                invalid_token=invalid_token,
                resolve=self._chains.resolve,
            )
        finally:
            await self._settle(entry)

    async def state(self, arn: str, token: str, marker: str | None, limit: int, invalid_token: str) -> Page:
        """Return a page of an execution's operations."""
        entry = self._entry_of_worker(arn)
        try:
            return entry.execution.state(token, marker, limit, self._host.clock.now(arn), invalid_token=invalid_token)
        finally:
            await self._settle(entry)

    async def stop(self, arn: str, error: ErrorObject | None) -> float:
        """Stop an execution; returns when it ended."""
        entry = self._entry(arn)
        try:
            return entry.execution.stop(error, self._host.clock.now(arn))
        finally:
            await self._settle(entry)

    async def answer_callback(self, callback_id: str, answer: Callable[[Execution, str, float], None]) -> None:
        """Have `answer(execution, operation id, now)` do something to a callback."""
        address = read_callback_id(callback_id)
        entry = self._entries.get(address.arn)
        if entry is None:
            raise unknown_callback(callback_id)
        try:
            answer(entry.execution, address.operation_id, self._host.clock.now(address.arn))
        finally:
            await self._settle(entry)

    def open_callbacks(self) -> Iterator[tuple[Execution, Operation, float]]:
        """Yield the callbacks that wait, those of the oldest executions first, and what time it is for them."""
        for entry in self._entries.values():
            if entry.execution.is_running and entry.execution.awaits_outside:
                for operation in entry.execution.operations:
                    if operation.kind is Kind.CALLBACK and operation.status is Status.STARTED:
                        yield entry.execution, operation, self._host.clock.now(entry.execution.spec.arn)

    async def report(self, parent: Entry, operation_id: str, end: InvokeEnd, ended_at: float | None = None) -> None:
        """Tell an execution how a function that it invoked has ended, and, if that has a time of its own, when."""
        execution, clock = parent.execution, self._host.clock
        arn = execution.spec.arn
        if not execution.is_running:
            return
        if ended_at is not None:
            clock.catch_up(arn, ended_at)
        try:
            execution.finish_invoke(operation_id, end, clock.now(arn))
        finally:
            await self._settle(parent)

    def spawn(self, work: Coroutine[None, None, None], entry: Entry | None = None) -> None:
        """Have work done in the background, unless all is being stopped; a bug in it ends the execution it is for."""
        if not self._is_open:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._finished(task, entry))

    # How it is done

    def _entry(self, arn: str) -> Entry:
        entry = self._entries.get(arn)
        if entry is None:
            raise missing(f"Durable execution not found: {arn}")
        return entry

    def _entry_of_worker(self, arn: str) -> Entry:
        # The model has no not-found error for the two calls of a runtime.
        entry = self._entries.get(arn)
        if entry is None:
            raise invalid(f"Durable execution not found: {arn}")
        return entry

    def _adopt(self, entry: Entry) -> Entry:
        spec = entry.execution.spec
        self._entries[spec.arn] = entry
        self._names[spec.function, spec.name] = spec.arn
        return entry

    def _settle(self, entry: Entry) -> Coroutine[None, None, None]:
        """Store what has happened, tell listeners, and see what is next.

        By the time this returns, even if nothing was awaited, no later read can overtake the change.
        """
        change = entry.execution.drain()
        return self._tell(entry, change, self._host.journal.put(change))

    async def _tell(self, entry: Entry, change: Change | None, stored: asyncio.Future[None]) -> None:
        await stored
        if change is None:
            return
        for notice in notices_of(change):
            self._host.publish(notice)
        self._chains.begin(entry, invokes_of(change))
        if not entry.execution.is_running:
            entry.ended.set()
            self._host.clock.forget(change.arn)
        self._wake(entry)

    def _wake(self, entry: Entry) -> None:
        """See to it that whatever the execution needs next will happen."""
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None
        execution = entry.execution
        pool = self.hosting.pool(execution.spec.function)
        if not self._is_open or not execution.is_running or pool is None or entry.is_asleep:
            return
        arn, clock = execution.spec.arn, self._host.clock
        before = execution.progress
        execution.fire(clock.now(arn))
        if execution.progress is not before:
            self.spawn(self._settle(entry), entry)
            return
        if execution.is_ready(clock.now(arn)) and not entry.is_dispatched:
            entry.is_dispatched = True
            self.spawn(self._invoke(entry, pool), entry)
        due = execution.next_due() if entry.is_idle else execution.next_timer()
        if due is not None:
            # While somebody may still answer, time passes as it does: an approval must be able to beat a timeout.
            delay = clock.delay(arn, due, idle=entry.is_idle and not execution.awaits_outside)
            entry.timer = asyncio.get_running_loop().call_later(min(delay, _NAP), self._wake, entry)

    async def _invoke(self, entry: Entry, pool: Pool) -> None:
        worker = await pool.acquire()
        try:
            # It may have ended, by its timeout or by a stop, while it waited for a worker.
            if entry.execution.is_ready(self._host.clock.now(entry.execution.spec.arn)):
                await self._run(entry, worker)
        finally:
            pool.release(worker)
            entry.is_dispatched = False
        await self._settle(entry)
        self._wake(entry)

    async def _run(self, entry: Entry, worker: Worker) -> None:
        execution, clock = entry.execution, self._host.clock
        arn = execution.spec.arn
        began_at = round(clock.now(arn), 3)
        invocation = execution.begin_invocation(self._host.mint(), began_at)
        number = execution.progress.invocations
        await self._settle(entry)
        self._host.publish(InvocationStarted(arn=arn, at=began_at, request_id=invocation.id, number=number))
        event = orjson.dumps(invocation.event)
        delivery = self.hosting.delivery(execution.spec.function_arn, event, invocation.id)
        ending = await worker.run(replace(delivery, execution=arn, tenant_id=execution.spec.tenant_id))
        outcome = Returned(ending.body) if isinstance(ending, Answered) else ending
        execution.finish_invocation(invocation.id, outcome, clock.now(arn))

    def _finished(self, task: asyncio.Task[None], entry: Entry | None) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, JournalFailed):
            self.failure = self.failure or error
            for each in self._entries.values():
                each.ended.set()
            return
        if not isinstance(error, ServiceStopped):  # that of another execution, which was told then
            _LOG.error("a bug of the local service", exc_info=error)
        if entry is not None:
            entry.fail(error)
