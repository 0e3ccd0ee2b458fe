"""Asking for a child context."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from perdure.errors import DurableCallRefused
from perdure_runtime.core.effects import enter
from perdure_runtime.core.operations.child import ChildWork, child
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import encoded_child
from perdure_runtime.drivers.asking.functions import name_of, plain_child, split_name
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from types import FrameType

    from perdure_runtime.core.operations.child import ChildValues
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_child", "check_depth"]

CALLED = "ctx.run_in_child_context()"
DEEPEST = 300
"""Contexts inside each other, whatever room there is."""
SHALLOW = 20
"""Contexts inside each other that need no look at the stack."""
NEEDED = 250
"""Frames that the innermost code, and the engine for it, shall have left."""


def ask_child(calls: Calls[Any], fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AskedOperation:  # noqa: ANN401  typed by the sdk
    """`ctx.run_in_child_context(fn, …)`, or with a name before the function."""
    calls.admit(CALLED)
    check_depth(calls, CALLED)
    setting = calls.setting
    name, function, rest = split_name(fn, args)
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
        values = encoded_child(setting, identity, record, plain, chain)
    work = ChildWork(
        lambda: enter(lambda context: body(context, *rest, **kwargs), scope), values, options.virtual, options.on_error
    )
    operation = child(setting.run.journal, identity, scope, work)
    return AskedOperation(identity, record, operation, is_virtual=options.virtual)


def check_depth(calls: Calls[Any], called: str) -> None:
    """Contexts do not nest without end: where the stack is used up, the interpreter would not say whose fault it is."""
    depth = calls.scope.depth
    if depth >= DEEPEST or (depth >= SHALLOW and _frames() > sys.getrecursionlimit() - NEEDED):
        raise DurableCallRefused(
            called, f"contexts are nested {depth} deep here already; a loop or a map does not nest"
        )


def _frames() -> int:
    count = 0
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  the interpreter counts frames, and does not tell
    while frame is not None:
        count, frame = count + 1, frame.f_back
    return count
