"""Text forms of your own for what single operations record.

The default needs none of this: plain values, and whatever a return annotation describes, are stored and come back as
what they were. A `Serdes` replaces that for one step, child, batch, condition, callback or invoke. What it reads back
is what the code gets, live as on replay, so a round trip that changes the value changes it at once.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

__all__ = ["JSON", "RAW", "JsonSerdes", "RawSerdes", "Serdes"]

T = TypeVar("T")


class Serdes(Protocol[T]):
    """Turns a value into text and back; any exception it raises fails the operation at once."""

    def serialize(self, value: T, /) -> str:
        """The text to record."""
        ...

    def deserialize(self, text: str, /) -> T:
        """The value that `text` stands for."""
        ...


class JsonSerdes:
    """Plain JSON, as any language reads it; tuples come back as lists and keys as strings."""

    def serialize(self, value: Any, /) -> str:  # noqa: ANN401  JSON holds any of many types
        """`value` as JSON."""
        import json

        return json.dumps(value)

    def deserialize(self, text: str, /) -> Any:  # noqa: ANN401  the caller's annotation says what it expects
        """The value in `text`."""
        import json

        return json.loads(text)


class RawSerdes:
    """A string, recorded as it is, without quotes."""

    def serialize(self, value: str, /) -> str:
        """`value` itself."""
        if not isinstance(value, str):
            raise TypeError(f"RAW records strings, not {type(value).__name__}")
        return value

    def deserialize(self, text: str, /) -> str:
        """`text` itself."""
        return text


JSON = JsonSerdes()
RAW = RawSerdes()
