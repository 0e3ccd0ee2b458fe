"""How everything that one durable function records travels: the values and failures of each kind of operation.

Each method answers for one call what the operation in `perdure_runtime.core.operations` asks for. What annotations say
is found out when a function is first met and kept; `HandlerRefused` is raised for one that cannot be served.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from perdure.errors import HandlerRefused
from perdure.serdes import RAW
from perdure_runtime.values.annotations import Converter, converter
from perdure_runtime.values.batches import BatchKind, BatchValues, ItemForms
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.external import Answers, CallbackValues, InvokeValues
from perdure_runtime.values.results import ResultForm
from perdure_runtime.values.signatures import event_type, result_type
from perdure_runtime.values.work import ChildValues, ConditionValues, StepValues, described

if TYPE_CHECKING:
    from perdure import Serdes, StepOptions
    from perdure.batches import Batch
    from perdure.children import ChildOptions
    from perdure_runtime.values.origins import Origins

__all__ = ["Forms"]


class Forms:
    """The forms of all operations of one durable function; each function's annotations are read once."""

    __slots__ = ("_codec", "_converters", "_origins")

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._codec = Codec(nested(origins))
        self._converters: WeakKeyDictionary[Any, Converter] = WeakKeyDictionary()

    def of(self, body: Callable[..., object], options: StepOptions) -> StepValues:
        """The forms of one step."""
        return StepValues(self._origins, self._result_of(body, options.serdes))

    def of_child(self, fn: Callable[..., object], options: ChildOptions) -> ChildValues:
        """The forms of one child context, or of one branch of a batch."""
        return ChildValues(self._origins, self._result_of(fn, options.serdes), options.summary)

    def of_batch(
        self,
        kind: BatchKind,
        item_forms: ItemForms,
        serdes: Serdes[Batch[Any]] | None = None,
        summary: Callable[[Batch[Any]], str] | None = None,
    ) -> BatchValues:
        """The forms of one `map` or `parallel`, whose items have the forms that `item_forms` answers by index."""
        return BatchValues(self._origins, self._codec, kind, item_forms, serdes, summary)

    def of_callback(self, result: object = None, serdes: Serdes[Any] | None = None) -> CallbackValues:
        """The forms of one callback; without a type and a serdes its result is the text that was sent."""
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
        known = None if result is None else converter(result, owner="result=")
        return InvokeValues(Answers(known, result_serdes), payload_serdes)

    def of_condition(
        self, check: Callable[..., object], initial: object, serdes: Serdes[Any] | None = None
    ) -> ConditionValues:
        """The forms of one condition: its state is what the check returns, or takes, or else what `initial` is."""
        if serdes is not None:
            return ConditionValues(ResultForm(self._codec, None, serdes))
        known = self._converter(check)
        if known.identity:
            known = _compiled(event_type, check)
        if known.identity and not self._codec.keeps(type(initial)):
            with suppress(HandlerRefused):  # then the codec says what is wrong with it
                known = converter(type(initial), owner="initial")
        return ConditionValues(ResultForm(self._codec, known))

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record for an exception."""
        return described(error)

    def _result_of(self, body: Callable[..., object], serdes: Serdes[Any] | None) -> ResultForm:
        return ResultForm(self._codec, None if serdes is not None else self._converter(body), serdes)

    def _converter(self, body: Callable[..., object]) -> Converter:
        key = getattr(body, "__func__", body)
        try:
            known = self._converters.get(key)
        except TypeError:  # a callable that cannot be referred to weakly, such as a builtin
            return _compiled(result_type, body)
        if known is None:
            known = self._converters[key] = _compiled(result_type, body)
        return known


def _compiled(type_of: Callable[..., object], body: Callable[..., object]) -> Converter:
    owner = getattr(body, "__qualname__", type(body).__qualname__)
    return converter(type_of(body, owner=owner), owner=owner)
