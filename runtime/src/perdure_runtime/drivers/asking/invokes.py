"""Asking for another function to be invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.core.operations.invoke import InvokeWork, invoke
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.functions import check_serdes
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from perdure import Serdes
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_invoke"]


def ask_invoke(
    calls: Calls[Any],
    function: str,
    payload: object,
    name: str | None,
    tenant_id: str | None,
    result: Any,  # noqa: ANN401  a class or a generic alias
    serdes: tuple[Serdes[Any] | None, Serdes[Any] | None],
) -> AskedOperation:
    """`ctx.invoke(…)`; `serdes` are the payload's and the result's."""
    calls.admit("ctx.invoke()")
    for what, text in (("the function", function), ("tenant_id", tenant_id)):
        if not isinstance(text, str) and not (text is None and what == "tenant_id"):
            raise TypeError(f"ctx.invoke(): {what} is a string, not {type(text).__name__}")
        if text == "":
            raise ValueError(f"ctx.invoke(): {what} is empty")
    check_serdes("ctx.invoke()", "payload_serdes", serdes[0])
    check_serdes("ctx.invoke()", "result_serdes", serdes[1], result)
    values = calls.setting.forms.of_invoke(serdes[0], result, serdes[1])
    text = values.payload(payload)
    identity, record = calls.ask(Kind.CHAINED_INVOKE, Subtype.INVOKE, name)
    work = InvokeWork(function, text, tenant_id, values)
    return AskedOperation(identity, record, invoke(calls.run.journal, identity, work))
