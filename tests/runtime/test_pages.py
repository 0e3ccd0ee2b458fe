"""State that comes in pages, from a client that can be asked for one ahead: replay begins before the last is there."""

import gc
import io
import logging
from dataclasses import replace

import orjson
import pytest

from perdure import ServiceError, child
from perdure_local.ledger import AWS_LIMITS
from perdure_local.ledger.operation import milliseconds, seconds
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.records import Record
from perdure_runtime.logs.settings import SETTINGS, configure
from perdure_runtime.pages import Pages
from perdure_runtime.service.protocol import StatePage
from support.colours import ASYNC, SYNC, both
from support.hosting import hosted, run
from support.ledger_service import HandClock, LedgerService, succeeded
from support.paged_service import PagedService
from support.scripted_service import refused
from support.step_bodies import add


@pytest.fixture
def written():
    """What is logged; the settings are put back."""
    kept = {name: getattr(SETTINGS, name) for name in SETTINGS.__slots__}
    stream = io.StringIO()
    configure({}, stream=stream)
    yield stream
    for name, value in kept.items():
        setattr(SETTINGS, name, value)


class Shelf:
    """A service that holds pages of records for one invocation and takes no updates."""

    def __init__(self, *pages, failure=None):
        self.clock = HandClock()
        self.pages = pages
        self.failure = failure
        self.read = 0

    def event(self):
        state = {"Operations": [one.wire(milliseconds) for one in self.pages[0]], "NextMarker": "1"}
        facts = {"DurableExecutionArn": "arn:a/b/c", "CheckpointToken": "t"}
        return orjson.dumps(facts | {"InitialExecutionState": state})

    def expect_state(self, arn, token, marker, limit=1000):
        assert int(marker) == self.read + 1

    def get_state(self, arn, token, marker, limit=1000):
        if self.failure is not None:
            raise self.failure
        self.read += 1
        number = int(marker)
        page = [one.wire(seconds) for one in self.pages[number]]
        return StatePage(page, str(number + 1) if number + 1 < len(self.pages) else None, size=100)

    def checkpoint(self, arn, token, updates, client_token):
        raise AssertionError("nothing is to be recorded here")


def answered(workflow, service, **options):
    return orjson.loads(hosted(workflow, service, **options).answer(service.event()))


def recorded(colour, workflow):
    """The operations that a workflow leaves behind when it has run, or has to wait."""
    harness = hosted(colour(workflow), LedgerService())
    harness.invoke()
    return list(harness.execution.operations)


def two_steps(event, ctx):
    first = yield ctx.step(add, 1, 2)
    return (yield ctx.step(add, first, 4))


@both
def test_each_page_is_on_its_way_while_the_one_before_is_replayed(colour):
    service = PagedService(2)

    @colour
    def workflow(event, ctx):
        service.story.append("handler")
        total = 0
        for n in range(5):
            total += yield ctx.step(add, n, n)
            service.story.append(f"step {n}")
        yield ctx.wait(1)
        service.story.append("wait")
        return total + (yield ctx.step(add, 100, 0))

    harness = run(workflow, service=service, strict=True)
    assert succeeded(harness.execution) == 120
    # The execution and the first step are in the envelope. A page is read where a call finds no record yet.
    assert service.last_invocation == [
        "expect", "handler", "step 0",
        "read", "expect", "step 1", "step 2",
        "read", "expect", "step 3", "step 4",
        "read", "wait",
        "checkpoint",
    ]  # fmt: skip


@both
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_no_update_is_sent_before_the_last_page_is_read(colour, size):
    service = PagedService(size)  # it refuses one
    tries = []

    def flaky(number):
        tries.append(number)
        if tries.count(number) == 1:
            raise OSError(number)
        return number

    @colour
    def item(ctx, number):
        first = yield ctx.step("flaky", flaky, number)
        yield ctx.wait(number)
        return first

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(item, [1, 2, 3])).values()

    harness = run(workflow, service=service, strict=True)
    assert succeeded(harness.execution) == [1, 2, 3]
    assert ("read" in service.story) == (size < 50)


