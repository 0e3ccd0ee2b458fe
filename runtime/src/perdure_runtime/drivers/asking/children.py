"""Asking for a child context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.names import checked_name
from perdure_runtime.core.effects import Enter
from perdure_runtime.core.operations.child import ChildWork, child
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import EncodedChild
from perdure_runtime.drivers.asking.functions import name_of, plain_child, split_name
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from perdure_runtime.core.operations.child import ChildValues
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_child"]

CALLED = "ctx.run_in_child_context()"


def ask_child(calls: Calls[Any], fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AskedOperation:  # noqa: ANN401  typed by the sdk
    """`ctx.run_in_child_context(fn, …)`, or with a name before the function."""
    calls.admit(CALLED)
    calls.check_depth(CALLED)
    setting = calls.setting
    name, function, rest = split_name(fn, args)
    if name is not None:
        checked_name(name)
    body, options = plain_child(function, CALLED, is_async_workflow=setting.is_async)
    plain, chain = setting.forms.of_child(body, options), setting.chain_of(options.codecs, body)
    values: ChildValues = plain
    subtype = options.subtype or Subtype.CHILD
    chosen = name_of(name, options.name, body)
    if options.virtual:
        identity = calls.ask_virtual(subtype, chosen)
        scope = calls.inner(identity, virtual=True)
        record = setting.run.journal.find(scope.peek())  # the nearest thing to a record of it
    else:
        identity, record = calls.ask(Kind.CONTEXT, subtype, chosen)
        scope = calls.inner(identity)
        values = EncodedChild(setting, plain, chain).given(record)
    code = (lambda context: body(context, *rest, **kwargs)) if rest or kwargs else body
    work = ChildWork(Enter(code, scope), values, calls.home, options.virtual, options.on_error)
    operation = child(setting.run.journal, identity, scope, work, record)
    return AskedOperation(identity, record, operation, is_virtual=options.virtual)
