"""Authenticated encryption under one key: AES-GCM, from the package `cryptography`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from perdure_runtime.codecs.faults import Unreadable

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment

__all__ = ["NONCE", "PACKAGE", "AesGcm", "Sealing", "sealing_of"]

PACKAGE: Final = "cryptography"
NONCE: Final = 12


class Sealing(Protocol):
    """Encrypts and proves under one key."""

    def seal(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        """`data` encrypted, with a tag that also proves `binding`."""
        ...

    def open(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        """What was sealed; raises `Unreadable` for anything else."""
        ...


def sealing_of(environment: Environment) -> Callable[[bytes], Sealing]:
    """What makes a `Sealing` of a key here; raises `ModuleNotFoundError` where nothing does."""
    if environment.sealing is not None:
        return environment.sealing
    environment.need(PACKAGE, "Encrypt")
    return AesGcm


class AesGcm:
    """AES-GCM with a nonce of 96 bits and a tag of 128."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        # Loads OpenSSL: not before it is needed.
        self._cipher: Any = import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key)

    def seal(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        """`data` encrypted, and its tag."""
        sealed: bytes = self._cipher.encrypt(nonce, data, binding)
        return sealed

    def open(self, nonce: bytes, data: bytes, binding: bytes, /) -> bytes:
        """What was sealed."""
        invalid: type[Exception] = import_module("cryptography.exceptions").InvalidTag
        try:
            opened: bytes = self._cipher.decrypt(nonce, data, binding)
        except (invalid, ValueError):
            raise Unreadable(
                "cannot be decrypted: it was changed, belongs to another operation, or its key is another one"
            ) from None
        return opened
