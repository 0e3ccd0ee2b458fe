"""One HTTP/1.1 answer, read strictly.

The client speaks to one service it knows, so it accepts what that service may send and nothing that could be read in
two ways: a body has a Content-Length or is chunked, never both and never neither; a header line is one line; sizes have
limits. Redirects are answers like any other. What breaks a rule raises `BadReply`, after which the connection is of no
more use.

`Incoming` is the only place that knows how bytes arrive, so the reader itself does no I/O.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024 * 1024
_PIECE = 64 * 1024
_LARGE_PIECE = 1024 * 1024
_DIGITS = frozenset("0123456789")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MOST_NAMES = 128
_SIZE_DIGITS = 10
_CHUNK_DIGITS = 8
_NO_CONTENT = frozenset({204, 304})
_SWITCHING = 101
_SUCCESS = 200


class BadReply(ConnectionError):
    """What arrived is no HTTP answer, or not a whole one."""


class Reply:
    """A whole answer."""

    __slots__ = ("body", "headers", "reusable", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, reusable: bool) -> None:  # noqa: FBT001  a field
        self.status = status
        self.headers = headers
        """By lower-case name; a repeated header is joined by commas."""
        self.body = body
        self.reusable = reusable
        """Whether the connection may carry another request."""


class Incoming:
    """The bytes of one connection, taken up to a mark or by count."""

    __slots__ = ("_receive", "heard", "held")

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self.held = b""
        """What has arrived and was not taken."""
        self.heard = False
        """Whether anything has arrived."""

    def until(self, mark: bytes, limit: int) -> bytes:
        """Take what comes before `mark`, and drop the mark."""
        taken, found, self.held = (self.held or self._next(_PIECE)).partition(mark)
        while not found and len(taken) <= limit:
            taken, found, self.held = (taken + self._next(_PIECE)).partition(mark)
        if len(taken) > limit:
            raise BadReply(f"a line or head of more than {limit} bytes")
        return taken

    def take(self, count: int) -> bytes:
        """Take exactly `count` bytes."""
        held = self.held
        if len(held) >= count:
            self.held = held[count:]
            return held[:count]
        pieces = [held]
        missing = count - len(held)
        self.held = b""
        while missing:
            piece = self._next(min(missing, _LARGE_PIECE))
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _next(self, most: int) -> bytes:
        piece = self._receive(most)
        if not piece:
            raise BadReply("the connection ended in the middle of the answer" if self.heard else "no answer came")
        self.heard = True
        return piece


def read_reply(incoming: Incoming, *, body_limit: int = BODY_LIMIT) -> Reply:
    """Read the next final answer, skipping interim ones. Raises `BadReply`."""
    version, status, headers = _head(incoming)
    while status < _SUCCESS:
        if status == _SWITCHING:
            raise BadReply("the server switched protocols")
        version, status, headers = _head(incoming)
    body = b"" if status in _NO_CONTENT else _body(incoming, headers, body_limit)
    return Reply(status, headers, body, _keeps(version, headers.get("connection")) and not incoming.held)


def _head(incoming: Incoming) -> tuple[str, int, dict[str, str]]:
    text = incoming.until(b"\r\n\r\n", HEAD_LIMIT).decode("latin-1")
    first, *lines = text.split("\r\n")
    version, status = _status(first)
    whole = "".join(lines)
    if "\r" in whole or "\n" in whole or "\0" in whole:
        raise BadReply(f"not a header: a line that breaks in another way, or a NUL, in {text[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        given, colon, said = line.partition(":")
        if not colon:
            raise BadReply(f"not a header: a line without a colon, in {text[:80]!r}")
        headers[_NAMES[given]] = said.strip(" \t")
    if len(headers) != len(lines):
        headers = _joined(lines)
    return version, status, headers


def _joined(lines: list[str]) -> dict[str, str]:
    """Headers of which some are repeated."""
    headers: dict[str, str] = {}
    for line in lines:
        given, _, said = line.partition(":")
        name, value = _NAMES[given], said.strip(" \t")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


# Servers say the same few lines and names over and over: each is looked into once.
@lru_cache(maxsize=32)
def _status(line: str) -> tuple[str, int]:
    version, _, rest = line.partition(" ")
    digits, end = rest[:3], rest[3:]
    if (
        version not in {"HTTP/1.1", "HTTP/1.0"}
        or not (len(digits) == len("200") and _DIGITS.issuperset(digits) and digits[0] in "12345")
        or end[:1] not in {"", " "}
        or any(char in end for char in "\r\n\0")
    ):
        raise BadReply(f"not a status line: {line[:80]!r}")
    return version, int(digits)


class _Names(dict[str, str]):
    """Names of headers in lower case, by how they were written."""

    def __missing__(self, given: str) -> str:
        if not given or not _NAME.issuperset(given):
            raise BadReply(f"not a header: {given[:80]!r}")
        name = given.lower()
        if len(self) < _MOST_NAMES:
            self[given] = name
        return name


_NAMES = _Names()


def _body(incoming: Incoming, headers: dict[str, str], limit: int) -> bytes:
    length = headers.get("content-length")
    if "transfer-encoding" in headers:
        coding = headers["transfer-encoding"]
        if length is not None or coding.lower() != "chunked":
            raise BadReply(f"a body of Transfer-Encoding {coding!r} and Content-Length {length!r}")
        return _chunks(incoming, limit)
    if length is None:
        raise BadReply("a body without a length")
    size = length if length.isdecimal() else _agreed(length)
    if len(size) > _SIZE_DIGITS or (count := int(size)) > limit:
        raise BadReply(f"a body of {size[:20]} bytes, where {limit} are the limit")
    return incoming.take(count)


def _agreed(lengths: str) -> str:
    """A repeated Content-Length is fine as long as it says the same each time (RFC 9112, 6.3)."""
    size = lengths.partition(",")[0]
    if not size.isdecimal() or {*map(str.strip, lengths.split(","))} != {size}:
        raise BadReply(f"a Content-Length of {lengths[:80]!r}")
    return size


def _chunks(incoming: Incoming, limit: int) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while size := _chunk_size(incoming.until(b"\r\n", HEAD_LIMIT)):
        total += size
        if total > limit:
            raise BadReply(f"a body of more than {limit} bytes")
        chunks.append(incoming.take(size))
        if incoming.take(2) != b"\r\n":
            raise BadReply("a chunk longer than it says")
    room = HEAD_LIMIT
    while trailer := incoming.until(b"\r\n", room):
        room -= len(trailer)
    return b"".join(chunks)


def _chunk_size(line: bytes) -> int:
    digits = line.decode("latin-1").partition(";")[0].rstrip(" \t")
    if not 0 < len(digits) <= _CHUNK_DIGITS or not _HEX_DIGITS.issuperset(digits):
        raise BadReply(f"not the size of a chunk: {digits[:80]!r}")
    return int(digits, 16)


@lru_cache(maxsize=8)
def _keeps(version: str, said: str | None) -> bool:
    """Whether a server that sends this header, or none, goes on with the connection."""
    if said is None:
        return version == "HTTP/1.1"
    wishes = {wish.strip() for wish in said.lower().split(",")}
    return "close" not in wishes if version == "HTTP/1.1" else "keep-alive" in wishes
