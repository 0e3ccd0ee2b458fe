"""The benchmark's workloads in process: one warm host, one execution after another, and what each of them costs.

The service is the benchmark's, without the wire: one execution in memory, with neither quota nor clock. What is counted
does not depend on the machine's speed, but for one thing: on how many completions of plain bodies meet in one request
the threads have a say.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from benchmarks.service import Execution

from perdure import durable
from perdure_runtime.host import Host
from perdure_runtime.service.protocol import Checkpointed, StatePage
from support.colours import SYNC
from support.hosting import LambdaContext, NoTicker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.workloads import Workload


__all__ = ["Cost", "Memory", "Warm", "workflow"]


class Cost(NamedTuple):
    """What an execution took."""

    requests: int
    reads: int
    sent: int
    """Bytes of all updates."""
    invocations: int


class Memory:
    """The engine's `Service` over the benchmark's execution."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.requests = self.reads = self.sent = 0

    def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
        self.requests += 1
        self.sent += sum(map(len, updates))
        body = b'{"CheckpointToken":%s,"Updates":[%s]}' % (orjson.dumps(token), b",".join(updates))
        answer = orjson.loads(self.execution.checkpoint(body))
        return Checkpointed(answer.get("CheckpointToken"), answer["NewExecutionState"]["Operations"])

    def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
        self.reads += 1
        page = orjson.loads(self.execution.state(token, marker, limit))
        return StatePage(page["Operations"], page.get("NextMarker"))


class Warm:
    """A process's host, and a workflow that it serves again and again."""

    def __init__(self, workflow: Any) -> None:
        tokens = itertools.count()
        self.service: Memory | None = None
        host = Host(
            lambda: self,  # one service for the engine, and one execution after another behind it
            task_root="/var/task",
            randomness=lambda: 1.0,
            client_token=lambda: f"{next(tokens):032}",
            ticker=NoTicker(),
        )
        self._prepared = host.prepare(durable(workflow))

    def checkpoint(self, *request: Any) -> Checkpointed:
        return self._behind.checkpoint(*request)

    def get_state(self, *request: Any) -> StatePage:
        return self._behind.get_state(*request)

    @property
    def _behind(self) -> Memory:
        assert self.service is not None
        return self.service

    def answer(self, execution: Execution) -> dict[str, Any]:
        """One invocation; what it answered."""
        output = self._prepared.answer(execution.invocation(), LambdaContext())
        answered: dict[str, Any] = orjson.loads(output)
        return answered

    def begin(self, workload: Workload) -> Execution:
        """An execution that is about to begin."""
        return self.serve(Execution(workload.event, inline=workload.inline, page=workload.page))

    def serve(self, execution: Execution) -> Execution:
        """Have the engine speak to this execution from now on."""
        self.service = Memory(execution)
        return execution

    def run(self, workload: Workload) -> Cost:
        """Run an execution to its end, which has to be what the workload asks for."""
        execution = self.begin(workload)
        invocations = 1
        while (answered := self.answer(execution))["Status"] == "PENDING":
            assert execution.wake(), "it waits, and for nothing"
            invocations += 1
        assert answered["Status"] == "SUCCEEDED", answered
        assert orjson.loads(execution.result or answered["Result"]) == workload.result
        assert {move: execution.moves.get(move) for move in workload.moves} == workload.moves
        service, self.service = self._behind, None
        return Cost(service.requests, service.reads, service.sent, invocations)


def workflow(colour: Callable[[Any], Any]) -> Any:
    """The benchmark's workloads in this colour, bodies and all."""
    workloads = Workloads(colour)

    @colour
    def handler(event: dict[str, Any], ctx: Any) -> Any:
        return (yield from workloads.kinds[event["w"]](event, ctx))

    return handler


class Workloads:
    """Each kind of workload as a generator, and what it hands to the engine in one colour."""

    def __init__(self, colour: Callable[[Any], Any]) -> None:
        self._colour = colour
        self._same, self._one, self._records = map(self._body, (lambda value: value, lambda: 1, made))
        # Once, not for each execution: what calls itself is a cycle.
        self._level = colour(self._deeper)
        self.kinds: dict[str, Callable[[dict[str, Any], Any], Any]] = {
            "noop": self._noop,
            "steps": self._steps,
            "replay": self._replay,
            "parallel": self._parallel,
            "map": self._map,
            "map_wait": self._map,
            "payload": self._payload,
            "nested": self._nested,
        }

    def _body(self, function: Any) -> Any:
        if self._colour is SYNC:
            return function

        async def awaited(*args: Any) -> Any:
            return function(*args)

        return awaited

    def _noop(self, event: dict[str, Any], ctx: Any) -> Any:
        yield from ()
        return {"ok": True}

    def _steps(self, event: dict[str, Any], ctx: Any) -> Any:
        total = 0
        for number in range(event["n"]):
            total += yield ctx.step("s", self._same, number)
        return total

    def _replay(self, event: dict[str, Any], ctx: Any) -> Any:
        total = yield from self._steps(event, ctx)
        yield ctx.wait(seconds=event["wait"], name="w")
        return total + (yield ctx.step("s", self._one))

    def _item(self, pause: int | None = None) -> Any:
        @self._colour
        def code(ctx: Any, number: int) -> Any:
            if pause is not None:
                yield ctx.wait(seconds=pause, name="w")
            return (yield ctx.step("s", self._same, number))

        return code

    def _parallel(self, event: dict[str, Any], ctx: Any) -> Any:
        item = self._item()
        branches = [lambda child, number=number: item(child, number) for number in range(event["n"])]
        return sum((yield ctx.parallel(branches, name="p")).values())

    def _map(self, event: dict[str, Any], ctx: Any) -> Any:
        item = self._item(event.get("wait"))
        return sum((yield ctx.map(item, range(event["n"]), name="m", concurrency=event.get("c"))).values())

    def _payload(self, event: dict[str, Any], ctx: Any) -> Any:
        total = 0
        for _ in range(event["n"]):
            total += len((yield ctx.step("s", self._records, event["kb"])))
        return total

    def _nested(self, event: dict[str, Any], ctx: Any) -> Any:
        return 1 + (yield ctx.run_in_child_context("c", self._level, event["depth"] - 1))

    def _deeper(self, ctx: Any, depth: int) -> Any:
        if depth == 0:
            return (yield ctx.step("s", self._one))
        return 1 + (yield ctx.run_in_child_context("c", self._level, depth - 1))


def made(kilobytes: int) -> list[dict[str, object]]:
    """Five records for each kilobyte, as the benchmark's are."""
    note = "The quick brown fox jumps over the lazy dog. " * 2
    return [
        {"id": number, "sku": f"SKU-{number:06d}", "price": number * 1.25, "tags": ["alpha", "beta"], "note": note}
        for number in range(5 * kilobytes)
    ]
