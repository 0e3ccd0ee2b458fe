"""What type checkers infer from the combinators; mypy and pyright both check this file, nothing runs it."""

from collections.abc import Callable
from typing import assert_type

from perdure import AsyncContext, BatchItem, Context, child, step


@step
def fetch(item: str) -> bytes:
    return item.encode()


@step
async def price(item: str) -> int:
    return len(item)


def number(ctx: Context) -> int:
    return ctx.index


def text(ctx: Context) -> str:
    return str(ctx.total)


@child(name="truth")
def truth(ctx: Context) -> bool:
    return ctx.suspending


def nothing(ctx: Context) -> None:
    ctx.wait(5)


async def later_number(ctx: AsyncContext) -> int:
    return ctx.index


@child
async def later_text(ctx: AsyncContext) -> str:
    return str(ctx.total)


def blocking(ctx: Context, many: list[Callable[[Context], int]]) -> None:
    assert_type(ctx.gather(number), tuple[int])
    assert_type(ctx.gather(number, text), tuple[int, str])
    assert_type(ctx.gather(number, text, truth), tuple[int, str, bool])
    assert_type(ctx.gather(number, text, truth, nothing), tuple[int, str, bool, None])
    assert_type(ctx.gather(number, text, truth, nothing, number), tuple[int, str, bool, None, int])
    assert_type(ctx.gather(number, text, truth, nothing, number, text), tuple[int, str, bool, None, int, str])
    assert_type(ctx.gather(number, number, number, number, number, number, number), tuple[int, ...])
    assert_type(ctx.gather(*many, name="many"), tuple[int, ...])
    assert_type(ctx.gather(lambda ctx: ctx.step(fetch, "book"), lambda ctx: ctx.step(price, "book")), tuple[bytes, int])
    assert_type(ctx.settle(number), tuple[BatchItem[int]])
    assert_type(ctx.settle(number, text, name="both"), tuple[BatchItem[int], BatchItem[str]])
    assert_type(ctx.settle(number, text, truth), tuple[BatchItem[int], BatchItem[str], BatchItem[bool]])
    assert_type(ctx.settle(*many), tuple[BatchItem[int], ...])
    assert_type(ctx.race(number, text), int | str)
    assert_type(ctx.race(number, nothing), int | None)
    assert_type(ctx.race(number, text, nothing), int | str | None)
    assert_type(ctx.race(number, number), int)
    assert_type(ctx.race(*many, name="race"), int)
    assert_type(
        ctx.race(lambda ctx: ctx.wait_for_callback(print, result=int), lambda ctx: ctx.wait(hours=2)), int | None
    )
    assert_type(ctx.first_success(number, text), int | str)
    assert_type(ctx.first_success(number, text, truth), int | str | bool)
    assert_type(ctx.first_success(*many), int)


async def awaiting(ctx: AsyncContext) -> None:
    assert_type(await ctx.gather(later_number), tuple[int])
    assert_type(await ctx.gather(later_number, later_text), tuple[int, str])
    assert_type(await ctx.gather(ctx.step(fetch, "book"), ctx.step(price, "book")), tuple[bytes, int])
    assert_type(await ctx.gather(ctx.step(fetch, "book"), later_text, ctx.wait(hours=2)), tuple[bytes, str, None])
    assert_type(await ctx.gather(*[ctx.step(price, item) for item in "abc"], name="prices"), tuple[int, ...])
    assert_type(await ctx.settle(ctx.step(fetch, "book"), later_text), tuple[BatchItem[bytes], BatchItem[str]])
    assert_type(await ctx.settle(*[ctx.step(price, item) for item in "abc"]), tuple[BatchItem[int], ...])
    assert_type(await ctx.race(ctx.step(price, "book"), ctx.wait(hours=2), name="in time"), int | None)
    assert_type(await ctx.race(*[ctx.step(price, item) for item in "abc"]), int)
    assert_type(await ctx.first_success(later_number, later_text), int | str)
    assert_type(await ctx.first_success(ctx.step(fetch, "book"), later_number, later_text), bytes | int | str)


def mistakes(ctx: Context) -> None:
    """Each line is an error in both checkers; an ignore that is not needed is one too."""
    ctx.gather(fetch)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.gather(ctx.step(fetch, "book"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.gather(number, later_number)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.race(number, 7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.settle([number, text])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.first_success(number, names="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def async_mistakes(ctx: AsyncContext) -> None:
    await ctx.gather(number)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await ctx.race(later_number, text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await ctx.settle([later_number])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await ctx.first_success(price("book"), 7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