@both
def test_execution_may_stand_in_a_later_page(colour):
    execution, *steps = recorded(colour, two_steps)
    service = Shelf([], [execution], steps)
    assert answered(colour(two_steps), service) == {"Status": "SUCCEEDED", "Result": "7"}


@both
def test_history_may_begin_in_a_later_page(colour, written):
    execution, *steps = recorded(colour, two_steps)

    @colour
    def workflow(event, ctx):
        ctx.logger.error("said again")
        return (yield from two_steps(event, ctx))

    assert answered(workflow, Shelf([execution], [], steps))["Result"] == "7"
    assert written.getvalue() == ""  # it is a replay from its first line


@both
def test_run_that_parks_before_the_last_page_does_not_wait_for_it(colour):
    def workflow(event, ctx):
        yield ctx.wait(60)

    shelf = Shelf(recorded(colour, workflow), [])
    assert answered(colour(workflow), shelf) == {"Status": "PENDING"}
    assert shelf.read == 0


@both
def test_run_that_fails_before_the_last_page_does_not_wait_for_it(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.step(add, 1, 2)
        raise LookupError("no")

    shelf = Shelf(recorded(colour, two_steps), [])
    assert answered(workflow, shelf)["Error"]["ErrorType"] == "LookupError"
    assert shelf.read == 0


@both
def test_run_that_returns_has_to_have_reached_what_the_last_page_holds(colour):
    execution, first, second = recorded(colour, two_steps)

    @colour
    def workflow(event, ctx):
        return (yield ctx.step(add, 1, 2))

    shelf = Shelf([execution, first], [second])
    assert answered(workflow, shelf, strict=True)["Error"]["ErrorType"] == "perdure.ReplayMismatch"


@both
@pytest.mark.parametrize("retryable", [True, False])
def test_page_that_cannot_be_read_ends_the_run_whatever_the_code_makes_of_it(colour, retryable):
    execution, first, second = recorded(colour, two_steps)
    shelf = Shelf([execution, first], [second], failure=refused("Broken", retryable=retryable))

    @colour
    def workflow(event, ctx):
        try:
            yield from two_steps(event, ctx)
        except Exception:  # noqa: BLE001
            yield ctx.step("another", add, 1, 1)
        return "swallowed"

    if retryable:
        with pytest.raises(ServiceError, match="Broken"):
            answered(workflow, shelf)
    else:
        assert answered(workflow, shelf)["Status"] == "FAILED"


def another_step(ctx):
    return ctx.step(add, 3, 4)


def a_virtual_child(ctx):
    return ctx.run_in_child_context(child(no_code, virtual=True))


def no_code(ctx):
    raise AssertionError("it does not come to this")


async def async_no_code(ctx):
    no_code(ctx)


def an_async_virtual_child(ctx):
    return ctx.run_in_child_context(child(async_no_code, virtual=True))


@pytest.mark.parametrize("failure", [refused("Broken", retryable=True), RuntimeError("Broken")], ids=["service", "bug"])
@pytest.mark.parametrize(
    ("colour", "call"),
    [(SYNC, another_step), (ASYNC, another_step), (SYNC, a_virtual_child), (ASYNC, an_async_virtual_child)],
)
def test_user_code_does_not_see_that_a_page_cannot_be_read(colour, call, failure):
    execution, first, second = recorded(colour, two_steps)
    shelf = Shelf([execution, first], [second], failure=failure)
    seen = []

    @colour
    def workflow(event, ctx):
        yield ctx.step(add, 1, 2)
        ctx.logger.error("heard before, or not")
        try:
            yield call(ctx)
        except Exception as error:  # noqa: BLE001
            seen.append(error)

    with pytest.raises(type(failure), match="Broken"):
        answered(workflow, shelf)
    assert seen == []


@both
def test_line_that_needs_a_page_which_cannot_be_read_is_not_written_and_the_run_ends(colour, written):
    execution, first, second = recorded(colour, two_steps)
    shelf = Shelf([execution, first], [second], failure=refused("Broken", retryable=True))
    seen = []

    @colour
    def workflow(event, ctx):
        yield ctx.step(add, 1, 2)
        ctx.logger.error("heard before, or not")
        seen.append("still here")
        yield ctx.step(add, 3, 4)
        seen.append("beyond")

    with pytest.raises(ServiceError, match="Broken"):
        answered(workflow, shelf)
    assert written.getvalue() == ""
    assert seen == ["still here"]


@both
def test_line_is_heard_or_not_by_what_a_later_page_holds(colour, written):
    execution, first, second = recorded(colour, two_steps)

    @colour
    def workflow(event, ctx):
        one = yield ctx.step(add, 1, 2)
        ctx.logger.error("between")
        two = yield ctx.step(add, one, 4)
        ctx.logger.error("after")
        return two

    assert answered(workflow, Shelf([execution, first], [second]))["Result"] == "7"
    assert [line.count("between") for line in written.getvalue().splitlines()] == [0]


@both
def test_line_that_is_logged_while_a_page_is_read_does_not_wait_for_that_page(colour, written):
    execution, first, second = recorded(colour, two_steps)

    class Talkative(Shelf):
        def get_state(self, *args, **kwargs):
            logging.getLogger("client").error("asking once more")  # as the collector or a signal may, at any time
            return super().get_state(*args, **kwargs)

    @colour
    def workflow(event, ctx):
        result = yield from two_steps(event, ctx)
        ctx.logger.error("after")
        return result

    assert answered(workflow, Talkative([execution, first], [second]))["Result"] == "7"
    assert [("once more" in line, "after" in line) for line in written.getvalue().splitlines()] == [(False, True)]


@both
def test_page_that_cannot_be_read_ends_a_run_with_branches(colour):
    def workflow(event, ctx):
        return (yield ctx.map(colour(item), [0, 1, 2])).values()

    def item(ctx, number):
        try:
            return (yield ctx.step(add, number, 1))
        except Exception:  # noqa: BLE001
            return "swallowed"

    first, *rest = recorded(colour, workflow)
    shelf = Shelf([first], rest, failure=refused("Broken", retryable=True))
    with pytest.raises(ServiceError, match="Broken"):
        answered(colour(workflow), shelf)


def waiting(event, ctx):
    ctx.wait(60)


async def async_waiting(event, ctx):
    await ctx.wait(60)


@pytest.mark.parametrize("workflow", [waiting, async_waiting])
def test_pages_that_were_not_needed_keep_nothing_of_the_invocation(workflow):
    def left():
        return sum(type(it) is Record for it in gc.get_objects())

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    shelf = Shelf(list(harness.execution.operations), [])
    answered(workflow, shelf)
    gc.collect()
    gc.disable()
    try:
        before = left()
        answered(workflow, shelf)
        assert left() == before
    finally:
        gc.enable()


def test_client_that_cannot_be_asked_ahead_is_read_to_the_end_before_the_handler_begins():
    class Plain(LedgerService):
        def get_state(self, arn, token, marker, limit=1000):
            story.append("read")
            return super().get_state(arn, token, marker, 1)

    story = []

    def workflow(event, ctx):
        story.append("handler")
        ctx.step(add, 1, 1)
        ctx.step(add, 1, 1)
        ctx.wait(1)

    run(workflow, service=Plain(limits=replace(AWS_LIMITS, page_items=1)))
    assert story == ["handler", "read", "read", "read", "handler"]


def test_page_that_another_thread_has_read_is_not_read_again(two_steps_in_pages):
    service, journal = two_steps_in_pages
    pages = Pages(service, "arn", "t", "1", journal, pytest.fail)
    pages.begin()
    pages.read()
    pages.read()
    assert service.read == 1
    assert len(journal.unreached()) == 2


def test_bytes_of_all_pages_are_known():
    journal = Journal()
    Pages(Shelf([], [], []), "arn", "t", "1", journal, pytest.fail).begin()
    journal.complete()
    assert journal.size == 2 * 100


@pytest.fixture
def two_steps_in_pages():
    def workflow(event, ctx):
        ctx.step(add, 1, 2)
        ctx.step(add, 3, 4)

    harness = run(workflow)
    return Shelf([], list(harness.execution.operations)), Journal()
