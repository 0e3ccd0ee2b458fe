from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from perdure_bootstrap.wakeup import Wakeup


class Interrupted(Exception):
    pass


def interrupt(*_: object) -> None:
    raise Interrupted


def wait_with(thread: threading.Thread, wakeup: Wakeup, descriptor: int) -> None:
    thread.start()
    wakeup.wait_for(descriptor)


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    before = signal.signal(signal.SIGUSR1, interrupt)
    wakeup = Wakeup()
    yield wakeup
    wakeup.close()
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_readable_descriptor_ends_the_wait(wakeup: Wakeup, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    with wakeup:
        wakeup.wait_for(pipe[0])
    assert os.read(pipe[0], 1) == b"x"


def test_signal_given_to_another_thread_ends_the_wait(wakeup: Wakeup, pipe: tuple[int, int]) -> None:
    def signalled() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    thread = threading.Thread(target=signalled)
    with wakeup, pytest.raises(Interrupted):
        wait_with(thread, wakeup, pipe[0])
    thread.join()


def test_handler_that_returns_does_not_end_the_wait(wakeup: Wakeup, pipe: tuple[int, int]) -> None:
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        os.write(pipe[1], b"x")

    signal.signal(signal.SIGUSR1, note)
    with wakeup:
        os.kill(os.getpid(), signal.SIGUSR1)
        wakeup.wait_for(pipe[0])
    assert seen == [signal.SIGUSR1]


def test_wait_that_cannot_begin_leaves_the_next_one_alone(wakeup: Wakeup, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    wakeup.wait_for(pipe[0])
    with pytest.raises(ValueError, match="descriptor"):
        wakeup.wait_for(-2)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 10)  # else it would wait for ever
    try:
        wakeup.wait_for(pipe[0])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_descriptor_set_before_is_set_again_after(wakeup: Wakeup, pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    before = signal.set_wakeup_fd(pipe[1])
    with wakeup:
        pass
    assert signal.set_wakeup_fd(before) == pipe[1]
