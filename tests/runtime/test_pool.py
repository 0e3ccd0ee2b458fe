"""Threads of the pool: as many as there are jobs that block, and never more than its size for jobs still wanted."""

import signal
import subprocess
import sys
import threading

import pytest

from perdure_runtime.drivers import pool as pools
from perdure_runtime.drivers.pool import Job, Pool
from support.cold_start import interpreter

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


@pytest.mark.usefixtures("_nobody_is_interrupted")
def test_quick_jobs_need_one_thread():
    pool, done, before = Pool(SIZE), [], set(threading.enumerate())
    for _ in range(10 * SIZE):
        pool.stage(Quick(done))
    pool.begin()
    pool.settle()
    assert len(set(threading.enumerate()) - before) == 1


class Alarm(Exception):
    """What a signal's handler raises."""


@pytest.fixture
def alarm():
    """Makes the main thread raise `Alarm`, whatever it waits for."""

    def handle(_number, _frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("_nobody_is_interrupted")
def test_jobs_begin_although_who_was_called_in_place_of_a_thread_does_not_heed_it(alarm):
    blocking, pool = Blocking(), Pool(SIZE)

    def block():
        alarm()
        blocking()

    pool.stage(Held(block))  # before this one runs, its thread has called for the others
    for _ in range(SIZE - 1):
        pool.stage(Held(blocking))
    pool.begin()
    with pytest.raises(Alarm):
        pool.settle()
    blocking.await_begun(SIZE)
    blocking.release.set()


class InterruptedBell:
    """A lock whose owner is interrupted where it waits for it to be released."""

    def __init__(self):
        self.is_acquired = False

    def acquire(self):
        if self.is_acquired:
            raise Alarm
        self.is_acquired = True

    def release(self):
        raise AssertionError("nobody hears it")


def test_who_waits_no_longer_is_not_called(monkeypatch):
    blocking, pool, held = Blocking(), Pool(SIZE), []
    for _ in range(SIZE):
        pool.stage(Held(blocking))
    with monkeypatch.context() as patch:
        patch.setattr(pools, "_begin", lambda work, _name: held.append(work))  # a thread that is long on its way
        pool.begin()
        patch.setattr(pools, "allocate_lock", InterruptedBell)
        with pytest.raises(Alarm):
            pool.settle()
    threading.Thread(target=held.pop(), daemon=True).start()
    blocking.await_begun(SIZE)
    blocking.release.set()


@pytest.mark.usefixtures("_nobody_is_interrupted")
@pytest.mark.parametrize("is_started", [True, False])
def test_who_is_interrupted_while_it_starts_a_thread_is_not_called(monkeypatch, alarm, is_started):
    blocking, pool, begin, begun = Blocking(), Pool(2 * SIZE), pools._begin, []

    def interrupted(work, name):
        begun.append(name)
        if len(begun) == 2 and not is_started:
            alarm()
        begin(work, name)
        if len(begun) == 2:
            alarm()

    monkeypatch.setattr(pools, "_begin", interrupted)
    for _ in range(SIZE):
        pool.stage(Held(blocking))
    pool.begin()
    with pytest.raises(Alarm):
        pool.settle()
    pool.begin()
    blocking.await_begun(SIZE)
    blocking.release.set()


@pytest.mark.usefixtures("_nobody_is_interrupted")
def test_who_waits_goes_on_although_another_was_interrupted_while_it_started_a_thread(monkeypatch, alarm):
    pool, blocking, begin, begun, settled = Pool(SIZE), Blocking(), pools._begin, [], threading.Event()
    other = threading.Thread(target=lambda: (pool.settle(), settled.set()))

    def interrupted(work, name):
        begun.append(name)
        if len(begun) == 1:
            begin(work, name)
            return
        other.start()
        while len(pool._settling) < 2:  # who starts this, and the other
            other.join(0.01)
        alarm()

    monkeypatch.setattr(pools, "_begin", interrupted)
    for _ in range(2):
        pool.stage(Held(blocking))
    pool.begin()
    with pytest.raises(Alarm):
        pool.settle()
    assert settled.wait(20)
    blocking.release.set()


def test_two_who_wait_are_called_in_turn():
    blocking, pool, settled = Blocking(), Pool(3 * SIZE), threading.Barrier(3)

    def line_up():
        for _ in range(SIZE):
            pool.stage(Held(blocking))
        pool.begin()
        pool.settle()
        settled.wait(20)

    for _ in range(2):
        threading.Thread(target=line_up).start()
    settled.wait(20)
    blocking.await_begun(2 * SIZE)
    blocking.release.set()


def test_who_waits_goes_on_where_the_system_gives_no_more_threads(monkeypatch):
    blocking, pool, begin, begun = Blocking(), Pool(SIZE), pools._begin, []

    def only_one(work, name):
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(name)
        begin(work, name)

    monkeypatch.setattr(pools, "_begin", only_one)
    for _ in range(SIZE):
        pool.stage(Held(blocking))
    pool.begin()
    pool.settle()
    assert pool.waiting == SIZE - 1
    blocking.release.set()
    blocking.await_begun(SIZE)


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


WITHOUT_THREADING = """
import sys
from perdure_runtime.drivers import pool as pools

class Told(pools.Job):
    def run(self):
        told.append(sys.modules.keys() & {"threading"})

told, pool, pools.THREADING_MAY_COME_LATER = [], pools.Pool(2), sys.argv[1] == "True"
for _ in range(20):
    pool.stage(Told())
pool.begin()
pool.settle()
print(len(told), *set().union(*told))
"""


@pytest.mark.parametrize(("may_come_later", "told"), [(True, ["20"]), (False, ["20", "threading"])])
def test_threads_of_a_process_without_threading_do_not_bring_it_where_it_may_come_later(may_come_later, told):
    command = [*interpreter(WITHOUT_THREADING), str(may_come_later)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == told


def test_threads_of_a_process_with_threading_are_known_to_it_by_name():
    blocking, pool = Blocking(), Pool(SIZE)
    names = []
    pool.submit(lambda: (names.append(threading.current_thread().name), blocking()))
    blocking.await_begun(1)
    blocking.release.set()
    assert names == ["perdure-step-1"]


@pytest.mark.skipif(not pools.THREADING_MAY_COME_LATER, reason="before 3.13, the first to import it is the main thread")
def test_threading_that_a_job_is_the_first_to_import_knows_the_main_thread():
    code = """
import _thread
from perdure_runtime.drivers.pool import Pool

def job():
    import threading
    told.append((threading.main_thread().ident == main, threading.current_thread().daemon))
    bell.release()

told, bell, main = [], _thread.allocate_lock(), _thread.get_ident()
bell.acquire()
Pool().submit(job)
bell.acquire()
print(*told)
"""
    told = subprocess.run(interpreter(code), capture_output=True, text=True, check=True).stdout
    assert told.strip() == "(True, True)"
