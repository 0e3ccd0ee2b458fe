"""Workflows as data: trees of nodes, of which each stands for a durable operation or for code around some.

What becomes of every operation is fixed by its node and the attempt alone, and so is what the world outside does, which
is read from the tree as well. So a run without crashes tells what any run must come to; but where branches race, which
of them wins may depend on when things happen, and then a run is only held against itself.

`shape_workflows` runs a shape as a handler of either colour, `shape_runs` drives it to its end against a ledger and
watches the requests, and `shape_strategies` draws shapes at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from perdure import BatchDecision, BatchProgress, Completion
from perdure_local.ledger import ErrorObject
from support.outsiders import Reply

PAYLOAD = 140_000
"""Characters of which two make a result too large to be recorded, and one does not."""


@dataclass(frozen=True)
class Step:
    name: str
    value: Any
    failures: int = 0
    """Attempts that fail before one succeeds."""
    attempts: int = 3
    once: bool = False
    interrupted: bool = False
    coroutine: bool = False
    takes: int = 0
    """Seconds of the ledger's time that the body lets pass."""
    lazy: bool = False
    drifts: bool = False
    """Whether each run of the body comes to another value; only where it is lazy."""


@dataclass(frozen=True)
class Wait:
    seconds: int
    name: str | None = None


@dataclass(frozen=True)
class Try:
    """Runs `body`; where it fails, runs `rescue` instead."""

    body: Nodes
    rescue: Nodes
    finally_: Nodes = ()


@dataclass(frozen=True)
class Repeat:
    times: int
    body: Nodes


@dataclass(frozen=True)
class Child:
    name: str
    body: Nodes
    virtual: bool = False
    renames_failures: bool = False
    """Whether it has an `on_error`."""
    large: bool = False


@dataclass(frozen=True)
class Parallel:
    branches: tuple[Nodes | Step, ...]
    completion: Completion = Completion.ALL_COMPLETED
    concurrency: int | None = None
    flat: bool = False
    named: bool = False
    virtual: bool = False
    """Whether each branch is a virtual child."""
    large: bool = False
    strict: bool = False
    """Whether `values()` is asked for."""


@dataclass(frozen=True)
class Map:
    items: tuple[int, ...]
    body: Nodes | Step
    completion: Completion = Completion.ALL_COMPLETED
    concurrency: int | None = None
    flat: bool = False
    named: bool = False
    large: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Together:
    """A combinator: gather, race, first_success or settle."""

    how: str
    branches: tuple[Nodes, ...]


@dataclass(frozen=True)
class Operations:
    """Operations that are asked for first and awaited together: in an async workflow only."""

    how: str
    """asyncio.gather, or a combinator."""
    operations: Nodes
    """Leaves, without callbacks: each is one call."""


@dataclass(frozen=True)
class Callback:
    """Created, then `body` runs, then its result is waited for."""

    how: str
    """ok, fail, timeout or silence: the last is a heartbeat that does not come."""
    after: int = 0
    body: Nodes = ()

    @property
    def key(self) -> str:
        return f"callback {self.how} {self.after}"


@dataclass(frozen=True)
class WaitForCallback:
    how: str
    after: int = 0
    failures: int = 0
    """Attempts of the submitter that fail; it has two."""

    @property
    def key(self) -> str:
        return f"human {self.how} {self.after}"


@dataclass(frozen=True)
class Invoke:
    how: str
    """ok or fail."""
    after: int = 0

    @property
    def key(self) -> str:
        return f"function-{self.how}-{self.after}"


@dataclass(frozen=True)
class Condition:
    how: str
    """met, raises, exhausted, or judged: met by the word of a poll function."""
    polls: int = 1
    coroutine: bool = False


@dataclass(frozen=True)
class WithRetry:
    name: str
    body: Nodes
    failures: int = 0
    attempts: int = 3


Node = (
    Step
    | Wait
    | Try
    | Repeat
    | Child
    | Parallel
    | Map
    | Together
    | Operations
    | Callback
    | WaitForCallback
    | Invoke
    | Condition
    | WithRetry
)
Nodes = tuple[Node, ...]


# Policies of the user's own; functions of what they are told alone


def enough(progress: BatchProgress) -> BatchDecision:
    """Two successes are a success; two failures are a failure."""
    if progress.succeeded > 1:
        return BatchDecision.SUCCEED
    return BatchDecision.FAIL if progress.failed > 1 else BatchDecision.CONTINUE


def at_once(progress: BatchProgress) -> bool:
    """Over as soon as anything is."""
    return progress.succeeded + progress.failed > 0


# What is told about a tree


def within(nodes: Any) -> Iterator[Node]:
    """Every node of a shape."""
    if isinstance(nodes, tuple):
        for node in nodes:
            yield from within(node)
    elif is_dataclass(nodes) and isinstance(nodes, Node):
        yield nodes
        for field in fields(nodes):
            yield from within(getattr(nodes, field.name))


def changed(nodes: Any, change: Callable[[Node], Node]) -> Any:
    """The shape with `change` made to every node of it, the inner ones first."""
    if isinstance(nodes, tuple):
        return tuple(changed(node, change) for node in nodes)
    if not isinstance(nodes, Node):
        return nodes
    inner = {field.name: changed(getattr(nodes, field.name), change) for field in fields(nodes)}
    return change(replace(nodes, **inner))


def answers_for(shape: Nodes) -> dict[str, Reply]:
    """What the world outside says to the callbacks and invokes of a shape; to some it says nothing."""
    return {
        node.key: _reply(node)
        for node in within(shape)
        if isinstance(node, (Callback, WaitForCallback, Invoke)) and node.how in {"ok", "fail"}
    }


def _reply(node: Callback | WaitForCallback | Invoke) -> Reply:
    if node.how == "ok":
        return Reply(json.dumps({"answer": node.after}), after=node.after)
    return Reply(error=ErrorObject(ErrorType="Refused", ErrorMessage=f"no, after {node.after}"), after=node.after)
