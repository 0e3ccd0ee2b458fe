"""The workflow's own line of work, where code is written as plain functions: it runs on the thread of the invocation.

While it is the only line there is nothing to switch to: a body runs right here, a commit is waited for right here, and
an operation that has to wait means that the whole invocation has to. Where it comes to a batch, the hub takes over
until the batch is decided.
"""

from __future__ import annotations

from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, assert_type

from perdure_runtime.core.effects import Aside, Call, Commit, Enter, Fan, HandOver, Ok, Outcome, Park, Raised
from perdure_runtime.drivers.context import enter_here
from perdure_runtime.drivers.frames import without_engine_frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from perdure_runtime.core.effects import Op
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.drivers.hub import Hub

__all__ = ["Line"]

T = TypeVar("T")


class Line:
    """Interprets the effects of one operation after another."""

    __slots__ = ("_make_hub", "_run", "_setting", "closed", "hub", "owed")

    def __init__(self, setting: Setting, make_hub: Callable[[Setting], Hub]) -> None:
        self._setting = setting
        self._run = setting.run
        self._make_hub = make_hub
        self.hub: Hub | None = None
        """Who drives branches, once there have been any."""
        self.closed = False
        self.owed = 0
        """The ticket that has to be acknowledged before the next body begins."""

    def stop(self) -> NoReturn:
        """The whole run unwinds; raises `Stop`."""
        self._run.stop()

    def perform(self, operation: Op[T]) -> T:
        """Drive `operation` to its end; raises `Stop` where that is not in this invocation."""
        send = operation.send
        reply: Any = None
        while True:
            try:
                effect = send(reply)
            except StopIteration as end:
                value: T = end.value
                return value
            reply = None
            # In the order of their number; a `match` on classes would cost more than it decides.
            if isinstance(effect, Call):
                reply = self._call(effect)
            elif isinstance(effect, Commit):
                self._flush(effect.ticket)
            elif isinstance(effect, Enter):
                reply = self._run_context(effect.body, effect.scope)
            elif isinstance(effect, Park):
                self._park(effect.operation_id, effect.ticket)
            elif isinstance(effect, Fan):
                self._branch_out(effect)
            elif isinstance(effect, Aside):
                reply = _done_here(effect.work)
            else:
                assert_type(effect, HandOver)  # nothing else is going on that could be waited for

    def _flush(self, ticket: int) -> None:
        committer = self._run.committer
        committer.flush(ticket)
        if committer.over:
            self._run.stop()

    def _call(self, call: Call) -> Outcome[object]:
        run = self._run
        if ticket := run.committer.before(self, call):
            self._flush(ticket)
        run.worked = True
        try:
            # A context of its own: what a body sets in a ContextVar must not leak into the workflow, where a replay,
            # which does not run the body, would not find it.
            context = copy_context()
            result = context.run(call.body, call.attempt)
            return Ok(self._awaited(result, context) if isinstance(result, CoroutineType) else result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except BaseException as error:
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation  # hardly any code does this

            if is_cancellation(error):
                return Raised(cancelled_within())
            raise

    def _awaited(self, coroutine: Any, variables: Context) -> object:  # noqa: ANN401  an async body's
        """What an async body comes to; it runs on the one loop of the process, wherever that turns now."""
        if self.hub is not None and self.hub.loop_thread is not None:
            return self.hub.loop_thread.run(coroutine, variables)
        from perdure_runtime.drivers.aio_loop import run_coroutine  # asyncio, only where it is needed

        return variables.run(run_coroutine, coroutine)

    def _branch_out(self, fan: Fan) -> None:
        """Hand over to the hub until the batch is decided."""
        if self.hub is None:
            self.hub = self._make_hub(self._setting)
        self.hub.run(fan, self)

    def _run_context(self, body: Callable[[Any], object], scope: Scope) -> Outcome[object]:
        try:
            value = enter_here(self._setting, self, body, scope)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._check_not_unwound()
            return Raised(without_engine_frames(error))  # in no local: the error's frames lead to this one
        except BaseException as error:
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation

            if not is_cancellation(error):
                raise
            self._check_not_unwound()
            return Raised(cancelled_within())
        self._check_not_unwound()
        return Ok(value)

    def _check_not_unwound(self) -> None:
        """Whatever code makes of being unwound, it is not an outcome."""
        run = self._run
        if run.stopping or run.fatal is not None:
            run.stop()

    def _park(self, operation_id: str, ticket: int) -> None:
        """Return if the operation has moved on meanwhile; else this invocation is over."""
        run = self._run
        if ticket:
            self._flush(ticket)
        if run.committer.waiting and run.journal.is_waiting(operation_id):
            run.committer.drain()  # an answer may bring what is waited for
        if run.journal.is_waiting(operation_id) or run.committer.over:
            run.activity.park(operation_id, run.journal.wake(operation_id))
            run.stop()


def _done_here(work: Callable[[], Any]) -> Outcome[Any]:
    """The outcome of work that waits for something elsewhere; where nothing else goes on, everything waits with it."""
    try:
        return Ok(work())
    except Exception as error:  # noqa: BLE001  told to the operation that asked for it
        return Raised(error)
