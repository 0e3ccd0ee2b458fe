"""The shapes of a `Batch` and of its items that user code returns, as a child does that hands on what `map` gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from perdure.batches import Batch, BatchItem, BatchStatus
from perdure.frozen import changed
from perdure_runtime.values.batchform import batch_members, batch_of, item_members, item_of
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import ANYTHING, Shape, wrong

__all__ = ["BatchItemShape", "BatchShape"]


class BatchShape(Shape):
    """A batch with results of one shape; in plain JSON it is an object with the members of its record."""

    title = "Batch"
    kinds = frozenset({Batch, dict})
    made = frozenset({Batch})
    open = True  # its errors are the codec's business

    def __init__(self, item: Shape) -> None:
        self.item = item
        self.parts = (item,)

    def payload(self, value: object) -> object:
        return value if self.item is ANYTHING and type(value) is Batch else self._written(value, self.item.payload)

    def json(self, value: object) -> object:
        return batch_members(self._written(value, self.item.json))

    def read(self, data: object) -> object:
        """The batch whose results `data` holds."""
        if type(data) is dict:
            data = batch_of(cast("dict[str, object]", data), None)
        if type(data) is not Batch:
            raise wrong(self.title, data)
        return data if self.item is ANYTHING else self._each(data, self.item.read)

    def _written(self, value: object, turn: Callable[[Any], Any]) -> Batch[Any]:
        if type(value) is not Batch:
            raise wrong(self.title, value)
        return self._each(value, turn)

    def _each(self, batch: Batch[Any], turn: Callable[[Any], object]) -> Batch[Any]:
        items: list[BatchItem[Any]] = []
        try:
            for item in batch.items:
                items.append(_turned(item, turn))  # noqa: PERF401  the length tells where it failed
        except Unfit as unfit:
            raise unfit.at(len(items)) from unfit.__cause__
        return changed(batch, items=tuple(items))


class BatchItemShape(Shape):
    """One item, with a result of one shape; in plain JSON it is an object with the members of its record."""

    title = "BatchItem"
    kinds = frozenset({BatchItem, dict})
    made = frozenset({BatchItem})
    open = True  # its error is the codec's business

    def __init__(self, item: Shape) -> None:
        self.item = item
        self.parts = (item,)

    def payload(self, value: object) -> object:
        return self._written(value, self.item.payload)

    def json(self, value: object) -> object:
        return item_members(self._written(value, self.item.json))

    def read(self, data: object) -> object:
        """The item whose result `data` holds."""
        if type(data) is dict:
            data = item_of(data, None)
        return self._written(data, self.item.read)

    def _written(self, value: object, turn: Callable[[Any], Any]) -> BatchItem[Any]:
        if type(value) is not BatchItem:
            raise wrong(self.title, value)
        return _turned(value, turn)


def _turned(item: BatchItem[Any], turn: Callable[[Any], object]) -> BatchItem[Any]:
    return changed(item, result=turn(item.result)) if item.status is BatchStatus.SUCCEEDED else item
