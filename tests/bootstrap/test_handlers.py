from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial, wraps
from pathlib import Path

import pytest

from perdure_bootstrap import handlers
from perdure_bootstrap.faults import Fault


@pytest.fixture(autouse=True)
def _own_import_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"app", "shop", "broken", "half", "pthmodule"}:
            del sys.modules[name]


@pytest.mark.parametrize("name", ["shop.orders.handler", "shop/orders.handler"])
def test_module_is_dotted_or_a_path(write_app: Callable[..., Path], name: str) -> None:
    write_app("def handler(event, context): return event", "shop/orders.py")
    assert handlers.load(name)(1, None) == 1


@pytest.mark.parametrize(
    ("name", "source", "kind", "message"),
    [
        ("app", "", "MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ("", "", "MalformedHandlerName", "Bad handler '': not enough values to unpack (expected 2, got 1)"),
        ("nosuch.handler", "", "ImportModuleError", "Unable to import module 'nosuch': No module named 'nosuch'"),
        (
            "app.handler",
            "import nosuch",
            "ImportModuleError",
            "Unable to import module 'app': No module named 'nosuch'",
        ),
        ("app.handler", "x = 1", "HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("sys.exit", "", "BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        (
            "app.handler",
            "handler = 3",
            "HandlerRefused",
            "Handler 'handler' on module 'app' is not callable: it is of type int",
        ),
    ],
)
def test_what_cannot_be_loaded_is_a_fault_in_lambdas_words(
    write_app: Callable[..., Path], name: str, source: str, kind: str, message: str
) -> None:
    write_app(source)
    with pytest.raises(Fault) as caught:
        handlers.load(name)
    assert (caught.value.kind, str(caught.value), caught.value.trace) == (f"Runtime.{kind}", message, ())


def test_syntax_error_tells_the_line(write_app: Callable[..., Path]) -> None:
    root = write_app("x = (\n")
    with pytest.raises(Fault, match="Syntax error in module 'app': '\\(' was never closed") as caught:
        handlers.load("app.handler")
    assert caught.value.kind == "Runtime.UserCodeSyntaxError"
    assert caught.value.trace[0].startswith(f'  File "{root}/app.py" Line 1\n    x = (')


def test_other_errors_of_a_module_are_its_own(write_app: Callable[..., Path]) -> None:
    write_app("1 / 0")
    with pytest.raises(ZeroDivisionError):
        handlers.load("app.handler")


async def coroutine(event: object, context: object) -> None: ...


async def generator(event: object, context: object) -> AsyncIterator[int]:
    yield 1


class Awaitable:
    async def __call__(self, event: object, context: object) -> None: ...


@pytest.mark.parametrize("handler", [coroutine, generator, partial(coroutine, 1), Awaitable(), Awaitable().__call__])
def test_async_handler_is_refused(handler: object) -> None:
    with pytest.raises(Fault, match="Handler 'h' is an async function, and nothing would await it") as caught:
        handlers.callable_handler(handler, "Handler 'h'")
    assert caught.value.kind == "Runtime.HandlerRefused"


def sync(event: object, context: object) -> object:
    return event


@wraps(coroutine)
def wrapper(event: object, context: object) -> object:
    return event


@pytest.mark.parametrize("handler", [sync, wrapper, partial(sync, 1), dict, "text".join])
def test_whatever_else_can_be_called_is_taken(handler: object) -> None:
    assert handlers.callable_handler(handler, "Handler 'h'") is handler


def test_task_root_comes_before_the_layers() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert handlers.search_path("/var/task") == ("/var/task", f"/opt/python/lib/{version}/site-packages", "/opt/python")


def test_path_is_extended_at_the_front_in_order_and_without_doubles(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    sys.path.append(str(second))
    handlers.extend_path([str(first), str(tmp_path / "absent"), str(second)])
    assert sys.path[:2] == [str(first), str(second)]
    assert sys.path.count(str(second)) == 1


def test_pth_files_of_a_bundle_are_run(tmp_path: Path) -> None:
    bundle, vendored = tmp_path / "bundle", tmp_path / "vendored"
    bundle.mkdir()
    vendored.mkdir()
    (vendored / "pthmodule.py").write_text("def handler(event, context): return 'found'")
    (bundle / "extra.pth").write_text(f"{vendored}\n")
    handlers.extend_path([str(bundle)])
    assert handlers.load("pthmodule.handler")(None, None) == "found"
