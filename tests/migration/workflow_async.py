"""The workflows of this folder as Perdure spells them, with `async def`."""

from __future__ import annotations

from typing import Any

from migration import bodies
from perdure import (
    AsyncContext,
    Batch,
    BatchDecision,
    CallbackError,
    CallbackNotSubmitted,
    CallbackTimeout,
    ChildContextError,
    Completion,
    ConditionError,
    InvokeError,
    Poll,
    Retry,
    StepError,
    child,
    current_step,
    durable,
    failure,
    step,
)

Seen = dict[str, Any]

NEVER_AGAIN = Retry.NONE
DECIDED = Completion.custom(lambda seen: BatchDecision.FAIL if seen.failed else BatchDecision.CONTINUE)
POLL = Poll.fixed(delay=2)


def retries(attempts: int, delay: int) -> Retry:
    return Retry.fixed(attempts=attempts, delay=delay)


def batch_of(batch: Batch[Any]) -> Seen:
    """Everything a batch says."""
    return {
        "reason": batch.reason.value,
        "status": batch.status.value,
        "items": [[item.index, item.status.value, item.result, said(item.error)] for item in batch],
    }


def said(error: Exception | None) -> str | None:
    """The message that was recorded, whatever class the error has become."""
    facts = failure(error) if error else None
    return facts.message if facts else None


def constant(value: Any) -> Any:
    return lambda: value


# What goes well


@step(name="reserve", retry=retries(3, 2))
def reserve() -> Any:
    return bodies.reserved(current_step().attempt)


@step(name="charge", once=True)
def charge() -> str:
    return "receipt"


async def steps(ctx: AsyncContext) -> Seen:
    reserved = await ctx.step(reserve)
    charged = await ctx.step(charge)
    nothing = await ctx.step("nothing", constant(None))
    await ctx.wait(5, name="cool down")
    quoted = await ctx.step("quote", bodies.quoted)
    return {"reserved": reserved, "charged": charged, "nothing": nothing, "quoted": bodies.shown(quoted)}


async def children(ctx: AsyncContext) -> Seen:
    async def inner(ctx: AsyncContext) -> str:
        await ctx.wait(2, name="dry")
        return await ctx.step("pack", constant("packed"))

    async def outer(ctx: AsyncContext) -> Seen:
        picked = await ctx.step("pick", constant("picked"))
        await ctx.wait(3, name="carry")
        return {
            "picked": picked,
            "parcel": await ctx.run_in_child_context(child(inner, name="inner", subtype="Parcel")),
        }

    async def unrecorded(ctx: AsyncContext) -> list[Any]:
        await ctx.wait(1, name="breathe")
        return [await ctx.step("one", constant(1)), await ctx.run_in_child_context("inner", inner)]

    return {
        "outer": await ctx.run_in_child_context("outer", outer),
        "virtual": await ctx.run_in_child_context(child(unrecorded, name="virtual", virtual=True)),
    }


async def branches(ctx: AsyncContext) -> Seen:
    async def left(ctx: AsyncContext) -> str:
        await ctx.wait(3, name="left waits")
        return await ctx.step("left works", constant("left"))

    async def right(ctx: AsyncContext) -> Any:
        worked = await ctx.step("right works", bodies.quoted)
        await ctx.wait(5, name="right waits")
        return worked["plain"]

    async def broken(ctx: AsyncContext) -> Any:
        await ctx.wait(1, name="broken waits")
        return bodies.declined("a branch broke")

    async def endless(ctx: AsyncContext) -> str:
        await ctx.wait(100_000, name="for ever")
        return "never"

    def pick(number: int) -> Any:
        async def picked(ctx: AsyncContext) -> int:
            return await ctx.step(f"pick {number}", constant(number))

        return picked

    async def within(ctx: AsyncContext) -> Any:
        return batch_of(await ctx.parallel([left, right], name="within"))

    batches: dict[str, Batch[Any]] = {
        "pair": await ctx.parallel([left, right], name="pair"),
        "named": await ctx.parallel({"north": right, "south": left}, name="named", concurrency=1),
        "level": await ctx.parallel([left, pick(1)], name="level", flat=True),
        "tolerant": await ctx.parallel([broken, pick(2)], name="tolerant", completion=Completion.ALL_COMPLETED),
        "strict": await ctx.parallel([broken, pick(3)], name="strict", concurrency=1),
        "first": await ctx.parallel([endless, left], name="first", completion=Completion.FIRST_SUCCESSFUL),
        "around": await ctx.parallel([within], name="around"),
        "decided": await ctx.parallel([left, broken, pick(4)], name="decided", concurrency=1, completion=DECIDED),
        "none": await ctx.parallel([], name="none"),
    }
    return {name: batch_of(batch) for name, batch in batches.items()}


async def handle(ctx: AsyncContext, item: str) -> str:
    if item == "b":
        await ctx.wait(4, name=f"rest {item}")
    if item == "d":
        bodies.declined(f"item {item} is broken")

    def work() -> Any:
        return bodies.reserved(current_step().attempt + (item != "c"))

    worked = await ctx.step(step(work, name=f"work {item}", retry=retries(3, 2)))
    return f"{item}{ctx.index} at {worked['seat']}"


def namer(item: str, index: int) -> str:
    return f"item {item}"


async def carried(ctx: AsyncContext) -> Batch[str]:
    return await ctx.map(handle, ["a", "d", "c"], name="cargo", completion=Completion.ALL_COMPLETED)


