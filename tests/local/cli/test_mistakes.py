"""The mistakes of a beginner: each is told in a line or two, with no traceback of ours, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.command import perdure, write_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ORDER = """
from perdure import Context, durable

LIMIT = 3

def helper(event, context):
    return event

@durable
def checkout(event: dict, ctx: Context) -> dict:
    return event

@durable
def refused(event: set[complex], ctx: Context) -> dict:
    return {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    write_module(folder, "order", ORDER)
    write_module(folder, "imports_nothing", "import nowhere_to_be_found\n")
    write_module(folder, "syntax", "def checkout(:\n    pass\n")
    write_module(folder, "raises", "def read():\n    raise ValueError('no settings')\n\nread()\n")
    write_module(folder, "exits", "import sys\nsys.exit('usage: …')\n")
    write_module(folder, "dies", "import os\nos.write(2, b'last words\\n')\nos._exit(9)\n")
    write_module(folder, "empty", "import json\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["ordr.checkout"], 2, ["No module named 'ordr'; looked in ", "Did you mean order.checkout?"]),
        (["zzz.checkout"], 2, ["No module named 'zzz'; looked in ", "--root FOLDER"]),
        (["order.chekout"], 2, ["module order has no chekout; did you mean order.checkout?"]),
        (["order.zzz"], 2, ["module order has no zzz; its durable functions are: checkout, refused."]),
        (["empty.zzz"], 2, ["module empty has no zzz. The module has no durable function at all."]),
        (["order.helper"], 2, ["order.helper is not a durable function: decorate it with @durable."]),
        (["order.LIMIT"], 1, ["'LIMIT' on module 'order' is not callable: it is of type int"]),
        (["order.refused"], 1, ["order.refused: ", "complex"]),
        (["sys.exit"], 1, ["Cannot use built-in module sys"]),
        (
            ["checkout"],
            2,
            ["checkout is not the name of a handler: it is module.function, for example order.checkout."],
        ),
        (["order.py:checkout"], 2, ["it is module.function, write order.checkout."]),
        (["./order.checkout"], 2, ["it is module.function, write order.checkout."]),
        (["./order.py"], 2, ["it is module.function, write order.FUNCTION."]),
        (["order.py"], 2, ["order.py is a file: write order.FUNCTION; its durable functions are: checkout, refused."]),
        (["empty.py"], 2, ["empty.py is a file: write empty.FUNCTION. The module has no durable function at all."]),
        (["imports_nothing.f"], 1, ["imports_nothing.f cannot be imported.", "No module named 'nowhere_to_be_found'"]),
        (["syntax.checkout"], 1, ["syntax.checkout cannot be imported.", 'syntax.py", line 1', "SyntaxError: "]),
        (["raises.f"], 1, ["raises.f cannot be imported.", 'raises.py", line 2, in read', "ValueError: no settings"]),
        (["exits.f"], 1, ["its module ends the program while it is imported", "if __name__ == '__main__'"]),
        (["dies.f"], 1, ["the process ended while it imported the module (status 9).", "last words"]),
        (["order.checkout", "--input", "{id: 7}"], 2, ["--input is not JSON: ", "^"]),
        (["order.checkout", "--input", "@gone.json"], 2, ["there is no file gone.json"]),
        (["order.checkout", "--root", "gone"], 2, ["--root: there is no folder "]),
        (["order.checkout", "--name", "a b"], 2, ["--name is 1 to 64 letters, digits, - and _, not 'a b'."]),
        (["order.checkout", "--env", "=x"], 2, ["--env is NAME or NAME=VALUE"]),
        (["order.checkout", "--env", "AWS_REGION=eu-west-1"], 2, ["--env: AWS_REGION cannot be chosen, the local "]),
        (["order.checkout", "--env", "_HANDLER"], 2, ["--env: _HANDLER cannot be chosen, the local "]),
        (["order.checkout", "--json", "--quiet"], 2, ["--json and --quiet exclude each other"]),
        (["order.checkout", "--journal", "."], 1, ["is a folder; a journal is a file."]),
        (["order.checkout", "--journal", "order.py/j.db"], 1, ["The local service cannot start: "]),
        (["order.checkout", "--journal", "notes.txt"], 1, ["is not a journal of this program"]),
    ],
)
def test_a_mistake_is_told_clearly(folder: Path, arguments: list[str], status: int, expected: list[str]) -> None:
    (folder / "notes.txt").write_text("my notes\n" * 100, "utf-8")
    done = perdure(folder, "run", *arguments)
    for part in expected:
        assert part in done.stderr
    assert done.status == status
    assert done.stdout == ""
    for ours in ("perdure_local", "perdure_bootstrap", "perdure_runtime", "importlib"):
        assert ours not in done.stderr
    assert not (folder / ".perdure").exists()
