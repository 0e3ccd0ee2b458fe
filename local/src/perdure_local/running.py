"""A service that is up: its parts, put together in the order in which each needs the next, taken down in reverse."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from perdure_local.api import LambdaApi
from perdure_local.clock import RealClock, SkippingClock
from perdure_local.executions import Executions, Host
from perdure_local.functions import LATEST, Function
from perdure_local.guard import Guard
from perdure_local.http_server import HttpServer
from perdure_local.journal import Journal
from perdure_local.ledger import Change
from perdure_local.notices import LogLine, Notice, notices_of
from perdure_local.settings import ServiceSettings
from perdure_local.starts import Start
from perdure_local.store import Store
from perdure_local.workers import Pool, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from perdure_local.deliveries import Delivery
    from perdure_local.ledger import Execution

    Publish = Callable[[Notice | LogLine], None]

_Rendered = TypeVar("_Rendered")


class Running:
    """The parts of a running service, on its own event loop."""

    def __init__(self, executions: Executions, server: HttpServer, settings: ServiceSettings, publish: Publish) -> None:
        self.loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        self.executions = executions
        self.endpoint = f"http://{server.address}"
        self._settings = settings
        self._publish = publish
        self._pools: list[Pool] = []

    async def add(self, function: Function, *, take_up: bool) -> None:
        """Host a function, and take up the executions of it that were found, or leave them asleep."""
        if self.executions.hosting.find(function.name) is not None:
            raise ValueError(f"a function named {function.name!r} is hosted already")

        def on_line(delivery: Delivery | None, stream: str, text: str) -> None:
            arn = None if delivery is None else delivery.execution
            request_id = None if delivery is None else delivery.request_id
            self._publish(LogLine(function=function.name, arn=arn, request_id=request_id, stream=stream, text=text))

        shared = WorkerSettings(on_line, self._settings.time, self.endpoint, self._settings.environ)
        pool = Pool(function, shared)
        self._pools.append(pool)
        self.executions.serve(pool, take_up=take_up)

    async def start(self, function: str, payload: str, name: str | None) -> Execution:
        """Start an execution of a function's only version."""
        return await self.executions.start(Start(self.executions.hosting.get(function), LATEST, payload, name))

    async def take_up(self, arn: str) -> None:
        """Let an execution that was found go on."""
        self.executions.take_up(arn)

    async def of_function(self, name: str, render: Callable[[Execution], _Rendered]) -> list[_Rendered]:
        """Return what `render` makes of a function's executions, oldest first."""
        rendered = [render(execution) for execution in self.executions.of_function(name)]
        await self.executions.settled()
        return rendered

    async def history(self, arn: str, *, include_data: bool) -> list[dict[str, Any]]:
        """Return an execution's events."""
        events = [event.wire(include_data=include_data) for event in self.executions.find(arn).events]
        await self.executions.settled()
        return events

    async def notices(self, arn: str) -> list[Notice]:
        """Return what an execution's events tell those who watch."""
        notices = list(notices_of(Change(arn, *self.executions.find(arn).record())))
        await self.executions.settled()
        return notices

    async def close(self) -> None:
        """Stop what runs."""
        await self.executions.close()
        await asyncio.gather(*(pool.close() for pool in self._pools))


@contextlib.asynccontextmanager
async def run_service(settings: ServiceSettings, publish: Publish) -> AsyncIterator[Running]:
    """Bring a service up, and take it down at the end of the block."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(settings.store_path, durable=settings.durable)
        stack.callback(store.close)
        journal = Journal(store)
        stack.push_async_callback(journal.close)
        clock = SkippingClock(settings.time) if settings.skip_time else RealClock(settings.time)
        host = Host(journal, clock, settings.mint, publish, settings.limits)
        executions = Executions(host, store.read())
        await executions.recover()
        server = HttpServer(Guard(LambdaApi(executions)), settings.port)
        stack.push_async_callback(server.stop)
        server.start()
        running = Running(executions, server, settings, publish)
        stack.push_async_callback(running.close)
        yield running
