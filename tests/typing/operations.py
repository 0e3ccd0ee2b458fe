"""What type checkers infer from each operation of a sync workflow; both check this file, nothing runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NamedTuple, Optional, TypedDict, assert_type

from perdure import (
    JSON,
    RAW,
    AsyncContext,
    Batch,
    BatchDecision,
    BatchItem,
    BatchProgress,
    BatchReason,
    Callback,
    Child,
    Completion,
    Context,
    Poll,
    Retry,
    RetryDecision,
    Step,
    child,
    current_context,
    step,
)


@dataclass
class Label:
    number: str


@dataclass
class Decision:
    approved: bool


class Pair(NamedTuple):
    left: int
    right: str


class Movie(TypedDict):
    name: str


Answer = Decision | Literal["later"]


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
async def rate() -> int:
    return 1


def pack(ctx: Context, item: str, *, fragile: bool = False) -> Label:
    return Label(f"{item}{fragile}{ctx.step(price, item)}")


def greet(ctx: Context) -> str:
    return f"{ctx.index + 1} of {ctx.total}"


def count(ctx: Context) -> int:
    return ctx.total


@child(subtype="Parcel", summary=lambda label: "a label", virtual=False)
def wrap(ctx: Context, item: str) -> Label:
    return pack(ctx, item)


@child
def opening(ctx: Context) -> str:
    return greet(ctx)


class Shop:
    @child(name="ship")
    def ship(self, ctx: Context, item: str) -> Label:
        return pack(ctx, item)

    def close(self, ctx: Context) -> bool:
        return ctx.suspending


def grow(state: int) -> int:
    return state + 1


async def grow_slowly(state: int) -> int:
    return state + 1


def pause(state: int, attempt: int) -> timedelta | None:
    return None if state > attempt else timedelta(seconds=5)


def decide(state: int, attempt: int) -> RetryDecision:
    return RetryDecision.stop() if state > attempt else RetryDecision.retry_after(5)


def attempt_it(ctx: Context, attempt: int) -> str:
    return greet(ctx) * attempt


def enough(progress: BatchProgress) -> BatchDecision:
    assert_type(progress.succeeded, int)
    return BatchDecision.SUCCEED if progress.succeeded > progress.failed else BatchDecision.CONTINUE


def send(callback_id: str) -> None:
    assert callback_id


async def send_slowly(callback_id: str) -> None:
    assert callback_id


def children(ctx: Context, shop: Shop) -> None:
    assert_type(ctx.run_in_child_context(pack, "book"), Label)
    assert_type(ctx.run_in_child_context(pack, "book", fragile=True), Label)
    assert_type(ctx.run_in_child_context("pack it", pack, "book"), Label)
    assert_type(ctx.run_in_child_context(wrap, "book"), Label)
    assert_type(ctx.run_in_child_context(wrap.options(name="wrap it"), item="book"), Label)
    assert_type(ctx.run_in_child_context(child(pack, on_error=lambda error: OSError(str(error))), "book"), Label)
    assert_type(ctx.run_in_child_context(shop.ship, "book"), Label)
    assert_type(ctx.run_in_child_context(shop.close), bool)
    assert_type(ctx.run_in_child_context(lambda ctx: ctx.step(price, "book")), int)


def parallels(ctx: Context, shop: Shop, many: list[Callable[[Context], int]]) -> None:
    assert_type(ctx.parallel([greet, greet]), Batch[str])
    assert_type(ctx.parallel((greet,), name="greetings", concurrency=2), Batch[str])
    assert_type(ctx.parallel({"left": greet, "right": greet}), Batch[str])
    assert_type(ctx.parallel(many, flat=True), Batch[int])
    assert_type(ctx.parallel([shop.close], completion=Completion.ALL_COMPLETED), Batch[bool])
    assert_type(ctx.parallel([opening, child(greet, name="first")]), Batch[str])
    assert_type(ctx.parallel({"first": opening}), Batch[str])
    assert_type(ctx.parallel([stock]), Batch[int])
    assert_type(ctx.parallel([rate]), Batch[int])
    assert_type(ctx.parallel({"stock": stock, "again": stock.options(retry=Retry.NONE)}), Batch[int])
    assert_type(ctx.parallel({"rate": rate}), Batch[int])
    assert_type(ctx.parallel([wrap_book], item_serdes=LabelSerdes(), summary=lambda it: it.name or ""), Batch[Label])


def mixed_parallels(ctx: Context) -> None:
    """Branches of several forms, and lambdas: mypy takes the type of a list display from the list alone."""
    counts: list[int] = ctx.parallel([lambda ctx: ctx.step(price, "book"), lambda ctx: ctx.step(stock)]).values()
    named: list[int] = ctx.parallel({"one": lambda ctx: ctx.step(price, "book")}).values()
    children: list[Callable[[Context], str]] = [greet, opening]
    assert_type(ctx.parallel(children), Batch[str])
    steps: list[Callable[[Context], int] | Step[[], int]] = [count, stock]
    assert_type(ctx.parallel(steps), Batch[int])
    assert counts + named


def wrap_book(ctx: Context) -> Label:
    return wrap(ctx, "book")


def maps(ctx: Context, shop: Shop, items: list[str]) -> None:
    assert_type(ctx.map(pack, items), Batch[Label])
    assert_type(ctx.map(wrap, items, name="wrap all", concurrency=10), Batch[Label])
    assert_type(ctx.map(child(pack, virtual=True), items), Batch[Label])
    assert_type(ctx.map(shop.ship, items), Batch[Label])
    assert_type(ctx.map(price, items), Batch[int])
    assert_type(ctx.map(fetch, items), Batch[bytes])
    assert_type(ctx.map(price.options(retry=Retry.NONE), items), Batch[int])
    assert_type(ctx.map(lambda ctx, item: ctx.step(price, item), items), Batch[int])
    assert_type(ctx.map(lambda ctx, number: number / 2, range(3), namer=lambda it, at: f"{it}-{at}"), Batch[float])
    assert_type(ctx.map(pack, items, item_serdes=LabelSerdes(), completion=Completion.custom(enough)), Batch[Label])
    assert_type(ctx.map(pack, items, completion=Completion(min_successful=2), flat=True), Batch[Label])


def batches(batch: Batch[Label]) -> None:
    assert_type(batch.values(), list[Label])
    assert_type(batch.partial(), list[Label])
    assert_type(batch.errors(), list[Exception])
    assert_type(batch[0], BatchItem[Label])
    assert_type(batch[1:], tuple[BatchItem[Label], ...])
    assert_type([item.result for item in batch], list[Label | None])
    assert_type(batch.succeeded, tuple[BatchItem[Label], ...])
    assert_type(batch.reason, BatchReason)
    assert_type(batch.failure_count, int)
    widened: Batch[Label | None] = batch
    assert widened


def callbacks(ctx: Context) -> None:
    assert_type(ctx.create_callback(), Callback[str | None])
    assert_type(ctx.create_callback(name="ask", timeout=timedelta(days=2), heartbeat=60).id, str)
    assert_type(ctx.create_callback(result=Decision), Callback[Decision])
    assert_type(ctx.create_callback(result=Decision).result(), Decision)
    assert_type(ctx.create_callback(result=list[int]).result(), list[int])
    assert_type(ctx.create_callback(result=list[Decision]).result(), list[Decision])
    assert_type(
        ctx.create_callback(result=dict[str, list[Decision | None]]), Callback[dict[str, list[Decision | None]]]
    )
    assert_type(ctx.create_callback(result=tuple[int, ...]).result(), tuple[int, ...])
    assert_type(ctx.create_callback(result=Pair).result(), Pair)
    assert_type(ctx.create_callback(result=Movie).result(), Movie)
    assert_type(ctx.create_callback(serdes=LabelSerdes()).result(), Label)
    assert_type(ctx.create_callback(serdes=RAW).result(), str)
    assert_type(ctx.wait_for_callback(send), str | None)
    assert_type(ctx.wait_for_callback(lambda callback_id: callback_id.upper(), timeout=60), str | None)
    assert_type(ctx.wait_for_callback(send_slowly, result=Decision, retry=Retry.NONE), Decision)
    assert_type(ctx.wait_for_callback(send, result=list[Decision]), list[Decision])
    assert_type(ctx.wait_for_callback(send, serdes=LabelSerdes(), heartbeat=60, name="ask"), Label)


def invokes(ctx: Context) -> None:
    assert_type(ctx.invoke("prices:live"), Any)
    assert_type(ctx.invoke("prices:live", {"item": "book"}, name="ask", tenant_id="blue"), Any)
    assert_type(ctx.invoke("prices:live", Label("book"), result=Decision), Decision)
    assert_type(ctx.invoke("prices:live", result=list[Decision]), list[Decision])
    assert_type(ctx.invoke("prices:live", result=dict[str, int], payload_serdes=JSON), dict[str, int])
    assert_type(ctx.invoke("prices:live", "book", payload_serdes=RAW, result_serdes=LabelSerdes()), Label)


def unions(ctx: Context) -> tuple[Decision | None, list[Decision] | str, Decision | None]:
    """What is no class gives what the variable says: nothing tells a checker what the expression stands for."""
    asked: Callback[Decision | None] = ctx.create_callback(name="ask", timeout=60, result=Decision | None)
    old: Callback[Decision | None] = ctx.create_callback(result=Optional[Decision])  # noqa: UP045  as is still written
    waited: list[Decision] | str = ctx.wait_for_callback(send, retry=Retry.NONE, result=list[Decision] | str)
    said: Literal["yes", "no"] = ctx.wait_for_callback(send, result=Literal["yes", "no"])
    named: Decision | Literal["later"] = ctx.invoke("prices:live", result=Answer)
    invoked: Decision | None = ctx.invoke("prices:live", Label("book"), payload_serdes=JSON, result=Decision | None)
    assert said, named
    return asked.result() or old.result(), waited, invoked


def conditions(ctx: Context) -> None:
    assert_type(ctx.wait_for_condition(grow, 0, until=lambda state: state > 3), int)
    assert_type(ctx.wait_for_condition(grow_slowly, 0, until=lambda state: state > 3, name="grown"), int)
    assert_type(ctx.wait_for_condition(grow, 0, until=lambda state: state > 3, poll=Poll.fixed(delay=5)), int)
    assert_type(ctx.wait_for_condition(grow, 0, poll=pause), int)
    assert_type(ctx.wait_for_condition(grow_slowly, 0, poll=decide), int)
    assert_type(ctx.wait_for_condition(grow, 0, poll=Poll.custom(decide)), int)
    assert_type(ctx.wait_for_condition(lambda state: state + 1, 0, until=lambda state: state > 3), int)


def retries(ctx: Context) -> None:
    assert_type(ctx.with_retry(attempt_it), str)
    assert_type(ctx.with_retry(attempt_it, name="try", retry=Retry.exponential(attempts=3)), str)
    assert_type(ctx.with_retry(lambda ctx, attempt: attempt, retry=lambda error, attempt: None), int)


made: Child[[Context, str], Label] = wrap
direct: Callable[[Context, str], Label] = wrap
rewritten: Step[[], int] = stock
either: Context | AsyncContext = current_context()


async def elsewhere(ctx: AsyncContext) -> int:
    return ctx.index


def shout(callback_id: str, times: int) -> None:
    assert callback_id * times


def mistakes(ctx: Context, items: list[str], numbers: list[int], shop: Shop) -> None:
    """Each line is an error in both checkers; an ignore that is not needed is one too."""
    ctx.run_in_child_context(pack)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.run_in_child_context(pack, 7)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.run_in_child_context(wrap, "book", fragile=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ctx.run_in_child_context(shop.ship, 7)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.run_in_child_context(elsewhere)  # type: ignore[call-overload]  # pyright: ignore[reportUnusedCoroutine, reportArgumentType]
    ctx.parallel([pack])  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.parallel([elsewhere])  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.parallel([price])  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.parallel(greet)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.parallel([greet], concurrency="2")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.parallel([greet], namer=str)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.map(pack, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(price, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(fetch, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(shop.ship, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(greet, items)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(stock, items)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(elsewhere, items)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(pack, items, completion=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.map(pack, items, item_serdes=RAW)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.create_callback(timeout="2h")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.create_callback(result="Decision")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.create_callback(result=7)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.wait_for_callback(send, result=LabelSerdes())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.invoke("prices", result="Decision")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.create_callback(result=Decision | None, serdes=LabelSerdes())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    label: Label = ctx.invoke("prices", result=list[Decision])  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    ctx.create_callback(result=Decision, serdes=LabelSerdes())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.wait_for_callback(shout)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.wait_for_callback(send, retry=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.invoke(print)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    ctx.invoke("prices", result=Decision, result_serdes=LabelSerdes())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.wait_for_condition(grow, "0", until=bool)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.wait_for_condition(grow, 0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ctx.wait_for_condition(grow, 0, until=bool, poll=pause)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.wait_for_condition(shop.ship, 0, until=bool)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ctx.with_retry(greet)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ctx.with_retry(attempt_it, retry=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wrap("book")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    wrap.options(once=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    child(pack, retry=Retry.NONE)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Completion(should_complete=lambda progress: "yes")  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    Poll.fixed(rate=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert label.number
    numbers = ctx.map(pack, items).values()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
