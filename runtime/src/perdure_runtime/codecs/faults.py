"""What can be wrong with a payload, before it is known whose payload it is; the chain makes a `PayloadError` of it."""

from __future__ import annotations

__all__ = ["Elsewhere", "Unreadable"]


class Unreadable(Exception):
    """A payload cannot be written or read; `key` names the key or the object it is about."""

    def __init__(self, reason: str, key: str = "") -> None:
        super().__init__(reason, key)
        self.reason = reason
        self.key = key


class Elsewhere(Unreadable):
    """This codec does not have what it takes; another one of the same kind may."""
