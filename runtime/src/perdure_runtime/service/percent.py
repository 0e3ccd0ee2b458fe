"""Percent-encoding as AWS reads it: RFC 3986's unreserved characters stay, every other byte of UTF-8 becomes %XX.

`urllib.parse.quote` does the same and costs milliseconds of import on the cold path; a test holds the two together.
"""

from __future__ import annotations

_SIGN = ord("%")
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def percent_encoded(text: str) -> str:
    """Encode `text` so that it stands as one path segment or query value; `/` is encoded too."""
    encoded = text.encode()
    # Each that is to be encoded all over the text, the sign that this puts there before all others.
    for byte in sorted({*encoded.translate(None, _UNRESERVED)}, key=_SIGN.__ne__):
        encoded = encoded.replace(bytes([byte]), b"%%%02X" % byte)
    return encoded.decode()
