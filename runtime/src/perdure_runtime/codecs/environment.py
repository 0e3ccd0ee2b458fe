"""What codecs need of the world: randomness, packages that need not be there, clients of AWS.

Nothing is imported or opened before a payload needs it. One environment serves all functions of a process, so that they
share clients; `begin_invocation` tells it where a data key has served its time.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from perdure_runtime.codecs.sealing import Sealing

__all__ = ["LARGEST", "Environment", "is_installed"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one payload, at any point of a chain; ten times what Lambda takes of a request."""

# Any: boto3 makes the classes of its clients at run time, so there is no type to name.
Clients = Callable[[str, str | None], Any]


def is_installed(name: str) -> bool:
    """Whether a module can be imported; imports the packages above it only."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


class Environment:
    """The surroundings of all chains of a process."""

    __slots__ = ("_clients", "_lock", "_make", "has", "invocation", "largest", "random", "sealing")

    def __init__(
        self,
        clients: Clients,
        *,
        has: Callable[[str], bool] = is_installed,
        random: Callable[[int], bytes] = os.urandom,
        sealing: Callable[[bytes], Sealing] | None = None,
        largest: int = LARGEST,
    ) -> None:
        self._make = clients
        self._lock = allocate_lock()  # boto3 makes one client at a time
        self._clients: dict[tuple[str, str | None], Any] = {}
        self.has = has
        """Whether there is a module of this name."""
        self.random = random
        """So many bytes that nobody can guess."""
        self.sealing = sealing
        """What encrypts under a key, in place of AES-GCM of the package `cryptography`."""
        self.largest = largest
        self.invocation = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Environment:
        """The environment of this process; clients are boto3's, in the function's region unless told otherwise."""
        own = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None

        def make(service: str, region: str | None) -> Any:  # noqa: ANN401  see `Clients`
            from perdure_runtime.codecs.clients import boto3_client

            return boto3_client(service, region or own)

        return cls(make)

    def begin_invocation(self) -> None:
        """Another invocation begins, which makes data keys of its own."""
        self.invocation += 1

    def client(self, service: str, region: str | None) -> Any:  # noqa: ANN401  see `Clients`
        """The boto3 client of a service; made when it is first asked for."""
        key = service, region
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    def need(self, module: str, reason: str) -> None:
        """Raises `ModuleNotFoundError` where there is no `module`, which is what `reason` is for."""
        if not self.has(module):
            raise ModuleNotFoundError(f"{reason} needs the package {module}: add it to what you deploy", name=module)
