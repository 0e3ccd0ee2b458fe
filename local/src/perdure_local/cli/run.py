"""`perdure run`: one execution, from its input to its end, with a service, a journal and workers for it alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from perdure_local.cli.companions import read_companions
from perdure_local.cli.inputs import read_input
from perdure_local.cli.leftovers import THE_ONLY_ONE
from perdure_local.cli.places import JOURNAL
from perdure_local.cli.screens import choose_screen
from perdure_local.cli.session import Order, carry_out
from perdure_local.cli.targets import check_execution_name, check_name, function_name, task_root, variables
from perdure_local.functions import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTLED = {"given": "--input", "name": "--name", "execution_timeout": "--execution-timeout"}
"""Options that are settled when an execution starts, by parameter."""


@click.command()
@click.argument("handler", metavar="MODULE.FUNCTION", required=False)
@click.option("--input", "given", metavar="JSON", help="The event: JSON, @FILE, or - for standard input. Default: {}.")
@click.option("--name", help="Name the execution; one name stands for one execution, and one input.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=THE_ONLY_ONE,
    metavar="[NAME]",
    help="Go on with what an earlier run left unfinished: the only execution there is, or that of this name or ARN.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME=MODULE.FUNCTION",
    help="Another function, durable or not, for your workflow to invoke by this name.",
)
@click.option(
    "--skip-time",
    "skips_time",
    is_flag=True,
    help="Let waits and delays between attempts pass at once, unless a callback is waited for.",
)
@click.option("--json", "as_json", is_flag=True, help="Write what happens as JSON, one object a line.")
@click.option("--quiet", is_flag=True, help="Write the result only; errors go to standard error.")
@click.option("--root", metavar="FOLDER", help="Where your modules are. Default: the current folder.")
@click.option("--journal", type=click.Path(path_type=Path), metavar="FILE", help=f"Default: {JOURNAL} under the root.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=900.0,
    metavar="SECONDS",
    help="Time one invocation may take. Default: 900.",
)
@click.option(
    "--execution-timeout",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="Time the whole execution may take. Default: what the decorator says, or no limit.",
)
@click.option(
    "--env", multiple=True, metavar="NAME[=VALUE]", help="A variable for your code; without a value, it gets yours."
)
@click.option(
    "--runtime-api",
    type=click.Choice(["socket", "native"]),
    help="How workers take invocations: by Perdure's own client, or by awslambdaric's.",
)
@click.pass_context
def run(
    context: click.Context,
    *,
    handler: str | None,
    given: str | None,
    name: str | None,
    resume: str | None,
    functions: tuple[str, ...],
    skips_time: bool,
    as_json: bool,
    quiet: bool,
    root: str | None,
    journal: Path | None,
    timeout: float,
    execution_timeout: int | None,
    env: tuple[str, ...],
    runtime_api: str | None,
) -> None:
    """Run a durable function on this machine, to its end.

    MODULE.FUNCTION is the handler, as Lambda has it: order.checkout is the function checkout in order.py. What it
    invokes by name is looked for among the durable functions of the same module, and those given with --function.

    A callback that the run waits for is completed in another terminal, by perdure callback.

    The exit status is 0 for an execution that succeeded, 1 for one that did not, 2 for a call that cannot be made.
    """
    if as_json and quiet:
        raise click.UsageError("--json and --quiet exclude each other.")
    handler, resume = _told_apart(handler, resume)
    if resume is not None:
        for option in (option for parameter, option in _SETTLED.items() if _is_given(context, parameter)):
            raise click.UsageError(f"{option} is for a new execution; one that is resumed has its own.")
    check_name(handler)
    if name is not None:
        check_execution_name(name)
    folder = task_root(root)
    given_values, inherited = variables(env)
    if runtime_api is not None:
        given_values["PERDURE_RUNTIME_API"] = runtime_api
    function = Function(
        name=function_name(handler),
        handler=handler,
        task_root=str(folder),
        env=given_values,
        inherit=inherited,
        timeout=timeout,
        execution_timeout=execution_timeout,
        log_format="JSON",
    )
    order = Order(
        function=function,
        payload=read_input(given, sys.stdin.buffer) if resume is None else "",
        name=name,
        skips_time=skips_time,
        journal=folder / JOURNAL if journal is None else journal.absolute(),
        journal_shown=JOURNAL if journal is None and root is None else str(journal or folder / JOURNAL),
        resume=resume,
        companions=read_companions(functions),
        options=tuple(_options_again(context)),
    )
    context.exit(carry_out(order, choose_screen(as_json=as_json, is_quiet=quiet, environ=os.environ), os.environ))


def _told_apart(handler: str | None, resume: str | None) -> tuple[str, str | None]:
    """Return handler and `--resume`; in `--resume order.checkout` it is the handler: no execution's name has a dot."""
    if handler is None and resume and "." in resume:
        return resume, THE_ONLY_ONE
    if handler is None:
        raise click.UsageError("Missing argument 'MODULE.FUNCTION'.")
    return handler, resume


def _is_given(context: click.Context, parameter: str) -> bool:
    return context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def _options_again(context: click.Context) -> Iterator[str]:
    """Yield the options of this call that hold for the rest of its execution, too."""
    for option in context.command.params:
        name = option.name or ""
        if not isinstance(option, click.Option) or name in {*_SETTLED, "resume"} or not _is_given(context, name):
            continue
        value = context.params[name]
        if option.is_flag:
            yield option.opts[0]
            continue
        for word in value if option.multiple else (value,):
            yield option.opts[0]
            yield _unrevealing(word) if name == "env" else str(word)


def _unrevealing(variable: str) -> str:
    # What is printed may be kept in a log; a value that the shell put in may be a secret.
    name, equals, _ = variable.partition("=")
    return f"{name}=..." if equals else name
