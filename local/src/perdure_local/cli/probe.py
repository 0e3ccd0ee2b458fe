"""A program of its own: loads a handler as a worker would, and says what it found.

`perdure run` starts it, by path and with a worker's environment, before anything is started that would outlive a wrong
name; the user's code never runs in the command's own process. Whatever that code prints goes to standard error; the
answer is one JSON object on standard output, in one line. Only what a worker imports too is imported here.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    """Answer for the handler that the only argument names."""
    output = os.dup(1)
    os.dup2(2, 1)
    answer = examine(sys.argv[1], os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd())  # noqa: PTH109
    with open(output, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, not a path
        stream.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the user's module started hold up nobody


def examine(handler: str, root: str) -> dict[str, Any]:
    """Return `problem`, None for a handler that can be run, and the facts that its message is made of."""
    from perdure_bootstrap import handlers
    from perdure_bootstrap.faults import BUILTIN_MODULE_CONFLICT, HANDLER_NOT_FOUND, HANDLER_REFUSED, Fault

    handlers.extend_path(handlers.search_path(root))
    module = handler.rpartition(".")[0].replace("/", ".")
    try:
        found = handlers.load(handler)
    except Fault as fault:
        if fault.kind == HANDLER_NOT_FOUND:
            return _missing_attribute(handler, module)
        if fault.kind in {HANDLER_REFUSED, BUILTIN_MODULE_CONFLICT}:
            return {"problem": "refused", "reason": fault.message}
        return _broken(fault.__cause__ or fault, module, root)
    except SystemExit as end:
        return {"problem": "exit", "code": str(end.code)}
    except Exception as error:  # noqa: BLE001 - the user's module
        return _broken(error, module, root)
    return _hosted(found, module, root)


def _hosted(found: Any, module: str, root: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the module holds
    from perdure import HandlerRefused, durable_of

    durable = durable_of(found)
    if durable is None:
        return {"problem": "plain"}
    from perdure_runtime.host import Host

    try:
        Host.from_environment(os.environ).prepare(durable)
    except HandlerRefused as error:
        return {"problem": "refused", "reason": str(error)}
    found_beside = vars(sys.modules[module])
    terms = {name: _terms(durable_of(found_beside[name])) for name in _durables(module)}
    return {
        "problem": None,
        "terms": _terms(durable),
        "durables": terms,
        "sources": [file for file, _ in _own_modules(root)],
        "redacted": _redacted(found, root),
    }


def _terms(durable: Any) -> dict[str, Any]:  # noqa: ANN401 - imported late
    return {"timeout": durable.options.timeout, "retention": durable.options.retention}


def _redacted(handler: Any, root: str) -> dict[str, str]:  # noqa: ANN401 - whatever the module holds
    """Return the fields that `Redact` names, with what is shown in their place: of all that the user's modules hold."""
    found = [handler, *(value for _, module in _own_modules(root) for value in list(vars(module).values()))]
    return {name: codec.placeholder for value in found for codec in _redactions(value) for name in codec.fields}


def _redactions(value: Any) -> list[Any]:  # noqa: ANN401 - as above
    from perdure import Redact, durable_of
    from perdure.functions import Optioned

    try:
        durable = durable_of(value)
        settings: Any = durable.options if durable else getattr(value, "settings", None)
        codecs = settings.codecs or () if durable or isinstance(value, Optioned) else ()
    except Exception:  # noqa: BLE001 - an object of the user's that answers to nothing
        return []
    return [codec for codec in codecs if isinstance(codec, Redact)]


def _own_modules(root: str) -> list[tuple[str, Any]]:
    """Return the user's own modules that are loaded, by their files."""
    inside, *others = (os.path.join(os.path.abspath(place), "") for place in (root, sys.prefix, sys.base_prefix))  # noqa: PTH100, PTH118
    modules = [(os.path.abspath(getattr(one, "__file__", None) or ""), one) for one in list(sys.modules.values())]  # noqa: PTH100
    own = {file: one for file, one in modules if file.startswith(inside) and not file.startswith(tuple(others))}
    return sorted((item for item in own.items() if item[0].endswith(".py")), key=lambda item: item[0])


def _durables(module: str) -> list[str]:
    from perdure import durable_of

    found = vars(sys.modules[module])
    return [name for name in found if not name.startswith("_") and durable_of(found[name]) is not None]


def _missing_attribute(handler: str, module: str) -> dict[str, Any]:
    name = handler.rpartition(".")[2]
    durables = _durables(module)
    public = [attribute for attribute in vars(sys.modules[module]) if not attribute.startswith("_")]
    close = difflib.get_close_matches(name, durables, n=3) or difflib.get_close_matches(name, public, n=3)
    return {"problem": "attribute", "close": close, "durables": durables[:8]}


def _broken(error: BaseException, module: str, root: str) -> dict[str, Any]:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
        return {"problem": "module", "name": error.name, "close": _close_modules(error.name, root)}
    told = traceback.TracebackException.from_exception(error)
    _trim(told)
    return {"problem": "import", "traceback": "".join(told.format()).rstrip()}


def _trim(told: traceback.TracebackException | None) -> None:
    """Leave the user's frames: the import system's say nothing, and ours come before all of them."""
    if told is not None:
        told.stack[:] = [frame for frame in told.stack if not _is_machinery(frame.filename)]
        _trim(told.__cause__)
        _trim(told.__context__)


def _is_machinery(path: str) -> bool:
    import importlib

    import perdure_bootstrap

    folders = tuple(folder + os.sep for folder in (*perdure_bootstrap.__path__, *importlib.__path__))
    return path == __file__ or path.startswith(("<frozen importlib", *folders))


def _close_modules(name: str, root: str) -> list[str]:
    folder = os.path.join(root, *name.split(".")[:-1])  # noqa: PTH118
    if not os.path.isdir(folder):  # noqa: PTH112
        return []
    entries = os.listdir(folder)  # noqa: PTH208
    modules = [entry.removesuffix(".py") for entry in entries if entry.endswith(".py") or "." not in entry]
    *parents, last = name.split(".")
    return [".".join([*parents, found]) for found in difflib.get_close_matches(last, modules, n=3)]


if __name__ == "__main__":
    main()
