from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType

import pytest

from perdure_runtime.logs.eventual import run_without_asyncio


@contextmanager
def forgotten_asyncio():
    """asyncio as if nobody had imported it; the modules of before come back after."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "asyncio"}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "asyncio"]:
            del sys.modules[name]
        sys.modules.update(before)


def run(source):
    """Run a module's source the way structlog's importers are run."""
    module = ModuleType("importer")
    module.__package__ = ""
    run_without_asyncio(lambda module: exec(source, module.__dict__), module)  # noqa: S102
    return module


def test_import_of_asyncio_waits_for_its_first_use():
    with forgotten_asyncio():
        module = run("import asyncio\nimport json\ndef use(): return asyncio.Queue")
        assert "asyncio" not in sys.modules
        queue = module.use()
        assert queue is sys.modules["asyncio"].Queue
        assert module.json is sys.modules["json"]


@pytest.mark.parametrize("source", ["from asyncio import Queue", "import asyncio.queues as found; Queue = found.Queue"])
def test_other_ways_to_import_it_are_as_ever(source):
    with forgotten_asyncio():
        assert run(source).Queue is sys.modules["asyncio"].Queue


def test_relative_and_absent_modules_are_as_ever():
    with forgotten_asyncio():
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            run("import no_such_module")
        with pytest.raises(ImportError):
            run("from . import sibling")


def test_name_that_asyncio_lacks_is_an_attribute_error():
    with forgotten_asyncio(), pytest.raises(AttributeError, match="no_such_name"):
        run("import asyncio\nasyncio.no_such_name")


def test_builtins_are_all_there():
    with forgotten_asyncio():
        assert run("names = [len([1]), print.__name__, __debug__]").names == [1, "print", True]


def test_loaded_asyncio_is_what_it_gets():
    asyncio = importlib.import_module("asyncio")
    assert run("import asyncio").asyncio is asyncio
