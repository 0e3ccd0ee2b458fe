from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from perdure import AsyncContext, Context, Durable, durable
from perdure.contexts import CURRENT_CONTEXT
from perdure_bootstrap.hosting import serving_for
from perdure_bootstrap.rehearsal import NEXT, TAKEN, Stage, rehearse
from perdure_runtime.drivers import aio_loop
from perdure_runtime.drivers.aio_loop import the_loop
from perdure_runtime.invocation import Prepared
from perdure_runtime.jsoncode import CODE
from perdure_runtime.logs.settings import INVOCATION, begin_invocation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

CALLED: list[object] = []


@durable
def plain(event: dict[str, Any], ctx: Context) -> None:
    CALLED.append(event)


@durable
async def coroutine(event: dict[str, Any], ctx: AsyncContext) -> None:
    CALLED.append(event)


@pytest.fixture(autouse=True)
def between_invocations() -> Iterator[None]:
    begin_invocation(None)
    yield
    assert CALLED == []


@pytest.fixture(params=[plain, coroutine], ids=["def", "async def"])
def function(request: pytest.FixtureRequest) -> Durable[Any, Any]:
    found: Durable[Any, Any] = request.param
    return found


def abandon(_output: bytes) -> NoReturn:
    raise AssertionError("nothing is abandoned here")


def remains() -> tuple[object, ...]:
    gc.collect()
    alive = sum(type(it) in {Prepared, Stage} for it in gc.get_objects())
    request = (INVOCATION.request_id, INVOCATION.tenant_id, INVOCATION.masks)
    return alive, request, CODE.used, CURRENT_CONTEXT.get(None), dict(os.environ), threading.active_count()


def test_an_invocation_is_served_from_the_first_byte_to_the_last(function: Durable[Any, Any]) -> None:
    stage = Stage()
    rehearse(function, stage)
    asked, answered, asked_again = stage.heard
    assert asked.startswith(b"GET /2018-06-01/runtime/invocation/next ")
    assert answered.startswith(b"POST /2018-06-01/runtime/invocation/rehearsal/response ")
    assert answered.endswith(b'\r\n\r\n{"Status":"SUCCEEDED","Result":"{}"}')
    assert asked_again == asked


def test_nothing_of_it_remains(function: Durable[Any, Any]) -> None:
    the_loop()  # the one thing that does: it is the process's, and made by whoever needs it first
    rehearse(function)
    before = remains()
    descriptors = set(os.listdir("/dev/fd"))  # noqa: PTH208
    stage = Stage()
    seen = weakref.ref(stage)
    rehearse(function, stage)
    del stage
    assert seen() is None
    assert remains() == before
    assert len(os.listdir("/dev/fd")) == len(descriptors)  # noqa: PTH208


@pytest.mark.parametrize(
    "lines",
    [
        (b"nothing like an answer\r\n\r\n",),
        (NEXT.replace(b'"Operations"', b'"operations"'), TAKEN),
        (NEXT, TAKEN.replace(b"202", b"500")),
        (NEXT,),
    ],
    ids=["no answer", "no execution", "refused", "cut off"],
)
def test_what_goes_wrong_with_it_does_not_matter(function: Durable[Any, Any], lines: tuple[bytes, ...]) -> None:
    before = remains()
    rehearse(function, Stage(*lines))
    assert remains() == before


def test_a_handler_that_is_not_durable_has_none() -> None:
    def handler(event: object, _context: object) -> None:
        CALLED.append(event)

    serving_for(handler, {}, client=None, abandon=abandon).rehearse()
    assert INVOCATION.request_id is None


def test_a_layer_without_it_serves_as_well(monkeypatch: pytest.MonkeyPatch, function: Durable[Any, Any]) -> None:
    monkeypatch.setitem(sys.modules, "perdure_bootstrap.rehearsal", None)  # as if the file were not there
    serving_for(function, {}, client=None, abandon=abandon).rehearse()


def test_what_is_logged_meanwhile_is_of_no_invocation(function: Durable[Any, Any]) -> None:
    named: list[str | None] = []

    class Listening(Stage):
        def sendall(self, data: bytes, /) -> None:
            named.append(INVOCATION.request_id)

    rehearse(function, Listening())
    assert named == [None] * 3


def test_the_loop_is_made_while_no_invocation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str | None] = []

    def made() -> object:
        named.append(INVOCATION.request_id)
        return the_loop()

    monkeypatch.setattr(aio_loop, "the_loop", made)
    rehearse(coroutine)
    rehearse(plain)
    assert named == [None]
