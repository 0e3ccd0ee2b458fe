"""The first things that a function of plain code may do, as people write and annotate them."""

import sys
from typing import Any

from perdure import Context, durable


def same(value: int) -> int:
    return value


def item(ctx: Context, number: int) -> int:
    return ctx.step("s", same, number)


@durable
def handler(event: dict[str, Any], ctx: Context) -> int:
    if event["do"] == "look":
        sys.stdout.write(" ".join(sys.modules) + "\n")
        return 0
    if event["do"] == "map":
        return sum(ctx.map(item, range(3)).values())
    if event["do"] == "log":
        ctx.logger.warning("hello")
    return ctx.step("s", same, 3)
