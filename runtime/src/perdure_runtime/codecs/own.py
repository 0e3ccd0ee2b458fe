"""Codecs of the user's own in the chain.

They are user code: whatever they raise fails the operation, except for a `ServiceError`, which says itself whether it
may pass. What such a codec encodes is decoded at once, so that one that cannot read its own writing fails while the
value is still there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from perdure import ServiceError
from perdure.codecs import PayloadSite
from perdure_runtime.codecs.faults import Unreadable
from perdure_runtime.codecs.stages import Applied, Position

if TYPE_CHECKING:
    from perdure.codecs import PayloadCodec
    from perdure_runtime.codecs.wireform import Entry

__all__ = ["Own"]

PREFIX = "own:"
"""Keeps the names of users' codecs apart from Perdure's, those of later versions too."""


class Own:
    """A codec of the user's as a stage."""

    __slots__ = ("_codec", "reads")

    def __init__(self, codec: PayloadCodec) -> None:
        self._codec = codec
        self.reads = (f"{PREFIX}{codec.name}",)

    def waits_to_apply(self, size: int) -> bool:  # noqa: ARG002  a stage's
        """What a user's own code does, nobody knows."""
        return True

    def waits_to_undo(self, entry: Entry) -> bool:  # noqa: ARG002  a stage's
        """What a user's own code does, nobody knows."""
        return True

    def apply(self, data: bytes, position: Position) -> Applied:
        """What the codec makes of `data`."""
        encoded = self._called(self._codec.encode, data, position.site)
        if self._called(self._codec.decode, encoded, position.site) != data:
            raise Unreadable(
                f"would not come back as it was: the codec {self._codec.name} decodes it to something else"
            )
        return Applied({"by": self.reads[0]}, encoded)

    def undo(self, data: bytes, entry: Entry, position: Position) -> bytes:  # noqa: ARG002  a codec of the user's has no notes
        """What the codec makes of what it made."""
        return self._called(self._codec.decode, data, position.site)

    def _called(self, function: Callable[[bytes, PayloadSite], bytes], data: bytes, site: PayloadSite) -> bytes:
        try:
            made = function(data, site)
        except ServiceError:
            raise
        except Exception as error:  # user code
            what = f"{type(error).__name__}: {error}"
            raise Unreadable(f"is refused by the codec {self._codec.name}: {what}") from error
        if not isinstance(made, bytes):
            raise Unreadable(f"is refused: the codec {self._codec.name} gave a {type(made).__name__}, not bytes")
        return made
