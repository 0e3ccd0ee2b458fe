"""Answers of the Lambda API: JSON bodies, and errors in the shape AWS's SDKs parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure_local.ledger.faults import Fault

_JSON = "application/json"


def reply(body: object, status: int = 200) -> Response:
    """Answer with a JSON body."""
    return Response(orjson.dumps(body), status, media_type=_JSON)


def reply_raw(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    """Answer with a payload that is the caller's own."""
    return Response(body, status, headers=dict(headers), media_type=_JSON)


def reply_fault(fault: Fault) -> Response:
    """Answer with an error; SDKs take its code from the header."""
    return Response(orjson.dumps(fault.body), fault.status, {"x-amzn-ErrorType": fault.code}, media_type=_JSON)
