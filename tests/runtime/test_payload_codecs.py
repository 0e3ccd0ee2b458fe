"""Payload codecs in whole workflows, of both colours, against the ledger."""

from importlib.util import find_spec

import pytest

from perdure import (
    Compress,
    Encrypt,
    FileStore,
    LocalKeys,
    Offload,
    Poll,
    Redact,
    Retry,
    child,
    durable,
    step,
)
from perdure_runtime.chains import Chains
from support.colours import both
from support.hosting import hosted, run, said
from support.ledger_service import LedgerService, succeeded
from support.payloads import MemoryStore, Reverse, environment
from support.suspended_steps import LONG, Page, length, page, suspended

KEYS = LocalKeys({"k": b"k" * 16})
LARGE = 2 * 1024 * 1024


def chains():
    return Chains({}, environment())


def brief() -> Page:
    return Page("short")


def recorded(harness, name):
    """The text that is recorded of the operation of this name."""
    updates = (update for request in harness.service.requests for update in request.updates)
    return next(update["Payload"] for update in updates if update.get("Name") == name and "Payload" in update)


def payloads(harness, kind):
    updates = (update for request in harness.service.requests for update in request.updates)
    return [update["Payload"] for update in updates if update["Type"] == kind and "Payload" in update]


@both
def test_what_steps_record_is_compressed_and_read_again(colour):
    harness = run(suspended(colour, page, (Compress(method="zlib"),)))
    assert succeeded(harness.execution) == len(LONG)
    [text] = payloads(harness, "STEP")
    assert text.startswith('{"perdure":1,"codec":[{"by":"zlib"')
    assert len(text) < len(LONG) / 10


@both
def test_texts_that_no_codec_changes_are_recorded_as_they_are(colour):
    with_codecs, without = (run(suspended(colour, brief, codecs)) for codecs in ((Compress(),), ()))
    assert payloads(with_codecs, "STEP") == payloads(without, "STEP")
    assert succeeded(with_codecs.execution) == len("short")


@both
def test_a_step_has_codecs_of_its_own_in_place_of_the_handlers(colour):
    fn = step(page, codecs=(Encrypt(KEYS),))
    harness = run(suspended(colour, fn, (Compress(),)), chains=chains())
    assert succeeded(harness.execution) == len(LONG)
    assert payloads(harness, "STEP")[0].startswith('{"perdure":1,"codec":[{"by":"aes-256-gcm"')
    plain = run(suspended(colour, fn.options(codecs=()), (Compress(),)))
    assert succeeded(plain.execution) == len(LONG)
    assert LONG in payloads(plain, "STEP")[0]


@pytest.mark.skipif(find_spec("cryptography") is None, reason="needs the package cryptography")
@both
def test_a_step_is_encrypted_by_aes(colour):
    harness = run(suspended(colour, step(page, codecs=(Encrypt(KEYS),))))
    assert succeeded(harness.execution) == len(LONG)


@both
def test_a_result_beyond_the_services_limit_is_stored_elsewhere(colour, tmp_path):
    @step(codecs=(Offload(FileStore(str(tmp_path))),))
    def large() -> Page:
        return Page("a" * LARGE)

    harness = run(suspended(colour, large))
    assert succeeded(harness.execution) == LARGE
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.stat().st_size > LARGE
    assert len(payloads(harness, "STEP")[0]) < 1000


@both
def test_a_result_beyond_the_limit_tells_the_two_ways_out(colour):
    @step(retry=Retry.NONE)
    def large() -> str:
        return "a" * LARGE

    harness = run(suspended(colour, large))
    assert "takes 2,097,154 bytes" in said(harness)
    assert "the codec Offload" in said(harness)
    assert "child context" in said(harness)


@both
def test_a_codec_may_come_and_go_between_invocations(colour):
    service = LedgerService()
    first = hosted(suspended(colour, page, (Compress(),)), service)
    first.step()
    later = hosted(suspended(colour, page), service)
    later.run()
    assert succeeded(service.execution) == len(LONG)

    service = LedgerService()
    hosted(suspended(colour, page), service).step()
    hosted(suspended(colour, page, (Compress(), Reverse())), service).run()
    assert succeeded(service.execution) == len(LONG)


