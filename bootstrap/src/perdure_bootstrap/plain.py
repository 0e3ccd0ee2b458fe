"""Plain handlers: `handler(event, context)`, its event decoded and its result encoded as Lambda's own runtime does.

The encoder is simplejson, as there: named tuples become objects, nested bytes become text, and a `Decimal` becomes a
number. Unlike there, text is written as UTF-8 on every target, not only on Lambda's newer managed runtimes.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import simplejson  # type: ignore[import-untyped]
from simplejson.raw_json import RawJSON  # type: ignore[import-untyped]

from perdure_bootstrap.faults import MARSHAL_ERROR, UNMARSHAL_ERROR, Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.runtime_api import Invocation

__all__ = ["PlainHandler", "decode", "encode"]

JSON = "application/json"
UNKNOWN = "application/unknown"


class PlainHandler:
    """Answers an invocation by calling a function of the event and the context."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._handler = handler

    def __call__(self, invocation: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        """The body of the response and its content type."""
        event = decode(invocation.body, invocation.content_type)
        return encode(self._handler(event, context))


def decode(body: bytes, content_type: str | None) -> object:
    """The event: decoded where it is JSON or nothing says otherwise, else the bytes as they came."""
    if content_type is not None and content_type != JSON:
        return body
    try:
        return simplejson.loads(body)
    except Exception as error:
        raise Fault(UNMARSHAL_ERROR, f"Unable to unmarshal input: {error}") from error


def encode(result: object) -> tuple[bytes, str]:
    """The result's bytes and content type; bytes stay as they are."""
    if isinstance(result, bytes):
        return result, UNKNOWN
    try:
        text: str = simplejson.dumps(result, use_decimal=False, ensure_ascii=False, allow_nan=True, default=_number)
        return text.encode("utf-8", "backslashreplace"), JSON
    except Exception as error:
        raise Fault(MARSHAL_ERROR, f"Unable to marshal response: {error}") from error


def _number(value: object) -> object:
    if not isinstance(value, Decimal):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    # str() of a negative NaN is no JSON that anything reads.
    return math.nan if value.is_nan() else RawJSON(str(value))
