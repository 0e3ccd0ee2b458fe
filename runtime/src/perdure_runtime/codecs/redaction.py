"""Redaction: what is shown of a value or a recorded text. What is recorded is not touched.

A field is masked wherever it is the name of an object's member, together with all that is below it. That also fits the
tagged form of recorded values (PROTOCOL 8.2), which keeps members' names. Free text is not searched. Where fields are
to be masked and a text has none to go by, because it is not JSON, nothing of it is shown; and nothing of the arguments
of a recorded exception, which have no names.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from operator import is_
from typing import Final, TypeAlias

from perdure.codecs import Codec, Redact
from perdure_runtime.codecs import wireform

__all__ = ["Redactor"]

DEEPEST: Final = 200
"""Levels of a value; what lies deeper is masked as a whole."""
MASK: Final = "[redacted]"
FIELDS: Final = ("_fields", "__dataclass_fields__", "__attrs_attrs__", "__struct_fields__", "model_fields")
"""Where classes name their fields: a NamedTuple, a dataclass, those of attrs, of msgspec and of pydantic."""
EXTRA: Final = "__pydantic_extra__"
"""Members of a model that its class does not name."""
LISTS: Final = (list, tuple, set, frozenset, deque)
ERROR_DATA: Final = "ErrorData"
ARGS: Final = "args"
MARKED: Final = {"perdure", ARGS}
"""What is in the data of a recorded exception (`values.marks`)."""
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
        """`value` with its fields masked, as dicts and lists; the very same value where nothing in it is masked."""
        members = _members(value)
        if members is None and not isinstance(value, LISTS):
            return value
        if depth == 0:
            return MASK
        if members is None:
            shown = [self.value(element, depth - 1) for element in value]  # type: ignore[attr-defined]  # a list
            return value if all(map(is_, shown, value)) else shown  # type: ignore[call-overload]
        masked = {name: self.member(name, member, depth - 1) for name, member in members.items()}
        if self._masks and masked.keys() >= MARKED:
            masked[ARGS] = MASK
        return value if all(masked[name] is member for name, member in members.items()) else masked

    def member(self, name: object, member: object, depth: int = DEEPEST) -> object:
        """What to show of a member of this name."""
        mask = self._masks.get(name.casefold()) if isinstance(name, str) else None
        if mask is None and name == ERROR_DATA and isinstance(member, str):
            return self.text(member)
        return self.value(member, depth) if mask is None else mask

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
        shown = self.value(value)
        return text if shown is value else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _members(value: object) -> Mapping[object, object] | None:
    """The members of a mapping, or of an object that has fields; None for what has none."""
    if isinstance(value, Mapping):
        return value
    kind = type(value)
    names = next((getattr(kind, where) for where in FIELDS if hasattr(kind, where)), None)
    if names is None:
        return None
    found = (name if isinstance(name, str) else name.name for name in names)
    extra = getattr(value, EXTRA, None)
    return {**{name: getattr(value, name, None) for name in found}, **(extra if isinstance(extra, dict) else {})}
