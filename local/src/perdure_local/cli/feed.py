"""From the service's thread to the command's: notices in their order, then what the execution came to."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from perdure_local.notices import LogLine, Notice
from perdure_local.service import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure_local.service import LocalService


class Broken(NamedTuple):
    """The service went away before the execution was over."""

    reason: Exception


Item: TypeAlias = Notice | LogLine | Summary | Broken


class Feed:
    """What is heard of a service; subscribe before anything is started, and nothing is missed."""

    def __init__(self, service: LocalService) -> None:
        self._service = service
        self._items: queue.SimpleQueue[Item] = queue.SimpleQueue()
        service.subscribe(self._items.put)

    def follow(self, arn: str) -> None:
        """Have the summary of an execution put behind its last notice."""
        threading.Thread(target=self._await_end, args=(arn,), name="perdure-follow", daemon=True).start()

    def next(self, patience: float) -> Item | None:
        """Return what comes next; None when nothing came for `patience` seconds."""
        try:
            return self._items.get(timeout=patience) if patience else self._items.get_nowait()
        except queue.Empty:
            return None

    def last_words(self) -> Iterator[Item]:
        """Close the service, and yield what is left: what workers wrote last is read when they end."""
        self._service.close()
        while (item := self.next(0)) is not None:
            yield item

    def _await_end(self, arn: str) -> None:
        try:
            self._items.put(self._service.wait(arn))
        except Exception as error:  # noqa: BLE001 - the other thread is to know, whatever it was
            self._items.put(Broken(error))
