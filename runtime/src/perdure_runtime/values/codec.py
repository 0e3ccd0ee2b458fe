"""The default form of recorded values: text that the official Python SDK reads, and reader of all that it writes.

    simple value          None, bool, int, float, str, and lists of these: plain JSON
    anything else         {"t": <tag>, "v": <value>}

An inner value without both keys `t` and `v` is taken as it stands, with all that is below it. That makes the compact
form possible: only what needs a tag has one, and the containers on the way down to it; every other subtree is plain
JSON. What needs a tag is in `tags`, and a dict that itself holds both keys and would be mistaken.

What is read back is what was written, in type as in value. A value that cannot promise that (a set, an Enum, a class of
the user's, a subclass of a builtin) is refused with its path; an annotation, or a serdes, says how to store it. Of a
datetime, ISO text keeps the moment and the offset, neither the zone's name nor the fold.

A batch is a *structure*: only a codec that was given it stores one. The functions of this module know none, and read a
recorded batch as its plain dict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.values.jsontext import SCALARS, parse
from perdure_runtime.values.paths import FAULTS, ROOT, refusal, reported
from perdure_runtime.values.reading import Reader
from perdure_runtime.values.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.values.tags import Structure

__all__ = ["Codec", "decode", "encode", "stored", "unwrapped"]


class Codec:
    """The default form, with the `structures` as types of their own; they are asked for when a value may be one."""

    __slots__ = ("_reader", "_writer")

    def __init__(self, structures: Callable[[], tuple[Structure, ...]] = tuple) -> None:
        self._reader = Reader(structures)
        self._writer = Writer(structures)

    def encode(self, value: object, *, root: str = ROOT) -> str:
        """The text to record for `value`; raises `SerdesError` for what would not come back as it is."""
        with reported(root):
            found = self._writer.at_once(value)
            return found[0] if found is not None else self._writer.text(value)

    def stored(self, value: object, *, root: str = ROOT) -> tuple[str, object]:
        """The text to record for `value`, and the value a replay will read from it: never the same object."""
        try:
            found = self._writer.at_once(value)
            if found is not None:
                return found
            text = self._writer.text(value)
            return text, self._reader.root(parse(text))
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def at_once(self, value: object) -> tuple[str, object] | None:
        """As `stored`, for plain JSON of builtin types throughout, and without a tag inside; None for all else."""
        return self._writer.at_once(value)

    def settled(self, data: object, *, root: str = ROOT) -> str | None:
        """The text to record for plain JSON data whose every type is known to be a builtin; None where that takes more.

        Whoever knows the types spares the proof that `stored` needs: orjson refuses what it would change, apart from
        floats that are not finite, of which there must be none.
        """
        try:
            return self._writer.settled(data)
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def decode(self, text: str, *, root: str = ROOT) -> object:
        """The value that a recorded `text` stands for; raises `SerdesError` for text that neither SDK wrote."""
        try:
            return self.value_of(parse(text), text)
        except FAULTS as fault:
            raise refusal(fault, root)  # noqa: B904  it says itself what it comes from

    def value_of(self, data: object, text: str) -> object:
        """The value that JSON data stands for, and the text that it was read from; raises one of `FAULTS`."""
        return data if type(data) in SCALARS else self._reader.root(data, shallow=_has_one_tag(text))

    def keeps(self, kind: type) -> bool:
        """Whether values of this type come back as what they are, as far as what is in them does."""
        return self._writer.writes(kind)

    def unwrapped(self, data: object) -> object:
        """The value that recorded JSON data stands for; raises `Unfit`."""
        return self._reader.root(data)

    def stored_members(
        self, tag: str, members: dict[str, object], *, root: str = ROOT
    ) -> tuple[str, dict[str, object]]:
        """As `stored`, for the members of a structure under its tag; what is read back are members too."""
        with reported(root):
            found = self._writer.members_at_once(tag, members)
            if found is not None:
                return found
            text = self._writer.members_text(tag, members)
            return text, self._reader.members(tag, parse(text))

    def decode_members(self, tag: str, text: str, *, root: str = ROOT) -> dict[str, object]:
        """As `decode`, for a structure: the members that are recorded under its tag."""
        with reported(root):
            return self._reader.members(tag, parse(text))


def _has_one_tag(text: str) -> bool:
    """Whether there is a tag at the root and surely none below, whoever wrote it, however it is spelled."""
    if not text.startswith('{"t":"') or text.find('"t"', len('{"t":')) >= 0:
        return False
    return "\\" not in text or "\\u0074" not in text  # one character is found ten times as fast as six


_plain = Codec()
encode = _plain.encode
stored = _plain.stored
decode = _plain.decode
unwrapped = _plain.unwrapped
