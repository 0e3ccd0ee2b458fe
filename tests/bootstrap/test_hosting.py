from __future__ import annotations

import sys
from functools import wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from perdure import Context, Durable, DurableOptions, HandlerRefused, durable
from perdure_bootstrap import hosting
from perdure_bootstrap.context import LambdaContext, about_function
from perdure_bootstrap.faults import Fault
from perdure_bootstrap.plain import PlainHandler
from perdure_bootstrap.runtime_api import Invocation
from perdure_runtime.service.ahead import Ahead, lent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENVIRON = {"AWS_REGION": "eu-west-1"}
INVOCATION = Invocation("rid", 0, b'{"DurableExecutionArn": "arn"}')


@durable
def workflow(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    return event


def abandon(output: bytes) -> NoReturn:
    raise AssertionError("nothing is abandoned here")


class Engine:
    """Serves by echoing, and remembers how it was made."""

    def __init__(self) -> None:
        self.made: tuple[object, ...] = ()
        self.prepared: list[Durable[Any, Any]] = []
        self.told: list[str] = []

    def make(
        self,
        environ: Mapping[str, str],
        client: object | None,
        leave: Callable[[bytes], NoReturn],
        ahead: Ahead | None,
    ) -> Engine:
        self.made = (environ, client, leave, ahead)
        return self

    def prepare(self, function: Durable[Any, Any], /) -> Engine:
        self.prepared.append(function)
        return self

    def end(self) -> None:
        self.told.append("end")

    def renew(self) -> None:
        self.told.append("renew")

    def answer(self, event: bytes, lambda_context: LambdaContext, /) -> bytes:
        return event + lambda_context.aws_request_id.encode()


class Refusing(Engine):
    def prepare(self, function: Durable[Any, Any], /) -> Engine:
        raise HandlerRefused("app.workflow", "the event is annotated set")


def test_durable_function_is_served_by_the_engine_from_bytes_to_bytes() -> None:
    engine, client, ahead = Engine(), object(), Ahead(ENVIRON)
    serving = hosting.serving_for(workflow, ENVIRON, client=client, abandon=abandon, ahead=ahead, make_host=engine.make)
    assert engine.made == (ENVIRON, client, abandon, ahead)
    assert engine.prepared == [workflow]
    answered = serving.answer(INVOCATION, LambdaContext(INVOCATION, about_function(ENVIRON)))
    assert answered == (b'{"DurableExecutionArn": "arn"}rid', "application/json")


def test_durable_function_that_the_engine_refuses_is_a_fault() -> None:
    with pytest.raises(Fault, match=r"app\.workflow: the event is annotated set") as caught:
        hosting.serving_for(workflow, ENVIRON, client=None, abandon=abandon, make_host=Refusing().make)
    assert caught.value.kind == "Runtime.HandlerRefused"


class Unlike:
    """A callable that is like no function."""

    __code__ = 7

    def __call__(self, event: object, context: object) -> object: ...


def test_function_that_is_like_none_is_for_the_engine_to_refuse() -> None:
    odd: Durable[Any, Any] = Durable(Unlike(), DurableOptions())
    with pytest.raises(Fault, match="the event is annotated set"):
        hosting.serving_for(odd, ENVIRON, client=None, abandon=abandon, make_host=Refusing().make)


def test_wrapped_durable_function_is_served_through_its_wrapper() -> None:
    @wraps(workflow)
    def instrumented(event: object, context: object) -> object:
        return {"seen": event}

    ahead = Ahead(ENVIRON)
    serving = hosting.serving_for(
        instrumented, ENVIRON, client=None, abandon=abandon, ahead=ahead, make_host=Engine().make
    )
    assert lent() is ahead
    assert isinstance(serving.answer, PlainHandler)
    body, _ = serving.answer(INVOCATION, LambdaContext(INVOCATION, about_function(ENVIRON)))
    assert body == b'{"seen": {"DurableExecutionArn": "arn"}}'


def test_any_other_function_is_a_plain_handler() -> None:
    serving = hosting.serving_for(
        lambda event, _: event, ENVIRON, client=None, abandon=abandon, make_host=Engine().make
    )
    assert isinstance(serving.answer, PlainHandler)


def test_engine_is_told_of_the_end_and_of_a_restore() -> None:
    engine = Engine()
    serving = hosting.serving_for(workflow, ENVIRON, client=None, abandon=abandon, make_host=engine.make)
    serving.renew()
    serving.let_go()
    assert engine.told == ["renew", "end"]


def test_engine_behind_a_wrapper_is_told_likewise(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    serving = hosting.serving_for(lambda event, _: event, ENVIRON, client=None, abandon=abandon, make_host=engine.make)
    monkeypatch.delitem(sys.modules, "perdure_runtime.plain", raising=False)
    serving.renew()
    serving.let_go()
    assert engine.told == []
    monkeypatch.setitem(sys.modules, "perdure_runtime.plain", SimpleNamespace(hosts=lambda: (engine,)))
    serving.renew()
    serving.let_go()
    assert engine.told == ["renew", "end"]
