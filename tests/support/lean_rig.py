"""The lean client on a loopback server, with its pauses recorded instead of slept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from perdure_runtime.service.connection import Connection, open_plain
from perdure_runtime.service.credentials import Credentials, FixedCredentials
from perdure_runtime.service.endpoint import parse_endpoint
from perdure_runtime.service.lean import LeanService, Pace
from support.botocore_requests import NOW
from support.service_values import ARN

if TYPE_CHECKING:
    from perdure_runtime.service.credentials import CredentialSource
    from perdure_runtime.service.protocol import Checkpointed
    from support.loopback import Loopback

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
UPDATE = b'{"Id":"a","Type":"STEP","Action":"START"}'
TOKEN_2 = b'{"CheckpointToken":"t2","NewExecutionState":{"Operations":[{"Id":"a"}]}}'


class Rig:
    """A client, and what it did."""

    def __init__(
        self,
        server: Loopback,
        random: float = 0.5,
        attempts: int = 3,
        credentials: CredentialSource | None = None,
        read_timeout: float = 10.0,
    ) -> None:
        self.slept: list[float] = []
        self.connection = Connection(lambda: open_plain("127.0.0.1", server.port), read_timeout=read_timeout)
        self.times = iter(range(10**6))
        self.service = LeanService(
            parse_endpoint(f"http://127.0.0.1:{server.port}"),
            "eu-west-1",
            credentials or FixedCredentials(Credentials("AKID", SECRET)),
            connection=self.connection,
            agent="perdure/test",
            clock=lambda: NOW.timestamp() + next(self.times),
            pace=Pace(self._sleep, lambda: random, attempts),
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        # What is silent once is not the slowness of this machine the next time.
        self.connection._read_timeout = 10.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.service.close()

    def checkpoint(self) -> Checkpointed:
        return self.service.checkpoint(ARN, "t1", [UPDATE], "ct")
