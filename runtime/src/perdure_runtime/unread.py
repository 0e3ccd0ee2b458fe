"""The operations of an answer, cut apart and not read.

Most of what an answer tells is the echo of what was just sent, and nobody looks at it. So the operations are cut apart,
and each is read when it is asked for more than its id.

Why the cuts are right. In the text of an answer that has no `[` but that of its operations, inside of texts or out,
there is no other list. An object behind a comma is an element of a list, for in an object a name stands there; so `},{`
is where an operation ends and the next begins, unless it stands in a text. There, a quote behind it would end the text,
and no name follows the end of a text. So `},{"Id":"` is such a place for certain, and where every `},{` goes on like
this, they are all such places. They are all there are, white space or not, where no other `"Id"` is found: inside of a
text its quotes would be escaped.

What is left when all operations but the last are taken out is read at once: only that tells where the last one ends.
An answer in any other shape is read whole.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from perdure_runtime.jsoncode import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Unread", "cut", "operation_in"]

OPENING = '"Operations":[{'
NAME, FIRST = '"Id"', '"Id":"'


class Unread:
    """Operations that are read where they are looked at."""

    __slots__ = ("ids", "read", "texts")

    def __init__(self, ids: list[str], texts: list[str], read: Sequence[dict[str, Any]] = ()) -> None:
        self.ids = ids
        self.texts = texts
        """An object each, without its brackets."""
        self.read = read
        """Operations behind those, which are read already."""

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return chain(map(operation_in, self.texts), self.read)


def cut(answer: bytes) -> tuple[str, list[str], list[str]] | None:
    """The answer with only the last of its operations, the ids of all, and the texts of the others.

    None for one that is to be read whole. Raises ValueError for one that is no text.
    """
    if answer.find(b"[", answer.find(b"[") + 1) >= 0:
        return None
    head, _, inner = answer.decode().partition(OPENING)
    texts = inner.split("},{")
    if {piece[: len(FIRST)] for piece in texts} != {FIRST} or inner.count(NAME) != len(texts):
        return None
    ids = [piece[len(FIRST) : piece.find('"', len(FIRST))] for piece in texts]
    if "\\" in "".join(ids):
        return None
    return f"{head}{OPENING}{texts.pop()}", ids, texts


def operation_in(text: str) -> dict[str, Any]:
    """The operation that one of the texts holds; raises ValueError where it holds anything else."""
    operation: dict[str, Any] = CODE.read(f"{{{text}}}")
    return operation
