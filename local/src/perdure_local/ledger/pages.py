"""State pages: what a replaying handler is told, cut by count and by bytes (PROTOCOL 9.7).

Descendants of a finished context are left out, unless it was finished with `ReplayChildren`. A parent is always created
before its children, so one pass in creation order decides. The marker names the page's token and the creation position
to go on from: it is good for that token only.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from perdure_local.ledger.faults import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perdure_local.ledger.operation import Operation, Stamp


class Page(NamedTuple):
    """Operations as the wire has them, and the marker of the next page."""

    operations: list[dict[str, Any]]
    marker: str | None


class Cut(NamedTuple):
    """How a page is cut."""

    start: int
    """Creation position to begin at."""
    items: int
    size: int
    tokens: int
    """The token sequence that the marker is bound to."""
    at_least_one: bool
    """Whether an operation larger than `size` travels alone; the envelope's page stays empty instead."""


def visible(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the operations a state page shows."""
    hidden: set[str] = set()
    for operation in operations:
        if operation.parent_id in hidden:
            hidden.add(operation.id)
            continue
        if operation.hides_children:
            hidden.add(operation.id)
        yield operation


def shown_of(changed: Iterable[Operation], operations: Iterable[Operation]) -> list[str]:
    """Return the ids of those changed operations that a state page shows; any other id would tell a reader nothing."""
    ids = [operation.id for operation in changed]
    if not ids:
        return ids
    shown = {operation.id for operation in visible(operations)}
    return [key for key in ids if key in shown]


def cut_page(operations: Iterable[Operation], cut: Cut, stamp: Stamp) -> Page:
    """Render one page."""
    shown: list[dict[str, Any]] = []
    size = 0
    for operation in visible(operations):
        if operation.position < cut.start:
            continue
        rendered = operation.wire(stamp)
        size += len(orjson.dumps(rendered)) + 1
        is_over = len(shown) >= cut.items or size > cut.size
        if is_over and (shown or not cut.at_least_one):
            return Page(shown, _marker(cut.tokens, operation.position))
        shown.append(rendered)
    return Page(shown, None)


def read_marker(marker: str, tokens: int) -> int:
    """Return the position a marker points at; refuses one that belongs to another token."""
    try:
        issued, position = json.loads(base64.b64decode(marker, validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise invalid("Invalid Marker.") from None
    if issued != tokens or not isinstance(position, int):
        raise invalid("Invalid Marker.")
    return position


def _marker(tokens: int, position: int) -> str:
    return base64.b64encode(json.dumps([tokens, position]).encode()).decode()
