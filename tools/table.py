"""Write the replay model's table, as the code has it, into docs/replay.md: `python tools/table.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from perdure_runtime.core.table import TABLE
from perdure_runtime.core.vocabulary import Kind, Status

PAGE = Path(__file__).resolve().parent.parent / "docs/replay.md"
BEGIN = "<!-- table: written by tools/table.py -->"
END = "<!-- end of table -->"
MISSING = "cannot be: the run stops with an error"


def main() -> int:
    """Bring the page up to date."""
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), table()), "utf-8")
    return 0


def table() -> str:
    """The table as Markdown: a row for each status, a column for each kind of operation."""
    kinds: list[Kind] = list(dict.fromkeys(kind for kind, _ in TABLE))
    statuses: list[Status | None] = [None, *Status]
    head = ["recorded status", *(kind.value.lower() for kind in kinds)]
    rows = [[f"`{status}`" if status else "nothing", *(cell(kind, status) for kind in kinds)] for status in statuses]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(kind: Kind, status: Status | None) -> str:
    """What a call does whose record has this status."""
    move = TABLE.get((kind, status))
    return MISSING if move is None else move.value


def shown(page: str) -> str:
    """The table that stands on a page."""
    return page.partition(f"{BEGIN}\n\n")[2].partition(f"\n\n{END}")[0]


def replaced(page: str, new: str) -> str:
    """A page with another table in place of the one that stands there."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise SystemExit(f"{PAGE} has no place for the table: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
