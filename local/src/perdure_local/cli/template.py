"""`perdure template`: the SAM template of a durable function."""

from __future__ import annotations

import os
from pathlib import Path

import click

from perdure_local.cli.forms import chosen_python, deployed_as
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.cli.targets import Look, check_name, check_target, function_name, task_root, variables
from perdure_local.deploy import ADDRESS, Deployment, Form, find_invokes, template
from perdure_local.functions import Function


@click.command("template")
@click.argument("handler", metavar="MODULE.FUNCTION")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it.")
@deployed_as
@click.option(
    "--layer", metavar="FILE|ARN", help="The layer: a zip, or one that is published. Default: the form's own."
)
@click.option("--invokes", multiple=True, metavar="NAME", help="A function that your workflow invokes.")
@click.option("--root", metavar="FOLDER", help="Where your modules are. Default: the current folder.")
@click.option("--env", multiple=True, metavar="NAME[=VALUE]", help="A variable that your module needs to be imported.")
def command(
    *,
    handler: str,
    output: Path | None,
    form: str,
    python: str | None,
    architecture: str,
    layer: str | None,
    invokes: tuple[str, ...],
    root: str | None,
    env: tuple[str, ...],
) -> None:
    """Write the SAM template of a durable function.

    MODULE.FUNCTION is the handler, as Lambda has it. How long its executions may take and are kept is what the
    decorator's timeout and retention say. What the workflow may invoke is what its code names.
    """
    check_name(handler)
    if layer and form == Form.IMAGE:
        raise click.UsageError("--layer is not for an image, which has its layer inside.")
    version = chosen_python(Form(form), python)
    for target in invokes:
        if ADDRESS.fullmatch(target) is None:
            raise Problem(f"--invokes is a function's name, name:qualifier, or ARN, not {target!r}.")
    folder = task_root(root)
    given, inherited = variables(env)
    name = function_name(handler)
    function = Function(name=name, handler=handler, task_root=str(folder), env=given, inherit=inherited)
    found = check_target(function, os.environ)
    known, unknown = _invoked(found, folder)
    text = template(
        Deployment(
            handler=handler,
            form=Form(form),
            python=version,
            architecture=architecture,
            code=_seen_from(output, folder),
            layer=layer,
            timeout=found.terms.timeout,
            retention=found.terms.retention,
            invokes=tuple(sorted({*known, *invokes})),
        )
    )
    if unknown and not invokes:
        click.echo(
            f"perdure: {', '.join(unknown)}: what is invoked is not a text here; name it: --invokes NAME", err=True
        )
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


def _invoked(found: Look, folder: Path) -> tuple[set[str], list[str]]:
    """Return what the workflow's modules invoke, and the places where they do not say it."""
    names: set[str] = set()
    places: list[str] = []
    for source in map(Path, found.sources):
        invokes = find_invokes(source.read_bytes())
        names |= invokes.names
        places += [f"{os.path.relpath(source, folder)}:{line}" for line in invokes.unknown]
    return names, places


def _seen_from(output: Path | None, folder: Path) -> str:
    """Return the code's folder as a template names it."""
    start = Path.cwd() if output is None else output.absolute().parent
    seen = os.path.relpath(folder, start)
    return "./" if seen == "." else f"{seen}/"


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise Problem(f"--output: {output} cannot be written: {error.strerror}.", FAILURE) from None
