"""`perdure callback`: answers a callback of a run that waits for it, from another terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from perdure_local.cli import wording
from perdure_local.cli.errands import Errands
from perdure_local.cli.inputs import read_text
from perdure_local.cli.places import JOURNAL
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.cli.whereabouts import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CALLBACKS = ("2025-12-01", "durable-execution-callbacks")
_SHORT_ID = 8
_NAMING = ("CallbackId", "OperationId", "Name", "ParentName")
"""Members of a callback that it may be called by."""


def _place(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the service is."""
    journal = click.option(
        "--journal",
        type=click.Path(path_type=Path),
        default=JOURNAL,
        metavar="FILE",
        help=f"The journal of the run. Default: {JOURNAL}.",
    )
    endpoint = click.option("--endpoint", metavar="URL", help="The address of a service, in place of --journal.")
    return journal(endpoint(command))


_VERBATIM = {"ignore_unknown_options": True}
"""For commands with an argument that may begin with a hyphen, as -5 does."""
_WHICH = click.argument("wanted", metavar="ID")


@click.group(no_args_is_help=True)
def callback() -> None:
    """Complete a callback of a run that waits for it.

    ID is the callback's id, or how the id of its operation begins, as perdure run shows it, or the operation's name.
    """


@callback.command("list")
@_place
def list_callbacks(*, journal: Path, endpoint: str | None) -> None:
    """Show the callbacks that wait."""
    waiting = _errands(journal, endpoint).callbacks()
    if not waiting:
        click.echo("No callback waits.")
    for line in _listed(waiting):
        click.echo(line)


@callback.command(context_settings=_VERBATIM)
@_WHICH
@click.argument("payload", required=False)
@_place
def succeed(*, wanted: str, payload: str | None, journal: Path, endpoint: str | None) -> None:
    """Complete a callback with PAYLOAD.

    PAYLOAD is the text to send, @FILE, or - for standard input; without one, the workflow gets None. A workflow that
    says which type it wants is sent JSON: perdure callback succeed ID '{"approved": true}'
    """
    text = "" if payload is None else read_text(payload, "PAYLOAD", sys.stdin.buffer)
    _answer(_errands(journal, endpoint), wanted, "succeed", text.encode(), "succeeded")


@callback.command(context_settings=_VERBATIM)
@_WHICH
@click.argument("message", required=False)
@click.option("--type", "kind", metavar="NAME", help="The error's type.")
@click.option("--data", metavar="TEXT", help="What else there is to say, for the workflow to read.")
@_place
def fail(
    *, wanted: str, message: str | None, kind: str | None, data: str | None, journal: Path, endpoint: str | None
) -> None:
    """Fail a callback, with MESSAGE for its error."""
    members = {"ErrorMessage": message, "ErrorType": kind, "ErrorData": data}
    error = {member: value for member, value in members.items() if value is not None}
    _answer(_errands(journal, endpoint), wanted, "fail", orjson.dumps(error), "failed")


@callback.command()
@_WHICH
@_place
def heartbeat(*, wanted: str, journal: Path, endpoint: str | None) -> None:
    """Tell that whoever is to complete a callback is alive."""
    _answer(_errands(journal, endpoint), wanted, "heartbeat", b"", "goes on waiting")


def _errands(journal: Path, endpoint: str | None) -> Errands:
    found = endpoint or find(journal)
    if found is None:
        text = f"No run is under way with the journal {journal}"
        raise Problem(f"{text}; --journal names another, --endpoint the address of a service.")
    return Errands(found)


def _answer(errands: Errands, wanted: str, verb: str, body: bytes, outcome: str) -> None:
    found = _choose(wanted, errands.callbacks())
    errands.ask("POST", *_CALLBACKS, wanted if found is None else found["CallbackId"], verb, body=body)
    click.echo(f"{wanted if found is None else _called(found)} {outcome}.")


def _choose(wanted: str, waiting: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the callback that is meant; None for an id that the service is to judge."""
    exact = [one for one in waiting if wanted in {one.get(member) for member in _NAMING}]
    found = exact or [one for one in waiting if one["OperationId"].startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Problem("\n".join([f"{len(found)} callbacks are meant by {wanted}:", *_listed(found)]))
    if _may_be_an_id(wanted):
        return None
    others = ["These wait:", *_listed(waiting)] if waiting else ["None waits."]
    raise Problem("\n".join([f"No callback that waits is {wanted}.", *others]), FAILURE)


def _may_be_an_id(wanted: str) -> bool:
    return len(wanted) > 64  # noqa: PLR2004 - an operation's id is no longer, and no callback's id as short


def _called(one: dict[str, Any]) -> str:
    return wording.one_line(one.get("ParentName") or one.get("Name") or one["OperationId"][:_SHORT_ID])


def _listed(waiting: Sequence[dict[str, Any]]) -> list[str]:
    width = max((len(_called(one)) for one in waiting), default=0)
    return [
        f"    {one['OperationId'][:_SHORT_ID]}  {_called(one):{width}}  "
        f"of {one['DurableExecutionArn'].split('/')[-2]}{_end(one)}"
        for one in waiting
    ]


def _end(one: dict[str, Any]) -> str:
    return f", {wording.duration(one['SecondsLeft'])} left" if "SecondsLeft" in one else ""
