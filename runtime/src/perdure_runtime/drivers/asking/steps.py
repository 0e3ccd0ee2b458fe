"""Asking for a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.contexts import CURRENT_STEP
from perdure.errors import DurableCallRefused
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import EncodedSteps
from perdure_runtime.drivers.asking.functions import check_serdes, fits, is_async, name_of, plain_step, split_name
from perdure_runtime.drivers.calls import Asked
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.running_step import RunningStep, scope_of_attempt
from perdure_runtime.logs import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import StepOptions
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.operations.step import Values
    from perdure_runtime.drivers.calls import Calls, Setting

__all__ = ["ask_step", "attempt_body", "step_inside", "step_work"]

CALLED = "ctx.step()"


def ask_step(calls: Calls[Any], fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:  # noqa: ANN401  typed by the sdk
    """`ctx.step(fn, …)`, or `ctx.step(name, fn, …)`."""
    calls.admit(CALLED)
    setting = calls.setting
    name, function, rest = split_name(fn, args)
    body, options = plain_step(function, CALLED)
    check_serdes(CALLED, "serdes", options.serdes)
    values, chain = setting.forms.of(body, options), setting.chain_of(options.codecs, body)
    identity, record = calls.ask(Kind.STEP, Subtype.STEP, name_of(name, options.name, body))
    encoded = EncodedSteps(setting, identity, values, chain)
    work = step_work(setting, identity, (body, rest, kwargs), options, encoded)
    return Asked(identity, record, step(setting.run.journal, identity, work))


def step_inside(
    setting: Setting, scope: Scope, call: tuple[Callable[..., Any], tuple[Any, ...]], options: StepOptions
) -> Op[Outcome[Any]]:
    """A step that is all there is in a context: no code of a context runs for it."""
    body, args = call
    journal = setting.run.journal
    identity = scope.take(Kind.STEP, Subtype.STEP, name_of(None, options.name, body))
    record = journal.ask(identity, sealed=scope.sealed)
    scope.begins(record)
    chain = setting.chain_of(options.codecs, body)
    values = EncodedSteps(setting, identity, setting.forms.of(body, options), chain)
    work = step_work(setting, identity, (body, args, {}), options, values)
    outcome = yield from step(journal, identity, work)
    scope.ended(record, journal)
    return outcome


def step_work(
    setting: Setting,
    identity: Identity,
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]],
    options: StepOptions,
    values: Values,
) -> StepWork:
    """One call of a function as a step."""
    body, args, kwargs = call

    def told(error: Exception, attempt: int, delay: int | None) -> None:
        from perdure_runtime.logs.attempts import attempt_failed  # where an attempt has failed

        scope = scope_of_attempt(setting.execution.arn, identity, attempt)
        attempt_failed(scope, without_engine_frames(error), delay)

    return StepWork(
        attempt_body(setting, identity, body, args, kwargs),
        is_async(body),
        options,
        values,
        setting.random,
        told,
        setting.is_late,
    )


def attempt_body(
    setting: Setting, identity: Identity, body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[int], object]:
    """What an attempt runs: the user's function, as a step that can be asked for."""

    def run_body(attempt: int) -> object:
        running = RunningStep(identity, attempt, setting.execution.arn, setting.lambda_context)
        SCOPE.set(running)
        CURRENT_STEP.set(running)
        try:
            return body(*args, **kwargs)
        except TypeError as error:
            if fits(body, args, kwargs):
                raise
            # Nothing of the function ran, and nothing of it will at another attempt.
            raise DurableCallRefused(CALLED, str(error)) from None

    return run_body
