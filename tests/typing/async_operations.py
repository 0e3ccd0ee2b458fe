"""What type checkers infer from each operation of an async workflow; both check this file, nothing runs it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, assert_type

from perdure import (
    RAW,
    AsyncCallback,
    AsyncContext,
    Batch,
    BatchItem,
    Child,
    Completion,
    Context,
    Poll,
    Retry,
    child,
    step,
)


@dataclass
class Label:
    number: str


@dataclass
class Decision:
    approved: bool


class LabelSerdes:
    def serialize(self, value: Label, /) -> str:
        return value.number

    def deserialize(self, text: str, /) -> Label:
        return Label(text)


@step
def price(item: str) -> int:
    return len(item)


@step(once=True)
async def fetch(item: str) -> bytes:
    return item.encode()


@step
def stock() -> int:
    return 7


@step
async def rate() -> float:
    return 0.5


async def pack(ctx: AsyncContext, item: str, *, fragile: bool = False) -> Label:
    return Label(f"{item}{fragile}{await ctx.step(price, item)}")


async def greet(ctx: AsyncContext) -> str:
    return f"{ctx.index + 1} of {ctx.total}"


@child(name="wrapping")
async def wrap(ctx: AsyncContext, item: str) -> Label:
    return await pack(ctx, item)


@child
async def opening(ctx: AsyncContext) -> str:
    return await greet(ctx)


class Shop:
    @child
    async def ship(self, ctx: AsyncContext, item: str) -> Label:
        return await pack(ctx, item)


async def grow(state: int) -> int:
    return state + 1


def grow_here(state: int) -> int:
    return state + 1


def pause(state: int, attempt: int) -> timedelta | None:
    return None if state > attempt else timedelta(seconds=5)


async def attempt_it(ctx: AsyncContext, attempt: int) -> str:
    return await greet(ctx) * attempt


async def send(callback_id: str) -> None:
    assert callback_id


async def children(ctx: AsyncContext, shop: Shop) -> None:
    assert_type(await ctx.run_in_child_context(pack, "book"), Label)
    assert_type(await ctx.run_in_child_context("pack it", pack, "book", fragile=True), Label)
    assert_type(await ctx.run_in_child_context(wrap, item="book"), Label)
    assert_type(await ctx.run_in_child_context(wrap.options(virtual=True), "book"), Label)
    assert_type(await ctx.run_in_child_context(shop.ship, "book"), Label)
    assert_type(await ctx.run_in_child_context(lambda ctx: ctx.step(price, "book")), int)
    pair: tuple[Label, int] = await asyncio.gather(ctx.run_in_child_context(pack, "book"), ctx.step(stock))
    assert_type(pair[0], Label)


async def batches(
    ctx: AsyncContext, items: list[str], many: list[Callable[[AsyncContext], Coroutine[Any, Any, int]]]
) -> None:
    assert_type(await ctx.parallel([greet, greet]), Batch[str])
    assert_type(await ctx.parallel({"left": greet, "right": greet}, concurrency=1), Batch[str])
    assert_type(await ctx.parallel([opening], completion=Completion.FIRST_SUCCESSFUL), Batch[str])
    assert_type(await ctx.parallel(many, flat=True), Batch[int])
    assert_type(await ctx.parallel([stock]), Batch[int])
    assert_type(await ctx.parallel([rate]), Batch[float])
    assert_type(await ctx.parallel({"rate": rate}), Batch[float])
    assert_type(await ctx.map(pack, items), Batch[Label])
    assert_type(await ctx.map(wrap, items, name="wrap all", concurrency=10), Batch[Label])
    assert_type(await ctx.map(Shop().ship, items, item_serdes=LabelSerdes()), Batch[Label])
    assert_type(await ctx.map(price, items), Batch[int])
    assert_type(await ctx.map(fetch, items), Batch[bytes])
    assert_type(await ctx.map(lambda ctx, item: ctx.step(fetch, item), items, namer=lambda it, at: it), Batch[bytes])


async def waits(ctx: AsyncContext) -> None:
    callback = await ctx.create_callback(timeout=timedelta(days=2))
    assert_type(callback, AsyncCallback[str | None])
    assert_type(callback.id, str)
    assert_type(await callback.result(), str | None)
    assert_type(await ctx.create_callback(result=Decision), AsyncCallback[Decision])
    assert_type(await ctx.create_callback(result=list[Decision]), AsyncCallback[list[Decision]])
    assert_type(await (await ctx.create_callback(result=dict[str, Decision])).result(), dict[str, Decision])
    assert_type(await ctx.create_callback(serdes=LabelSerdes()), AsyncCallback[Label])
    assert_type(await ctx.wait_for_callback(send), str | None)
    assert_type(await ctx.wait_for_callback(print, result=Decision, retry=Retry.NONE), Decision)
    assert_type(await ctx.wait_for_callback(send, result=list[Decision]), list[Decision])
    assert_type(await ctx.wait_for_callback(lambda it: it.upper(), serdes=RAW, heartbeat=60), str)
    assert_type(await ctx.invoke("prices:live", {"item": "book"}), Any)
    assert_type(await ctx.invoke("prices:live", result=Decision, tenant_id="blue"), Decision)
    assert_type(await ctx.invoke("prices:live", result=list[Decision]), list[Decision])
    assert_type(await ctx.invoke("prices:live", payload_serdes=RAW, result_serdes=LabelSerdes()), Label)
    assert_type(await ctx.wait_for_condition(grow, 0, until=lambda state: state > 3), int)
    assert_type(await ctx.wait_for_condition(grow_here, 0, until=lambda state: state > 3, poll=Poll.DEFAULT), int)
    assert_type(await ctx.wait_for_condition(grow, 0, poll=pause), int)
    assert_type(await ctx.with_retry(attempt_it, name="try", retry=Retry.exponential(attempts=3)), str)


async def unions(ctx: AsyncContext) -> tuple[Decision | None, list[Decision] | str, Decision | None]:
    """What is no class gives what the variable says: nothing tells a checker what the expression stands for."""
    asked: AsyncCallback[Decision | None] = await ctx.create_callback(name="ask", result=Decision | None)
    waited: list[Decision] | str = await ctx.wait_for_callback(send, retry=Retry.NONE, result=list[Decision] | str)
    said: Literal["yes", "no"] = await ctx.wait_for_callback(send, result=Literal["yes", "no"])
    invoked: Decision | None = await ctx.invoke("prices:live", Label("book"), result=Decision | None)
    assert said
    return await asked.result(), waited, invoked


async def more(ctx: AsyncContext, items: list[str]) -> None:
    assert_type(await ctx.wait(5), None)
    assert_type(await ctx.wait_for_condition(grow, 0, poll=Poll.fixed(delay=5), until=bool, name="grown"), int)
    assert_type(await ctx.run_in_child_context(lambda ctx: ctx.wait_for_callback(send, result=Decision)), Decision)
    assert_type((await ctx.map(pack, items)).values(), list[Label])
    assert_type((await ctx.map(pack, items))[0], BatchItem[Label])


made: Child[[AsyncContext, str], Coroutine[Any, Any, Label]] = wrap


def elsewhere(ctx: Context) -> int:
    return ctx.index


async def mistakes(ctx: AsyncContext, items: list[str], numbers: list[int]) -> None:
    """Each line is an error in both checkers; an ignore that is not needed is one too."""
    await ctx.run_in_child_context(pack, 7)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.run_in_child_context(elsewhere)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await ctx.parallel([elsewhere])  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.parallel([price])  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.map(pack, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.map(price, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.map(elsewhere, items)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.create_callback(result="Decision")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.invoke("prices", result=LabelSerdes())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.wait_for_callback(send, timeout="2h")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await ctx.wait_for_condition(grow, "0", until=bool)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.with_retry(greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.create_callback().result()  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    ctx.map(pack, items).values()  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
