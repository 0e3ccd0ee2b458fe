"""Where data keys come from: each is made together with its own encrypted form, which stands in the record.

Only a source that the user configured opens a data key, with a key that the user named: the record says which key
closed it, and that is compared, never obeyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never

from perdure.codecs import KmsKeys, LocalKeys
from perdure_runtime.codecs.clients import Refused, called
from perdure_runtime.codecs.faults import Elsewhere, Unreadable
from perdure_runtime.codecs.sealing import NONCE, Sealing, sealing_of
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.codecs.environment import Environment

__all__ = ["DataKey", "KeySource", "source_of"]

DATA_KEY: Final = 32
BINDING: Final = b"perdure data key"
CONTEXT: Final = {"perdure": "payload"}
"""KMS records it in CloudTrail, and a key policy can ask for it."""
CLOSED_BY_ANOTHER: Final = "IncorrectKeyException"


class DataKey(NamedTuple):
    """A key for payloads, open and closed."""

    key: str
    """Which key closed it."""
    opened: bytes
    closed: bytes

    def __repr__(self) -> str:
        return f"<DataKey closed by {self.key}>"  # the open key must not get into a log


class KeySource(Protocol):
    """Makes and opens data keys."""

    @property
    def kind(self) -> str:
        """What stands in the record for sources like this."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether making and opening data keys takes requests."""
        ...

    def make(self) -> DataKey:
        """A new data key."""
        ...

    def open(self, closed: bytes, key: str) -> bytes:
        """The data key that `key` closed; raises `Elsewhere` where this source does not have that key."""
        ...


def source_of(keys: KmsKeys | LocalKeys, environment: Environment) -> KeySource:
    """The source that the settings ask for."""
    if isinstance(keys, LocalKeys):
        return Local(keys, environment)
    if isinstance(keys, KmsKeys):
        return Kms(keys, environment)
    assert_never(keys)


class Local:
    """Keys that are given."""

    __slots__ = ("_keys", "_random", "_sealing")
    kind = "local"
    is_elsewhere = False

    def __init__(self, keys: LocalKeys, environment: Environment) -> None:
        self._keys = keys
        self._random = environment.random
        self._sealing: Callable[[bytes], Sealing] = sealing_of(environment)

    def make(self) -> DataKey:
        """A new data key."""
        name = self._keys.current
        opened, nonce = self._random(DATA_KEY), self._random(NONCE)
        closed = nonce + self._sealing(self._keys.keys[name]).seal(nonce, opened, BINDING)
        return DataKey(name, opened, closed)

    def open(self, closed: bytes, key: str) -> bytes:
        """The data key that the key of this name closed."""
        own = self._keys.keys.get(key)
        if own is None:
            raise Elsewhere(
                f"was encrypted under a key that LocalKeys does not have; it has {', '.join(self._keys.keys)}", key
            )
        try:
            return self._sealing(own).open(closed[:NONCE], closed[NONCE:], BINDING)
        except Unreadable:
            raise Unreadable(
                "cannot be decrypted: the key of this name is not the one it was encrypted under", key
            ) from None


class Kms:
    """Keys in AWS KMS."""

    __slots__ = ("_environment", "_keys")
    kind = "kms"
    is_elsewhere = True

    def __init__(self, keys: KmsKeys, environment: Environment) -> None:
        sealing_of(environment)
        if keys.client is None:
            environment.need("boto3", "KmsKeys")
        self._keys = keys
        self._environment = environment

    def make(self) -> DataKey:
        """A new data key; one request."""
        answer = called(
            self._client().generate_data_key,
            "GenerateDataKey",
            KeyId=self._keys.key_id,
            KeySpec="AES_256",
            EncryptionContext=CONTEXT,
        )
        if isinstance(answer, Refused):
            raise answer.fault("encrypted", self._keys.key_id)
        return DataKey(str(answer["KeyId"]), answer["Plaintext"], answer["CiphertextBlob"])

    def open(self, closed: bytes, key: str) -> bytes:
        """The data key; one request for each key that was named, until one of them is the right one."""
        named = (self._keys.key_id, *self._keys.former)
        for own in (key,) if key in named else named:
            answer = called(
                self._client().decrypt, "Decrypt", KeyId=own, CiphertextBlob=closed, EncryptionContext=CONTEXT
            )
            if not isinstance(answer, Refused):
                opened: bytes = answer["Plaintext"]
                return opened
            if answer.code != CLOSED_BY_ANOTHER:
                raise answer.fault("decrypted", key)
        raise Elsewhere(f"was encrypted under a key that KmsKeys does not name; it names {', '.join(named)}", key)

    def _client(self) -> Any:  # noqa: ANN401  boto3 makes its class at run time
        return self._keys.client or self._environment.client("kms", self._keys.region)
