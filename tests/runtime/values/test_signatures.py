from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from perdure import HandlerRefused, durable, step
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.signatures import Types, event_type, result_type, says_nothing, signature_types

if TYPE_CHECKING:
    from somewhere import Context  # type: ignore[import-not-found]


class Order:
    pass


def handler(event: Order, ctx: Context) -> list[Order]:
    raise NotImplementedError


async def asynchronous(event: Order, ctx: Context) -> dict[str, Order]:
    raise NotImplementedError


def bare(event, ctx):  # type: ignore[no-untyped-def]
    raise NotImplementedError


def nothing() -> None:
    raise NotImplementedError


def anything(*args: int, **kwargs: int) -> Any:
    raise NotImplementedError


def awaitable() -> Awaitable[int]:
    raise NotImplementedError


def coroutine() -> Coroutine[Any, Any, list[int]]:
    raise NotImplementedError


def annotated(event: Annotated[int, "cents"]) -> Annotated[str, "x"]:
    raise NotImplementedError


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Service:
    def method(self, event: Order, ctx: Context) -> list[Order]:
        raise NotImplementedError

    @classmethod
    def of_class(cls, event: Order, ctx: Context) -> list[Order]:
        raise NotImplementedError

    @staticmethod
    def static(event: Order, ctx: Context) -> list[Order]:
        raise NotImplementedError

    @logged
    def wrapped(self, event: Order, ctx: Context) -> list[Order]:
        raise NotImplementedError

    @step
    def step_method(self, event: Order) -> list[Order]:
        raise NotImplementedError

    def __call__(self, event: Order, ctx: Context) -> list[Order]:
        raise NotImplementedError


def wants_more(bank: str, event: Order, ctx: Context, *, loud: bool = False) -> list[Order]:
    raise NotImplementedError


EXPECTED = Types(Order, list[Order])


WRAPPED = {
    "function": handler,
    "wrapped": logged(handler),
    "wrapped twice": logged(logged(handler)),
    "durable": durable(handler),
    "wrapped durable": logged(durable(handler)),
    "step": step(handler),
    "method": Service().method,
    "class method": Service.of_class,
    "static method": Service().static,
    "wrapped method": Service().wrapped,
    "step method": Service().step_method,
    "callable object": Service(),
    "partial": functools.partial(handler),
    "partial with an argument": functools.partial(wants_more, "bank"),
    "partial of a partial": functools.partial(functools.partial(wants_more, bank="bank"), loud=True),
    "partial of an unbound method": functools.partial(Service.method, Service()),
    "wrapped partial of a method": logged(functools.partial(Service().method)),
}


@pytest.mark.parametrize("function", WRAPPED.values(), ids=WRAPPED)
def test_types_are_found_through_wrappers(function: Any) -> None:
    assert signature_types(function) == EXPECTED


@pytest.mark.parametrize(
    ("function", "event", "result"),
    [
        (asynchronous, Order, dict[str, Order]),
        (bare, Any, Any),
        (nothing, Any, None),
        (anything, Any, Any),
        (awaitable, Any, int),
        (coroutine, Any, list[int]),
        (annotated, Annotated[int, "cents"], Annotated[str, "x"]),
        (lambda event, ctx: event, Any, Any),
        (len, Any, Any),
        (dict.get, Any, Any),
        (functools.partial(handler, Order(), None), Any, list[Order]),
        ("not callable", Any, Any),
    ],
)
def test_types_of_functions(function: Any, event: Any, result: Any) -> None:
    assert signature_types(function) == Types(event, result)


def test_class_called_as_a_function_returns_itself() -> None:
    assert result_type(Order) is Order
    assert event_type(Order) is Any


def test_name_that_only_another_parameter_needs_does_not_hurt() -> None:
    assert event_type(handler) is Order


def unresolvable(event: Context) -> list[Context]:
    raise NotImplementedError


@pytest.mark.parametrize(("ask", "place"), [(event_type, "parameter 'event'"), (result_type, "the result")])
def test_needed_annotation_that_cannot_be_resolved_is_refused(ask: Any, place: Any) -> None:
    with pytest.raises(HandlerRefused) as caught:
        ask(unresolvable, owner="shop.checkout")
    assert caught.value.function == "shop.checkout"
    assert place in caught.value.reason
    assert "name 'Context' is not defined" in caught.value.reason
    assert "TYPE_CHECKING" in caught.value.reason


def test_refusal_names_the_function_where_no_owner_is_given() -> None:
    with pytest.raises(HandlerRefused, match=r"^unresolvable: "):
        result_type(unresolvable)


def test_broken_annotation_text_is_refused() -> None:
    def broken(event: int) -> int:
        raise NotImplementedError

    broken.__annotations__["return"] = "list[int"
    with pytest.raises(HandlerRefused, match="cannot be resolved"):
        result_type(broken)


def test_types_of_an_enclosing_function_are_known_where_the_body_uses_them() -> None:
    class Local:
        pass

    def inner(event: Local) -> list[Local]:
        return [Local(), event]

    assert signature_types(inner) == Types(Local, list[Local])


def test_variable_that_is_not_assigned_yet_is_passed_over() -> None:
    def inner(event: Order) -> Order:
        return later or event

    found = signature_types(inner)
    later = None
    assert found == Types(Order, Order)
    assert later is None


def test_wrapper_of_itself_says_nothing() -> None:
    wrapper = logged(handler)
    wrapper.__wrapped__ = wrapper  # type: ignore[attr-defined]
    assert signature_types(wrapper) == Types(Any, Any)


PEP_695 = """
type Amount = int
type Loop = list[Loop]
type Snake = Snake | int
def first[T](event: list[T]) -> T: ...
def aliased(event: Amount) -> Loop: ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is Python 3.12's")
def test_type_parameters_and_aliases_of_python_3_12_are_served() -> None:
    scope: dict[str, Any] = {}
    exec(PEP_695, scope)  # noqa: S102
    assert converter(result_type(scope["first"]), owner="f").identity
    assert converter(event_type(scope["first"]), owner="f").from_payload([1]) == [1]
    assert converter(event_type(scope["aliased"]), owner="f").from_payload(5) == 5
    assert converter(result_type(scope["aliased"]), owner="f").from_payload([[], [[]]]) == [[], [[]]]
    with pytest.raises(HandlerRefused, match="contains itself, and nothing around that"):
        converter(scope["Snake"], owner="f")


def annotated(value: int) -> int:
    return value


@functools.wraps(annotated)
def hiding(*args):  # type: ignore[no-untyped-def]
    return annotated(*args)


SAYING = {"annotated": annotated, "of what it wraps": hiding, "a partial": functools.partial(annotated), "a class": int}


@pytest.mark.parametrize("function", SAYING.values(), ids=SAYING)
def test_a_function_that_may_say_something_is_asked(function: object) -> None:
    assert not says_nothing(function)


def test_a_function_without_annotations_says_nothing() -> None:
    assert says_nothing(lambda value: value)


def test_plain_text_is_read_without_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: object, *_: object) -> None:
        raise AssertionError(f"{text!r} is compiled, which makes all classes of ast first")

    monkeypatch.setattr(typing, "compile", refuse, raising=False)
    assert signature_types(handler) == Types(Order, list[Order])
