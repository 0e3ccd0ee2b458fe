"""The functions that a service hosts, and what is handed to their workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.deliveries import Delivery, Ending, trace_id
from perdure_local.functions import ACCOUNT, REGION, Function
from perdure_local.ledger.faults import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_local.workers import Pool


class Hosting:
    """Functions by name, each with its workers."""

    def __init__(self, mint: Callable[[], str]) -> None:
        self._mint = mint
        self._pools: dict[str, Pool] = {}

    def add(self, pool: Pool) -> None:
        """Host a function."""
        self._pools[pool.function.name] = pool

    def pool(self, name: str) -> Pool | None:
        """Return the workers of a function, or None."""
        return self._pools.get(name)

    def find(self, name: str) -> Function | None:
        """Return a hosted function, or None."""
        pool = self._pools.get(name)
        return None if pool is None else pool.function

    def get(self, name: str) -> Function:
        """Return a hosted function; raises the fault of one that is not there."""
        function = self.find(name)
        if function is None:
            raise missing(f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
        return function

    async def call(self, function: Function, payload: str, tenant_id: str | None = None) -> Ending:
        """Run one invocation of a function that is not durable."""
        pool = self._pools[function.name]
        worker = await pool.acquire()
        try:
            delivery = self.delivery(function.arn, payload.encode(), self._mint())
            return await worker.run(replace(delivery, tenant_id=tenant_id))
        finally:
            pool.release(worker)

    def delivery(self, function_arn: str, body: bytes, request_id: str) -> Delivery:
        """Make what a worker is handed."""
        return Delivery(
            request_id=request_id,
            invocation_id=self._mint(),
            body=body,
            function_arn=function_arn,
            trace_id=trace_id(self._mint()),
        )
