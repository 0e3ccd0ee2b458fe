"""Functions by name, and the ways a caller may address one (PROTOCOL 9.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger.faults import Fault, invalid, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"
REGION = "us-east-1"
LATEST = "$LATEST"

UNQUALIFIED = "You cannot invoke a durable function using an unqualified ARN."

_NAME = re.compile(r"[a-zA-Z0-9_\-]{1,64}")
_ADDRESS = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_\-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_\-]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function this service hosts."""

    name: str
    handler: str
    """As Lambda's `_HANDLER`: `module.function`."""
    task_root: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    inherit: tuple[str, ...] = ()
    """Names of variables that its workers take over from the service's own environment."""
    timeout: float = 900.0
    """Seconds one invocation may take."""
    execution_timeout: int | None = None
    """Seconds an execution may take; None for no limit."""
    retention_days: int = 14
    is_durable: bool = True
    aliases: frozenset[str] = frozenset()
    """Names that stand for $LATEST, the only version there is."""
    memory: int = 1769
    log_format: str | None = None
    workers: int = 8
    """Invocations that may run at the same time, each in a process of its own."""
    command: tuple[str, ...] | None = None
    """How to start a worker; None for this interpreter's `perdure_bootstrap`."""

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"a function's name is 1 to 64 of [a-zA-Z0-9-_], not {self.name!r}")
        from perdure_local.worker_environment import OURS  # late: it is made of this module's facts

        if reserved := sorted({*self.env, *self.inherit} & OURS.keys()):
            raise ValueError(
                f"the function {self.name}: {', '.join(reserved)} cannot be chosen, the service sets it for every"
                " worker; leave it out of env and inherit"
            )

    @property
    def arn(self) -> str:
        """The unqualified ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def resolve(self, qualifier: str) -> str:
        """Return the version a qualifier stands for."""
        if qualifier == LATEST or qualifier in self.aliases:
            return LATEST
        raise missing(f"Function not found: {self.arn}:{qualifier}")


class Address(NamedTuple):
    """A function as a caller names it."""

    name: str
    qualifier: str | None


def read_address(text: str, qualifier: str | None = None) -> Address:
    """Read `name`, `name:qualifier`, a partial or a full ARN, beside the `Qualifier` parameter."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid function name: {text}")
    for part, ours in (("account", ACCOUNT), ("region", REGION)):
        if match[part] not in {None, ours}:
            raise Fault("ResourceNotFoundException", f"Function not found: {text} ({part} here is {ours})")
    if match["qualifier"] and qualifier and match["qualifier"] != qualifier:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    return Address(match["name"], match["qualifier"] or qualifier or None)
