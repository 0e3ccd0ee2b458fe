"""Nothing is idle: bodies that block have all threads at once, and no step and no answer waits for a time to pass."""

import _thread
import selectors
import sys
import threading
import time

import pytest

from perdure import Completion
from perdure_runtime.drivers.pool import MOST_THREADS
from support.colours import both
from support.hosting import moves, run
from support.ledger_service import succeeded
from support.step_bodies import add

ROUNDS = 6
ITEMS = 200


@both
@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_bodies_that_block_are_done_in_as_few_rounds_as_there_can_be(colour, flat):
    # Each round begins when all threads have a body, and none ends before: so many bodies take six of them, and the
    # rest a seventh, which is the least for 200.
    together = threading.Barrier(MOST_THREADS, timeout=20)
    rounds = []

    def body(item):
        if item < ROUNDS * MOST_THREADS and together.wait() == 0:
            rounds.append(item)
        return item

    @colour
    def code(ctx, item):
        return (yield ctx.step("blocks", body, item))

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(code, range(ITEMS), flat=flat)).values())

    assert succeeded(run(workflow).execution) == sum(range(ITEMS))
    assert len(rounds) == ROUNDS
    assert ROUNDS + 1 == -(-ITEMS // MOST_THREADS)


# Waits that end by themselves

BRANCHES = 8
WAITS = (
    (time, "sleep", 0),
    (threading.Condition, "wait", 1),  # events, barriers, semaphores and queues wait with it
    (threading.Thread, "join", 1),
    *((kind, "select", 1) for kind in {selectors.DefaultSelector, selectors.SelectSelector}),
)
"""What can wait for a time, and the place of that time among its arguments."""


class WatchedLock:
    """A lock that tells how long somebody would wait for it."""

    def __init__(self, lock, note):
        self._lock, self._note = lock, note
        self.release, self.locked = lock.release, lock.locked

    def acquire(self, blocking=True, timeout=-1):  # noqa: FBT002  as locks have it
        self._note("acquire", timeout)
        return self._lock.acquire(blocking, timeout)

    def __enter__(self):
        self.acquire()

    def __exit__(self, *_):
        self.release()


@pytest.fixture
def timed(monkeypatch):
    """The waits that Perdure's own modules ask for and that end after a time; those of bodies are their own."""
    seen = []

    def note(name, seconds):
        frame = sys._getframe(2)
        while frame.f_globals["__name__"] in {"threading", "selectors"}:
            frame = frame.f_back
        if seconds is not None and seconds > 0 and frame.f_globals["__name__"].startswith("perdure"):
            seen.append((frame.f_globals["__name__"], name, seconds))

    def watch(owner, name, place):
        original = getattr(owner, name)

        def watched(*args, **options):
            note(name, options.get("timeout", args[place] if len(args) > place else None))
            return original(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    for wait in WAITS:
        watch(*wait)
    for module in [module for name, module in sys.modules.items() if name.startswith("perdure_runtime.")]:
        if hasattr(module, "allocate_lock"):
            monkeypatch.setattr(module, "allocate_lock", lambda: WatchedLock(_thread.allocate_lock(), note))
    return seen


@both
def test_no_step_and_no_answer_waits_for_a_time_to_pass(colour, timed):
    together = threading.Barrier(BRANCHES, timeout=20)

    def body(number):
        together.wait()  # so that whoever runs the branches has to wait for bodies
        return number

    @colour
    def code(ctx, number):
        first = yield ctx.step("blocks", body, number)
        return (yield ctx.step("quick", add, first, 0))

    @colour
    def child(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        total = yield ctx.step(add, 1, 1)
        total += sum((yield ctx.map(code, range(BRANCHES))).values())
        total += sum((yield ctx.map(code, range(2 * BRANCHES), concurrency=BRANCHES)).values())
        total += yield ctx.run_in_child_context("child", child)
        yield ctx.wait(seconds=60)
        return total

    assert succeeded(run(workflow).execution) == 4 + sum(range(BRANCHES)) + sum(range(2 * BRANCHES))
    assert timed == []


@both
def test_watch_sees_a_wait_that_is_bounded_by_a_time(colour, timed):
    # A loser is given a moment to end: that is the one wait of this kind, and it shows that the watch is awake.
    begun, release = threading.Event(), threading.Event()

    def body():
        begun.set()
        assert release.wait(20)

    @colour
    def losing(ctx):
        yield ctx.step("loses", body)

    @colour
    def winning(ctx):
        return (yield ctx.step("wins", lambda: begun.wait(20)))

    @colour
    def workflow(event, ctx):
        yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL)

    run(workflow)
    release.set()
    assert timed


@both
def test_a_branch_begins_before_what_its_siblings_came_to_is_acknowledged(colour):
    @colour
    def code(ctx, item):
        return (yield ctx.step(add, item, 1))

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, [1, 2, 3], concurrency=1)).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == [2, 3, 4]
    item = ["CONTEXT START", "STEP START", "STEP SUCCEED"]
    assert moves(harness) == [
        ["CONTEXT START", *item],
        ["CONTEXT SUCCEED", *item],
        ["CONTEXT SUCCEED", *item],
        ["CONTEXT SUCCEED", "CONTEXT SUCCEED"],
    ]
