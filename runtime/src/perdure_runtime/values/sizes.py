"""How large a recorded text is: in bytes of UTF-8, which is what the service counts."""

from __future__ import annotations

from perdure import SerdesError

__all__ = ["LARGEST_PAYLOAD", "LARGEST_RESULT", "checked", "checked_result", "utf8_size"]

LARGEST_PAYLOAD = 1024 * 1024
"""Bytes that the service takes of one operation (PROTOCOL 10); more would fail the execution."""
LARGEST_RESULT = 6 * 1024 * 1024
"""Bytes that it takes as the result of a whole execution, where the caller waits for it."""
RETURNED = "store it elsewhere, such as in a bucket, and return where it is; or return the part that the caller needs"


def utf8_size(text: str, subject: str) -> int:
    """The bytes of `text`; raises `SerdesError` for what has none, a lone surrogate."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise SerdesError(f"the recorded text cannot travel as UTF-8: {error.reason}", subject) from None


def checked(text: str, subject: str, advice: str) -> str:
    """`text`, which the service will take; raises `SerdesError` for one that is too large, and says what to do."""
    if len(text) <= LARGEST_PAYLOAD and text.isascii():
        return text
    size = utf8_size(text, subject)
    if size > LARGEST_PAYLOAD:
        reason = f"takes {size:,} bytes, and the service records at most {LARGEST_PAYLOAD:,} of one operation; {advice}"
        raise SerdesError(reason, subject)
    return text


def checked_result(text: str, subject: str) -> str:
    """The result of a whole execution, which the service will take; raises `SerdesError` for one that is too large."""
    size = utf8_size(text, subject)
    if size > LARGEST_RESULT:
        reason = f"takes {size:,} bytes, and the service takes at most {LARGEST_RESULT:,} of an execution; {RETURNED}"
        raise SerdesError(reason, subject)
    return text
