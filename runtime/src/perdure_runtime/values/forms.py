"""How everything that one durable function records travels: the values and failures of each kind of operation.

Each method answers for one call what the operation in `perdure_runtime.core.operations` asks for. What annotations say
is found out when a function is first met and kept; `HandlerRefused` is raised for one that cannot be served.
"""

from __future__ import annotations

from _weakref import ref  # what `weakref` adds to it is not used here
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.errors import HandlerRefused
from perdure.generics import Generic
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm
from perdure_runtime.values.signatures import event_type, result_type, says_nothing
from perdure_runtime.values.work import ChildValues, ConditionValues, StepValues, described

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import ChildOptions, Serdes, StepOptions
    from perdure.batches import Batch
    from perdure_runtime.values.annotations import Converter
    from perdure_runtime.values.batches import BatchKind, BatchValues, ItemForms
    from perdure_runtime.values.external import CallbackValues, InvokeValues
    from perdure_runtime.values.origins import Origins
    from perdure_runtime.values.tags import Structure

__all__ = ["Forms", "Remembered"]

T = TypeVar("T")


class Remembered(Generic[T]):
    """What has been found out about functions: by the id of each, for as long as it lives, no longer."""

    __slots__ = ("_alive", "known")

    def __init__(self) -> None:
        self.known: dict[int, T] = {}
        self._alive: dict[int, ref[Any]] = {}

    def of(self, function: object) -> T | None:
        """What is remembered of a function."""
        return self.known.get(id(function))

    def keep(self, function: object, found: T) -> None:
        """Remember this of a function, if it can be noticed when that is gone."""
        number, known, alive = id(function), self.known, self._alive

        def forget(_: object) -> None:
            known.pop(number, None)
            alive.pop(number, None)

        try:
            alive[number] = ref(function, forget)
        except TypeError:  # a callable that cannot be referred to weakly, such as a builtin
            return
        known[number] = found

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self._alive.clear()

    def __repr__(self) -> str:
        return f"<Remembered: {len(self.known)} functions>"


class Known(NamedTuple):
    """What the annotation of one function's result comes to."""

    result: Converter
    form: ResultForm
    step: StepValues
    """The forms of the function as a step, where it has no serdes of its own."""
    child: ChildValues
    """The same as a child context, where it has no summary either."""


class Forms:
    """The forms of all operations of one durable function; each function's annotations are read once."""

    __slots__ = ("_codec", "_known", "_origins", "_unsaid")

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._codec = Codec(partial(_structures, origins))
        self._known: Remembered[Known] = Remembered()
        self._unsaid: Known | None = None
        """What all functions without annotations have in common."""

    def of(self, body: Callable[..., object], options: StepOptions) -> StepValues:
        """The forms of one step."""
        return self._met(body).step if options.serdes is None else StepValues(self._origins, self._own(options.serdes))

    def of_child(self, fn: Callable[..., object], options: ChildOptions) -> ChildValues:
        """The forms of one child context, or of one branch of a batch."""
        if options.serdes is not None:
            return ChildValues(self._origins, self._own(options.serdes), options.summary)
        known = self._met(fn)
        return known.child if options.summary is None else ChildValues(self._origins, known.form, options.summary)

    def of_batch(
        self,
        kind: BatchKind,
        item_forms: ItemForms,
        serdes: Serdes[Batch[Any]] | None = None,
        summary: Callable[[Batch[Any]], str] | None = None,
    ) -> BatchValues:
        """The forms of one `map` or `parallel`, whose items have the forms that `item_forms` answers by index."""
        from perdure_runtime.values.batches import BatchValues

        return BatchValues(self._origins, self._codec, kind, item_forms, serdes, summary)

    def of_callback(self, result: object = None, serdes: Serdes[Any] | None = None) -> CallbackValues:
        """The forms of one callback; without a type and a serdes its result is the text that was sent."""
        from perdure.serdes import RAW
        from perdure_runtime.values.external import Answers, CallbackValues

        known = None if result is None else converter(result, owner="result=")
        answers = Answers(known, RAW if serdes is None and known is None else serdes)
        return CallbackValues(answers, ResultForm(self._codec, known), self._codec, serdes)

    def of_invoke(
        self,
        payload_serdes: Serdes[Any] | None = None,
        result: object = None,
        result_serdes: Serdes[Any] | None = None,
    ) -> InvokeValues:
        """The forms of one invoke."""
        from perdure_runtime.values.external import Answers, InvokeValues

        known = None if result is None else converter(result, owner="result=")
        return InvokeValues(Answers(known, result_serdes), payload_serdes)

    def of_condition(
        self, check: Callable[..., object], initial: object, serdes: Serdes[Any] | None = None
    ) -> ConditionValues:
        """The forms of one condition: its state is what the check returns, or takes, or else what `initial` is."""
        if serdes is not None:
            return ConditionValues(self._own(serdes))
        known = self._met(check).result
        if known.identity:
            known = _compiled(event_type, check)
        if known.identity and not self._codec.keeps(type(initial)):
            try:  # noqa: SIM105  contextlib is not on the cold path
                known = converter(type(initial), owner="initial")
            except HandlerRefused:
                pass  # then the codec says what is wrong with it
        return ConditionValues(ResultForm(self._codec, known))

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object of what an execution failed with."""
        return described(error, is_final=True)

    def _own(self, serdes: Serdes[Any]) -> ResultForm:
        return ResultForm(self._codec, None, serdes)

    def _met(self, body: Callable[..., object]) -> Known:
        """What the annotation of a function's result comes to."""
        function = body.__func__ if isinstance(body, MethodType) else body
        if (known := self._known.of(function)) is not None:
            return known
        if says_nothing(function):
            self._unsaid = self._unsaid or self._found(body)
            return self._unsaid
        known = self._found(body)
        self._known.keep(function, known)
        return known

    def _found(self, body: Callable[..., object]) -> Known:
        result = _compiled(result_type, body)
        form = ResultForm(self._codec, result)
        return Known(result, form, StepValues(self._origins, form), ChildValues(self._origins, form))


def _structures(origins: Origins) -> tuple[Structure, ...]:
    from perdure_runtime.values.batchform import nested

    return nested(origins)


def _compiled(type_of: Callable[..., object], body: Callable[..., object]) -> Converter:
    owner = getattr(body, "__qualname__", type(body).__qualname__)
    return converter(type_of(body, owner=owner), owner=owner)
