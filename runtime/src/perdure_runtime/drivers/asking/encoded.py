"""Values whose texts go through codecs on their way to the history and back.

Each class here stands before the values of operations and implements the same protocol of
`perdure_runtime.core.operations.protocols`. What the values make of a value is encoded before its size is judged, so
that codecs can save what would be too large; what is recorded is decoded before the values see it, whatever codecs
there are now.

A codec that may wait for something elsewhere is worked on aside, so that what goes on beside need not wait with it.
Where a service that it needs does not answer, nobody's work has failed: the run ends here, and the invocation is made
again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from perdure.errors import ServiceError
from perdure.generics import Generic
from perdure_runtime.core.effects import Aside, Raised
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.jsoncode import CODE, SMALL
from perdure_runtime.values.jsontext import brief
from perdure_runtime.values.results import RESULT
from perdure_runtime.values.sizes import checked, utf8_size
from perdure_runtime.values.work import ELSEWHERE, ChildValues, StepValues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from perdure.batches import Batch
    from perdure.codecs import PayloadSite as Site
    from perdure_runtime.codecs.chain import Chain
    from perdure_runtime.core.effects import Outcome
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.operations.protocols import BatchValues as CoreBatchValues
    from perdure_runtime.core.operations.protocols import ChildValues as CoreChildValues
    from perdure_runtime.core.operations.protocols import Failing, Summary
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.values.batches import BatchValues
    from perdure_runtime.values.results import ResultForm

__all__ = ["UNTOLD", "EncodedChild", "EncodedSteps", "encoded_batch"]

OPENING = '{"perdure":'
"""How a text begins that went through codecs, or looks as if it had: the chain knows."""
UNTOLD: Final = object()
"""In place of a value that takes more than a glance."""


if TYPE_CHECKING:

    class Formed(Failing, Protocol):
        """Values that a form makes and reads."""

        @property
        def form(self) -> ResultForm:
            """The form."""
            ...

    V = TypeVar("V", bound=Failing)
    F = TypeVar("F", bound=Formed)
else:
    V = F = TypeVar("V")

T = TypeVar("T")


class Encoded(Generic[V]):
    """Values, and the codecs in front of them."""

    __slots__ = ("_chain", "_setting", "_values")

    def __init__(self, setting: Setting, values: V, chain: Chain | None) -> None:
        self._setting = setting
        self._values = values
        self._chain = chain

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record."""
        return self._values.describe(error)

    def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
        """The exception that a recorded error stands for."""
        return self._values.revive(error, identity, attempts)

    def _passes(self, text: str) -> bool:
        """Whether a text is recorded as it is."""
        return self._chain is None and not text.startswith(OPENING)

    def _encoded(self, text: str, identity: Identity, then: Callable[[str], T]) -> T | Aside[T]:
        """What `then` makes of the text to record, which does not pass as it is."""
        chain = self._a_chain()
        return self._passed(chain.encode, text, identity, then, waits=chain.waits_to_encode(text))

    def _decoded(self, text: str | None, identity: Identity, then: Callable[[str | None], T]) -> T | Aside[T]:
        """What `then` makes of the text that was given to the codecs."""
        if text is None or not text.startswith(OPENING):
            return then(text)
        chain = self._a_chain()
        return self._passed(chain.decode, text, identity, then, waits=chain.waits_to_decode(text))

    def _a_chain(self) -> Chain:
        return self._setting.chains.of(()) if self._chain is None else self._chain

    def _passed(
        self, way: Callable[[str, Site], str], text: str, identity: Identity, then: Callable[[str], T], *, waits: bool
    ) -> T | Aside[T]:
        from perdure.codecs import PayloadSite  # for who has codecs

        work = partial(way, text, PayloadSite(self._setting.execution.arn, identity.id, identity.name))
        if waits:
            return Aside(work, partial(self._settled, then))
        try:
            made = work()
        except ServiceError as error:
            self._give_up(error)
        return then(made)

    def _settled(self, then: Callable[[str], T], outcome: Outcome[str]) -> T:
        if not isinstance(outcome, Raised):
            return then(outcome.value)
        try:
            if isinstance(outcome.error, ServiceError):
                self._give_up(outcome.error)
            raise outcome.error
        finally:
            del outcome  # breaks the cycle of exception, traceback and frame

    def _give_up(self, error: ServiceError) -> NoReturn:
        self._setting.run.fail(error)
        raise Stop from None


