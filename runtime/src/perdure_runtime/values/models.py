"""pydantic's models, which pydantic itself writes and reads: whatever a model says of its fields holds here too."""

from __future__ import annotations

from typing import Any

from perdure_runtime.values import jsontext
from perdure_runtime.values.differences import are_alike
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Shape, wrong
from perdure_runtime.values.spelling import spelled

__all__ = ["Model"]

ANY_JSON = frozenset({type(None), bool, int, float, str, list, dict})


class Model(Shape):
    """A model, as pydantic has it in JSON; one that is another after a round trip is not stored."""

    open = True  # fields may be of any type, so that only the codec can tell

    def __init__(self, kind: Any) -> None:  # noqa: ANN401  a model class
        self.kind = kind
        self.title = spelled(kind)
        self.made = frozenset({kind})
        self.kinds = ANY_JSON if getattr(kind, "__pydantic_root_model__", False) else frozenset({dict})
        self.hashable = kind.__hash__ is not None

    def payload(self, value: Any) -> Any:  # noqa: ANN401  an instance
        data = self.json(value)
        back = self.read(data)
        if not are_alike(value, back):
            raise Unfit(f"is not the same {self.title} when pydantic reads what it wrote: {_lost(value, back)}")
        return data

    def json(self, value: Any) -> Any:  # noqa: ANN401
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        try:
            return value.model_dump(mode="json", by_alias=True, round_trip=True)
        except Exception as error:
            raise Unfit(f"pydantic cannot write this {self.title}: {type(error).__name__}: {error}") from error

    def read(self, data: Any) -> object:  # noqa: ANN401
        text = jsontext.write(data)
        try:
            found: object = self.kind.model_validate_json(text)
        except Exception as error:
            raise self._refused(error) from error
        return found

    def _refused(self, error: Exception) -> Unfit:
        """The first complaint of pydantic, where it is in the value."""
        errors = getattr(error, "errors", None)
        if errors is None:
            return Unfit(f"{self.title} refuses these values: {type(error).__name__}: {error}")
        first = errors()[0]
        unfit = Unfit(f"{self.title} refuses this: {first['msg']}")
        for step in reversed(first["loc"]):
            unfit.at(step)
        return unfit


def _lost(value: Any, back: Any) -> str:  # noqa: ANN401
    fields = type(value).model_fields
    names = [name for name in fields if not are_alike(getattr(value, name, None), getattr(back, name, None))]
    return ", ".join(names) if names else "private attributes or extra members differ"
