"""What has to happen at a durable call, whatever its colour, before an operation takes over.

In this order: is a durable call allowed here, can its values be served, which operation is it, does the history agree.
Only then is there an operation, and the driver of the colour runs it. All of it happens in the plain method that the
workflow calls, never later, so that identities follow the order of calls. `asking` has a function for each kind of
operation; here is what they share.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.errors import DurableCallRefused, ReplayMismatch, ServiceError, failure
from perdure.generics import Generic
from perdure_runtime.core.effects import OUTCOMES, Ok, Raised
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind
from perdure_runtime.drivers.frames import is_deeper_than, place_of_the_call, regain_context
from perdure_runtime.logs.scope import LogScope

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Codec, Execution, LambdaContext
    from perdure_runtime.chains import Chains
    from perdure_runtime.codecs.chain import Chain
    from perdure_runtime.core.effects import Begun, Op, Outcome
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.run import Home, Run
    from perdure_runtime.values.forms import Forms

__all__ = ["Asked", "AskedOperation", "AskedValue", "Calls", "Setting", "result_of"]

DEEPEST = 300
"""Contexts inside each other, whatever room there is."""
SHALLOW = 20
"""Contexts inside each other that need no look at the stack."""
NEEDED = 250
"""Frames that the innermost code, and the engine for it, shall have left."""

if TYPE_CHECKING:
    H = TypeVar("H", bound=Home)
else:
    H = TypeVar("H")  # typing would compile a bound that is text


class Setting:
    """What the contexts of one invocation are made of."""

    __slots__ = (
        "chain",
        "chains",
        "execution",
        "forms",
        "is_async",
        "is_late",
        "lambda_context",
        "random",
        "run",
        "show_replays",
    )

    def __init__(
        self,
        run: Run,
        execution: Execution,
        lambda_context: LambdaContext,
        forms: Forms,
        random: Callable[[], float],
        is_late: Callable[[], bool],
        is_async: bool,  # noqa: FBT001  by position, as all that is made once an invocation
        show_replays: bool,  # noqa: FBT001
        chains: Chains,
        chain: Chain | None,
    ) -> None:
        self.run = run
        self.execution = execution
        self.lambda_context = lambda_context
        self.forms = forms
        self.random = random
        self.is_late = is_late
        """Whether there is no time left in this invocation to begin a body."""
        self.is_async = is_async
        """The workflow's colour."""
        self.show_replays = show_replays
        self.chains = chains
        self.chain = chain
        """The handler's own."""

    def chain_of(self, codecs: tuple[Codec, ...] | None, function: object) -> Chain | None:
        """The chain of a function's codecs, None for the handler's; raises `HandlerRefused`, and is None for none."""
        if codecs is None:
            return self.chain
        return (
            self.chains.of(codecs, getattr(function, "__qualname__", type(function).__qualname__)) if codecs else None
        )


class Asked:
    """An operation that the workflow has asked for."""

    def __init__(self, identity: Identity, record: Record | None) -> None:
        self.identity = identity
        self.record = record
        """What was recorded of it when it was asked for."""

    @property
    def is_virtual(self) -> bool:
        """Whether it leaves no record of its own."""
        return False

    def begin(self) -> Begun[Any]:
        """Its outcome where that is recorded, else what has to be driven; asked once, by the driver."""
        raise NotImplementedError

    def driven(self) -> Op[Outcome[Any]]:
        """The same, as an operation in any case."""
        begun = self.begin()
        return begun if isinstance(begun, OUTCOMES) else (yield from begun)


class AskedOperation(Asked):
    """One that is driven in any case."""

    def __init__(self, identity: Identity, record: Record | None, operation: Op[Outcome[Any]]) -> None:
        super().__init__(identity, record)
        self.operation = operation

    def begin(self) -> Begun[Any]:
        """What has to be driven."""
        return self.operation


class AskedValue(Asked):
    """One whose value its record tells; what else there is to know of it is found when somebody asks."""

    def __init__(self, wire: dict[str, Any], value: object) -> None:
        self._wire = wire
        """The operation as it was sent."""
        self._value = value

    @property
    def record(self) -> Record:  # type: ignore[override]  # hardly anybody asks
        """What was recorded of it."""
        return Record(self._wire)

    @property
    def identity(self) -> Identity:  # type: ignore[override]
        """Which operation it is."""
        record = self.record
        return Identity(record.id, record.kind, record.subtype or "", record.name, record.parent)

    def begin(self) -> Begun[Any]:
        """The value."""
        return Ok(self._value)


