"""What earlier runs left in the journal, and which of it `--resume` means."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perdure_local.cli import wording
from perdure_local.cli.problems import Problem
from perdure_local.ledger import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perdure_local.service import Summary

THE_ONLY_ONE = ""
"""What `--resume` is when it names none."""
_MOST = 20
"""Executions that are listed, the latest."""


def choose(wanted: str, known: Sequence[Summary], handler: str, journal: str) -> Summary:
    """Return the execution that is meant; raises `Problem` when it is none, or could be several.

    `wanted` is its name or ARN, or how one of them begins; `known` are all of the handler's, oldest first.
    """
    unfinished = [one for one in known if one.status is ExecutionStatus.RUNNING]
    if wanted == THE_ONLY_ONE:
        found, fact = unfinished, f"{handler} has no unfinished execution in {journal}"
    else:
        found, fact = _named(wanted, known), f"{handler} has no execution {wanted} in {journal}"
    if len(found) == 1:
        return found[0]
    if found:
        those = f"that begin with {wanted}" if wanted else "that are unfinished"
        raise Problem("\n".join([f"{handler} has {len(found)} executions {those}; --resume one:", *_listed(found)]))
    if wanted and unfinished:
        raise Problem("\n".join([f"{fact}. Unfinished are:", *_listed(unfinished)]))
    if not wanted and known:
        raise Problem(f"{fact}. The last one {known[-1].status}; --resume {known[-1].name} shows how it ended.")
    raise Problem(f"{fact}.")


def resume_line(handler: str, arn: str, options: Sequence[str]) -> str:
    """Return what to type to go on with an execution; `options` are those to be given again."""
    name = arn.split("/")[-2]
    return shlex.join(["perdure", "run", handler, "--resume", name, *options])


def _named(wanted: str, known: Sequence[Summary]) -> list[Summary]:
    exact = [one for one in known if wanted in {one.name, one.arn}]
    return exact or [one for one in known if one.name.startswith(wanted) or one.arn.startswith(wanted)]


def _listed(executions: Sequence[Summary]) -> Iterator[str]:
    width = max(len(one.name) for one in executions)
    for one in executions[-_MOST:]:
        started = datetime.fromtimestamp(one.started_at, UTC).astimezone()
        invocations = wording.counted(one.invocations, "invocation")
        status = "" if one.status is ExecutionStatus.RUNNING else f", {one.status}"
        yield f"    {one.name:{width}}  started {started:%Y-%m-%d %H:%M:%S}, {invocations}{status}"
    if len(executions) > _MOST:
        yield f"    and {len(executions) - _MOST} earlier ones"
