"""Workflows for the crash loop: a seed decides all that one does, so that every invocation does the same.

What happens is written to a file that outlives every process: which body begins, and which updates the service has
acknowledged. One line is one write, so lines of several processes never mix, and their order is the order of events.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Generator

from perdure import AsyncContext, Context, Retry, current_step, durable, step
from perdure_runtime.service.selection import Effects, service_from_environment


def note(**facts: object) -> None:
    line = json.dumps({"pid": os.getpid(), **facts}) + "\n"
    file = os.open(os.environ["STORM_EVIDENCE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


LINGER = 0.03
"""Seconds a body may take, at most."""


class Witness:
    """The lean client, with a note of each checkpoint that was acknowledged."""

    def __init__(self) -> None:
        effects = Effects(time.time, time.sleep, random.random, print)  # noqa: S311  delays guard nothing
        self._service = service_from_environment(os.environ, effects)

    def checkpoint(self, arn, token, updates, client_token):
        answer = self._service.checkpoint(arn, token, updates, client_token)
        note(acknowledged=[json.loads(update) for update in updates], arn=arn)
        return answer

    def get_state(self, arn, token, marker, limit=1000):
        return self._service.get_state(arn, token, marker, limit)


WITNESS = Witness()


@durable(client=WITNESS)
def workflow(event: dict, ctx: Context) -> list:
    """Everything it saw, in order."""
    return driven(moves(dice_of(event), ctx, depth=0))


@durable(client=WITNESS)
async def async_workflow(event: dict, ctx: AsyncContext) -> list:
    """The same in the other colour."""
    return await driven_async(moves(dice_of(event), ctx, depth=0))


def dice_of(event: dict) -> random.Random:
    return random.Random(event["seed"])  # noqa: S311  the same for all who replay it


# A workflow of no colour is a generator. It yields what an operation's call returned, or a list of that, and is sent
# what came of it: in the sync colour that is the same thing.


def driven(work: Generator) -> list:
    reply = None
    while True:
        try:
            reply = work.send(reply)
        except StopIteration as end:
            return end.value


async def driven_async(work: Generator) -> list:
    reply, error = None, None
    while True:
        try:
            asked = work.send(reply) if error is None else work.throw(error)
        except StopIteration as end:
            return end.value
        try:
            reply, error = await (asyncio.gather(*asked) if isinstance(asked, list) else asked), None
        except BaseException as raised:  # noqa: BLE001  a suspension, too, passes through the workflow
            reply, error = None, raised


class Planned(Exception):
    """A body that fails because the dice say so."""


def moves(dice, ctx, depth):
    seen = []
    for _ in range(dice.randint(2, 7 - 2 * depth)):
        seen.append((yield from dice.choice(MOVES)(dice, ctx, depth)))  # noqa: PERF401  no comprehension may yield
    return seen


def single(make):
    """A move that is one operation."""

    def move(dice, ctx, depth):
        return (yield make(dice, ctx))

    return move


def quick(dice, ctx):
    return ctx.step(made(dice, ctx, "quick", dice.choice([None, True, 2**70, "ü€", [1, {"a": []}], "x" * 20_000])))


def flaky(dice, ctx):
    failures, retry = dice.randint(1, 2), Retry.fixed(attempts=3, delay=dice.randint(1, 9))
    return ctx.step(made(dice, ctx, "flaky", dice.random(), failures, retry=retry))


def once(dice, ctx):
    # With `interrupted` and attempts to spare, a crash delays a once step and never fails it.
    retry = Retry.fixed(attempts=1_000, delay=1, interrupted=True)
    return ctx.step(made(dice, ctx, "once", dice.random(), retry=retry, once=True))


def wait(dice, ctx):
    return ctx.wait(dice.randint(1, 100_000), name="wait")


def together(dice, ctx, depth):
    return (yield [make(dice, ctx) for make in dice.sample([quick, flaky, once, wait], 3)])


def hopeless(dice, ctx, depth):
    try:
        return (yield ctx.step(made(dice, ctx, "hopeless", None, 9, retry=Retry.fixed(attempts=2, delay=2))))
    except Planned as error:
        return f"caught {error}"


def nested(dice, ctx, depth):
    if depth == 2:
        return "deep enough"
    seen = []
    try:
        seen.append((yield from moves(dice, ctx, depth + 1)))
        yield ctx.step(made(dice, ctx, "breaks", None, 1, retry=Retry.NONE))
    except Planned as error:
        seen.append(f"caught {error}")
    finally:
        if not ctx.suspending:
            seen.append((yield quick(dice, ctx)))
    return seen


MOVES = (*map(single, (quick, quick, flaky, once, once, wait)), together, hopeless, nested)


def made(dice, ctx, name, value, failures=0, **options):
    """A step whose first attempts fail; its body, of either colour, takes a moment, so that it can be hit."""
    arn = ctx.execution.arn

    def begin():
        info = current_step()
        note(body=info.id, attempt=info.attempt, once=options.get("once", False), arn=arn)
        return info.attempt, random.random() * LINGER  # noqa: S311

    def end(attempt):
        if attempt <= failures:
            raise Planned(f"{name} attempt {attempt}")
        return value

    def body():
        attempt, moment = begin()
        time.sleep(moment)
        return end(attempt)

    async def async_body():
        attempt, moment = begin()
        await asyncio.sleep(moment)
        return end(attempt)

    return step(dice.choice([body, async_body]), name=name, **options)
