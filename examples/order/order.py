"""An order, from the shelf to the post: work that has to survive crashes, outages, and hours of waiting."""

from __future__ import annotations

from dataclasses import dataclass

from perdure import Context, Retry, current_step, durable, step

from mishaps import out_of_order, pull_the_plug


@dataclass(frozen=True)
class Item:
    sku: str
    quantity: int
    cents: int


@dataclass(frozen=True)
class Order:
    id: str
    card: str
    items: list[Item]
    mishaps: bool = False  # for the demo: the worker is killed once, and the label printer fails twice


@dataclass(frozen=True)
class Receipt:
    order: str
    cents: int
    payment: str
    tracking: str


class PrinterOffline(Exception):
    """The label printer does not answer."""


def reserve(items: list[Item]) -> str:
    return "shelf:" + ",".join(f"{item.quantity}x{item.sku}" for item in items)


@step(once=True)  # after a crash halfway, the card is not charged again
def pay(card: str, cents: int) -> str:
    return f"{card}:{cents}:{current_step().idempotency_key[:8]}"


def pack(reservation: str, *, mishaps: bool) -> str:
    if mishaps:
        pull_the_plug()  # ends this process; the next invocation comes here again
    return reservation.replace("shelf", "parcel")


@step(retry=Retry.exponential(attempts=5, first=2))
def label(parcel: str, *, mishaps: bool) -> str:
    if mishaps and out_of_order(times=2):
        raise PrinterOffline("the label printer does not answer")
    return f"label for {parcel}"


def ship(order_id: str, printed: str) -> str:
    return f"TRACK-{order_id}-{len(printed)}"


@durable
def checkout(order: Order, ctx: Context) -> Receipt:
    reservation = ctx.step(reserve, order.items)
    cents = sum(item.quantity * item.cents for item in order.items)
    payment = ctx.step(pay, order.card, cents)
    parcel = ctx.step(pack, reservation, mishaps=order.mishaps)
    ctx.wait(hours=2, name="carrier pickup")  # nothing runs meanwhile, and nothing is billed
    printed = ctx.step(label, parcel, mishaps=order.mishaps)
    tracking = ctx.step(ship, order.id, printed)
    return Receipt(order.id, cents, payment, tracking)
