"""The operations of an answer, cut apart and not read.

Most of what an answer tells is the echo of what was just sent, and nobody looks at it. Where Python's own scanner would
read it, which takes ten times as long as orjson, the operations are cut apart, and each is read when it is asked for
more than its id.

Why the cuts are right. In the text of an answer that has no `[` but that of its operations, inside of texts or out,
there is no other list. An object behind a comma is an element of a list, for in an object a name stands there; so `},{`
is where an operation ends and the next begins, unless it stands in a text. There, a quote behind it would end the text,
and no name follows the end of a text. So `},{"Id":"` is such a place for certain, and where every `},{` goes on like
this, they are all such places. They are all there are, white space or not, where no other `"Id"` is found: inside of a
text its quotes would be escaped.

What is left when the operations are taken out is read at once, with a mark in their place, and so is the last of them,
to know where it ends. An answer in any other shape is read whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.jsoncode import beginning

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "Unread", "cut", "operation_in"]

OPENING = '"Operations":[{'
NAME, FIRST = '"Id"', '"Id":"'
MARK = 0


class Unread:
    """Operations that are read where they are looked at."""

    __slots__ = ("ids", "texts")

    def __init__(self, ids: list[str], texts: list[str]) -> None:
        self.ids = ids
        self.texts = texts
        """An object each, without its brackets."""

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(operation_in, self.texts)


def cut(text: str) -> tuple[str, Unread] | None:
    """An answer with a mark in place of its operations, and the operations; None for one that is to be read whole."""
    head, _, inner = text.partition(OPENING)
    texts = inner.split("},{")
    if "[" in head or "[" in inner or {piece[: len(FIRST)] for piece in texts} != {FIRST}:
        return None
    if inner.count(NAME) != len(texts):
        return None
    ids = [piece[len(FIRST) : piece.find('"', len(FIRST))] for piece in texts]
    if "\\" in "".join(ids):
        return None
    last = "{" + texts[-1]
    _, end = beginning(last)
    texts[-1] = last[1 : end - 1]
    return f"{head}{OPENING[:-1]}{MARK}{last[end:]}", Unread(ids, texts)


def operation_in(text: str) -> dict[str, Any]:
    """The operation that one of the texts holds; raises ValueError where it holds anything else."""
    operation, end = beginning(f"{{{text}}}")
    if end != len(text) + 2:
        raise ValueError(f"there is something after the operation, at character {end}")
    found: dict[str, Any] = operation
    return found
