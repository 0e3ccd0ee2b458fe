"""The workloads on AWS's own SDK for Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration, MapConfig
from payloads import records


def giving(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def noop(event: dict[str, Any], context: DurableContext) -> Any:
    return {"ok": True}


def steps(event: dict[str, Any], context: DurableContext) -> Any:
    total = 0
    for number in range(event["n"]):
        total += context.step(giving(number), name="s")
    return total


def lazy(event: dict[str, Any], context: DurableContext) -> Any:
    return steps(event, context) + context.step(giving(1), name="s")  # ordinary ones: it has no others


def log(event: dict[str, Any], context: DurableContext) -> Any:
    context.logger.warning("hello")
    return steps(event, context)


def replay(event: dict[str, Any], context: DurableContext) -> Any:
    total = steps(event, context)
    context.wait(Duration.from_seconds(event["wait"]), name="w")
    return total + context.step(giving(1), name="s")


def suspend(event: dict[str, Any], context: DurableContext) -> Any:
    total = 0
    for _ in range(event["n"]):
        context.wait(Duration.from_seconds(event["wait"]), name="w")
        total += context.step(giving(1), name="s")
    return total


def parallel(event: dict[str, Any], context: DurableContext) -> Any:
    def branch(number: int) -> Callable[[DurableContext], Any]:
        return lambda child: child.step(giving(number), name="s")

    return sum(context.parallel([branch(number) for number in range(event["n"])], name="p").get_results())


def mapped(event: dict[str, Any], context: DurableContext, item: Callable[[DurableContext, int], Any]) -> Any:
    def called(child: DurableContext, number: int, index: int, items: Any) -> Any:
        return item(child, number)

    config: MapConfig[Any] = MapConfig(max_concurrency=event.get("c"))
    return sum(context.map(list(range(event["n"])), called, name="m", config=config).get_results())


def map_(event: dict[str, Any], context: DurableContext) -> Any:
    return mapped(event, context, lambda child, number: child.step(giving(number), name="s"))


def map_wait(event: dict[str, Any], context: DurableContext) -> Any:
    pause = Duration.from_seconds(event["wait"])

    def waiting(child: DurableContext, number: int) -> Any:
        child.wait(pause, name="w")
        return child.step(giving(number), name="s")

    return mapped(event, context, waiting)


def block(event: dict[str, Any], context: DurableContext) -> Any:
    def sleeping(number: int) -> Callable[[Any], int]:
        def body(_: Any) -> int:
            time.sleep(event["ms"] / 1000)
            return number

        return body

    return mapped(event, context, lambda child, number: child.step(sleeping(number), name="s"))


def payload(event: dict[str, Any], context: DurableContext) -> Any:
    return sum(len(context.step(lambda _: records(event["kb"]), name="s")) for _ in range(event["n"]))


def nested(event: dict[str, Any], context: DurableContext) -> Any:
    def level(depth: int) -> Callable[[DurableContext], Any]:
        if depth == 0:
            return lambda child: child.step(giving(1), name="s")
        return lambda child: 1 + child.run_in_child_context(level(depth - 1), name="c")

    return level(event["depth"])(context)


WORKLOADS = {
    "noop": noop,
    "steps": steps,
    "lazy": lazy,
    "log": log,
    "replay": replay,
    "parallel": parallel,
    "map": map_,
    "map_wait": map_wait,
    "payload": payload,
    "nested": nested,
    "suspend": suspend,
    "block": block,
}


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> Any:
    return WORKLOADS[event["w"]](event, context)