async def items(ctx: AsyncContext) -> Seen:
    four = ["a", "b", "c", "d"]
    one_may_fail = Completion(tolerated_failures=1)
    two = Completion(min_successful=2)
    batches = {
        "nested": await ctx.map(handle, four, name="nested", concurrency=2, completion=one_may_fail, namer=namer),
        "flat": await ctx.map(handle, four, name="flat", completion=one_may_fail, flat=True, namer=namer),
        "enough": await ctx.map(handle, ["a", "b", "a", "c"], name="enough", concurrency=1, completion=two),
        "plain": await ctx.map(handle, ["a", "c"], name="plain"),
        "carried": await ctx.run_in_child_context("carried", carried),
    }
    return {name: batch_of(batch) for name, batch in batches.items()}


async def asking(ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name="branch asks")
    return await callback.result()


async def invoking(ctx: AsyncContext) -> Any:
    return await ctx.invoke("double", {"n": 2}, name="branch invokes", tenant_id="blue")


async def callbacks(ctx: AsyncContext) -> Seen:
    callback = await ctx.create_callback(name="approval", timeout=600, heartbeat=300)
    sent = await ctx.step("ask", lambda: bool(callback.id))
    await ctx.wait(3, name="meanwhile")
    approved = await callback.result()
    empty = await ctx.create_callback(name="empty")
    signed = await ctx.wait_for_callback(lambda _id: None, name="signature")
    asked = await ctx.parallel([asking, invoking], name="asked")
    return {
        "sent": sent,
        "approved": approved,
        "empty": await empty.result(),
        "signed": signed,
        "asked": batch_of(asked),
    }


async def invocations(ctx: AsyncContext) -> Seen:
    doubled = await ctx.invoke("double", {"n": 21}, name="double")
    return {"doubled": doubled, "nothing": await ctx.invoke("nothing", None, name="nothing")}


def doubled(state: Seen) -> Seen:
    return {**state, "n": state["n"] * 2}


async def conditions(ctx: AsyncContext) -> Seen:
    counted = await ctx.wait_for_condition(
        lambda state: state + 1, 0, until=lambda state: state >= 3, poll=POLL, name="count"
    )
    grown = await ctx.wait_for_condition(doubled, {"n": 1}, until=lambda state: state["n"] > 3, poll=POLL, name="grow")
    return {"counted": counted, "grown": grown}


async def retrying(ctx: AsyncContext) -> Seen:
    async def attempts(ctx: AsyncContext, attempt: int) -> int:
        await ctx.wait(1, name="pause")
        await ctx.step(step(lambda: bodies.reserved(attempt), name="try", retry=NEVER_AGAIN))
        return attempt

    return {"again": await ctx.with_retry(attempts, name="again", retry=retries(3, 3))}


# What fails, and is caught


async def failures(ctx: AsyncContext) -> Seen:
    async def broken(ctx: AsyncContext) -> Any:
        return bodies.declined("the child broke")

    async def cracked(ctx: AsyncContext) -> Any:
        await ctx.wait(1, name="creak")
        crack = step(lambda: bodies.declined("a step in the child broke"), name="crack", retry=NEVER_AGAIN)
        return await ctx.step(crack)

    async def given_up(ctx: AsyncContext, attempt: int) -> Any:
        return bodies.declined(f"attempt {attempt} broke")

    async def refused() -> Any:
        callback = await ctx.create_callback(name="refused")
        return await callback.result()

    async def silent() -> Any:
        callback = await ctx.create_callback(name="silent", timeout=7)
        return await callback.result()

    def submit(_id: str) -> Any:
        return bodies.declined("the submitter broke")

    def awaited(name: str, submit: Any = lambda _id: None, timeout: int | None = None) -> Any:
        return lambda: ctx.wait_for_callback(submit, name=name, timeout=timeout, retry=retries(2, 1))

    doomed = step(lambda: bodies.declined("the step broke"), name="doomed", retry=NEVER_AGAIN)
    hopeless = {"until": bool, "poll": POLL, "name": "hopeless"}
    exhausted = {"until": bool, "poll": Poll.fixed(delay=2, attempts=2), "name": "exhausted"}
    trials: dict[str, Any] = {
        "doomed": lambda: ctx.step(doomed),
        "broken": lambda: ctx.run_in_child_context("broken", broken),
        "cracked": lambda: ctx.run_in_child_context("cracked", cracked),
        "given up": lambda: ctx.with_retry(given_up, name="given up", retry=retries(2, 1)),
        "fails": lambda: ctx.invoke("fails", {"n": 1}, name="fails"),
        "refused": refused,
        "silent": silent,
        "unsent": awaited("unsent", submit),
        "rejected": awaited("rejected"),
        "unanswered": awaited("unanswered", timeout=9),
        "hopeless": lambda: ctx.wait_for_condition(lambda _: bodies.declined("the check broke"), 0, **hopeless),
        "exhausted": lambda: ctx.wait_for_condition(lambda state: state, 0, **exhausted),
    }
    return {name: await caught(name, trial) for name, trial in trials.items()}


KINDS: dict[type[Exception], str] = {
    bodies.Declined: "failed",
    StepError: "failed",
    ChildContextError: "failed",
    InvokeError: "invoke",
    CallbackTimeout: "timeout",
    CallbackNotSubmitted: "unsubmitted",
    CallbackError: "external",
    ConditionError: "condition",
}


async def caught(name: str, trial: Any) -> list[str | None]:
    try:
        return ["came to", await trial()]
    except tuple(KINDS) as error:
        kind = next(kind for one, kind in KINDS.items() if isinstance(error, one))
        return [kind, None if name == "exhausted" else said(error)]


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


@durable
async def everything(event: Any, ctx: AsyncContext) -> Seen:
    seen = {section: await SECTIONS[section](ctx) for section in event["sections"]}
    await ctx.wait(1, name="settle")
    return {"event": event, **seen}
