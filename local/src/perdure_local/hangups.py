"""Callers that hang up while they wait: what was waited for only for their sake is given up.

To be used once a request's body was read: the next message of a connection is then its end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.types import Receive

_Result = TypeVar("_Result")


async def hang_up(receive: Receive) -> None:
    """Wait until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(receive: Receive, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Return what `work` returns; if the caller hangs up first, cancel it and raise `ClientDisconnect`."""
    waited, gone = asyncio.ensure_future(work), asyncio.ensure_future(hang_up(receive))
    either: set[asyncio.Future[Any]] = {waited, gone}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if waited.done():
            return waited.result()
        raise ClientDisconnect
    finally:
        for task in either:
            task.cancel()
        await asyncio.gather(*either, return_exceptions=True)
