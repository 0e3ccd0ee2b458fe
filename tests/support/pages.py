"""The project's Markdown pages: their code, their headings, their links.

Two things on a page are run, in order, in one namespace for each page:

* blocks fenced as `python`, which the reader sees;
* HTML comments that begin with `<!-- test`, which the reader does not see: they check what the blocks above promise.

Other blocks (sh, yaml, json, text) are not run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("sdk", "runtime", "bootstrap", "local")

FENCE = re.compile(r"^```(\w*)\s*$")
HIDDEN = "<!-- test"
HEADING = re.compile(r"^(#+) (.+)$")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """Lines of code on a page."""

    line: int
    """The number of its first line."""
    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def blocks(self) -> list[Block]:
        """Fenced blocks and hidden tests, in order."""
        return list(_blocks(self.text.splitlines()))

    @property
    def prose(self) -> list[tuple[int, str]]:
        """The lines that are not code, with their numbers."""
        hidden = {
            number for block in self.blocks for number in range(block.line, block.line + len(block.text.split("\n")))
        }
        return [(number, line) for number, line in enumerate(self.text.splitlines(), 1) if number not in hidden]

    @property
    def headings(self) -> list[tuple[int, str]]:
        """Levels and texts of the headings."""
        found = (HEADING.match(line) for _, line in self.prose)
        return [(len(match[1]), match[2].strip()) for match in found if match]

    @property
    def anchors(self) -> set[str]:
        """What a link can point to on this page."""
        return {anchor(text) for _, text in self.headings}

    @property
    def links(self) -> list[str]:
        return [target for _, line in self.prose for target in LINK.findall(line)]


def pages() -> list[Page]:
    """All pages that this project writes for its readers."""
    files = [ROOT / "README.md", *(ROOT / package / "README.md" for package in PACKAGES)]
    return [Page(path) for path in [*files, *sorted((ROOT / "docs").rglob("*.md"))]]


def anchor(heading: str) -> str:
    """The fragment that leads to a heading, as the usual renderers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _blocks(lines: list[str]) -> list[Block]:
    found: list[Block] = []
    begun: tuple[int, str, str] | None = None
    for number, line in enumerate(lines, 1):
        if begun is None:
            if fence := FENCE.match(line):
                begun = (number + 1, fence[1], "```")
            elif line.strip() == HIDDEN:
                begun = (number + 1, "python", "-->")
        elif line.strip() == begun[2]:
            first, language, _ = begun
            found.append(Block(first, language, "\n".join(lines[first - 1 : number - 1])))
            begun = None
    assert begun is None, f"a block that begins before line {begun and begun[0]} does not end"
    return found
