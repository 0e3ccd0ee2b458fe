"""Percent-encoding as AWS reads it: RFC 3986's unreserved characters stay, every other byte of UTF-8 becomes %XX.

`urllib.parse.quote` does the same and costs milliseconds of import on the cold path; a test holds the two together.
"""

from __future__ import annotations

from functools import cache

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def percent_encoded(text: str) -> str:
    """Encode `text` so that it stands as one path segment or query value; `/` is encoded too."""
    return "".join(map(_encoded, text.encode()))


@cache
def _encoded(byte: int) -> str:
    return chr(byte) if byte in _UNRESERVED else f"%{byte:02X}"
