"""The signs that a terminal view is made of, and their stand-ins where there is nothing but ASCII."""

from __future__ import annotations

from typing import NamedTuple


class Marks(NamedTuple):
    """One sign for each thing that can be seen."""

    is_ascii: bool
    top: str
    rail: str
    foot: str
    success: str
    failure: str
    retry: str
    wait: str
    context: str
    callback: str
    invoke: str
    interrupted: str
    passed: str
    spinner: str


UNICODE = Marks(
    is_ascii=False,
    top="╭─",
    rail="│",
    foot="╰─",
    success="✓",
    failure="✗",
    retry="↻",
    wait="◷",
    context="▸",
    callback="?",
    invoke="→",
    interrupted="✗",
    passed="⋮",
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
)
ASCII = Marks(
    is_ascii=True,
    top="+-",
    rail="|",
    foot="+-",
    success="+",
    failure="x",
    retry="~",
    wait="o",
    context=">",
    callback="?",
    invoke="=",
    interrupted="x",
    passed=":",
    spinner="|/-\\",
)


def marks_for(*, ascii_only: bool) -> Marks:
    """Return the signs that an output can show."""
    return ASCII if ascii_only else UNICODE
