from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from perdure_local import LocalService, LogLine
from perdure_local.cli.feed import Feed
from perdure_local.cli.redaction import Masks

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_local import Notice


class Heard(LocalService):
    """A service that is not up, and whose listener is called by the test."""

    def subscribe(self, listener: Callable[[Notice | LogLine], None]) -> Callable[[], None]:
        self.tell = listener
        return super().subscribe(listener)


def line(number: int) -> LogLine:
    return LogLine(function="f", arn=None, request_id=None, stream="stdout", text=str(number))


def tell_all(service: Heard, count: int, told: list[int], *, room: threading.Semaphore) -> None:
    for number in range(count):
        service.tell(line(number))
        told.append(number)
        room.release()


def test_who_writes_more_than_is_read_waits() -> None:
    service, told, ready = Heard(), [], threading.Semaphore(0)
    with Feed(service, Masks({}), most_lines=3) as feed:
        writer = threading.Thread(target=tell_all, args=(service, 10, told), kwargs={"room": ready})
        writer.start()
        heard = []
        for number in range(10):
            item = feed.next(60.0)
            assert isinstance(item, LogLine)
            heard.append(item.text)
            assert len(told) <= number + 1 + 3
        writer.join()
    assert heard == [str(number) for number in range(10)]


def test_nobody_waits_for_a_reader_who_has_left() -> None:
    service, told, ready = Heard(), [], threading.Semaphore(0)
    with Feed(service, Masks({}), most_lines=3):
        writer = threading.Thread(target=tell_all, args=(service, 10, told), kwargs={"room": ready})
        writer.start()
        for _ in range(3):
            ready.acquire()
        assert told == [0, 1, 2]
    writer.join()
    assert told == list(range(10))
