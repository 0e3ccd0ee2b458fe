"""Where Lambda's APIs for runtimes and extensions are: one `host:port`, spoken to directly, never through a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.service.connection import CONNECT_TIMEOUT, open_plain

if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

__all__ = ["opener"]


def opener(address: str, timeout: float = CONNECT_TIMEOUT) -> Callable[[], _socket.socket]:
    """What opens a connection to `address`; raises ValueError where that is no address."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"the Runtime API's address is host:port, not {address!r}")
    return lambda: open_plain(host.strip("[]"), int(port), timeout)
