"""What becomes of an execution whose payloads cannot be encoded, or not be read again."""

import pytest

from perdure import (
    Encrypt,
    HandlerRefused,
    LocalKeys,
    Offload,
    PayloadError,
    PerdureError,
    ServiceError,
    durable,
    step,
)
from perdure_runtime.chains import Chains
from support.colours import both
from support.hosting import error_of, hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.payloads import MemoryStore, Reverse, environment
from support.suspended_steps import Page, page, suspended

KEYS = LocalKeys({"k": b"k" * 16})


class Unreachable(MemoryStore):
    """A store that does not answer while it is `away`."""

    away = True

    def put(self, key, data, /):
        self.check()
        super().put(key, data)

    def get(self, key, most, /):
        self.check()
        return super().get(key, most)

    def check(self):
        if self.away:
            raise ServiceError("PutObject", "SlowDown", "later", retryable=True)


@both
def test_a_codec_that_is_needed_and_gone_is_named(colour):
    service = LedgerService()
    hosted(suspended(colour, page, (Reverse(),)), service).step()
    harness = hosted(suspended(colour, page), service)
    harness.run()
    assert status(harness) == "FAILED"
    assert error_of(harness)["ErrorType"] == "perdure.codecs.PayloadError"
    assert "the payload of page" in said(harness)
    assert "own:reverse" in said(harness)


@both
def test_an_object_that_is_gone_is_named(colour):
    store = MemoryStore()
    fn = step(page, codecs=(Offload(store, threshold=10),))
    service = LedgerService()
    harness = hosted(suspended(colour, fn), service)
    harness.step()
    [key] = store.objects
    store.objects.clear()
    harness.run()
    assert error_of(harness)["ErrorType"] == "perdure.codecs.PayloadError"
    assert said(harness).startswith("the payload of page (")
    assert said(harness).endswith(f"is gone: its object is not there [memory:{key}]")


@both
def test_a_payload_error_is_caught_as_itself_in_a_replay_too(colour):
    class Broken(Reverse):
        def encode(self, data, site, /):
            raise OSError("broken")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.step(step(page, codecs=(Broken(),)))
        except PayloadError as error:
            caught = [error.operation, error.reason]
            yield ctx.wait(seconds=1)
            return caught

    harness = run(workflow)
    assert succeeded(harness.execution) == ["page", "is refused by the codec reverse: OSError: broken"]
    assert moves(harness)[0] == ["STEP START", "STEP FAIL"]  # and is not tried again


def in_a_child(colour):
    def inner(ctx) -> Page:
        return page()
        yield

    return lambda ctx: ctx.run_in_child_context(colour(inner))


def in_a_batch(colour):
    def inner(ctx, item: int) -> Page:
        return (yield ctx.step(page))

    return lambda ctx: ctx.map(colour(inner), [1, 2])


def in_a_condition(colour):
    return lambda ctx: ctx.wait_for_condition(grown, page(), until=bool)


def grown(state: Page) -> Page:
    return state


WORK = [lambda colour: lambda ctx: ctx.step(page), in_a_child, in_a_batch, in_a_condition]


@pytest.mark.parametrize("work", WORK, ids=["step", "child", "batch", "condition"])
@both
def test_a_store_that_does_not_answer_has_the_invocation_made_again(colour, work):
    store = Unreachable()

    @durable(codecs=(Offload(store, threshold=10),))
    @colour
    def workflow(event, ctx):
        try:
            yield work(colour)(ctx)
        except PerdureError:
            return "the workflow's own code is not asked"
        yield ctx.wait(seconds=1)
        return "done"

    harness = hosted(workflow, LedgerService())
    harness.step()
    assert isinstance(harness.outputs[-1], ServiceError)
    store.away = False
    while len(harness.outputs) < 2:
        harness.step()
    assert harness.execution.is_running
    store.away = True  # now for reading
    while len(harness.outputs) < 3:
        harness.step()
    assert isinstance(harness.outputs[-1], ServiceError)
    store.away = False
    harness.run()
    assert succeeded(harness.execution) == "done"


@both
def test_a_codec_without_its_package_is_refused(colour):
    lacking = Chains({}, environment(sealing=None, lacking=("cryptography",)))
    with pytest.raises(HandlerRefused, match="Encrypt needs the package cryptography"):
        run(suspended(colour, page, (Encrypt(KEYS),)), chains=lacking)
    harness = run(suspended(colour, step(page, codecs=(Encrypt(KEYS),))), chains=lacking)
    assert error_of(harness)["ErrorType"] == "perdure.HandlerRefused"
    assert "page: Encrypt needs the package cryptography" in said(harness)
    assert moves(harness) == []
