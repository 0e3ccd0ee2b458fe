"""Payload codecs: what happens to a recorded text between your function and the service.

A serdes or an annotation decides how a value becomes text. Codecs come after that and know nothing of values: they
compress the text, encrypt it, store it elsewhere, in the order in which they are listed, and a replay goes back the
same way. `@durable(codecs=(Compress(), Encrypt(KmsKeys("alias/orders")), Offload(S3Store("my-bucket"))))` holds for all
that the function's steps, children, branches and conditions record, `step(codecs=…)` and `child(codecs=…)` for one.

What is here only says what is wanted. The engine's `perdure_runtime.codecs` does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from perdure.errors import SerdesError
from perdure.frozen import frozen

__all__ = [
    "Codec",
    "Compress",
    "Encrypt",
    "FileStore",
    "KmsKeys",
    "LocalKeys",
    "ObjectStore",
    "Offload",
    "PayloadCodec",
    "PayloadError",
    "PayloadSite",
    "Redact",
    "S3Store",
    "checked_codecs",
]

KEY_SIZES = (16, 24, 32)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class PayloadError(SerdesError):
    """A payload cannot be encoded, or what was recorded cannot be turned back: a key or an object is gone or wrong."""

    def __init__(self, reason: str, operation: str = "", operation_id: str = "", key: str = "") -> None:
        super().__init__(reason, "", operation)
        self.args = (reason, operation, operation_id, key)
        self.operation = operation
        self.operation_id = operation_id
        self.key = key

    def _text(self) -> str:
        number = f" ({self.operation_id[:8]})" if self.operation_id else ""
        key = f" [{self.key}]" if self.key else ""
        return f"the payload of {self.operation or 'an operation'}{number} {self.reason}{key}"


class PayloadSite(NamedTuple):
    """Whose payload it is."""

    execution_arn: str
    operation_id: str
    operation_name: str | None = None


class PayloadCodec(Protocol):
    """A codec of your own; what `encode` makes has to be what `decode` takes back, also in years to come."""

    @property
    def name(self) -> str:
        """What stands in the record for this codec: 1 to 64 letters, digits, dots, hyphens and underscores."""
        ...

    def encode(self, data: bytes, site: PayloadSite, /) -> bytes:
        """The bytes to record in place of `data`."""
        ...

    def decode(self, data: bytes, site: PayloadSite, /) -> bytes:
        """The bytes that were given to `encode`."""
        ...


class ObjectStore(Protocol):
    """A place of your own for `Offload`; `FileNotFoundError` is what `get` raises for an object that is not there."""

    @property
    def place(self) -> str:
        """Where this is, for people to read."""
        ...

    def put(self, key: str, data: bytes, /) -> None:
        """Store `data`; what is there under the same key is the same data."""
        ...

    def get(self, key: str, most: int, /) -> bytes:
        """The data under `key`; need not read on after `most` bytes and one more."""
        ...


class Setting:
    """What is made here: a frozen value that checks what it is given."""

    def _keep(self, **fields: object) -> None:
        self.__dict__.update(fields)


@frozen
class Compress(Setting):
    """Compress payloads of `threshold` bytes and more, where that makes the record smaller.

    "auto" takes zstd where it is there (Python 3.14, or the package `zstandard`) and zlib elsewhere. Either is read
    back whatever the method says.
    """

    threshold: int
    method: Literal["auto", "zlib", "zstd"]

    def __init__(self, threshold: int = 4096, method: Literal["auto", "zlib", "zstd"] = "auto") -> None:
        if method not in {"auto", "zlib", "zstd"}:
            raise ValueError(f"method is 'auto', 'zlib' or 'zstd', not {method!r}")
        self._keep(threshold=_checked_size(threshold), method=method)


@frozen
class KmsKeys(Setting):
    """Data keys that AWS KMS makes and opens with `key_id`; `former` are keys that only open what they once closed.

    `client` is a boto3 KMS client of your own.
    """

    key_id: str
    former: tuple[str, ...]
    region: str | None
    client: object | None

    def __init__(
        self, key_id: str, former: Iterable[str] = (), region: str | None = None, client: object | None = None
    ) -> None:
        if isinstance(former, str):
            raise TypeError("former holds the ids of keys: write former=('…',)")
        self._keep(key_id=_checked_text("key_id", key_id), former=tuple(former), region=region, client=client)


@frozen
class LocalKeys(Setting):
    """Keys of 16, 24 or 32 bytes by name, for tests and for secrets that you load yourself; the last one closes."""

    keys: Mapping[str, bytes]

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("LocalKeys needs one key at least")
        for name, key in keys.items():
            if len(key) not in KEY_SIZES:
                raise ValueError(f"the key {name!r} has {len(key)} bytes; it takes 16, 24 or 32")
        self._keep(keys=MappingProxyType(dict(keys)))

    @property
    def current(self) -> str:
        """The name of the key that closes."""
        return next(reversed(list(self.keys)))

    def __eq__(self, other: object) -> bool:
        # In their order, too: it says which one closes.
        return isinstance(other, LocalKeys) and tuple(other.keys.items()) == tuple(self.keys.items())

    def __hash__(self) -> int:
        return hash(tuple(self.keys.items()))

    def __repr__(self) -> str:
        return f"LocalKeys({', '.join(self.keys)})"  # never the keys themselves

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self.keys),)


@frozen
class Encrypt(Setting):
    """Encrypt payloads with AES-GCM, under data keys that `keys` protects; needs the package `cryptography`.

    A payload can be read at its own operation only. A data key serves one invocation, or one payload.
    """

    keys: KmsKeys | LocalKeys
    key_per: Literal["invocation", "payload"]

    def __init__(self, keys: KmsKeys | LocalKeys, key_per: Literal["invocation", "payload"] = "invocation") -> None:
        if not isinstance(keys, KmsKeys | LocalKeys):
            raise TypeError(f"keys is KmsKeys(…) or LocalKeys(…), not {type(keys).__name__}")
        if key_per not in {"invocation", "payload"}:
            raise ValueError(f"key_per is 'invocation' or 'payload', not {key_per!r}")
        self._keep(keys=keys, key_per=key_per)


@frozen
class S3Store(Setting):
    """Objects in a bucket, under `prefix`; `client` is a boto3 S3 client of your own."""

    bucket: str
    prefix: str
    region: str | None
    client: object | None

    def __init__(
        self, bucket: str, prefix: str = "perdure/", region: str | None = None, client: object | None = None
    ) -> None:
        prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._keep(bucket=_checked_text("bucket", bucket), prefix=prefix, region=region, client=client)


@frozen
class FileStore(Setting):
    """Files in a folder that all invocations see, such as a mounted file system."""

    path: str

    def __init__(self, path: str) -> None:
        self._keep(path=_checked_text("path", str(path)))


@frozen
class Offload(Setting):
    """Store payloads whose text would take more than `threshold` bytes elsewhere, and record where they are."""

    store: S3Store | FileStore | ObjectStore
    threshold: int

    def __init__(self, store: S3Store | FileStore | ObjectStore, threshold: int = 262_144) -> None:
        known = isinstance(store, S3Store | FileStore)
        if not known and not all(hasattr(store, name) for name in ("place", "put", "get")):
            raise TypeError(f"store is S3Store(…), FileStore(…) or has place, put and get, not {type(store).__name__}")
        self._keep(store=store, threshold=_checked_size(threshold))


@frozen
class Redact(Setting):
    """Mask the values of `fields` in whatever is shown or logged; what is recorded stays as it is.

    A field is a member's name, at any depth, in capitals or not.
    """

    fields: tuple[str, ...]
    placeholder: str

    def __init__(self, fields: Iterable[str], placeholder: str = "[redacted]") -> None:
        if isinstance(fields, str):
            raise TypeError("fields holds names: write fields=('…',)")
        self._keep(fields=tuple(_checked_text("a field", name) for name in fields), placeholder=placeholder)


Codec: TypeAlias = Compress | Encrypt | Offload | Redact | PayloadCodec
"""What may stand in `codecs=(…)`: one of Perdure's own, or one of yours."""


