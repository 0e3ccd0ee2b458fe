"""Stores of objects by key: a bucket, or a folder. Neither reads more of an object than it is told to."""

from __future__ import annotations

import binascii
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from perdure.codecs import FileStore, ObjectStore, S3Store
from perdure_runtime.codecs.clients import Refused, called, streamed
from perdure_runtime.codecs.faults import Elsewhere

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment

__all__ = ["Bucket", "Folder", "store_of"]

MISSING: Final = frozenset({"NoSuchKey", "404"})
NO_ACCESS: Final = frozenset({"AccessDenied", "403"})
"""What S3 also says of an object that is not there, to whom it does not list the bucket."""
SUFFIX_BYTES: Final = 8


def store_of(store: S3Store | FileStore | ObjectStore, environment: Environment) -> ObjectStore:
    """The store that the settings ask for, or the user's own."""
    if isinstance(store, S3Store):
        return Bucket(store, environment)
    if isinstance(store, FileStore):
        return Folder(store, environment)
    return store


class Bucket:
    """Objects in S3."""

    __slots__ = ("_environment", "_settings", "place")

    def __init__(self, settings: S3Store, environment: Environment) -> None:
        if settings.client is None:
            environment.need("boto3", "S3Store")
        self._settings = settings
        self._environment = environment
        self.place = f"s3://{settings.bucket}/{settings.prefix}"

    def put(self, key: str, data: bytes, /) -> None:
        """Store an object; S3 compares the checksum with what arrived."""
        checksum = binascii.b2a_base64(sha256(data).digest(), newline=False).decode("ascii")
        name = f"{self._settings.prefix}{key}"
        answer = called(
            self._client().put_object,
            "PutObject",
            Bucket=self._settings.bucket,
            Key=name,
            Body=data,
            ContentType="application/octet-stream",
            ChecksumSHA256=checksum,
        )
        if isinstance(answer, Refused):
            raise answer.fault("stored", f"{self.place}{key}")

    def get(self, key: str, most: int, /) -> bytes:
        """Fetch an object, `most` bytes of it and one more at most."""
        name = f"{self._settings.prefix}{key}"
        answer = called(self._client().get_object, "GetObject", Bucket=self._settings.bucket, Key=name)
        if not isinstance(answer, Refused):
            return streamed(answer["Body"], "GetObject", most + 1, f"{self.place}{key}")
        if answer.code in MISSING:
            raise FileNotFoundError(key)
        fault = answer.fault("fetched", f"{self.place}{key}")
        raise Elsewhere(*fault.args) if answer.code in NO_ACCESS else fault

    def _client(self) -> Any:  # noqa: ANN401  boto3 makes its class at run time
        return self._settings.client or self._environment.client("s3", self._settings.region)


class Folder:
    """Files in a folder, each written under another name first: a reader sees all of it or nothing."""

    __slots__ = ("_path", "_random", "place")

    def __init__(self, settings: FileStore, environment: Environment) -> None:
        from pathlib import Path  # not on the cold path

        self._path = Path(settings.path)
        self._random = environment.random
        self.place = f"{settings.path.rstrip('/')}/"

    def put(self, key: str, data: bytes, /) -> None:
        """Write a file."""
        target = self._path / key
        unfinished = target.with_name(f"{target.name}.{self._random(SUFFIX_BYTES).hex()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def get(self, key: str, most: int, /) -> bytes:
        """Read a file, `most` bytes of it and one more at most."""
        with (self._path / key).open("rb") as file:
            return file.read(most + 1)
