"""The driver of one line of work: runs operations on the thread that runs the handler.

With a single line there is nothing to switch to. A body runs right here, a commit is waited for right here, and an
operation that has to wait means that the whole invocation has to.
"""

from __future__ import annotations

from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from perdure_runtime.core.effects import Call, Commit, Ok, Outcome, Park, Raised
from perdure_runtime.drivers.frames import without_engine_frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.effects import Op
    from perdure_runtime.drivers.run import Run

__all__ = ["Line"]

T = TypeVar("T")


class Line:
    """Interprets the effects of one operation after another."""

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def perform(self, operation: Op[T]) -> T:
        """Drive `operation` to its end; raises `Stop` where that is not in this invocation."""
        reply: Any = None
        while True:
            try:
                effect = operation.send(reply)
            except StopIteration as end:
                value: T = end.value
                return value
            match effect:
                case Commit(updates, durable):
                    self._commit(updates, durable=durable)
                    reply = None
                case Call(body, attempt, _):
                    reply = self._call(body, attempt)
                case Park(operation_id, wake):
                    self._park(operation_id, wake)
                    reply = None
                case _:
                    assert_never(effect)

    def _commit(self, updates: tuple[dict[str, Any], ...], *, durable: bool) -> None:
        committer = self._run.committer
        ticket = committer.push(updates, durable=durable)
        if durable:
            committer.flush(ticket)
            if committer.over:
                self._run.stop()

    def _call(self, body: Callable[[int], object], attempt: int) -> Outcome[object]:
        activity = self._run.activity
        activity.bodies += 1
        try:
            # A context of its own: what a body sets in a ContextVar must not leak into the workflow, where a replay,
            # which does not run the body, would not find it.
            context = copy_context()
            result = context.run(body, attempt)
            if isinstance(result, CoroutineType):
                from perdure_runtime.drivers.aio_loop import run_coroutine  # asyncio, only where it is needed

                result = context.run(run_coroutine, result)
            return Ok(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        finally:
            activity.bodies -= 1

    def _park(self, operation_id: str, wake: float | None) -> None:
        """Return if the operation has moved on meanwhile; else this invocation is over."""
        if self._run.journal.is_waiting(operation_id):
            activity = self._run.activity
            activity.park(operation_id, wake)
            if not activity.quiet:
                raise RuntimeError(f"{activity!r} parks, but there is only one line of work")
            self._run.stop()
