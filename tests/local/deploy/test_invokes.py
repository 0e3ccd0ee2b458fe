from __future__ import annotations

import pytest

from perdure_local.deploy import Invokes, find_invokes

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:ship:live"


@pytest.mark.parametrize(
    ("source", "names", "unknown"),
    [
        ("def f(event, ctx): return ctx.invoke('ship', event)", {"ship"}, ()),
        ("def f(event, ctx): return ctx.invoke('ship:live', event, name='send')", {"ship:live"}, ()),
        (f"def f(event, ctx): return ctx.invoke({ARN!r})", {ARN}, ()),
        ("async def f(event, c: AsyncContext): await c.invoke('ship')", {"ship"}, ()),
        ("async def f(event, c: 'perdure.AsyncContext'): await c.invoke('ship')", {"ship"}, ()),
        (
            "SHIP = 'ship:live'\ndef f(event, ctx):\n    ctx.invoke(SHIP)\n    ctx.invoke('pay')",
            {"ship:live", "pay"},
            (),
        ),
        ("def f(event, ctx):\n    ctx.invoke(event['carrier'])", set(), (2,)),
        ("def f(event, ctx):\n    ctx.invoke('no function')\n    ctx.invoke(f'ship-{event}')", set(), (2, 3)),
        ("def f(event, ctx): ctx.run_in_child_context(lambda inner: inner.invoke('far'))", set(), ()),
        ("def f(event, chain): chain.invoke('a question')\nclient.invoke(FunctionName='f')\nctx.invoke()", set(), ()),
    ],
)
def test_what_a_context_invokes_is_read_off_the_source(source: str, names: set[str], unknown: tuple[int, ...]) -> None:
    assert find_invokes(source) == Invokes(frozenset(names), unknown)
