"""What `parallel`, `map` and the combinators refuse, before anything is recorded."""

import pytest

from perdure import (
    Completion,
)
from support.colours import both
from support.hosting import run, said, status


def started(harness):
    return [one for one in harness.execution.operations if str(one.kind) != "EXECUTION"]


REFUSED = [
    (lambda ctx, fn: ctx.parallel(fn), TypeError),
    (lambda ctx, fn: ctx.parallel("ab"), TypeError),
    (lambda ctx, fn: ctx.parallel({fn}), TypeError),
    (lambda ctx, fn: ctx.parallel(iter([fn])), TypeError),
    (lambda ctx, fn: ctx.parallel([fn, 5]), TypeError),
    (lambda ctx, fn: ctx.parallel([None]), TypeError),
    (lambda ctx, fn: ctx.parallel({5: fn}), TypeError),
    (lambda ctx, fn: ctx.parallel({"": fn}), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=0), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=-1), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=1.5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=True), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], completion=1), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], completion=Completion(min_successful=2)), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], name=""), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], name=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], unknown=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], serdes=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], item_serdes=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], summary=5), TypeError),
    (lambda ctx, fn: ctx.map(fn, {1, 2}), TypeError),
    (lambda ctx, fn: ctx.map(fn, iter([1])), TypeError),
    (lambda ctx, fn: ctx.map(fn, "text"), TypeError),
    (lambda ctx, fn: ctx.map(fn, {"a": 1}), TypeError),
    (lambda ctx, fn: ctx.map([1], fn), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: ""), ValueError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: 5), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: 1 / 0), ZeroDivisionError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=5), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], completion=Completion(min_successful=2)), ValueError),
    (lambda ctx, fn: ctx.gather(5), TypeError),
    (lambda ctx, fn: ctx.gather([fn]), TypeError),
    (lambda ctx, fn: ctx.race(), ValueError),
    (lambda ctx, fn: ctx.first_success(), ValueError),
    (lambda ctx, fn: ctx.settle(fn, name=""), ValueError),
]


@both
@pytest.mark.parametrize(("call", "error"), REFUSED)
def test_what_is_refused_takes_no_place_and_records_nothing(colour, call, error):
    @colour
    def code(ctx, item=None):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        with pytest.raises(error):
            call(ctx, code)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert [one.name for one in started(harness)] == ["after"]
    first = started(harness)[0].id

    @colour
    def plain(event, ctx):
        yield ctx.step("after", lambda: None)

    assert started(run(plain))[0].id == first
