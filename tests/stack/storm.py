"""Workflows for the crash loop: a seed decides all that one does, so that every invocation does the same.

What happens is written to a file that outlives every process: which body begins, and which updates the service has
acknowledged. One line is one write, so lines of several processes never mix, and their order is the order of events.
"""

import json
import os
import random
import time

from perdure import Context, Retry, current_step, durable, step
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


@durable(client=Witness())
def workflow(event: dict, ctx: Context) -> list:
    """Everything it saw, in order."""
    return moves(random.Random(event["seed"]), ctx, depth=0)  # noqa: S311  the same for all who replay it


class Planned(Exception):
    """A body that fails because the dice say so."""


def moves(dice: random.Random, ctx: Context, depth: int) -> list:
    return [dice.choice(MOVES)(dice, ctx, depth) for _ in range(dice.randint(2, 7 - 2 * depth))]


def quick(dice, ctx, depth):
    return ctx.step(made(ctx, "quick", dice.choice([None, True, 2**70, "ü€", [1, {"a": []}], "x" * 20_000])))


def flaky(dice, ctx, depth):
    failures = dice.randint(1, 2)
    return ctx.step(
        made(ctx, "flaky", dice.random(), failures, retry=Retry.fixed(attempts=3, delay=dice.randint(1, 9)))
    )


def hopeless(dice, ctx, depth):
    try:
        return ctx.step(made(ctx, "hopeless", None, 9, retry=Retry.fixed(attempts=2, delay=2)))
    except Planned as error:
        return f"caught {error}"


def once(dice, ctx, depth):
    # With `interrupted` and attempts to spare, a crash delays a once step and never fails it.
    retry = Retry.fixed(attempts=1_000, delay=1, interrupted=True)
    return ctx.step(made(ctx, "once", dice.random(), retry=retry, once=True))


def wait(dice, ctx, depth):
    ctx.wait(dice.randint(1, 100_000), name="wait")
    return "waited"


def nested(dice, ctx, depth):
    if depth == 2:
        return "deep enough"
    seen = []
    try:
        seen.append(moves(dice, ctx, depth + 1))
        ctx.step(made(ctx, "breaks", None, 1, retry=Retry.NONE))
    except Planned as error:
        seen.append(f"caught {error}")
    finally:
        if not ctx.suspending:
            seen.append(quick(dice, ctx, depth))
    return seen


MOVES = (quick, quick, flaky, hopeless, once, once, wait, nested)


def made(ctx, name, value, failures=0, **options):
    """A step whose first attempts fail; its body takes a moment, so that it can be hit."""
    arn = ctx.execution.arn

    def body():
        info = current_step()
        note(body=info.id, attempt=info.attempt, once=options.get("once", False), arn=arn)
        time.sleep(random.random() * LINGER)  # noqa: S311
        if info.attempt <= failures:
            raise Planned(f"{name} attempt {info.attempt}")
        return value

    return step(body, name=name, **options)
