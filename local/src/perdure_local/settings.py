"""What a service is started with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from perdure_local.ledger import Limits


class ServiceSettings(NamedTuple):
    """See `LocalService`."""

    store_path: str | Path
    skip_time: bool
    durable: bool
    port: int
    limits: Limits
    environ: Mapping[str, str]
    time: Callable[[], float]
    mint: Callable[[], str]