def checked_codecs(codecs: Iterable[Codec]) -> tuple[Codec, ...]:
    """`codecs` as a tuple; raises where the user wrote something else, or two of their own under one name."""
    if isinstance(codecs, Setting) or not isinstance(codecs, Iterable):
        raise TypeError(f"codecs is a tuple of codecs, such as (Compress(),), not {type(codecs).__name__}")
    chosen = tuple(codecs)
    names = [_own_name(codec) for codec in chosen if not isinstance(codec, Compress | Encrypt | Offload | Redact)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two codecs have the name {twice[0]!r}")
    return chosen


def _own_name(codec: object) -> str:
    missing = [part for part in ("name", "encode", "decode") if not hasattr(codec, part)]
    if missing or isinstance(codec, type):
        fault = "is a class, not an instance" if isinstance(codec, type) else f"has no {missing[0]}"
        raise TypeError(f"{codec!r} is no codec: it {fault}")
    name = getattr(codec, "name")  # noqa: B009  known to be there only at run time
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"a codec's name is 1 to 64 letters, digits, dots, hyphens and underscores, not {name!r}")
    return name


def _checked_size(size: int) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"threshold is a number of bytes, not {size!r}")
    return size


def _checked_text(what: str, text: str) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError(f"{what} is a text and not empty, not {text!r}")
    return text
