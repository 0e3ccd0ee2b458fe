"""Redaction: what is shown of a value or a recorded text. What is recorded is not touched.

A field is masked wherever it is the name of an object's member, together with all that is below it. That also fits the
tagged form of recorded values (PROTOCOL 8.2), which keeps members' names. Free text is not searched. Where fields are
to be masked and a text has none to go by, because it is not JSON, nothing of it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from perdure.codecs import Codec, Redact
from perdure_runtime.codecs import wireform

__all__ = ["Redactor"]

DEEPEST: Final = 200
"""Levels of a value; what lies deeper is masked as a whole."""
MASK: Final = "[redacted]"
Masks: TypeAlias = dict[str, str]


class Redactor:
    """Masks fields by name."""

    __slots__ = ("_masks",)

    def __init__(self, masks: Mapping[str, str]) -> None:
        self._masks: Masks = {name.casefold(): mask for name, mask in masks.items()}

    @classmethod
    def of(cls, codecs: Iterable[Codec]) -> Redactor:
        """What the `Redact` among `codecs` ask for."""
        chosen = [codec for codec in codecs if isinstance(codec, Redact)]
        return cls({name: codec.placeholder for codec in chosen for name in codec.fields})

    def __bool__(self) -> bool:
        return bool(self._masks)

    def value(self, value: object, depth: int = DEEPEST) -> object:
        """`value` with the fields in its dicts masked; what is no dict, list or tuple is left as it is."""
        if not self._masks:
            return value
        if isinstance(value, dict | list | tuple) and depth == 0:
            return MASK
        if isinstance(value, dict):
            return {name: self._member(name, member, depth - 1) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(element, depth - 1) for element in value]
        return value

    def text(self, text: str) -> str:
        """A recorded text as it may be shown; of one that went through codecs, only what it is."""
        encoded = wireform.described(text)
        if encoded is not None:
            return encoded
        if not self._masks:
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return MASK
        return json.dumps(self.value(value), ensure_ascii=False, separators=(",", ":"))

    def _member(self, name: object, member: object, depth: int) -> object:
        mask = self._masks.get(name.casefold()) if isinstance(name, str) else None
        return self.value(member, depth) if mask is None else mask
