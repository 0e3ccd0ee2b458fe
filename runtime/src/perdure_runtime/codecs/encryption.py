"""Envelope encryption: a payload under a data key, and the data key, closed by a key of the user's, beside it.

    {"by":"aes-256-gcm","keys":"kms","key":"arn:…","closed":"…","nonce":"…","size":1544}

The tag also proves which execution and operation the payload belongs to, and what was done to it before: an encrypted
text that somebody copies to another place does not open there.
"""

from __future__ import annotations

import binascii
from _thread import allocate_lock
from typing import TYPE_CHECKING, Final

from perdure.codecs import Encrypt
from perdure_runtime.codecs.faults import Elsewhere, Unreadable
from perdure_runtime.codecs.keys import DataKey, source_of
from perdure_runtime.codecs.sealing import NONCE, sealing_of
from perdure_runtime.codecs.stages import Applied, Position
from perdure_runtime.codecs.wireform import BY

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment
    from perdure_runtime.codecs.wireform import Entry

__all__ = ["Encryption"]

NAME: Final = "aes-256-gcm"
MOST_OPENED: Final = 1024
"""Data keys that are remembered; each spares a request to KMS."""


class Encryption:
    """Encrypts every payload, and reads what its source of keys can open."""

    __slots__ = ("_current", "_environment", "_lock", "_made_in", "_opened", "_per_payload", "_sealing", "_source")
    reads = (NAME,)

    def __init__(self, settings: Encrypt, environment: Environment) -> None:
        self._environment = environment
        self._sealing = sealing_of(environment)
        self._source = source_of(settings.keys, environment)
        self._per_payload = settings.key_per == "payload"
        self._current: DataKey | None = None
        self._made_in = environment.invocation
        self._opened: dict[tuple[str, bytes], bytes] = {}
        # Held during a request, so that many threads which need the same key make one request for it.
        self._lock = allocate_lock()

    def waits_to_apply(self, size: int) -> bool:  # noqa: ARG002  any payload
        """Where KMS has to make a data key first."""
        return self._source.is_elsewhere and not self._has_current

    def waits_to_undo(self, entry: Entry) -> bool:
        """Where KMS has to open a data key first."""
        if not self._source.is_elsewhere:
            return False
        try:
            return (str(entry.get("key", "")), _bytes(entry.get("closed"))) not in self._opened
        except Unreadable:
            return False

    def apply(self, data: bytes, position: Position) -> Applied:
        """`data` encrypted."""
        key = self._key()
        nonce = self._environment.random(NONCE)
        entry: Entry = {
            BY: NAME,
            "keys": self._source.kind,
            "key": key.key,
            "closed": _text(key.closed),
            "nonce": _text(nonce),
        }
        return Applied(entry, self._sealing(key.opened).seal(nonce, data, position.binding()))

    def undo(self, data: bytes, entry: Entry, position: Position) -> bytes:
        """The bytes that were encrypted."""
        key = str(entry.get("key", ""))
        if entry.get("keys") != self._source.kind:
            raise Elsewhere(f"was encrypted with keys of another source ({entry.get('keys')})", key)
        nonce = _bytes(entry.get("nonce"))
        if len(nonce) != NONCE:
            raise Unreadable("is damaged: its nonce has another length", key)
        opened = self._open(_bytes(entry.get("closed")), key)
        try:
            return self._sealing(opened).open(nonce, data, position.binding())
        except Unreadable as fault:
            raise Unreadable(fault.reason, key) from None

    def _key(self) -> DataKey:
        """The data key of this invocation, or one for this payload alone."""
        with self._lock:
            if self._current is None or not self._has_current:
                invocation = self._environment.invocation
                self._current, self._made_in = self._source.make(), invocation
                self._remember(self._current.key, self._current.closed, self._current.opened)
            return self._current

    @property
    def _has_current(self) -> bool:
        return self._current is not None and not self._per_payload and self._made_in == self._environment.invocation

    def _open(self, closed: bytes, key: str) -> bytes:
        with self._lock:
            found = self._opened.get((key, closed))
            if found is None:
                found = self._source.open(closed, key)
                self._remember(key, closed, found)
            return found

    def _remember(self, key: str, closed: bytes, opened: bytes) -> None:
        while len(self._opened) >= MOST_OPENED:
            del self._opened[next(iter(self._opened))]
        self._opened[key, closed] = opened


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _bytes(text: object) -> bytes:
    try:
        if isinstance(text, str):
            return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        pass
    raise Unreadable("is damaged: a part of its note is not base64")
