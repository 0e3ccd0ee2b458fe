"""Asking for a condition to be met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import Poll
from perdure_runtime.core.operations.condition import ConditionWork, Verdict, condition
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import EncodedSteps
from perdure_runtime.drivers.asking.functions import check_serdes, is_async, name_of, plain_step
from perdure_runtime.drivers.asking.steps import attempts_at
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Decision, Serdes
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_condition"]

CALLED = "ctx.wait_for_condition()"


def ask_condition(
    calls: Calls[Any],
    check: Any,  # noqa: ANN401  typed by the sdk
    initial: object,
    until: Callable[[Any], bool] | None,
    poll: Poll | Callable[[Any, int], Decision] | None,
    name: str | None,
    serdes: Serdes[Any] | None,
) -> AskedOperation:
    """`ctx.wait_for_condition(…)`."""
    calls.admit(CALLED)
    setting = calls.setting
    body, options = plain_step(check, CALLED)
    check_serdes(CALLED, "serdes", serdes)
    judge = _judge(until, poll, setting.random)
    values, chain = setting.forms.of_condition(body, initial, serdes), setting.chain_of(options.codecs, body)
    identity, record = calls.ask(Kind.STEP, Subtype.CONDITION, name_of(name, None, body))

    def attempt(state: object) -> Callable[[int], object]:
        return attempts_at(setting, identity, body, (state,), {})

    encoded = EncodedSteps(setting, values, chain)
    work = ConditionWork(initial, attempt, is_async(body), judge, encoded, setting.is_late, encoded.shown)
    return AskedOperation(identity, record, condition(setting.run.journal, identity, work))


def _judge(
    until: Callable[[Any], bool] | None,
    poll: Poll | Callable[[Any, int], Decision] | None,
    random: Callable[[], float],
) -> Callable[[object, int], Verdict]:
    policy = Poll.DEFAULT if poll is None else poll if isinstance(poll, Poll) else Poll.custom(poll)
    if (until is None) == (policy.choice is None):
        raise TypeError(
            f"{CALLED} is told what to wait for in one way: by until=, or by a poll function that returns None once the"
            " condition holds"
        )
    if until is not None and not callable(until):
        raise TypeError(f"{CALLED}: until is a function of the state, not {type(until).__name__}")

    def judge(state: object, attempt: int) -> Verdict:
        if until is None:
            delay = policy.chosen_delay(state, attempt)
            return Verdict(delay is None, delay)
        return (
            Verdict(is_met=True) if until(state) else Verdict(is_met=False, delay=policy.next_delay(attempt, random()))
        )

    return judge
