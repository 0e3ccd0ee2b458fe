from __future__ import annotations

import importlib
import sys

import pytest

from perdure_runtime.logs import arrivals


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of modules that can be imported, and forgotten after."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("arriving")]:
        del sys.modules[name]


def test_module_that_is_loaded_has_arrived():
    told = []
    arrivals.expect("sys", lambda: told.append("sys"))
    assert told == ["sys"]


def test_callback_comes_once_when_the_module_has_run(package):
    (package / "arriving.py").write_text("ready = True\n")
    told = []
    arrivals.expect("arriving", lambda: told.append(sys.modules["arriving"].ready))
    assert told == []
    module = importlib.import_module("arriving")
    importlib.reload(module)
    assert told == [True]
    assert "exec_module" not in vars(module.__loader__)


def test_other_modules_are_left_to_their_finders(package):
    (package / "arriving_other.py").write_text("")
    told = []
    arrivals.expect("arriving", lambda: told.append("arriving"))
    importlib.import_module("arriving_other")
    assert told == []


def test_absent_module_is_expected_further(package):
    told = []
    arrivals.expect("arriving", lambda: told.append("arriving"))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("arriving")
    (package / "arriving.py").write_text("")
    importlib.invalidate_caches()
    importlib.import_module("arriving")
    assert told == ["arriving"]


def test_module_that_fails_has_not_arrived(package):
    (package / "arriving.py").write_text("raise ValueError('broken')\n")
    told = []
    arrivals.expect("arriving", lambda: told.append("arriving"))
    with pytest.raises(ValueError, match="broken"):
        importlib.import_module("arriving")
    assert told == []


def test_shared_loader_tells_of_the_expected_module_only(package):
    ran, told = [], []

    class Loader:
        def create_module(self, spec):
            return None

        def exec_module(self, module):
            ran.append(module.__name__)

    class Finder:
        loader = Loader()

        def find_spec(self, name, path=None, target=None):
            if name.startswith("arriving"):
                return importlib.machinery.ModuleSpec(name, self.loader)
            return None

    finder = Finder()
    arrivals.expect("arriving", lambda: told.append("arriving"))
    sys.meta_path.append(finder)
    try:
        spec = importlib.util.find_spec("arriving")
        importlib.import_module("arriving_other")
        assert told == []
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    finally:
        sys.meta_path.remove(finder)
    assert ran == ["arriving_other", "arriving"]
    assert told == ["arriving"]


def test_loader_that_is_a_class_is_left_alone():
    name = "this"  # any module will do; the finder below answers with a class
    told = []

    class Loader:
        @staticmethod
        def create_module(spec):
            return None

        @staticmethod
        def exec_module(module):
            module.ready = True

    class Finder:
        def find_spec(self, name, path=None, target=None):
            return importlib.machinery.ModuleSpec(name, Loader) if name == "arriving" else None

    finder = Finder()
    arrivals.expect("arriving", lambda: told.append(name))
    sys.meta_path.insert(1, finder)
    try:
        assert importlib.import_module("arriving").ready
    finally:
        sys.meta_path.remove(finder)
        sys.modules.pop("arriving", None)
    assert told == []


def test_forgetting_takes_the_finder_away(package):
    before = sys.meta_path[:]
    arrivals.expect("arriving", lambda: None)
    assert len(sys.meta_path) == len(before) + 1
    arrivals.forget()
    arrivals.forget()
    assert sys.meta_path == before
