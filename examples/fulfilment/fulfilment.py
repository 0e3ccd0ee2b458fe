"""An order of several parcels: carriers asked side by side, a manager's word for a dear one, packing all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from perdure import BatchError, Completion, Context, Poll, durable, step

if TYPE_CHECKING:
    from collections.abc import Callable

CARRIERS = ("rail", "road", "river")
FREE_HAND = 2_000
"""Cents that may be spent on a delivery without asking anybody."""


@dataclass(frozen=True)
class Item:
    sku: str
    grams: int


@dataclass(frozen=True)
class Order:
    id: str
    city: str
    items: list[Item]


@dataclass(frozen=True)
class Quote:
    carrier: str
    cents: int


@dataclass(frozen=True)
class Decision:
    approved: bool
    by: str


@dataclass(frozen=True)
class Yard:
    """What was seen of the yard where parcels wait for the carrier."""

    waiting: int
    looks: int = 0


@dataclass(frozen=True)
class Dispatch:
    order: str
    carrier: str
    cents: int
    parcels: list[str]
    approved_by: str | None = None


def reserve(items: list[Item]) -> str:
    return "shelf:" + ",".join(item.sku for item in items)


def ask(carrier: str, order: Order) -> Callable[[Context], Quote]:
    """A branch: another Lambda function says what a carrier wants for the delivery."""
    grams = sum(item.grams for item in order.items)

    def asking(ctx: Context) -> Quote:
        question = {"carrier": carrier, "city": order.city, "grams": grams}
        return ctx.invoke("quote", question, name=f"ask {carrier}", result=Quote)

    return asking


def best_quote(ctx: Context, order: Order) -> Quote:
    branches = {carrier: ask(carrier, order) for carrier in CARRIERS}
    quotes = ctx.parallel(branches, name="quotes", completion=Completion.ALL_COMPLETED)
    if not quotes.succeeded:
        raise BatchError(f"no carrier goes to {order.city}", quotes.errors())
    return min(quotes.partial(), key=lambda quote: quote.cents)  # a carrier that does not answer is left out


@step
def seal(item: Item, shelf: str) -> str:
    return f"parcel of {item.sku} from {shelf}"


def pack(ctx: Context, item: Item, shelf: str) -> str:
    ctx.wait(minutes=10, name="glue dries")  # for all parcels at the same time
    return ctx.step(seal, item, shelf)


def tell_the_manager(_callback_id: str) -> None:
    print("a dear delivery waits for the manager's word")  # a real one would mail the id


def look_at_the_yard(yard: Yard) -> Yard:
    """The carrier's van takes two parcels with it."""
    return replace(yard, waiting=max(0, yard.waiting - 2), looks=yard.looks + 1)


@durable
def fulfil(order: Order, ctx: Context) -> Dispatch | str:
    def reserving(branch: Context) -> str:
        return branch.step(reserve, order.items)

    def quoting(branch: Context) -> Quote:  # the annotation says what is recorded, so a lambda would not do
        return best_quote(branch, order)

    shelf, quote = ctx.gather(reserving, quoting, name="preparations")
    approved_by = None
    if quote.cents > FREE_HAND:
        decision = ctx.wait_for_callback(tell_the_manager, name="approval", timeout=timedelta(hours=8), result=Decision)
        if not decision.approved:
            return f"{decision.by} does not want to spend {quote.cents}"
        approved_by = decision.by
    parcels = ctx.map(
        lambda branch, item: pack(branch, item, shelf),
        order.items,
        name="parcels",
        concurrency=10,
        namer=lambda item, _: item.sku,
    )
    ctx.wait_for_condition(
        look_at_the_yard,
        Yard(waiting=len(parcels)),
        until=lambda yard: yard.waiting == 0,
        poll=Poll.fixed(delay=timedelta(minutes=30)),
        name="collected",
    )
    return Dispatch(order.id, quote.carrier, quote.cents, parcels.values(), approved_by)
