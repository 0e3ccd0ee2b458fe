"""Asking for a block that is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.names import LONGEST_NAME
from perdure.retries import Retry, as_policy
from perdure_runtime.core.operations.child import ChildWork, child
from perdure_runtime.core.operations.retrying import RetryingWork, retrying
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import EncodedChild
from perdure_runtime.drivers.asking.functions import name_of, plain_child
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from perdure.steps import RetryChoice
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_with_retry"]

CALLED = "ctx.with_retry()"


def ask_with_retry(calls: Calls[Any], fn: Any, name: str | None, retry: RetryChoice | None) -> AskedOperation:  # noqa: ANN401  typed by the sdk
    """`ctx.with_retry(fn, …)`."""
    calls.admit(CALLED)
    calls.check_depth(CALLED)
    setting = calls.setting
    body, options = plain_child(fn, CALLED, is_async_workflow=setting.is_async)
    policy = Retry.exponential() if retry is None else as_policy(retry)
    values, chain = setting.forms.of_child(body, options), setting.chain_of(options.codecs, body)
    chosen = name_of(name, options.name, body)
    identity, record = calls.ask(Kind.CONTEXT, options.subtype or Subtype.CHILD, chosen)
    scope = calls.inner(identity)
    journal = setting.run.journal
    trying = RetryingWork(body, policy, setting.random, lambda attempt: _name_of_wait(chosen, attempt))
    encoded = EncodedChild(setting, values, chain).given(record)
    work = ChildWork(encoded, calls.home, on_error=options.on_error)
    run = child(journal, identity, scope, work, lambda: retrying(journal, scope, trying), record)
    return AskedOperation(identity, record, run)


def _name_of_wait(name: str | None, attempt: int) -> str | None:
    if name is None:
        return None
    suffix = f"-backoff-{attempt}"
    return name[: LONGEST_NAME - len(suffix)] + suffix
