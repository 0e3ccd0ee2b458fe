"""The whole stack for tests, nothing of it replaced.

boto3, the local service over HTTP with a journal on disk, the Runtime API, workers in processes of their own, the
engine and its client.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from perdure_local import History, LocalService
from perdure_local.watching import describe
from support.local_service import lambda_client
from support.processes import left_behind, new_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

TASK_ROOT = Path(__file__).parent.parent / "stack"
"""Where the handlers are that tests of the stack run."""
COLOURS = ("sync", "async")
"""There are `handlers_<colour>` of each, with the same names and the same histories."""
PATIENCE = 60.0


class Ran(NamedTuple):
    """What became of an execution."""

    arn: str
    result: Any
    """The result as JSON gives it; for an execution that failed, what `Invoke` answers for a function error."""
    failed: bool
    events: list[dict[str, Any]]

    @property
    def story(self) -> list[str]:
        """The whole history, one line for each event."""
        return story(self.events)


def story(events: list[dict[str, Any]]) -> list[str]:
    """A history as one line for each event."""
    return [describe(event) for event in events]


def has(kind: str, name: str | None = None) -> Callable[[Sequence[dict[str, Any]]], bool]:
    """For `History.wait_for`: an event of this type, of the operation of this name."""
    return lambda events: any(event["EventType"] == kind and event.get("Name") == name for event in events)


class Bodies:
    """The file in which the handlers of `tests/stack` write down which bodies ran."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.environ = {"TEST_BODIES": str(path)}

    def ran(self) -> list[str]:
        """What was written, in order."""
        return [line.rpartition(" ")[0] for line in self._lines()]

    def pids(self) -> list[int]:
        """The processes that wrote it."""
        return [int(line.rpartition(" ")[2]) for line in self._lines()]

    def await_lines(self, number: int) -> None:
        """Wait until so many bodies have begun."""
        end = time.monotonic() + PATIENCE
        while len(self._lines()) < number:
            assert time.monotonic() < end, f"{self.ran()} is all that ran"
            time.sleep(0.005)

    def _lines(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.exists() else []


class Stack:
    """A service with a journal in `folder`, and a boto3 client of it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.mark = new_mark()
        self.bodies = Bodies(folder / "bodies")
        settings = {"skip_time": True, "durable": False, "environ": os.environ, **options}
        self.service = LocalService(folder / "journal.db", **settings)
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.service.open()
        self.client = self._resources.enter_context(lambda_client(self.service.endpoint))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._resources.close()
        self.service.close()
        assert left_behind(self.mark) == [], "workers outlived their service"

    def host(self, name: str, handler: str, *, env: dict[str, str] | None = None, **options: Any) -> None:
        """Host a handler of `tests/stack`, or of another task root, as a function."""
        variables = {**self.mark, **self.bodies.environ, **(env or {})}
        options = {"task_root": TASK_ROOT, "workers": 1, **options}
        self.service.add_function(name, handler, env=variables, **options)

    def start(self, name: str, event: object = None) -> History:
        """Start an execution for nobody who waits."""
        payload = json.dumps({} if event is None else event)
        answer = self.client.invoke(FunctionName=f"{name}:$LATEST", InvocationType="Event", Payload=payload)
        return self.history(answer["DurableExecutionArn"])

    def history(self, arn: str) -> History:
        """The history of an execution."""
        return History(self.client, arn)

    def callback_id(self, history: History, name: str | None = None) -> str:
        """The id of an execution's callback of this name; waits until there is one."""
        started = has("CallbackStarted", name)
        events = history.wait_for(started, PATIENCE)
        found = next(event for event in events if started([event]))
        return str(found["CallbackStartedDetails"]["CallbackId"])

    def run(self, name: str, event: object = None) -> Ran:
        """Invoke a function and wait for the end of its execution."""
        payload = json.dumps({} if event is None else event)
        answer = self.client.invoke(FunctionName=f"{name}:$LATEST", Payload=payload)
        result = json.loads(answer["Payload"].read())
        arn = answer["DurableExecutionArn"]
        events = self.history(arn).wait_for_end(PATIENCE)
        return Ran(arn, result, "FunctionError" in answer, events)

    def ran(self) -> list[str]:
        """The bodies that ran, in order, as their handlers wrote them down."""
        return self.bodies.ran()

    def pids(self) -> list[int]:
        """The processes that those bodies ran in."""
        return self.bodies.pids()
