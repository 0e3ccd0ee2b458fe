"""A step whose recorded result a workflow goes by after a suspension: what codecs are tried on."""

from __future__ import annotations

from dataclasses import dataclass, field

from perdure import durable

LONG = "perdure " * 1000


@dataclass(frozen=True)
class Page:
    text: str
    numbers: list[int] = field(default_factory=list)


def page() -> Page:
    return Page(LONG, [1])


def length(value: Page) -> int:
    assert type(value) is Page
    return len(value.text)


def suspended(colour, fn, codecs=()):
    """A workflow that runs a step, sleeps, and goes by the step's result."""

    @durable(codecs=codecs)
    @colour
    def workflow(event, ctx):
        live = yield ctx.step(fn)
        yield ctx.wait(seconds=1)
        return length(live)

    return workflow
