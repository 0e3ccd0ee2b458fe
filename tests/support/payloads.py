"""What tests of payload codecs have in common: a site, surroundings without AWS, and codecs to put into chains."""

from __future__ import annotations

import hashlib
import hmac
from itertools import count
from typing import TYPE_CHECKING, Any

from perdure.codecs import PayloadSite
from perdure_runtime.codecs.environment import Environment, is_installed
from perdure_runtime.codecs.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

SITE = PayloadSite("arn:aws:lambda:eu-west-1:123456789012:function:f:1/durable-execution/n/i", "0a1b2c3d4e5f", "charge")
OTHER_SITE = SITE._replace(operation_id="ffffffffffff")
TAG = 32


class HashSealing:
    """Authenticated encryption of the standard library's hashes alone, in place of AES-GCM. For tests only."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        sealed = self._stirred(nonce, data)
        return sealed + self._tag(nonce, sealed, binding)

    def open(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        sealed, tag = data[:-TAG], data[-TAG:]
        if not hmac.compare_digest(tag, self._tag(nonce, sealed, binding)):
            raise Unreadable("cannot be decrypted: the tag is wrong")
        return self._stirred(nonce, sealed)

    def _stirred(self, nonce: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_256(self._key + nonce).digest(len(data))
        return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))

    def _tag(self, nonce: bytes, data: bytes, binding: bytes) -> bytes:
        return hmac.new(self._key, nonce + len(binding).to_bytes(8) + binding + data, hashlib.sha256).digest()


class MemoryStore:
    """Objects in a dict."""

    place = "memory:"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, /) -> None:
        self.objects[key] = data

    def get(self, key: str, most: int, /) -> bytes:
        if key not in self.objects:
            raise FileNotFoundError(key)
        return self.objects[key][: most + 1]


class Reverse:
    """A codec of the user's."""

    name = "reverse"

    def encode(self, data: bytes, site: PayloadSite, /) -> bytes:
        return data[::-1]

    def decode(self, data: bytes, site: PayloadSite, /) -> bytes:
        return data[::-1]


def environment(
    clients: Mapping[str, Any] | None = None, *, lacking: tuple[str, ...] = (), **options: Any
) -> Environment:
    """Surroundings that need no package and know no region; random bytes are counted, so no two are the same."""
    numbers = count(1)
    known = dict(clients or {})
    options.setdefault("sealing", HashSealing)
    return Environment(
        lambda service, _: known[service],
        has=lambda name: name not in lacking and is_installed(name),
        random=lambda size: next(numbers).to_bytes(size),
        **options,
    )
