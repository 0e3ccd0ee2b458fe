"""The workflows of this folder as the official Python SDK spells them."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import (
    CallbackError,
    CallbackExternalError,
    CallbackSubmitterError,
    CallbackTimeoutError,
    ChildContextError,
    CompletionDecision,
    CompletionOutcome,
    DurableContext,
    InvokeError,
    ParallelBranch,
    StepError,
    WaitForConditionError,
    WithRetryConfig,
    complete_batch,
    continue_batch,
    with_retry,
)
from aws_durable_execution_sdk_python.config import (
    CallbackConfig,
    ChildConfig,
    CompletionConfig,
    Duration,
    InvokeConfig,
    JitterStrategy,
    MapConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
    StepSemantics,
    WaitForCallbackConfig,
)
from aws_durable_execution_sdk_python.retries import RetryPresets, RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitStrategyConfig, create_wait_strategy

from migration import bodies

Seen = dict[str, Any]


def seconds(number: int) -> Duration:
    return Duration.from_seconds(number)


def retries(attempts: int, delay: int) -> Any:
    return create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=attempts,
            initial_delay=seconds(delay),
            max_delay=seconds(delay),
            backoff_rate=1,
            jitter_strategy=JitterStrategy.NONE,
        )
    )


def polls(until: Any, initial: Any, attempts: int = 60) -> WaitForConditionConfig[Any]:
    strategy = WaitStrategyConfig(
        should_continue_polling=lambda state: not until(state),
        max_attempts=attempts,
        initial_delay=seconds(2),
        max_delay=seconds(2),
        backoff_rate=1,
        jitter_strategy=JitterStrategy.NONE,
    )
    return WaitForConditionConfig(wait_strategy=create_wait_strategy(strategy), initial_state=initial)


NEVER_AGAIN = StepConfig(retry_strategy=RetryPresets.none())
ONCE = StepConfig(step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, retry_strategy=RetryPresets.none())
FLAT = NestingType.FLAT


def batch_of(batch: Any) -> Seen:
    """Everything a batch says."""
    return {
        "reason": batch.completion_reason.value,
        "status": batch.status.value,
        "items": [
            [item.index, item.status.value, item.result, item.error and item.error.message] for item in batch.all
        ],
    }


# What goes well


def steps(ctx: DurableContext) -> Seen:
    retried = StepConfig(retry_strategy=retries(3, 2))
    reserved = ctx.step(lambda step: bodies.reserved(step.attempt), name="reserve", config=retried)
    charged = ctx.step(lambda _: "receipt", name="charge", config=ONCE)
    nothing = ctx.step(lambda _: None, name="nothing")
    ctx.wait(seconds(5), name="cool down")
    quoted = ctx.step(lambda _: bodies.quoted(), name="quote")
    return {"reserved": reserved, "charged": charged, "nothing": nothing, "quoted": bodies.shown(quoted)}


def children(ctx: DurableContext) -> Seen:
    def inner(ctx: DurableContext) -> str:
        ctx.wait(seconds(2), name="dry")
        return ctx.step(lambda _: "packed", name="pack")

    def outer(ctx: DurableContext) -> Seen:
        picked = ctx.step(lambda _: "picked", name="pick")
        ctx.wait(seconds(3), name="carry")
        parcel = ctx.run_in_child_context(inner, name="inner", config=ChildConfig(sub_type="Parcel"))
        return {"picked": picked, "parcel": parcel}

    def unrecorded(ctx: DurableContext) -> list[Any]:
        ctx.wait(seconds(1), name="breathe")
        return [ctx.step(lambda _: 1, name="one"), ctx.run_in_child_context(inner, name="inner")]

    return {
        "outer": ctx.run_in_child_context(outer, name="outer"),
        "virtual": ctx.run_in_child_context(unrecorded, name="virtual", config=ChildConfig(is_virtual=True)),
    }


def decide(seen: Any) -> CompletionDecision:
    return complete_batch(CompletionOutcome.FAILED) if seen.failure_count else continue_batch()


def branches(ctx: DurableContext) -> Seen:
    def left(ctx: DurableContext) -> str:
        ctx.wait(seconds(3), name="left waits")
        return ctx.step(lambda _: "left", name="left works")

    def right(ctx: DurableContext) -> Any:
        worked = ctx.step(lambda _: bodies.quoted(), name="right works")
        ctx.wait(seconds(5), name="right waits")
        return worked["plain"]

    def broken(ctx: DurableContext) -> str:
        ctx.wait(seconds(1), name="broken waits")
        return bodies.declined("a branch broke")

    def endless(ctx: DurableContext) -> str:
        ctx.wait(seconds(100_000), name="for ever")
        return "never"

    def pick(number: int) -> Any:
        return lambda ctx: ctx.step(lambda _: number, name=f"pick {number}")

    pair = ctx.parallel([left, right], name="pair")
    named = ctx.parallel(
        [ParallelBranch(right, name="north"), ParallelBranch(left, name="south")],
        name="named",
        config=ParallelConfig(max_concurrency=1),
    )
    flat = ctx.parallel([left, pick(1)], name="level", config=ParallelConfig(nesting_type=FLAT))
    tolerant = ctx.parallel(
        [broken, pick(2)],
        name="tolerant",
        config=ParallelConfig(completion_config=CompletionConfig.all_completed()),
    )
    strict = ctx.parallel([broken, pick(3)], name="strict", config=ParallelConfig(max_concurrency=1))
    first = ctx.parallel(
        [endless, left],
        name="first",
        config=ParallelConfig(completion_config=CompletionConfig.first_successful()),
    )
    nested = ctx.parallel([lambda ctx: batch_of(ctx.parallel([left, right], name="within"))], name="around")
    decided = ctx.parallel(
        [left, broken, pick(4)],
        name="decided",
        config=ParallelConfig(max_concurrency=1, completion_config=CompletionConfig(should_complete=decide)),
    )
    batches = {
        "pair": pair,
        "named": named,
        "level": flat,
        "tolerant": tolerant,
        "strict": strict,
        "first": first,
        "around": nested,
        "decided": decided,
        "none": ctx.parallel([], name="none"),
    }
    return {name: batch_of(batch) for name, batch in batches.items()}


def items(ctx: DurableContext) -> Seen:
    def handle(ctx: DurableContext, item: str, index: int, all_items: Any) -> str:
        if item == "b":
            ctx.wait(seconds(4), name=f"rest {item}")
        if item == "d":
            bodies.declined(f"item {item} is broken")
        retried = StepConfig(retry_strategy=retries(3, 2))
        worked = ctx.step(
            lambda step: bodies.reserved(step.attempt + (item != "c")), name=f"work {item}", config=retried
        )
        return f"{item}{index} at {worked['seat']}"

    def namer(item: str, index: int) -> str:
        return f"item {item}"

    one_may_fail = CompletionConfig(tolerated_failure_count=1)
    nested = ctx.map(
        ["a", "b", "c", "d"],
        handle,
        name="nested",
        config=MapConfig(max_concurrency=2, completion_config=one_may_fail, item_namer=namer),
    )
    flat = ctx.map(
        ["a", "b", "c", "d"],
        handle,
        name="flat",
        config=MapConfig(completion_config=one_may_fail, nesting_type=FLAT, item_namer=namer),
    )
    two = CompletionConfig(min_successful=2)
    enough = ctx.map(
        ["a", "b", "a", "c"], handle, name="enough", config=MapConfig(max_concurrency=1, completion_config=two)
    )
    plain = ctx.map(["a", "c"], handle, name="plain")
    to_the_end: Any = MapConfig(completion_config=CompletionConfig.all_completed())
    carried = ctx.run_in_child_context(
        lambda ctx: ctx.map(["a", "d", "c"], handle, name="cargo", config=to_the_end), name="carried"
    )
    batches = {"nested": nested, "flat": flat, "enough": enough, "plain": plain, "carried": carried}
    return {name: batch_of(batch) for name, batch in batches.items()}


def asking(ctx: DurableContext) -> Any:
    callback: Any = ctx.create_callback(name="branch asks")
    return callback.result()


def invoking(ctx: DurableContext) -> Any:
    tenant: Any = InvokeConfig(tenant_id="blue")
    return ctx.invoke("double", {"n": 2}, name="branch invokes", config=tenant)


def callbacks(ctx: DurableContext) -> Seen:
    callback: Any = ctx.create_callback(
        name="approval", config=CallbackConfig(timeout=seconds(600), heartbeat_timeout=seconds(300))
    )
    sent = ctx.step(lambda _: bool(callback.callback_id), name="ask")
    ctx.wait(seconds(3), name="meanwhile")
    approved = callback.result()
    empty: Any = ctx.create_callback(name="empty")
    signed = ctx.wait_for_callback(lambda _id, _context: None, name="signature")
    asked = ctx.parallel([asking, invoking], name="asked")
    return {
        "sent": sent,
        "approved": approved,
        "empty": empty.result(),
        "signed": signed,
        "asked": batch_of(asked),
    }


def invocations(ctx: DurableContext) -> Seen:
    doubled = ctx.invoke("double", {"n": 21}, name="double")
    return {"doubled": doubled, "nothing": ctx.invoke("nothing", None, name="nothing")}


def conditions(ctx: DurableContext) -> Seen:
    counted = ctx.wait_for_condition(lambda state, _: state + 1, polls(lambda state: state >= 3, 0), name="count")
    grown: Any = ctx.wait_for_condition(
        lambda state, _: {**state, "n": state["n"] * 2}, polls(lambda state: state["n"] > 3, {"n": 1}), name="grow"
    )
    return {"counted": counted, "grown": grown}


def retrying(ctx: DurableContext) -> Seen:
    def attempts(ctx: DurableContext, attempt: int) -> int:
        ctx.wait(seconds(1), name="pause")
        ctx.step(lambda _: bodies.reserved(attempt), name="try", config=NEVER_AGAIN)
        return attempt

    config: Any = WithRetryConfig(retry_strategy=retries(3, 3))
    return {"again": with_retry(ctx, attempts, config, name="again")}


# What fails, and is caught


def failures(ctx: DurableContext) -> Seen:
    def broken(ctx: DurableContext) -> str:
        return bodies.declined("the child broke")

    def cracked(ctx: DurableContext) -> str:
        ctx.wait(seconds(1), name="creak")
        return ctx.step(lambda _: bodies.declined("a step in the child broke"), name="crack", config=NEVER_AGAIN)

    def given_up(ctx: DurableContext, attempt: int) -> str:
        return bodies.declined(f"attempt {attempt} broke")

    def refused() -> Any:
        return ctx.create_callback(name="refused").result()

    def silent() -> Any:
        return ctx.create_callback(name="silent", config=CallbackConfig(timeout=seconds(7))).result()

    def awaited(name: str, submit: Any = lambda _id, _context: None, timeout: int = 0) -> Any:
        config = WaitForCallbackConfig(timeout=seconds(timeout), retry_strategy=retries(2, 1))
        return lambda: ctx.wait_for_callback(submit, name=name, config=config)

    retry: Any = WithRetryConfig(retry_strategy=retries(2, 1))
    trials: dict[str, Any] = {
        "doomed": lambda: ctx.step(lambda _: bodies.declined("the step broke"), name="doomed", config=NEVER_AGAIN),
        "broken": lambda: ctx.run_in_child_context(broken, name="broken"),
        "cracked": lambda: ctx.run_in_child_context(cracked, name="cracked"),
        "given up": lambda: with_retry(ctx, given_up, retry, name="given up"),
        "fails": lambda: ctx.invoke("fails", {"n": 1}, name="fails"),
        "refused": refused,
        "silent": silent,
        "unsent": awaited("unsent", lambda _id, _context: bodies.declined("the submitter broke")),
        "rejected": awaited("rejected"),
        "unanswered": awaited("unanswered", timeout=9),
        "hopeless": lambda: ctx.wait_for_condition(
            lambda _state, _: bodies.declined("the check broke"), polls(bool, 0), name="hopeless"
        ),
        "exhausted": lambda: ctx.wait_for_condition(
            lambda state, _: state, polls(bool, 0, attempts=2), name="exhausted"
        ),
    }
    return {name: caught(name, trial) for name, trial in trials.items()}


KINDS: dict[type[Exception], str] = {
    StepError: "failed",
    ChildContextError: "failed",
    InvokeError: "invoke",
    CallbackTimeoutError: "timeout",
    CallbackSubmitterError: "unsubmitted",
    CallbackExternalError: "external",
    CallbackError: "callback",
    WaitForConditionError: "condition",
}


def caught(name: str, trial: Any) -> list[str | None]:
    try:
        return ["came to", trial()]
    except tuple(KINDS) as error:
        kind = next(kind for one, kind in KINDS.items() if isinstance(error, one))
        return [kind, None if name == "exhausted" else str(error)]


# All of it


SECTIONS = {
    "steps": steps,
    "children": children,
    "branches": branches,
    "items": items,
    "callbacks": callbacks,
    "invocations": invocations,
    "conditions": conditions,
    "retrying": retrying,
    "failures": failures,
}


def everything(event: Any, ctx: DurableContext) -> Seen:
    seen = {section: SECTIONS[section](ctx) for section in event["sections"]}
    ctx.wait(seconds(1), name="settle")
    return {"event": event, **seen}
