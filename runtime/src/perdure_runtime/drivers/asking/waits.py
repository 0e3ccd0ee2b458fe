"""Asking for a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.durations import whole_seconds
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from perdure import Duration
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_wait"]


def ask_wait(
    calls: Calls[Any], duration: Duration | None, spelled: tuple[float, float, float, float], name: str | None
) -> AskedOperation:
    """`ctx.wait(…)`."""
    calls.admit("ctx.wait()")
    length = whole_seconds(duration, *spelled)
    identity, record = calls.ask(Kind.WAIT, Subtype.WAIT, name)
    return AskedOperation(identity, record, wait(calls.setting.run.journal, identity, length))
