"""Where our modules are found at once, and where the ordinary search is left to it; over made-up folders."""

from __future__ import annotations

import os
import py_compile
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perdure_bootstrap import submodules
from perdure_bootstrap.submodules import SubmoduleFinder

NAME = "perdure.sample"
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
CHECKED = py_compile.PycInvalidationMode.CHECKED_HASH
DATED = py_compile.PycInvalidationMode.TIMESTAMP


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sample.py").write_text("VALUE = 1\n")
    return tmp_path


def compiled(folder: Path, mode: py_compile.PycInvalidationMode = DATED) -> None:
    py_compile.compile(str(folder / "sample.py"), doraise=True, invalidation_mode=mode)


def changed(folder: Path) -> None:
    (folder / "sample.py").write_text("VALUE = 22\n")


def found(folder: Path, name: str = NAME) -> Any:
    return SubmoduleFinder().find_spec(name, [str(folder)])


def loaded(spec: ModuleSpec | None) -> Any:
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("mode", [DATED, UNCHECKED])
def test_a_module_found_at_once_is_what_the_ordinary_search_finds(
    folder: Path, mode: py_compile.PycInvalidationMode
) -> None:
    compiled(folder, mode)
    ours = loaded(found(folder))
    theirs = loaded(PathFinder.find_spec(NAME, [str(folder)]))
    assert ours.VALUE == theirs.VALUE == 1
    for name in ("__name__", "__file__", "__package__"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("origin", "cached", "parent", "has_location", "submodule_search_locations"):
        assert getattr(ours.__spec__, name) == getattr(theirs.__spec__, name)
    assert ours.__spec__.loader.get_source(NAME) == "VALUE = 1\n"


def test_frames_are_those_of_the_files_that_are_there_wherever_they_were_compiled(folder: Path) -> None:
    (folder / "sample.py").write_text("def call():\n    return lambda: None\n")
    compiled(folder)
    moved = folder / "moved"
    moved.mkdir()
    for name in ("sample.py", "__pycache__"):
        (folder / name).rename(moved / name)
    module = loaded(found(moved))
    assert module.call.__code__.co_filename == module.call().__code__.co_filename == str(moved / "sample.py")


def test_byte_code_of_another_source_is_left_to_the_ordinary_search(folder: Path) -> None:
    compiled(folder)
    changed(folder)
    assert found(folder) is None


def test_byte_code_of_a_source_of_another_time_is_left_to_the_ordinary_search(folder: Path) -> None:
    compiled(folder)
    os.utime(folder / "sample.py", (1, 1))
    assert found(folder) is None


def test_byte_code_that_goes_for_any_source_is_taken_as_it_is(folder: Path) -> None:
    compiled(folder, UNCHECKED)
    changed(folder)
    assert loaded(found(folder)).VALUE == 1


def test_byte_code_to_be_checked_by_the_sources_hash_is_left_to_the_ordinary_search(folder: Path) -> None:
    compiled(folder, CHECKED)
    assert found(folder) is None


def test_byte_code_that_cannot_be_read_at_once_is_read_in_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(folder)
    monkeypatch.setattr(submodules, "MOST", 7)
    assert loaded(found(folder)).VALUE == 1


def test_byte_code_of_another_python_is_left_to_the_ordinary_search(folder: Path) -> None:
    compiled(folder)
    (cached,) = (folder / "__pycache__").iterdir()
    cached.write_bytes(b"\0\0\r\n" + cached.read_bytes()[4:])
    assert found(folder) is None


def test_a_module_without_byte_code_or_without_source_is_left_to_the_ordinary_search(folder: Path) -> None:
    assert found(folder) is None
    compiled(folder)
    (folder / "sample.py").unlink()
    assert found(folder) is None


@pytest.mark.parametrize("name", ["sample", "somebody.sample", "perdure_local.sample"])
def test_nothing_is_said_of_modules_that_are_not_ours(folder: Path, name: str) -> None:
    compiled(folder)
    assert found(folder, name) is None


def test_nothing_is_said_of_whole_packages() -> None:
    assert SubmoduleFinder().find_spec("perdure") is None


def test_who_asks_for_the_code_again_gets_it_by_the_ordinary_way(folder: Path) -> None:
    compiled(folder)
    loader = found(folder).loader
    first = loader.get_code(NAME)
    assert loader.get_code(NAME) == first


def test_the_finder_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    monkeypatch.setattr(sys, "pycache_prefix", None)
    submodules.find_at_once()
    assert isinstance(sys.meta_path[0], SubmoduleFinder)
    assert sys.meta_path[1:] == [PathFinder]


def test_where_byte_code_is_kept_elsewhere_the_search_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    submodules.find_at_once()
    assert sys.meta_path == [PathFinder]
