"""The `Context` of a workflow written as plain functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.drivers.calls import Asked, Calls, Setting, result_of
from perdure_runtime.drivers.line import Line
from perdure_runtime.logs import DurableLogger

if TYPE_CHECKING:
    from perdure import Duration, Execution, LambdaContext, Logger

__all__ = ["ContextFacts", "LineContext"]


class ContextFacts:
    """What contexts of both colours tell."""

    __slots__ = ("_setting",)

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    @property
    def logger(self) -> Logger:
        """A logger that is silent during replay."""
        return DurableLogger(self._setting.log_scope)

    @property
    def execution(self) -> Execution:
        """Facts about the execution."""
        return self._setting.execution

    @property
    def lambda_context(self) -> LambdaContext:
        """The context object of this invocation."""
        return self._setting.lambda_context

    @property
    def suspending(self) -> bool:
        """Whether the handler is being unwound."""
        return self._setting.run.stopping


class LineContext(ContextFacts):
    """Implements `perdure.Context`."""

    __slots__ = ("_calls", "_line")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._calls = Calls(setting)
        self._line = Line(setting.run)

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  typed by perdure.Context
        """Run a function once and record what it returned."""
        return self._perform(self._calls.step(fn, args, kwargs))

    def wait(
        self,
        duration: Duration | None = None,
        /,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        name: str | None = None,
    ) -> None:
        """Suspend until the time has passed."""
        self._perform(self._calls.wait(duration, (days, hours, minutes, seconds), name))

    def _perform(self, asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.Context
        calls = self._calls
        run = self._setting.run
        try:
            calls.begins(asked)
            outcome = self._line.perform(asked.operation)
            calls.ended(asked)
        except Exception as error:  # noqa: BLE001  user code's failures are outcomes: this is the service's, or ours
            run.fail(error)
            run.stop()
        finally:
            # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
            asked.operation.close()
        try:
            return result_of(outcome)
        finally:
            del outcome
