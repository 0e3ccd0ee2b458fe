"""The workflows of this folder as Perdure spells them, in plain functions."""

from __future__ import annotations

from typing import Any

from migration import bodies
from perdure import (
    Batch,
    BatchDecision,
    CallbackError,
    CallbackNotSubmitted,
    CallbackTimeout,
    ChildContextError,
    Completion,
    ConditionError,
    Context,
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


def steps(ctx: Context) -> Seen:
    reserved = ctx.step(reserve)
    charged = ctx.step(charge)
    nothing = ctx.step("nothing", constant(None))
    ctx.wait(5, name="cool down")
    quoted = ctx.step("quote", bodies.quoted)
    return {"reserved": reserved, "charged": charged, "nothing": nothing, "quoted": bodies.shown(quoted)}


def children(ctx: Context) -> Seen:
    def inner(ctx: Context) -> str:
        ctx.wait(2, name="dry")
        return ctx.step("pack", constant("packed"))

    def outer(ctx: Context) -> Seen:
        picked = ctx.step("pick", constant("picked"))
        ctx.wait(3, name="carry")
        return {"picked": picked, "parcel": ctx.run_in_child_context(child(inner, name="inner", subtype="Parcel"))}

    def unrecorded(ctx: Context) -> list[Any]:
        ctx.wait(1, name="breathe")
        return [ctx.step("one", constant(1)), ctx.run_in_child_context("inner", inner)]

    return {
        "outer": ctx.run_in_child_context("outer", outer),
        "virtual": ctx.run_in_child_context(child(unrecorded, name="virtual", virtual=True)),
    }


def branches(ctx: Context) -> Seen:
    def left(ctx: Context) -> str:
        ctx.wait(3, name="left waits")
        return ctx.step("left works", constant("left"))

    def right(ctx: Context) -> Any:
        worked = ctx.step("right works", bodies.quoted)
        ctx.wait(5, name="right waits")
        return worked["plain"]

    def broken(ctx: Context) -> Any:
        ctx.wait(1, name="broken waits")
        return bodies.declined("a branch broke")

    def endless(ctx: Context) -> str:
        ctx.wait(100_000, name="for ever")
        return "never"

    def pick(number: int) -> Any:
        def picked(ctx: Context) -> int:
            return ctx.step(f"pick {number}", constant(number))

        return picked

    def within(ctx: Context) -> Any:
        return batch_of(ctx.parallel([left, right], name="within"))

    batches: dict[str, Batch[Any]] = {
        "pair": ctx.parallel([left, right], name="pair"),
        "named": ctx.parallel({"north": right, "south": left}, name="named", concurrency=1),
        "level": ctx.parallel([left, pick(1)], name="level", flat=True),
        "tolerant": ctx.parallel([broken, pick(2)], name="tolerant", completion=Completion.ALL_COMPLETED),
        "strict": ctx.parallel([broken, pick(3)], name="strict", concurrency=1),
        "first": ctx.parallel([endless, left], name="first", completion=Completion.FIRST_SUCCESSFUL),
        "around": ctx.parallel([within], name="around"),
        "decided": ctx.parallel([left, broken, pick(4)], name="decided", concurrency=1, completion=DECIDED),
        "none": ctx.parallel([], name="none"),
    }
    return {name: batch_of(batch) for name, batch in batches.items()}


def handle(ctx: Context, item: str) -> str:
    if item == "b":
        ctx.wait(4, name=f"rest {item}")
    if item == "d":
        bodies.declined(f"item {item} is broken")

    def work() -> Any:
        return bodies.reserved(current_step().attempt + (item != "c"))

    worked = ctx.step(step(work, name=f"work {item}", retry=retries(3, 2)))
    return f"{item}{ctx.index} at {worked['seat']}"


def namer(item: str, index: int) -> str:
    return f"item {item}"


def carried(ctx: Context) -> Batch[str]:
    return ctx.map(handle, ["a", "d", "c"], name="cargo", completion=Completion.ALL_COMPLETED)


def items(ctx: Context) -> Seen:
    four = ["a", "b", "c", "d"]
    one_may_fail = Completion(tolerated_failures=1)
    two = Completion(min_successful=2)
    batches = {
        "nested": ctx.map(handle, four, name="nested", concurrency=2, completion=one_may_fail, namer=namer),
        "flat": ctx.map(handle, four, name="flat", completion=one_may_fail, flat=True, namer=namer),
        "enough": ctx.map(handle, ["a", "b", "a", "c"], name="enough", concurrency=1, completion=two),
        "plain": ctx.map(handle, ["a", "c"], name="plain"),
        "carried": ctx.run_in_child_context("carried", carried),
    }
    return {name: batch_of(batch) for name, batch in batches.items()}


def asking(ctx: Context) -> str | None:
    callback = ctx.create_callback(name="branch asks")
    return callback.result()


def invoking(ctx: Context) -> Any:
    return ctx.invoke("double", {"n": 2}, name="branch invokes", tenant_id="blue")


def callbacks(ctx: Context) -> Seen:
    callback = ctx.create_callback(name="approval", timeout=600, heartbeat=300)
    sent = ctx.step("ask", lambda: bool(callback.id))
    ctx.wait(3, name="meanwhile")
    approved = callback.result()
    empty = ctx.create_callback(name="empty")
    signed = ctx.wait_for_callback(lambda _id: None, name="signature")
    asked = ctx.parallel([asking, invoking], name="asked")
    return {
        "sent": sent,
        "approved": approved,
        "empty": empty.result(),
        "signed": signed,
        "asked": batch_of(asked),
    }


def invocations(ctx: Context) -> Seen:
    doubled = ctx.invoke("double", {"n": 21}, name="double")
    return {"doubled": doubled, "nothing": ctx.invoke("nothing", None, name="nothing")}


def doubled(state: Seen) -> Seen:
    return {**state, "n": state["n"] * 2}


def conditions(ctx: Context) -> Seen:
    counted = ctx.wait_for_condition(
        lambda state: state + 1, 0, until=lambda state: state >= 3, poll=POLL, name="count"
    )
    grown = ctx.wait_for_condition(doubled, {"n": 1}, until=lambda state: state["n"] > 3, poll=POLL, name="grow")
    return {"counted": counted, "grown": grown}


def retrying(ctx: Context) -> Seen:
    def attempts(ctx: Context, attempt: int) -> int:
        ctx.wait(1, name="pause")
        ctx.step(step(lambda: bodies.reserved(attempt), name="try", retry=NEVER_AGAIN))
        return attempt

    return {"again": ctx.with_retry(attempts, name="again", retry=retries(3, 3))}


# What fails, and is caught


def failures(ctx: Context) -> Seen:
    def broken(ctx: Context) -> Any:
        return bodies.declined("the child broke")

    def cracked(ctx: Context) -> Any:
        ctx.wait(1, name="creak")
        crack = step(lambda: bodies.declined("a step in the child broke"), name="crack", retry=NEVER_AGAIN)
        return ctx.step(crack)

    def given_up(ctx: Context, attempt: int) -> Any:
        return bodies.declined(f"attempt {attempt} broke")

    def refused() -> Any:
        callback = ctx.create_callback(name="refused")
        return callback.result()

    def silent() -> Any:
        callback = ctx.create_callback(name="silent", timeout=7)
        return callback.result()

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
    return {name: caught(name, trial) for name, trial in trials.items()}


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


def caught(name: str, trial: Any) -> list[str | None]:
    try:
        return ["came to", trial()]
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
def everything(event: Any, ctx: Context) -> Seen:
    seen = {section: SECTIONS[section](ctx) for section in event["sections"]}
    ctx.wait(1, name="settle")
    return {"event": event, **seen}
