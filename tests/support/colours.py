"""One text for workflows of both colours: a generator that yields each durable call where code would await it.

    @both
    def test_a_rule(colour):
        @colour
        def workflow(event, ctx):
            return (yield ctx.step(add, 1, 2))

In the sync colour the call has happened when it is yielded, and what is yielded comes straight back. In the async
colour it is awaited. Names, arguments and annotations are those of the generator function.
"""

from __future__ import annotations

from functools import WRAPPER_ASSIGNMENTS
from inspect import isawaitable, isgeneratorfunction
from typing import Any

import pytest

__all__ = ["ASYNC", "SYNC", "both"]


def SYNC(function: Any) -> Any:  # noqa: N802  it stands for a constant
    """The function as plain code."""

    def plain(*args: Any, **kwargs: Any) -> Any:
        if not isgeneratorfunction(function):
            return function(*args, **kwargs)
        code, reply = function(*args, **kwargs), None
        try:
            while True:
                reply = code.send(reply)
        except StopIteration as end:
            return end.value

    return _named(plain, function)


def ASYNC(function: Any) -> Any:  # noqa: N802
    """The function as `async def`."""

    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        if not isgeneratorfunction(function):
            return function(*args, **kwargs)
        code, reply, error = function(*args, **kwargs), None, None
        while True:
            try:
                asked = code.send(reply) if error is None else code.throw(error)
            except StopIteration as end:
                return end.value
            finally:
                reply = error = None  # an error that is raised again must not be held by a frame of its traceback
            try:
                reply = await asked if isawaitable(asked) else asked
            except BaseException as raised:  # noqa: BLE001  the code decides
                error = raised

    return _named(awaiting, function)


def _named(made: Any, function: Any) -> Any:
    # Not functools.wraps: what looks through a wrapper would find a generator function.
    for name in WRAPPER_ASSIGNMENTS:
        setattr(made, name, getattr(function, name))
    return made


both = pytest.mark.parametrize("colour", [SYNC, ASYNC], ids=["sync", "async"])
