"""A durable function called as the plain Lambda handler that it also is, by a loop that is not ours.

The function runs in a greenlet of the calling thread. That is for one case only: user code that swallows its suspension
for ever cannot be unwound, and here there is no loop to answer through; a greenlet can be left where it is. It is kept,
because a collected greenlet would be resumed with an exception, which such code would swallow again.
"""

from __future__ import annotations

import os
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
from greenlet import getcurrent, greenlet

from perdure_runtime.host import Host
from perdure_runtime.logs.settings import configure_once
from perdure_runtime.service.ahead import lent

if TYPE_CHECKING:
    from perdure import Durable
    from perdure_runtime.invocation import Prepared

__all__ = ["answer", "hosts"]

_prepared: dict[int, Prepared] = {}
_set_aside: list[greenlet] = []


def answer(durable: Durable[Any, Any], event: object, context: Any) -> dict[str, Any]:  # noqa: ANN401  Lambda's own
    """Answer one invocation: the envelope as JSON gives it, in and out."""
    prepared = _prepared.get(id(durable))
    if prepared is None or prepared.durable is not durable:
        configure_once(os.environ)
        host = Host.from_environment(os.environ, abandon=_step_aside, ahead=lent())
        prepared = _prepared[id(durable)] = host.prepare(durable)
    strand = greenlet(prepared.answer)
    strand.gr_context = copy_context()
    output: dict[str, Any] = orjson.loads(strand.switch(orjson.dumps(event, default=str), context))
    return output


def hosts() -> tuple[Host, ...]:
    """Where the functions called so far are hosted, for a loop of ours that calls them through somebody's wrapper."""
    return tuple(prepared.host for prepared in _prepared.values())


def _step_aside(output: bytes) -> NoReturn:
    if "asyncio" in sys.modules:
        from perdure_runtime.drivers.aio_loop import leave_loop

        leave_loop()
    stuck = getcurrent()
    _set_aside.append(stuck)
    assert stuck.parent is not None  # noqa: S101  `answer` made it, so it has one
    while True:
        stuck.parent.switch(output)
