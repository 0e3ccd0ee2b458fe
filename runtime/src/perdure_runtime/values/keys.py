"""Dict keys as the text that JSON wants them to be, where their type lets one tell the key from it."""

from __future__ import annotations

from collections.abc import Callable

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Shape
from perdure_runtime.values.tags import shown

__all__ = ["KeyForm", "key_form"]


class KeyForm(NamedTuple):
    """A key as text, and back; both raise `Unfit`."""

    to_text: Callable[[object], str]
    of_text: Callable[[str], object]


def key_form(shape: Shape) -> KeyForm | None:
    """How keys of this shape are text; None where they are not, or not of one kind."""
    kinds = {kind for kind in shape.kinds if kind in BY_KIND or kind in OTHERS}
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    if kind is str:
        return KeyForm(shape.json, shape.read)
    if kind not in BY_KIND:
        return None
    write, read = BY_KIND[kind]
    return KeyForm(lambda key: write(shape.json(key)), lambda text: shape.read(read(text)))


def _int_text(key: object) -> str:
    try:
        return str(key)
    except ValueError:  # Python's own limit on decimal digits
        raise Unfit("is an integer of more digits than Python reads") from None


def _int_of(text: str) -> int:
    try:
        found = int(text)
        if str(found) == text:
            return found
    except ValueError:
        pass
    raise Unfit(f"expected the digits of an int, found {shown(text)}")


def _bool_of(text: str) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    raise Unfit(f"expected true or false, found {shown(text)}")


BY_KIND: dict[type, tuple[Callable[[object], str], Callable[[str], object]]] = {
    int: (_int_text, _int_of),
    bool: (lambda key: "true" if key else "false", _bool_of),
}
OTHERS = frozenset({str, type(None), float, list, dict, object})
"""What else JSON has."""
