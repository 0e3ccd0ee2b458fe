"""Classes as users annotate their handlers and steps with them."""

import enum
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NewType, TypeVar

OrderId = NewType("OrderId", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Weekday(enum.Enum):
    MONDAY = "mon"

    @classmethod
    def _missing_(cls, value: object) -> "Weekday | None":
        if value == "boom":
            raise RuntimeError("no such day")
        return cls.MONDAY if value == "MON" else None


@dataclass
class Line:
    sku: str
    price: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    id: OrderId
    lines: "list[Line]"
    colour: Colour = Colour.RED
    placed: datetime | None = None
    parent: "Order | None" = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Special(Line):
    why: str = ""


@dataclass
class Counted:
    total: int
    seen: int = field(init=False, default=0)
    date: "date | None" = None

    def __post_init__(self) -> None:
        if self.total < 0:
            raise ValueError("total is below zero")


T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    content: T
