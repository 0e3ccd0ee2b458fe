"""Asking for a child context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.functions import Optioned
from perdure.names import checked_name
from perdure_runtime.core.effects import Enter
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.child import ChildWork, child, recorded
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.asking.encoded import UNTOLD, EncodedChild
from perdure_runtime.drivers.asking.functions import lasting, name_of, plain_child
from perdure_runtime.drivers.calls import Asked, AskedValue
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from perdure import ChildOptions
    from perdure_runtime.core.effects import Begun
    from perdure_runtime.core.identity import Facts
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import ChildValues as CoreChildValues
    from perdure_runtime.drivers.calls import Calls, Setting
    from perdure_runtime.values.work import ChildValues

__all__ = ["KnownChild", "ask_child"]

CALLED = "ctx.run_in_child_context()"


class KnownChild(NamedTuple):
    """What all calls of one function as a child context have in common."""

    name: str | None
    subtype: str
    facts: Facts
    options: ChildOptions
    values: ChildValues
    encoded: EncodedChild


class AskedChild(Asked):
    """A call of a function as a child context."""

    def __init__(
        self, identity: Identity, record: Record | None, journal: Journal, work: ChildWork, code: Enter
    ) -> None:
        self.identity = identity
        self.record = record
        self._journal = journal
        self._work = work
        self._code = code

    @property
    def is_virtual(self) -> bool:
        """Whether it leaves no record of its own."""
        return self._work.virtual

    def begin(self) -> Begun[Any]:
        """Its outcome where that is recorded, else its code, which is to be driven."""
        identity, record, work = self.identity, self.record, self._work
        if record is not None and not work.virtual:
            outcome = recorded(identity, work.values, work.on_error, record)
            if outcome is not None:
                return outcome
        return child(self._journal, identity, self._code.scope, work, self._code, record)


def ask_child(calls: Calls[Any], fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:  # noqa: ANN401  typed by the sdk
    """`ctx.run_in_child_context(fn, …)`, or with a name before the function."""
    calls.admit(CALLED)
    calls.check_depth(CALLED)
    setting = calls.setting
    journal = setting.run.journal
    values: CoreChildValues
    name, function, rest = (fn, args[0], args[1:]) if isinstance(fn, str) and args else (None, fn, args)
    known = setting.run.children.of(function) or _known(setting, function, name)
    options = known.options
    chosen = known.name if name is None else name
    if options.virtual:
        identity, scope, record = calls.ask_virtual(known.subtype, chosen if name is None else checked_name(name))
        values = known.values
    else:
        outer = calls.scope
        wire = journal.ask_success(outer, known.facts, chosen) if outer.replaying else None
        if wire is None:
            identity, record = calls.ask(Kind.CONTEXT, known.subtype, chosen)
        elif (value := known.encoded.at_a_glance(wire.get("ContextDetails"))) is not UNTOLD:
            return AskedValue(wire, value)
        else:
            identity = Identity(wire["Id"], Kind.CONTEXT, known.subtype, chosen, outer.parent)
            record = Record(wire)
        scope = outer.inside(identity)
        values = known.encoded if record is None else known.encoded.given(record)
    body = function.function if isinstance(function, Optioned) else function
    code = (lambda context: body(context, *rest, **kwargs)) if rest or kwargs else body
    work = ChildWork(values, calls.home, options.virtual, options.on_error)
    return AskedChild(identity, record, journal, work, Enter(code, scope))


def _known(setting: Setting, function: Any, name: str | None) -> KnownChild:  # noqa: ANN401  user code's
    """What a function is as a child context, found out when it is first called as one in this run."""
    everything = setting.run.children
    kept = lasting(function)
    if kept is not function and (known := everything.of(kept)) is not None:
        return known
    if name is not None:
        checked_name(name)  # before anything is said of the function
    body, options = plain_child(function, CALLED, is_async_workflow=setting.is_async)
    values = setting.forms.of_child(body, options)
    encoded = EncodedChild(setting, values, setting.chain_of(options.codecs, body))
    subtype = options.subtype or Subtype.CHILD
    facts = Kind.CONTEXT.value, subtype
    known = KnownChild(name_of(None, options.name, body), subtype, facts, options, values, encoded)
    everything.keep(kept, known)
    return known
