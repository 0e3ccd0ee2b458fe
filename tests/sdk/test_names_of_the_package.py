"""What `perdure` gives: each name from its module, when it is first asked for."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import perdure


def test_the_three_lists_of_names_are_one() -> None:
    listed = [name for names in perdure.HOMES.values() for name in names.split()]
    assert sorted([*listed, "__version__"]) == sorted(perdure.__all__)
    tree = ast.parse(Path(perdure.__file__).read_text(encoding="utf-8"))
    imported = {
        (found.module, alias.name)
        for found in ast.walk(tree)
        if isinstance(found, ast.ImportFrom) and found.module != "__future__"
        for alias in found.names
        if alias.name != "import_module"
    }
    assert imported == {(f"perdure.{home}", name) for home, names in perdure.HOMES.items() for name in names.split()}


def test_each_name_is_that_of_its_module() -> None:
    for home, names in perdure.HOMES.items():
        for name in names.split():
            assert getattr(perdure, name) is getattr(import_module(f"perdure.{home}"), name)
    assert set(perdure.__all__) <= set(dir(perdure))


def test_any_other_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'perdure' has no attribute 'steep'"):
        perdure.__getattr__("steep")
