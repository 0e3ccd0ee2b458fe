from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from support.runtime_api import ScriptedRuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def api() -> Iterator[ScriptedRuntimeApi]:
    with ScriptedRuntimeApi() as server:
        yield server


@pytest.fixture
def write_app(tmp_path: Path) -> Callable[..., Path]:
    """Writes a module of user code and gives the folder it is in."""

    def write(source: str, name: str = "app.py") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        return tmp_path

    return write
