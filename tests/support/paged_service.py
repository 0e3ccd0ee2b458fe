"""A ledger whose state comes in small pages, to a client that can be asked for one ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perdure_local.ledger import AWS_LIMITS
from support.ledger_service import LedgerService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure_local.ledger import Limits
    from perdure_runtime.service.protocol import Checkpointed, StatePage


class PagedService(LedgerService):
    """Pages of `size` operations. `story` tells what the engine did, in order; a test may add to it."""

    def __init__(self, size: int, *, limits: Limits = AWS_LIMITS, **options: Any) -> None:
        super().__init__(limits=replace(limits, page_items=size), **options)
        self._size = size
        self._on_its_way = ""
        self.story: list[str] = []

    @property
    def last_invocation(self) -> list[str]:
        """What happened since the last invocation began."""
        backwards = self.story[::-1]
        return backwards[: backwards.index("begin")][::-1]

    def begin(self) -> bytes:
        self._on_its_way = ""
        self.story.append("begin")
        return super().begin()

    def expect_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> None:
        assert not self._on_its_way, "one page is on its way already"
        self._on_its_way = marker
        self.story.append("expect")

    def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
        assert marker == self._on_its_way, "nobody asked for this page ahead"
        self._on_its_way = ""
        self.story.append("read")
        return super().get_state(arn, token, marker, self._size)

    def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
        assert not self._on_its_way, "an update before the last page is read"
        self.story.append("checkpoint")
        return super().checkpoint(arn, token, updates, client_token)
