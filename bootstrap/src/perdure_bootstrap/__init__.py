"""A Lambda runtime for Perdure: takes invocations from Lambda's Runtime API and hands them to one handler.

`python -m perdure_bootstrap` serves the handler that `_HANDLER` names; `run(handler)` makes a program of your own the
runtime.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the one of `typing` is spelled alike to type checkers
if TYPE_CHECKING:
    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.entry import run

__all__ = ["LambdaContext", "run"]

HOMES = {"LambdaContext": "context", "run": "entry"}


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module 'perdure_bootstrap' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"perdure_bootstrap.{HOMES[name]}"), name)
    return value
