"""Hashes: identities of operations, and signatures of requests.

To load OpenSSL, as hashlib does before anything else, takes 3 to 5 ms; the interpreter has the same functions without
it. Those begin, and OpenSSL takes over where it pays: where user code has loaded it, at the first large message, and
after a megabyte. Its SHA-256 is five times as fast, and saves as much as its import takes in that megabyte.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from hashlib import blake2b
    from hashlib import sha256 as _own_sha256
else:
    try:
        from _blake2 import blake2b

        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as _own_sha256
        else:
            from _sha256 import sha256 as _own_sha256
    except ImportError:  # an interpreter that was built without them
        from hashlib import blake2b
        from hashlib import sha256 as _own_sha256

__all__ = ["Hash", "blake2b", "hmac_sha256", "keyed", "sha256"]

LARGE = 128 * 1024
"""Bytes of one message with which OpenSSL pays: more of their kind will follow."""
MUCH = 1024 * 1024
"""Bytes in all after which it pays."""
BLOCK = 64
INNER, OUTER = (int.from_bytes(pad * BLOCK, "big") for pad in (b"\x36", b"\x5c"))


if TYPE_CHECKING:

    class Hash(Protocol):
        """A hash that is being made."""

        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...
        def hexdigest(self) -> str: ...
        def copy(self) -> Self: ...


class _Hashes:
    """Which function hashes, and how many bytes the interpreter's own has."""

    __slots__ = ("sha256", "used")

    def __init__(self) -> None:
        self.used = 0
        self.sha256: Callable[[bytes], Hash] = self._at_first

    def _at_first(self, data: bytes) -> Hash:
        self.used += len(data)
        if self.used >= MUCH or len(data) >= LARGE or "_hashlib" in sys.modules:
            self.sha256 = _swift_sha256()
            return self.sha256(data)
        return _own_sha256(data)


def _swift_sha256() -> Callable[[bytes], Hash]:
    try:
        from _hashlib import openssl_sha256  # what hashlib has for it, without what it has for all others
    except ImportError:  # an interpreter that was built without OpenSSL
        return _own_sha256
    return openssl_sha256


_HASHES = _Hashes()


def sha256(data: bytes) -> Hash:
    """The SHA-256 of `data`, which more may be added to."""
    return _HASHES.sha256(data)


def keyed(key: bytes) -> tuple[Hash, Hash]:
    """The two halves of HMAC-SHA256 (RFC 2104) with this key, made ready to be copied for many messages."""
    short = sha256(key).digest() if len(key) > BLOCK else key
    padded = int.from_bytes(short.ljust(BLOCK, b"\0"), "big")
    return sha256((padded ^ INNER).to_bytes(BLOCK, "big")), sha256((padded ^ OUTER).to_bytes(BLOCK, "big"))


def hmac_sha256(halves: tuple[Hash, Hash], message: bytes) -> Hash:
    """The HMAC-SHA256 of `message`."""
    inner, outer = halves[0].copy(), halves[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer
