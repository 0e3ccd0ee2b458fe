"""Asking for a callback, for its result, or for both with a step between."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any

from perdure.durations import seconds_of
from perdure.functions import StepOptions
from perdure.names import LONGEST_NAME
from perdure_runtime.core.effects import Ok
from perdure_runtime.core.operations.callback import (
    CallbackTimes,
    Submission,
    callback_result,
    create_callback,
    submitted_callback,
)
from perdure_runtime.core.operations.child import ChildWork, child
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import EncodedSteps
from perdure_runtime.drivers.asking.functions import check_serdes, is_async, name_of, plain_step
from perdure_runtime.drivers.asking.steps import attempts_at, step_work
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Duration, Serdes
    from perdure.steps import RetryChoice
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.operations.protocols import CallbackValues
    from perdure_runtime.drivers.calls import Asked, Calls

__all__ = ["CallbackHandle", "ask_callback", "ask_wait_for_callback"]

LONGEST = 99_999_999
"""Seconds; what the service takes for a callback."""
CREATE, SUBMIT = "create callback id", "submitter"
CREATING = "ctx.create_callback()"
WAITING = "ctx.wait_for_callback()"


class CallbackHandle:
    """Implements `perdure.Callback`, and `perdure.AsyncCallback`."""

    __slots__ = ("_ask", "_perform", "id")

    def __init__(self, callback_id: str, ask: Callable[[], Asked], perform: Callable[[Asked], Any]) -> None:
        self.id = callback_id
        self._ask = ask
        self._perform = perform

    def result(self) -> Any:  # noqa: ANN401  typed by the sdk
        """What the callback was completed with."""
        return self._perform(self._ask())

    def __repr__(self) -> str:
        return f"<callback {self.id}>"


class _Awaited:
    """The values of the context that `wait_for_callback` is: what its callback came to."""

    __slots__ = ("_values",)

    def __init__(self, values: Any) -> None:  # noqa: ANN401  see `perdure_runtime.values`
        self._values = values

    def store(self, value: object, _identity: Identity) -> tuple[str, object]:
        stored: tuple[str, object] = self._values.store(value)
        return stored

    def read(self, text: str | None, _identity: Identity) -> object:
        return self._values.read_stored(text)

    def summary(self, _value: object) -> str:
        return ""

    def describe(self, error: BaseException) -> dict[str, Any]:
        described: dict[str, Any] = self._values.describe(error)
        return described

    def revive(self, error: dict[str, Any] | None, identity: Identity, _attempts: int) -> Exception:
        revived: Exception = self._values.revive_context(error, identity)
        return revived


def ask_callback(
    calls: Calls[Any],
    name: str | None,
    limits: tuple[Duration | None, Duration | None],
    values: tuple[Any, Serdes[Any] | None],
    perform: Callable[[Asked], Any],
) -> AskedOperation:
    """`ctx.create_callback(…)`: its time limits, its result type and serdes, and how its result will be waited for."""
    calls.admit(CREATING)
    check_serdes(CREATING, "serdes", values[1], values[0])
    times = _times(*limits)
    form = calls.setting.forms.of_callback(*values)
    identity, record = calls.ask(Kind.CALLBACK, Subtype.CALLBACK, name)
    return AskedOperation(identity, record, _created(calls, identity, times, form, perform))


def _created(
    calls: Calls[Any], identity: Identity, times: CallbackTimes, values: CallbackValues, perform: Callable[[Asked], Any]
) -> Op[Outcome[Any]]:
    journal = calls.run.journal
    outcome = yield from create_callback(journal, identity, times)

    def ask() -> AskedOperation:
        return AskedOperation(identity, journal.find(identity.id), callback_result(journal, identity, values))

    return Ok(CallbackHandle(outcome.value, ask, perform)) if isinstance(outcome, Ok) else outcome


def ask_wait_for_callback(
    calls: Calls[Any],
    submit: Any,  # noqa: ANN401  typed by the sdk
    name: str | None,
    limits: tuple[Duration | None, Duration | None],
    retry: RetryChoice | None,
    values: tuple[Any, Serdes[Any] | None],
) -> AskedOperation:
    """`ctx.wait_for_callback(…)`."""
    from perdure.retries import as_policy

    calls.admit(WAITING)
    check_serdes(WAITING, "serdes", values[1], values[0])
    setting = calls.setting
    body, own = plain_step(submit, WAITING)
    options = StepOptions(retry=own.retry if retry is None else as_policy(retry), once=own.once)
    times = _times(*limits)
    form = setting.forms.of_callback(*values)
    chosen = name_of(name, own.name, body)
    identity, record = calls.ask(Kind.CONTEXT, Subtype.WAIT_FOR_CALLBACK, chosen)
    scope = calls.inner(identity)

    submit_alone = _without_result(body)
    # What a submitter returns is nobody's business, and need not be something that can be recorded.
    work = step_work(setting, submit_alone, options, EncodedSteps(setting, setting.forms.of(_nothing, options), None))

    def handing_on(handed_on: Identity, callback_id: str) -> Callable[[int], object]:
        return attempts_at(setting, handed_on, submit_alone, (callback_id,), {})

    submission = Submission(times, form, (_inner(chosen, CREATE), _inner(chosen, SUBMIT)), work, handing_on)
    journal = setting.run.journal
    context = ChildWork(_Awaited(form), calls.home)
    run = child(journal, identity, scope, context, lambda: submitted_callback(journal, scope, submission), record)
    return AskedOperation(identity, record, run)


def _without_result(submit: Callable[..., Any]) -> Callable[..., Any]:
    if is_async(submit):

        @wraps(submit)
        async def submitted_async(callback_id: str) -> None:
            await submit(callback_id)

        return submitted_async

    @wraps(submit)
    def submitted(callback_id: str) -> None:
        submit(callback_id)

    return submitted


def _nothing() -> None:
    """Stands for what a submitter returns."""


def _inner(name: str | None, what: str) -> str:
    """The name of an operation inside; it has to fit together with the outer one's."""
    return what if name is None else f"{name[: LONGEST_NAME - len(what) - 1]} {what}"


def _times(timeout: Duration | None, heartbeat: Duration | None) -> CallbackTimes:
    return CallbackTimes(_limit("timeout", timeout), _limit("heartbeat", heartbeat))


def _limit(what: str, duration: Duration | None) -> int:
    if duration is None:
        return 0
    seconds = math.ceil(seconds_of(duration))
    if not 1 <= seconds <= LONGEST:
        raise ValueError(f"{what} is between 1 and {LONGEST} seconds, or None for no limit, not {duration!r}")
    return seconds