class Calls(Generic[H]):
    """The calls of one context: their numbering, and who may make them."""

    def __init__(self, setting: Setting, scope: Scope, home: H) -> None:
        self.setting = setting
        self.run = setting.run
        self.scope = scope
        self.home = home

    @property
    def log_scope(self) -> LogScope:
        """Where a line comes from that the context's code logs."""
        setting, owner = self.setting, self.scope.owner
        return LogScope(
            setting.execution.arn,
            operation_id=owner.id if owner else None,
            operation_name=owner.name if owner else None,
            parent_id=owner.parent if owner else None,
            follows=self,
            show_replays=setting.show_replays,
        )

    @property
    def replaying(self) -> bool:
        """Whether the context's history is still being replayed; any thread may ask."""
        try:
            return self.scope.is_replaying(self.run.journal)
        except Exception:  # noqa: BLE001  the run has been told; or it is this thread that reads what would tell
            return True

    def admit(self, operation: str) -> None:
        """Let a durable call begin; raises where none can."""
        run = self.run
        # While lines take turns on one thread, only code of the context that speaks gets past this, and no step's body.
        if run.speaker is not self or run.fatal is not None or get_ident() != run.owner:
            run.check(operation, self)

    def check_depth(self, operation: str) -> None:
        """Contexts do not nest without end: where the stack is used up, Python would not say whose fault it is."""
        depth = self.scope.depth
        if depth >= DEEPEST or (depth >= SHALLOW and is_deeper_than(sys.getrecursionlimit() - NEEDED)):
            reason = f"contexts are nested {depth} deep here already; a loop or a map does not nest"
            raise DurableCallRefused(operation, reason)

    def ask(self, kind: Kind, subtype: str, name: str | None) -> tuple[Identity, Record | None]:
        """Take the next place in the history; what is recorded there, which has to be what is asked for.

        A name that is not what the history holds there has to be one that can be recorded: else it is refused.
        """
        try:
            return self.run.journal.ask_next(self.scope, kind, subtype, name)
        except Exception as error:  # noqa: BLE001  looked at there
            raise self._told(error)  # noqa: B904  the same error

    def ask_virtual(self, subtype: str, name: str | None) -> tuple[Identity, Scope, Record | None]:
        """Take the next place in the history for a context of which nothing is recorded.

        Its scope, too, and the nearest thing to a record of it: that of its first operation.
        """
        identity = self.scope.take(Kind.CONTEXT, subtype, name)
        inner = self.inner(identity, virtual=True)
        journal = self.run.journal
        try:
            journal.ask_virtual(identity)
            return identity, inner, journal.find(inner.peek())
        except Exception as error:  # noqa: BLE001  looked at there
            raise self._told(error)  # noqa: B904  the same error

    def begins(self, asked: Asked) -> None:
        """The operation is about to be driven; here replay may end."""
        self.scope.begins(asked.record)

    def ended(self, asked: Asked) -> None:
        """The operation has its outcome; here, too, replay may end."""
        self.scope.ended(asked.record)

    def inner(self, owner: Identity, *, virtual: bool = False) -> Scope:
        """The scope of a context that is asked for here."""
        return self.scope.inside(owner, virtual=virtual)

    def _told(self, error: Exception) -> Exception:
        """The error, where it is about the call; where the history could not be read, user code is not to see that."""
        run = self.run
        if isinstance(error, ReplayMismatch):
            error.where = place_of_the_call()
            run.fail(error)
            return error
        if isinstance(error, ServiceError):  # of a record; a page that cannot be read has told the run
            run.fail(error)
        if run.fatal is not None:
            self.home.stop()
        return error


def result_of(outcome: Outcome[Any]) -> Any:  # noqa: ANN401  typed by the sdk
    """The value of an outcome; raises its error, the traceback starting at the user's call."""
    if not isinstance(outcome, Raised):
        return outcome.value
    error = outcome.error.with_traceback(None)
    context = error.__context__ if failure(error) is not None else None
    try:
        raise error
    finally:
        regain_context(error, context)
        del outcome, error, context  # breaks the cycle of exception, traceback and frame
