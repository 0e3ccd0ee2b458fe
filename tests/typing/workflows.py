"""What type checkers infer from a user's workflow; mypy and pyright both check this file, nothing runs it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import assert_type

from perdure import AsyncContext, Context, Durable, Retry, RetryDecision, Step, current_step, durable, step


@dataclass
class Receipt:
    number: str


@step(once=True)
def charge(card: str, cents: int, *, note: str = "") -> Receipt:
    return Receipt(f"{card}-{cents}-{note}-{current_step().idempotency_key}")


@step
def reserve(item: str) -> int:
    return len(item)


def plain(item: str) -> list[str]:
    return [item]


class Shop:
    def __init__(self, town: str) -> None:
        self.town = town

    def open(self, hour: int) -> bool:
        return hour > len(self.town)

    @step(retry=Retry.exponential(attempts=5))
    def pack(self, item: str, count: int = 1) -> tuple[str, int]:
        return item, count


def backoff(error: BaseException, attempt: int) -> timedelta | None:
    return timedelta(seconds=attempt) if isinstance(error, OSError) else None


def decide(error: BaseException, attempt: int) -> RetryDecision:
    return RetryDecision.retry_after(attempt)


@durable
def checkout(order: dict[str, str], ctx: Context) -> Receipt:
    assert_type(ctx.step(charge, "4242", 100), Receipt)
    assert_type(ctx.step(charge, "4242", cents=100, note="gift"), Receipt)
    assert_type(ctx.step("charge deposit", charge, "4242", 100), Receipt)
    assert_type(ctx.step(charge.options(name="charge deposit"), "4242", 100), Receipt)
    assert_type(ctx.step(reserve, "book"), int)
    assert_type(ctx.step(plain, "book"), list[str])
    assert_type(ctx.step(step(plain, retry=backoff), "book"), list[str])
    assert_type(ctx.step(step(plain, retry=decide), "book"), list[str])
    assert_type(ctx.step(step(plain, lazy=True), "book"), list[str])
    assert_type(ctx.step(step(lazy=True)(plain), "book"), list[str])
    assert_type(ctx.step(partial(plain, "book")), list[str])
    assert_type(ctx.step(lambda: 7), int)
    shop = Shop(order["town"])
    assert_type(ctx.step(shop.open, 9), bool)
    assert_type(ctx.step(shop.pack, "book", count=2), tuple[str, int])
    assert_type(shop.pack("book"), tuple[str, int])
    ctx.wait(5)
    ctx.wait(timedelta(hours=2), name="carrier pickup")
    ctx.wait(hours=2, minutes=30)
    return ctx.step(charge, order["card"], 1)


@durable(errors=(OSError,), on_mismatch="retry", mode_aware=False)
def refund(receipt: Receipt, ctx: Context) -> None:
    ctx.step(reserve, receipt.number)


@step(retry=Retry.NONE)
async def fetch(url: str) -> bytes:
    return url.encode()


@durable
async def crawl(urls: list[str], ctx: AsyncContext) -> int:
    assert_type(await ctx.step(fetch, urls[0]), bytes)
    assert_type(await ctx.step(plain, urls[0]), list[str])
    assert_type(await ctx.step("again", fetch, urls[0]), bytes)
    assert_type(await ctx.step(fetch.options(lazy=True), urls[0]), bytes)
    fetched = ctx.step(fetch, urls[0])
    reserved = ctx.step(reserve, urls[0])
    pair: tuple[bytes, int] = await asyncio.gather(fetched, reserved)
    assert_type(pair[0], bytes)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ctx.step(charge, "4242", 100))
    assert_type(task.result(), Receipt)
    await ctx.wait(hours=2)
    return len(urls)


@durable(on_mismatch="retry")
async def sweep(urls: list[str], ctx: AsyncContext) -> None:
    await ctx.step(fetch, urls[0])


@durable
def blocking(urls: list[str], ctx: Context) -> bytes:
    return assert_type(ctx.step(fetch, urls[0]), bytes)


assert_type(crawl, Durable[list[str], int])
assert_type(sweep, Durable[list[str], None])
assert_type(checkout, Durable[dict[str, str], Receipt])
assert_type(refund, Durable[Receipt, None])
assert_type(charge("4242", 100), Receipt)
direct: Callable[[str], int] = reserve
rewritten: Step[[str], list[str]] = step(plain)


def mistakes(ctx: Context) -> None:
    """Each line is an error in both checkers; an ignore that is not needed is one too."""
    ctx.step(charge, "4242", "100")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.step(charge, "4242")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.step(reserve)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.step("name only")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.step(Shop("Rome").pack, 3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.wait("2h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.wait(weeks=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    charge("4242", "100")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    charge.options(twice=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    step(plain, retry=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


async def async_mistakes(ctx: AsyncContext) -> None:
    await ctx.step(fetch, 7)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await ctx.wait("2h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@durable  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
def lonely(order: str) -> str:
    return order