@both
def test_a_text_that_looks_encoded_comes_back_without_codecs(colour):
    value = {"perdure": 1, "codec": []}

    @colour
    def workflow(event, ctx):
        live = yield ctx.step(dict, value)
        yield ctx.wait(seconds=1)
        return live

    harness = run(workflow)
    assert succeeded(harness.execution) == value


@both
def test_children_and_batches_and_their_steps_are_encoded(colour):
    def label(ctx, number: int) -> Page:
        return Page(LONG, [number, (yield ctx.step(abs, -number))])

    def alone(ctx) -> Page:
        return page()
        yield

    @durable(codecs=(Compress(), Reverse()))
    @colour
    def workflow(event, ctx):
        one = yield ctx.run_in_child_context("one", child(colour(alone)))
        other = yield ctx.run_in_child_context("other", child(colour(alone), codecs=()))
        many = yield ctx.map(colour(label), [1, 2], name="many")
        steps = yield ctx.parallel([step(page, codecs=(Compress(),))], name="steps")
        yield ctx.wait(seconds=1)
        assert one == other == steps.values()[0]
        return [item.numbers for item in many.values()]

    harness = run(workflow)
    assert succeeded(harness.execution) == [[1, 1], [2, 2]]
    for name in ("one", "many", "map-item-0"):
        assert "own:reverse" in recorded(harness, name)
    assert LONG in recorded(harness, "other")
    assert "own:reverse" not in recorded(harness, "parallel-branch-0")
    assert recorded(harness, "parallel-branch-0").startswith('{"perdure":1')


@both
def test_a_large_context_is_made_again_without_being_encoded(colour):
    store = MemoryStore()
    codecs = (Offload(store, threshold=LARGE),)

    def label(ctx, number: int) -> str:
        return (yield ctx.step(lambda: "a" * 100_000))

    def large(ctx) -> str:
        return (yield ctx.step(lambda: "a" * 200_000)) * 2

    @durable(codecs=codecs)
    @colour
    def workflow(event, ctx):
        many = yield ctx.map(colour(label), [1, 2, 3], name="many")
        one = yield ctx.run_in_child_context(colour(large))
        yield ctx.wait(seconds=1)
        return [len(one), *(len(item) for item in many.values())]

    harness = run(workflow)
    assert succeeded(harness.execution) == [400_000, 100_000, 100_000, 100_000]
    assert store.objects == {}


@both
def test_retried_blocks_and_virtual_contexts_run_under_codecs(colour):
    def block(ctx, attempt) -> Page:
        return page()
        yield

    def virtual(ctx) -> Page:
        return page()
        yield

    @durable(codecs=(Compress(),))
    @colour
    def workflow(event, ctx):
        tried = yield ctx.with_retry(colour(block), name="tried")
        inner = yield ctx.run_in_child_context(child(colour(virtual), virtual=True))
        return length(tried) + length(inner)

    harness = run(workflow)
    assert succeeded(harness.execution) == 2 * len(LONG)
    assert recorded(harness, "tried").startswith('{"perdure":1')


@both
def test_the_state_of_a_condition_is_encoded_and_read_by_the_next_check(colour):
    def check(state: Page) -> Page:
        return Page(LONG, [*state.numbers, 1])

    @durable(codecs=(Compress(),))
    @colour
    def workflow(event, ctx):
        last = yield ctx.wait_for_condition(check, Page(""), until=lambda state: len(state.numbers) == 3)
        return len(last.numbers)

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert all(text.startswith('{"perdure":1') for text in payloads(harness, "STEP"))


@pytest.mark.parametrize(
    ("codecs", "shown"),
    [
        ((), '{"card":"4711"}'),
        ((Redact(("card",)),), '{"card":"[redacted]"}'),
        ((Redact(("card",)), Reverse()), "reverse"),
    ],
)
@both
def test_the_last_state_is_redacted_in_the_message(colour, codecs, shown):
    @durable(codecs=codecs)
    @colour
    def workflow(event, ctx):
        yield ctx.wait_for_condition(same, {"card": "4711"}, until=lambda state: False, poll=Poll.fixed(attempts=1))

    message = said(run(workflow))
    assert shown in message
    assert ("4711" in message) == (not codecs)


def same(state: dict[str, str]) -> dict[str, str]:
    return state
