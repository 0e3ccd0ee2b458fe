"""Loading the handler that `_HANDLER` names: `module.function`, the module dotted or as a path (`shop/orders.handler`).

What cannot be loaded is a `Fault` in the words of Lambda's own Python runtime. Two things are refused here that the
stock runtime finds out on the first invocation: a handler that is not callable, and an `async def` that nothing awaits.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from perdure_bootstrap.faults import (
    BUILTIN_MODULE_CONFLICT,
    HANDLER_NOT_FOUND,
    HANDLER_REFUSED,
    IMPORT_MODULE_ERROR,
    MALFORMED_HANDLER_NAME,
    USER_CODE_SYNTAX_ERROR,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import Any

__all__ = ["callable_handler", "extend_path", "load", "search_path"]

COROUTINE = 0x80 | 0x200
"""The code flags of `async def`, plain and with `yield`; `inspect` names them, but is too dear to import for it."""


def search_path(task_root: str) -> tuple[str, ...]:
    """Where a function's modules are looked for before the interpreter's own, first to last."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (task_root, f"/opt/python/lib/{version}/site-packages", "/opt/python")


def extend_path(directories: Iterable[str]) -> None:
    """Put those of `directories` that exist at the front of `sys.path`, in order; run the `.pth` files in them."""
    front = [directory for directory in directories if os.path.isdir(directory)]  # noqa: PTH112  (pathlib is dear)
    sys.path[:] = front + [entry for entry in sys.path if entry not in front]
    for directory in front:
        if any(name.endswith(".pth") for name in os.listdir(directory)):  # noqa: PTH208
            import site  # not loaded under -S, and not worth loading for a directory without .pth files

            site.addsitedir(directory)


def load(name: str) -> Callable[..., Any]:
    """The handler called `name`, its module imported."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault(MALFORMED_HANDLER_NAME, f"Bad handler '{name}': {error}") from error
    module = _module(module_name)
    try:
        handler = getattr(module, function_name)
    except AttributeError as error:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault(HANDLER_NOT_FOUND, message) from error
    return callable_handler(handler, f"Handler '{function_name}' on module '{module_name}'")


def callable_handler(handler: object, described: str) -> Callable[..., Any]:
    """`handler`, or a fault where the loop could not call it as `handler(event, context)`."""
    if not callable(handler):
        raise Fault(HANDLER_REFUSED, f"{described} is not callable: it is of type {type(handler).__name__}")
    if _is_async(handler):
        raise Fault(
            HANDLER_REFUSED,
            f"{described} is an async function, and nothing would await it: decorate it with @durable,"
            " or make it a def that runs asyncio.run(...)",
        )
    return handler


def _module(name: str) -> ModuleType:
    if name.split(".", maxsplit=1)[0] in sys.builtin_module_names:
        raise Fault(BUILTIN_MODULE_CONFLICT, f"Cannot use built-in module {name} as a handler module")
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        raise Fault(IMPORT_MODULE_ERROR, f"Unable to import module '{name}': {error}") from error
    except SyntaxError as error:
        trace = (f'  File "{error.filename}" Line {error.lineno}\n    {error.text}',)
        raise Fault(USER_CODE_SYNTAX_ERROR, f"Syntax error in module '{name}': {error}", trace) from error


def _is_async(handler: object) -> bool:
    while (inner := getattr(handler, "func", None)) is not None and callable(inner):
        handler = inner  # functools.partial
    code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
    return bool(code is not None and code.co_flags & COROUTINE)
