"""The function that a chained invoke names, as far as its text tells (PROTOCOL 4.4, 5.6).

Whether there is such a function is not known here: the checkpoint is handed a `Resolve` that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger.faults import invalid, missing

if TYPE_CHECKING:
    from perdure_local.ledger.update import InvokeOptions


class Target(NamedTuple):
    """A function as an invoke names it; account and region are the caller's own."""

    text: str
    name: str
    qualifier: str | None
    tenant_id: str | None


class Resolved(NamedTuple):
    """What a target turned out to be."""

    version: str
    execution_arn: str | None = None
    """The ARN that the execution of a durable function will have; None for a function that is not durable."""


Resolve = Callable[[Target], Resolved]
"""Says what a target is; raises a `Fault` for one that does not exist, which fails the invoke at once.

It is asked while a batch is being recorded, so it changes nothing: what it minted may never be used.
"""


def nowhere(target: Target) -> Resolved:
    """The `Resolve` of a service without functions."""
    raise missing(f"Function not found: {target.text}")


_TEXT = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9\-_.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9\-_]+))?"
)
_LONGEST = 256
_TENANT = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")


def read_target(options: InvokeOptions, caller: str) -> Target:
    """Read the target of an invoke by the function whose ARN is `caller`."""
    text = options.function
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise invalid(f"Invalid function ARN '{text}'")
    _, _, _, region, account, *_ = caller.split(":")
    if match["account"] not in {None, account}:
        raise invalid("Cannot start a CHAINED_INVOKE on a function in another account.")
    if match["region"] not in {None, region}:
        raise invalid("Cannot start a CHAINED_INVOKE on a function in another region.")
    if options.tenant_id is not None and _TENANT.fullmatch(options.tenant_id) is None:
        raise invalid("TenantId must be 1 to 256 characters matching [a-zA-Z0-9._:/=+-@ ].")
    return Target(text, match["name"], match["qualifier"], options.tenant_id)
