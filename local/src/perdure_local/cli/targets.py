"""What is to be run: a handler's name, looked at by a probe in a process of its own before anything is started."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from perdure_local.cli import probe
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.cli.questions import ask
from perdure_local.worker_environment import OURS, worker_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from perdure_local.functions import Function

NOWHERE = "127.0.0.1:9"
"""Where a probe finds a service: nowhere. A module must not need one to be imported."""
PATIENCE = 60.0
"""Seconds a module may take to be imported; what a worker is granted too."""
_LONGEST_NAME = 64
_SOURCE = ".py"


class Terms(NamedTuple):
    """What `@durable` says of a function's executions; None where it says nothing."""

    timeout: int | None = None
    """Seconds that one may take."""
    retention: int | None = None
    """Days for which one that is over is kept."""


class Look(NamedTuple):
    """What a probe found of a handler that can be run."""

    is_durable: bool
    terms: Terms
    durables: Mapping[str, Terms]
    """The durable functions of its module, by name."""
    sources: Sequence[str]
    """Files of the user's modules that it loaded."""
    redacted: Mapping[str, str] = MappingProxyType({})
    """What is shown in place of fields that its functions redact, by field."""


def check_name(handler: str) -> None:
    """Raise `Problem` unless `handler` has the form of a handler's name."""
    module, _, name = handler.rpartition(".")
    if module and name.isidentifier() and not module.startswith("."):
        return
    path = handler.removeprefix("./")
    is_file = path.endswith(_SOURCE)
    meant = _of_file(path) if is_file else re.sub(r"\.py(?=[:.])", "", path).replace(":", ".")
    is_name = "." in meant.lstrip(".") and not meant.startswith(".") and meant != handler
    hint = f"write {meant}" if is_name else "for example order.checkout"
    raise Problem(f"{handler} is not the name of a handler: it is module.function, {hint}.")


def _of_file(path: str) -> str:
    return f"{path.removesuffix(_SOURCE)}.FUNCTION"


def function_name(handler: str) -> str:
    """Return a handler's name in the letters that Lambda allows a function's name."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", handler)[-_LONGEST_NAME:]


def check_execution_name(name: str) -> None:
    """Raise `Problem` unless the service would take `name` for an execution."""
    if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) is None:
        raise Problem(f"--name is 1 to 64 letters, digits, - and _, not {name!r}.")


def task_root(given: str | None) -> Path:
    """Return the folder whose modules are looked at first."""
    root = Path(given or ".").absolute()
    if not root.is_dir():
        raise Problem(f"--root: there is no folder {root}.")
    return root


def variables(given: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the variables that `--env` sets, and the names of those it takes over."""
    pairs = [entry.partition("=") for entry in given]
    for name, _, _ in pairs:
        if not name.isidentifier():
            raise Problem(f"--env is NAME or NAME=VALUE, and {name!r} is not a name.")
        if name in OURS:
            raise Problem(f"--env: {name} cannot be chosen, the local service sets it for every worker. Leave it out.")
    return {name: value for name, equals, value in pairs if equals}, tuple(name for name, eq, _ in pairs if not eq)


def check_target(function: Function, environ: Mapping[str, str]) -> Look:
    """Raise `Problem` unless the function's handler can be loaded and is durable; return what was found."""
    found = look_at(function, environ)
    if not found.is_durable:
        raise Problem(f"{function.handler} is not a durable function: decorate it with @durable.")
    return found


def on_terms(function: Function, terms: Terms) -> Function:
    """Return a function on the terms of its decorator; what the command line says goes before them."""
    timeout = terms.timeout if function.execution_timeout is None else function.execution_timeout
    return replace(function, execution_timeout=timeout, retention_days=terms.retention or function.retention_days)


def look_at(function: Function, environ: Mapping[str, str]) -> Look:
    """Look at a function's handler; raises `Problem` unless it can be loaded."""
    command = [sys.executable, "-P", probe.__file__, function.handler]
    env = worker_environment(function, environ, endpoint=f"http://{NOWHERE}", runtime_api=NOWHERE, stream="local/probe")
    found = ask(command, env, function.task_root, PATIENCE)
    if found is None:
        text = f"{function.handler}: its module is still being imported after {PATIENCE:.0f} seconds."
        raise Problem(text, FAILURE)
    try:
        answer: dict[str, Any] = orjson.loads(found.line)
    except orjson.JSONDecodeError:
        words = found.errors.decode(errors="replace").strip().splitlines()[-10:]
        text = f"{function.handler}: the process ended while it imported the module (status {found.status})."
        raise Problem("\n".join([text, *words]), FAILURE) from None
    if answer["problem"] in _PROBLEMS:
        raise _PROBLEMS[answer["problem"]](function, answer)
    return Look(
        is_durable=answer["problem"] != "plain",
        terms=Terms(**answer.get("terms", {})),
        durables={name: Terms(**terms) for name, terms in answer.get("durables", {}).items()},
        sources=answer.get("sources", ()),
        redacted=answer.get("redacted", {}),
    )


def _attribute(function: Function, answer: Mapping[str, Any]) -> Problem:
    module, _, name = function.handler.rpartition(".")
    text = f"module {module} has no {name}"
    if function.handler.endswith(_SOURCE):
        text = f"{function.handler} is a file: write {_of_file(function.handler)}"
    elif answer["close"]:
        return Problem(f"{text}; did you mean {_either(module, answer['close'])}?")
    if answer["durables"]:
        return Problem(f"{text}; its durable functions are: {', '.join(answer['durables'])}.")
    return Problem(f"{text}. The module has no durable function at all.")


def _module(function: Function, answer: Mapping[str, Any]) -> Problem:
    text = f"No module named '{answer['name']}'; looked in {function.task_root}"
    if answer["close"]:
        name = function.handler.removeprefix(answer["name"])
        return Problem(f"{text}. Did you mean {' or '.join(found + name for found in answer['close'])}?")
    return Problem(f"{text}. To look elsewhere, name the folder: --root FOLDER")


def _refused(_function: Function, answer: Mapping[str, Any]) -> Problem:
    return Problem(answer["reason"], FAILURE)


def _exit(function: Function, answer: Mapping[str, Any]) -> Problem:
    text = f"{function.handler}: its module ends the program while it is imported (sys.exit: {answer['code']})."
    return Problem(f"{text}\nWhat is only for running it as a program goes under: if __name__ == '__main__'", FAILURE)


def _import(function: Function, answer: Mapping[str, Any]) -> Problem:
    return Problem(f"{function.handler} cannot be imported.\n{answer['traceback']}", FAILURE)


_PROBLEMS: Mapping[str, Callable[[Function, Mapping[str, Any]], Problem]] = {
    "attribute": _attribute,
    "module": _module,
    "refused": _refused,
    "exit": _exit,
    "import": _import,
}
"""What a probe can find that keeps a handler from being run, and how it is told."""


def _either(module: str, names: list[str]) -> str:
    return " or ".join(f"{module}.{name}" for name in names)
