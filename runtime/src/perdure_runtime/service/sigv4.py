"""AWS Signature Version 4 for the headers of a request.

What a signature covers falls in two parts. The opening of the canonical request (method, path, query, the headers that
never change) is the same for every checkpoint of an execution: `signable` makes it once. The rest (date, session token,
digest of the body) is appended for each request. This works because every header of ours sorts before `x-amz-date`,
and the two that AWS adds follow it in that order; `signable` refuses one that would not.

The signing key holds for a day, a region and a secret, so `Signer` keeps the last one, with all else that follows from
the credentials.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from perdure_runtime.digests import hmac_sha256, keyed, sha256
from perdure_runtime.service.percent import percent_encoded
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perdure_runtime.digests import Hash
    from perdure_runtime.service.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = "x-amz-date"
_TOKEN = "x-amz-security-token"  # noqa: S105  a header's name
_END = "aws4_request"


class Signable(NamedTuple):
    """The part of a canonical request that does not change from one request to the next."""

    opening: str
    """The canonical request up to the date header."""
    names: str
    """The names of the signed headers up to the date, each followed by a semicolon."""


class _Day(NamedTuple):
    """What all requests of one day have in common that are made with the same credentials."""

    credentials: Credentials
    date: str
    scope: str
    key: tuple[Hash, Hash]
    authorization: str
    """How the Authorization header begins."""
    token: tuple[tuple[str, str], ...]
    """The header with the session token, where there is one."""
    line: str
    """Its canonical line."""
    name: str
    """How the list of signed headers ends."""


def stamp(seconds: float) -> str:
    """Write an epoch time as the signature wants it, in UTC and whole seconds."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def signable(method: str, host: str, path: str, query: str = "", headers: Iterable[tuple[str, str]] = ()) -> Signable:
    """Prepare a request for signing; `path` and `query` are as they go over the wire, already encoded."""
    signed = sorted([("host", host), *((name.lower(), " ".join(value.split())) for name, value in headers)])
    if signed[-1][0] >= _DATE:
        raise ValueError(f"cannot sign the header {signed[-1][0]!r}: it sorts after {_DATE!r}")
    lines = "".join([f"{name}:{value}\n" for name, value in signed])
    return Signable(
        opening=f"{method}\n{canonical_path(path)}\n{_canonical_query(query)}\n{lines}",
        names="".join([f"{name};" for name, _ in signed]),
    )


def canonical_path(path: str) -> str:
    """Normalize an encoded path and encode it once more, as every service but S3 expects."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(percent_encoded(segment))
    closing = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{closing}"


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derive the key that signs one day's requests to one service in one region."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, _END):
        key = hmac_sha256(keyed(key), part.encode()).digest()
    return key


class Signer:
    """Signs requests to one service in one region."""

    __slots__ = ("_last", "_region", "_service")

    def __init__(self, region: str, service: str = "lambda") -> None:
        self._region = region
        self._service = service
        self._last: _Day | None = None

    def headers(self, prepared: Signable, body: bytes, credentials: Credentials, at: str) -> list[tuple[str, str]]:
        """The headers that make `prepared`, sent with `body` at the time `at`, an authentic request."""
        day = self._last
        if day is None or day.credentials != credentials or not at.startswith(day.date):
            day = self._last = self._day(credentials, at[:8])
        names = prepared.names + day.name
        canonical = f"{prepared.opening}{_DATE}:{at}\n{day.line}\n{names}\n{sha256(body).hexdigest()}"
        text = f"{_ALGORITHM}\n{at}\n{day.scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac_sha256(day.key, text.encode()).hexdigest()
        authorization = f"{day.authorization}{names}, Signature={signature}"
        return [("X-Amz-Date", at), *day.token, ("Authorization", authorization)]

    def _day(self, credentials: Credentials, date: str) -> _Day:
        scope = f"{date}/{self._region}/{self._service}/{_END}"
        token = credentials.token
        return _Day(
            credentials,
            date,
            scope,
            keyed(signing_key(credentials.secret_key, date, self._region, self._service)),
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders=",
            (("X-Amz-Security-Token", token),) if token else (),
            f"{_TOKEN}:{token}\n" if token else "",
            f"{_DATE};{_TOKEN}" if token else _DATE,
        )


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join([f"{name}={value}" for name, value in pairs])
