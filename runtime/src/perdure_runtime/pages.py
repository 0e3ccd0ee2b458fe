"""The rest of an execution's state, read while what is already known of it is replayed.

An envelope holds the first page. Each further page is asked for before the one in hand is taken in, so that it is on
its way while that one is replayed; it is read where the workflow comes to an operation that is not known yet. At most
one page is on its way. There is no thread for it: the answer waits in the socket.

A client that cannot be asked ahead, boto3's for one, is read to the end before the workflow begins.
"""

from __future__ import annotations

from _thread import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.journal import Journal
    from perdure_runtime.service.protocol import Service

__all__ = ["Pages"]


class Pages:
    """The pages that are not read yet."""

    __slots__ = ("_arn", "_expect", "_fail", "_journal", "_lock", "_marker", "_reading", "_service", "_token")

    def __init__(
        self,
        service: Service,
        arn: str,
        token: str,
        marker: str,
        journal: Journal,
        fail: Callable[[Exception], object],
    ) -> None:
        self._service = service
        self._arn = arn
        self._token = token
        self._marker: str | None = marker
        self._journal = journal
        self._fail = fail
        """Told of an error before it is raised: user code, in which it may come up, could swallow it."""
        self._lock = RLock()
        self._reading = False
        self._expect: Callable[[str, str, str], object] | None = getattr(service, "expect_state", None)

    def begin(self) -> None:
        """Leave the reading to the journal, or read all of them here. Raises what the client raises."""
        self._journal.expect(self.read)
        if self._expect is None:
            self._journal.complete()
        else:
            self._ask()

    def read(self) -> None:
        """Take in the next page. Any thread may come here, for the first update to be sent needs the last page.

        Raises RuntimeError where this very thread is reading: a signal or the collector has made it run other code.
        """
        with self._lock:
            if self._reading:
                raise RuntimeError("a page of the history is being read by this thread")
            self._reading = True
            try:
                if self._marker is not None:  # else another thread was faster
                    self._take_in(self._marker)
            except Exception as error:
                self._fail(error)
                raise
            finally:
                self._reading = False

    def _take_in(self, marker: str) -> None:
        page = self._service.get_state(self._arn, self._token, marker)
        self._marker = page.marker
        self._ask()
        self._journal.merge(page.operations, size=page.size)
        if self._marker is None:
            self._journal.seal()

    def _ask(self) -> None:
        if self._expect is not None and self._marker is not None:
            self._expect(self._arn, self._token, self._marker)
