"""What waits for the service is to tasks what one of asyncio's own futures is."""

import asyncio

import pytest

from perdure_runtime.drivers.aio_loop import Loop
from perdure_runtime.drivers.aio_waiter import Waiter


@pytest.fixture
def loop():
    made = Loop()
    yield made
    made.close()


async def waiting(waiter, log):
    try:
        await waiter
    except asyncio.CancelledError as cancelled:
        log.append(cancelled.args)
        raise
    log.append("went on")


def begun(loop, *waiters):
    """A task for each of them, as far as it gets."""
    log = []
    tasks = [loop.create_task(waiting(waiter, log)) for waiter in waiters]
    loop.run_until_complete(asyncio.sleep(0))
    return tasks, log


def test_a_task_that_is_woken_goes_on_where_it_is_woken(loop):
    waiter = Waiter(loop, 1, None)
    (task,), log = begun(loop, waiter)
    assert not waiter.is_over
    waiter.wake()
    assert (log, waiter.is_over, task.done()) == (["went on"], True, True)
    waiter.wake()
    assert log == ["went on"]


@pytest.mark.parametrize("message", [(), ("enough",)])
def test_a_task_that_is_cancelled_goes_on_by_the_loop_and_is_not_woken(loop, message):
    waiter = Waiter(loop, 1, None)
    (task,), log = begun(loop, waiter)
    task.cancel(*message)
    assert (log, waiter.is_over) == ([], True)
    waiter.wake()
    assert log == []
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert log == [message]


def test_a_task_that_was_woken_is_cancelled_as_any_other(loop):
    async def twice():
        await first
        await second

    first, second = Waiter(loop, 1, None), Waiter(loop, 2, None)
    task = loop.create_task(twice())
    loop.run_until_complete(asyncio.sleep(0))
    first.wake()
    assert not first.cancel()
    task.cancel()
    assert (first.is_over, second.is_over) == (True, True)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_a_task_that_is_cancelled_before_it_waits_is_told_where_it_comes_to_wait(loop):
    waiter, log = Waiter(loop, 1, None), []

    async def cancels_itself():
        asyncio.current_task().cancel()
        await waiting(waiter, log)

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(cancels_itself())
    assert log == [()]


def test_what_the_task_sets_in_a_context_variable_is_its_own(loop):
    from contextvars import ContextVar

    found = ContextVar("found", default="nothing")

    async def own():
        found.set("own")
        await waiter
        return found.get()

    waiter = Waiter(loop, 1, None)
    task = loop.create_task(own())
    loop.run_until_complete(asyncio.sleep(0))
    waiter.wake()
    assert (task.result(), found.get()) == ("own", "nothing")


def test_a_task_that_comes_when_it_is_over_goes_on_by_the_loop(loop):
    waiter, log = Waiter(loop, 1, None), []
    waiter.wake()
    task = loop.create_task(waiting(waiter, log))
    loop.run_until_complete(task)
    assert (log, waiter.cancel()) == (["went on"], False)
