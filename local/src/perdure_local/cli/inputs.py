"""The input of an execution, from `--input`: JSON text, `@file`, or `-` for standard input.

The text goes to the function as it was given; it is parsed here only to say at once, and where, that it is not JSON.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from perdure_local.cli.problems import Problem

if TYPE_CHECKING:
    from typing import BinaryIO

NOTHING = "{}"
"""The input when none is given: an event without fields."""
OPTION = "--input"
LARGEST = 6 * 1024 * 1024
"""Bytes of an input (PROTOCOL 10)."""
_WIDTH = 72
"""Characters of a line that are shown round an error."""
_LONGEST_PATH = 255


def read_input(given: str | None, stdin: BinaryIO) -> str:
    """Return the text that `--input` stands for; raises `Problem` unless it is JSON."""
    if given is None:
        return NOTHING
    if given == "-":
        return _checked(_decoded(stdin.read(), "standard input"), "standard input")
    if given.startswith("@"):
        name = given.removeprefix("@")
        return _checked(_decoded(_contents(name, OPTION), name), name)
    return _checked(given, OPTION)


def read_text(given: str, option: str, stdin: BinaryIO) -> str:
    """Return the text that `given` stands for, in the same three forms, be it JSON or not."""
    if given == "-":
        return _decoded(stdin.read(), "standard input", "text")
    if given.startswith("@"):
        name = given.removeprefix("@")
        return _decoded(_contents(name, option), name, "text")
    return given


def _contents(name: str, option: str) -> bytes:
    if not name:
        raise Problem(f"{option} @ lacks the name of a file.")
    try:
        return Path(name).expanduser().read_bytes()
    except FileNotFoundError:
        raise Problem(f"{option}: there is no file {name} (looked in {Path.cwd()}).") from None
    except OSError as error:
        raise Problem(f"{option}: {name} cannot be read: {error.strerror}.") from None


def _decoded(content: bytes, source: str, form: str = "JSON") -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(f"{source} is not {form}: byte {error.start} is not UTF-8.") from None


def _checked(text: str, source: str) -> str:
    if len(text.encode()) > LARGEST:
        raise Problem(f"{source} is larger than the {LARGEST} bytes that Lambda takes.")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fact = error.msg.partition(":")[0]
        if not text.strip():
            raise Problem(f"{source} is empty; JSON is expected, such as '{NOTHING}'.") from None
        where = f"line {error.lineno}, column {error.colno}"
        lines = [f"{source} is not JSON: {fact} ({where})", *_marked(error)]
        if source == OPTION and (hint := _hint(text)):
            lines.append(hint)
        raise Problem("\n".join(lines)) from None
    return text


def _marked(error: orjson.JSONDecodeError) -> tuple[str, str]:
    """Return the line with the error, cut to the width, and a caret under the place."""
    lines = error.doc.splitlines() or [""]
    line = lines[min(error.lineno, len(lines)) - 1].expandtabs(1)
    column = min(error.colno - 1, len(line))
    start = max(0, min(column - _WIDTH // 2, len(line) - _WIDTH))
    return f"    {line[start : start + _WIDTH]}", f"    {' ' * (column - start)}^"


def _hint(text: str) -> str | None:
    if len(text) <= _LONGEST_PATH and "\n" not in text and Path(text).is_file():
        return f"To read the file, write --input @{text}"
    if text.lstrip()[:1] in {"{", "["} and '"' not in text:
        return """Names and texts need double quotes, and the whole single ones: --input '{"order": 7}'"""
    return None
