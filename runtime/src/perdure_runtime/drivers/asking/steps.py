"""Asking for a step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from perdure.contexts import CURRENT_STEP
from perdure.errors import DurableCallRefused
from perdure.functions import Optioned
from perdure.names import checked_name
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.step import StepWork, recorded, step
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import UNTOLD, EncodedSteps
from perdure_runtime.drivers.asking.functions import (
    check_serdes,
    fits,
    is_async,
    lasting,
    name_of,
    plain_step,
)
from perdure_runtime.drivers.calls import Asked
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.running_step import RunningStep, scope_of_attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Step, StepOptions
    from perdure_runtime.core.effects import Begun, Op, Outcome
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.calls import Calls, Setting

__all__ = ["KnownStep", "attempted", "attempts_at", "step_inside", "step_work", "take_step"]

CALLED = "ctx.step()"
FACTS = Kind.STEP.value, Subtype.STEP
TakenStep: TypeAlias = "tuple[Identity, Record | None, StepWork]"
ToldStep: TypeAlias = "tuple[object, dict[str, Any]]"


class KnownStep:
    """What all calls of one function as a step have in common."""

    __slots__ = ("encoded", "name", "work")

    def __init__(self, name: str | None, work: StepWork, encoded: EncodedSteps) -> None:
        self.name = name
        self.work = work
        self.encoded = encoded


class AskedStep(Asked):
    """A call of a function as a step."""

    def __init__(
        self,
        identity: Identity,
        record: Record | None,
        setting: Setting,
        work: StepWork,
        call: tuple[Any, tuple[Any, ...], dict[str, Any]],
    ) -> None:
        self.identity = identity
        self.record = record
        self._setting = setting
        self._work = work
        self._call = call

    def begin(self) -> Begun[Any]:
        """Its outcome where that is recorded, else its attempts, which are to be driven."""
        identity, record, work = self.identity, self.record, self._work
        if record is not None and (outcome := recorded(identity, work, record)) is not None:
            return outcome
        first, args, kwargs = self._call
        return attempted(self._setting, identity, work, record, first, args, kwargs)


def attempted(
    setting: Setting,
    identity: Identity,
    work: StepWork,
    record: Record | None,
    first: Any,  # noqa: ANN401  typed by the sdk
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Op[Outcome[Any]]:
    """The attempts of a call of a function as a step, whose record does not tell the outcome."""
    if isinstance(first, str) and args:  # it has a name
        first, args = args[0], args[1:]
    body = first.function if isinstance(first, Optioned) else first
    attempts = partial(_attempt, setting, identity, body, args, kwargs)
    return step(setting.run.journal, identity, work, attempts, record)


def take_step(calls: Calls[Any], fn: Any, args: tuple[Any, ...]) -> ToldStep | TakenStep:  # noqa: ANN401  typed by the sdk
    """Take the next place in the history for a step.

    Most calls of a replay are of steps whose record holds a plain value: that, and the operation as it was sent. Of any
    other: which step it is, what is recorded of it, and how it is run.
    """
    run, scope = calls.run, calls.scope
    calls.admit(CALLED)
    if isinstance(fn, str) and args:
        name: str | None = fn
        known = run.steps.known.get(id(args[0])) or _known(calls.setting, args[0], fn)
    else:
        known = run.steps.known.get(id(fn)) or _known(calls.setting, fn, None)
        name = known.name
    wire = run.journal.ask_success(scope, FACTS, name) if scope.replaying else None
    if wire is None:
        identity, record = calls.ask(Kind.STEP, Subtype.STEP, name)
        return identity, record, known.work
    value = known.encoded.at_a_glance(wire.get("StepDetails"))
    if value is not UNTOLD:
        return value, wire
    return Identity(wire["Id"], Kind.STEP, Subtype.STEP, name, scope.parent), Record(wire), known.work


def step_inside(setting: Setting, scope: Scope, function: Step[..., Any], args: tuple[Any, ...]) -> Op[Outcome[Any]]:
    """A step that is all there is in a context: no code of a context runs for it."""
    journal = setting.run.journal
    known = setting.run.steps.of(function) or _known(setting, function, None)
    identity, record = journal.ask_next(scope, Kind.STEP, Subtype.STEP, known.name)
    scope.begins(record)
    outcome = yield from AskedStep(identity, record, setting, known.work, (function, args, {})).driven()
    scope.ended(record)
    return outcome


def _known(setting: Setting, function: Any, name: str | None) -> KnownStep:  # noqa: ANN401  user code's
    """What a function is as a step, found out when it is first called as one in this run, by a `name` or without."""
    everything = setting.run.steps
    if name is not None:
        checked_name(name)  # nothing is said of the function before
    kept = lasting(function)
    if kept is not function and (known := everything.of(kept)) is not None:
        return known
    body, options = plain_step(function, CALLED)
    check_serdes(CALLED, "serdes", options.serdes)
    encoded = EncodedSteps(setting, setting.forms.of(body, options), setting.chain_of(options.codecs, body))
    work = step_work(setting, body, options, encoded)
    known = KnownStep(name_of(None, options.name, body), work, encoded)
    everything.keep(kept, known)
    return known


def step_work(setting: Setting, body: Callable[..., Any], options: StepOptions, encoded: EncodedSteps) -> StepWork:
    """A function as a step of this run."""
    return StepWork(is_async(body), options, encoded, setting.random, partial(_told, setting), setting.is_late)


def attempts_at(
    setting: Setting, identity: Identity, body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[int], object]:
    """What an attempt runs, given its number: the user's function, as a step that can be asked for."""
    return partial(_attempt, setting, identity, body, args, kwargs)


def _attempt(
    setting: Setting,
    identity: Identity,
    body: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    attempt: int,
) -> object:
    running = RunningStep(identity, attempt, setting.execution.arn, setting.lambda_context)
    CURRENT_STEP.set(running)
    try:
        return body(*args, **kwargs)
    except TypeError as error:
        if fits(body, args, kwargs):
            raise
        # Nothing of the function ran, and nothing of it will at another attempt.
        raise DurableCallRefused(CALLED, str(error)) from None


def _told(setting: Setting, identity: Identity, error: Exception, attempt: int, delay: int | None) -> None:
    from perdure_runtime.logs.attempts import attempt_failed  # where an attempt has failed

    attempt_failed(scope_of_attempt(setting.execution.arn, identity, attempt), without_engine_frames(error), delay)