class EncodedResults(Encoded[F]):
    """The results of one function."""

    __slots__ = ("_itself", "_plain", "_read", "_store")

    def __init__(self, setting: Setting, values: F, chain: Chain | None) -> None:
        super().__init__(setting, values, chain)
        self._read = values.form.read
        self._store = values.form.store
        self._itself: frozenset[type] = values.form.itself
        self._plain = self._itself if chain is None else frozenset()
        """Types whose values are their own text, which no codec sees; if that is brief, there is no more to it."""

    def read(self, text: str | None, identity: Identity) -> object:
        """The value that a recorded text stands for, none for None; raises `SerdesError`."""
        if text is None:
            return None
        return self._decoded(text, identity, self._read) if text.startswith(OPENING) else self._read(text)

    def at_a_glance(self, details: Any) -> object:  # noqa: ANN401  whatever was sent
        """The result in the details of an operation, where its text is short and is the value itself; else `UNTOLD`.

        No float is: it may be an integer that orjson cannot hold. No codec and no code of the user's has a part in it.
        What there is to be done, or said, in any other case is found out by `read`.
        """
        try:
            text = details["Result"]
            if len(text) <= SMALL:
                value = CODE.read_brief(text)
                if type(value) in self._itself:
                    return value
        except (KeyError, TypeError, ValueError):
            pass
        return UNTOLD


class EncodedSteps(EncodedResults[StepValues]):
    """The results of a function's steps, or the states of a condition: never larger than the service takes."""

    __slots__ = ()

    def store(self, value: object, identity: Identity) -> tuple[str, object] | Aside[tuple[str, object]]:
        """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
        if type(value) in self._plain and (own := brief(value)) is not None:
            return own, value
        stored = text, back = self._store(value)
        if self._chain is None and not text.startswith(OPENING):
            checked(text, RESULT, ELSEWHERE)
            return stored
        return self._encoded(text, identity, lambda encoded: (checked(encoded, RESULT, ELSEWHERE), back))

    def shown(self, text: str) -> str:
        """What to show of a text."""
        return text if self._passes(text) else self._a_chain().redactor.text(text)


class EncodedChild(EncodedResults[ChildValues]):
    """The results of contexts."""

    __slots__ = ()

    def all_at_a_glance(self, texts: list[str]) -> list[object]:
        """What `at_a_glance` tells of many results."""
        values = self._values.form.at_a_glance(texts)
        return [self.at_a_glance({"Result": text}) for text in texts] if values is None else values

    def at_a_glance(self, details: Any) -> object:  # noqa: ANN401  whatever was sent
        """As of any operation; what its children stand for is not recorded with it."""
        return UNTOLD if details and "ReplayChildren" in details else super().at_a_glance(details)

    def given(self, record: Record | None) -> CoreChildValues:
        """The values of one context, given what is recorded of it."""
        return self._values if _is_made_again(record) else self

    def store(self, value: object, identity: Identity) -> tuple[str, object] | Aside[tuple[str, object]]:
        """The text of any size, and the value that a replay will read from it; raises `SerdesError`."""
        if type(value) in self._plain and (own := brief(value)) is not None:
            return own, value
        stored = text, back = self._store(value)
        if not text.isascii():
            utf8_size(text, RESULT)  # it has to have one
        if self._chain is None and not text.startswith(OPENING):
            return stored
        return self._encoded(text, identity, lambda encoded: (encoded, back))

    def summary(self, value: object) -> str:
        """What is recorded in place of a large value; people read it, so it is not encoded."""
        return self._values.summary(value)


if TYPE_CHECKING:
    Batches = Encoded[BatchValues]
else:
    Batches = Encoded  # typing would compile a parameter that is text


class EncodedBatch(Batches):
    """The results of a batch."""

    __slots__ = ("_identity",)

    def __init__(self, setting: Setting, identity: Identity, values: BatchValues, chain: Chain | None) -> None:
        super().__init__(setting, values, chain)
        self._identity = identity

    def store(
        self, batch: Batch[Any], errors: Mapping[int, dict[str, Any]]
    ) -> tuple[str, Batch[Any]] | Aside[tuple[str, Batch[Any]]]:
        """The text of any size, and the batch that a replay will read from it; raises `SerdesError`."""
        stored = self._values.store(batch, errors)
        text, back = stored
        return stored if self._passes(text) else self._encoded(text, self._identity, lambda encoded: (encoded, back))

    def read(
        self,
        text: str | None,
        total: int,
        revive: Callable[[int, Mapping[str, object]], Exception],
        name_of: Callable[[int], str | None],
        *,
        name: str | None = None,
    ) -> Batch[Any] | Aside[Batch[Any]]:
        """The batch that a recorded text stands for; raises `SerdesError`."""

        def read(decoded: str | None) -> Batch[Any]:
            return self._values.read(decoded, total, revive, name_of, name=name)

        return self._decoded(text, self._identity, read)

    def summarize(self, batch: Batch[Any]) -> str:
        """What is recorded in place of a large batch; the engine reads it without codecs, so it is not encoded."""
        return self._values.summarize(batch)

    def read_summary(self, text: str | None) -> Summary | None:
        """A recorded summary; None for a text that is none."""
        return self._values.read_summary(text)


def encoded_batch(
    setting: Setting, identity: Identity, record: Record | None, values: BatchValues, chain: Chain | None
) -> CoreBatchValues:
    """The values of a batch, given what is recorded of it."""
    return values if _is_made_again(record) else EncodedBatch(setting, identity, values, chain)


def _is_made_again(record: Record | None) -> bool:
    """Whether a result is only passed through its text, of which nothing will be recorded."""
    return record is not None and record.keeps_children
