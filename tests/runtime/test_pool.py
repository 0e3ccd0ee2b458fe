"""Threads of the pool: as many as there are jobs that block, and never more than its size for jobs still wanted."""

import sys
import threading

import pytest

from perdure_runtime.drivers.pool import Job, Pool

SIZE = 4


class Blocking:
    """A job that blocks its thread until all are released; counts those that have begun."""

    def __init__(self):
        self.begun, self.release = threading.Semaphore(0), threading.Event()

    def __call__(self):
        self.begun.release()
        assert self.release.wait(20)

    def await_begun(self, count):
        for _ in range(count):
            assert self.begun.acquire(timeout=20)


def test_jobs_that_were_given_up_before_they_began_take_no_thread():
    blocking, pool, before = Blocking(), Pool(SIZE), set(threading.enumerate())
    jobs = [pool.submit(blocking) for _ in range(10 * SIZE)]
    blocking.await_begun(SIZE)
    assert [pool.give_up(job) for job in jobs] == [True] * SIZE + [False] * (9 * SIZE)
    pool.begin()
    threads = set(threading.enumerate()) - before
    blocking.release.set()
    assert len(threads) == SIZE
    assert pool.waiting == 0


def test_threads_of_jobs_that_were_given_up_are_made_up_for():
    blocking, pool = Blocking(), Pool(SIZE)
    hanging = [pool.submit(blocking) for _ in range(SIZE)]
    blocking.await_begun(SIZE)
    others = [pool.submit(blocking) for _ in range(SIZE)]
    pool.give_up(hanging[0])
    pool.give_up(others[0])
    pool.begin()
    blocking.await_begun(1)
    assert [pool.waiting, others[1].running] == [SIZE - 2, True]
    blocking.release.set()
    blocking.await_begun(SIZE - 2)


class Quick(Job):
    """A job that is done at once."""

    def __init__(self, done):
        super().__init__()
        self.done = done

    def run(self):
        self.done.append(threading.get_ident())


class Held(Job):
    """A job that blocks its thread until all are released."""

    def __init__(self, blocking):
        super().__init__()
        self.run = blocking


@pytest.fixture
def _nobody_is_interrupted():
    """Whoever computes goes on computing until it blocks, however slow the machine."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_nobody_is_interrupted")
def test_quick_jobs_are_done_by_one_thread_before_who_lined_them_up_goes_on():
    pool, done = Pool(SIZE), []
    for _ in range(2):  # with new threads, and with idle ones
        for _ in range(10 * SIZE):
            pool.stage(Quick(done))
        pool.begin()
        pool.settle()
        assert len(done) == 10 * SIZE
        assert len(set(done)) == 1
        done.clear()


def test_who_lines_up_jobs_that_block_goes_on_when_each_thread_has_one():
    blocking, pool = Blocking(), Pool(SIZE)
    for _ in range(2 * SIZE):
        pool.stage(Held(blocking))
    pool.begin()
    pool.settle()
    assert pool.waiting == SIZE
    blocking.release.set()
    blocking.await_begun(2 * SIZE)


def test_nobody_waits_for_a_pool_that_has_nothing_to_do():
    pool = Pool(SIZE)
    pool.begin()
    pool.settle()
    assert pool.waiting == 0
