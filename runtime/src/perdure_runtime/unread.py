r"""The operations of an answer, cut apart and not read.

Most of what an answer tells is the echo of what was just sent, and nobody looks at it. So the operations are cut apart,
and each is read when it is asked for more than its id.

Why the cuts are right. An object behind a comma is an element of a list, for in an object a name stands there; so where
there is no other list, it is an operation. `},{"Id":"` stands in no text: a quote behind it would end the text, and no
name follows the end of a text. So that is where one ends and the next begins. Each has an id, and so these are all such
places, white space or not, where no other `"Id"` is found: inside of a text its quotes would be escaped.

There is no other list where there is no other `[`, inside of texts or out. What a batch comes to has some, as JSON does
that stands in a text; but there a quote follows that is escaped, and nothing outside of texts is. So `[\` and `[{\`
count for nothing.

What is left when all operations but the last are taken out is read at once: only that tells where the last one ends.
An answer in any other shape is read whole.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from perdure_runtime.jsoncode import CODE, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Unread", "cut", "operation_in"]

OPENING, BORDER = '"Operations":[{"Id":"', '},{"Id":"'
LISTS_IN_TEXTS = b"[\\", b"[{\\"


class Unread:
    """Operations that are read where they are looked at."""

    __slots__ = ("ids", "read", "texts")

    def __init__(self, ids: list[str], texts: list[str], read: Sequence[dict[str, Any]] = ()) -> None:
        self.ids = ids
        self.texts = texts
        """An object each, from within the text of its id, to the bracket at its end."""
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
    if _has_other_lists(answer):
        return None
    head, opening, inner = answer.decode().partition(OPENING)
    texts = inner.split(BORDER)
    if not opening or inner.count('"Id"') != len(texts) - 1:
        return None
    ids = [text[: text.find('"')] for text in texts]
    if "\\" in "".join(ids):
        return None
    return f"{head}{opening}{texts.pop()}", ids, texts


def _has_other_lists(answer: bytes) -> bool:
    """Whether there is, or may be, another list than that of the operations."""
    place = answer.find(b"[")
    while (place := answer.find(b"[", place + 1)) >= 0:
        # With orjson, the whole is read in less time than it takes to find out.
        if CODE.is_swift or not answer.startswith(LISTS_IN_TEXTS, place):
            return True
    return False


def operation_in(text: str) -> dict[str, Any]:
    """The operation that one of the texts holds; raises ValueError where it holds anything else."""
    whole = f'{{"Id":"{text}}}'
    operation: dict[str, Any] = CODE.read_brief(whole) if len(whole) <= SMALL else CODE.read(whole)
    return operation
