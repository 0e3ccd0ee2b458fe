"""From the service's thread to the command's: notices in their order, then what the execution came to.

There is room for so many lines of workers, and no more: the service then waits until some were shown. It reads nothing
meanwhile, so whoever prints without end is held up by the screen, as in any pipe, and the memory is not filled.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from perdure_local.notices import LogLine, Notice
from perdure_local.service import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure_local.cli.redaction import Masks
    from perdure_local.service import LocalService

_MOST_LINES = 10_000


class Broken(NamedTuple):
    """The service went away before the execution was over."""

    reason: Exception


Item: TypeAlias = Notice | LogLine | Summary | Broken


class Feed:
    """What is heard of a service; subscribe before anything is started, and nothing is missed.

    Leave the `with` block before the service is closed: from then on it is not held up.
    """

    def __init__(self, service: LocalService, masks: Masks, most_lines: int = _MOST_LINES) -> None:
        self._service = service
        self._masks = masks
        self._items: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._room = threading.Semaphore(most_lines)
        self._is_shown = True
        service.subscribe(self._take_in)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_all_in()

    def follow(self, arn: str) -> None:
        """Have the summary of an execution put behind its last notice."""
        threading.Thread(target=self._await_end, args=(arn,), name="perdure-follow", daemon=True).start()

    def next(self, patience: float) -> Item | None:
        """Return what comes next, as it may be shown; None when nothing came for `patience` seconds."""
        try:
            item = self._items.get(timeout=patience) if patience else self._items.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, LogLine):
            self._room.release()
        return self._masks.shown(item)

    def last_words(self) -> Iterator[Item]:
        """Close the service, and yield what is left: what workers wrote last is read when they end."""
        self._let_all_in()
        self._service.close()
        while (item := self.next(0)) is not None:
            yield item

    def _take_in(self, notice: Notice | LogLine) -> None:
        if isinstance(notice, LogLine) and self._is_shown:
            self._room.acquire()
        self._items.put(notice)

    def _let_all_in(self) -> None:
        self._is_shown = False
        self._room.release()  # the service is one thread, which may be waiting at this moment

    def _await_end(self, arn: str) -> None:
        try:
            self._items.put(self._service.wait(arn))
        except Exception as error:  # noqa: BLE001 - the other thread is to know, whatever it was
            self._items.put(Broken(error))
