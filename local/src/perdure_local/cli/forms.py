"""The options that say how a function is deployed, and what they are where they are not given."""

from __future__ import annotations

import platform
import re
import sys
from typing import TYPE_CHECKING

import click

from perdure_local.cli.problems import Problem
from perdure_local.deploy import Form
from perdure_local.deploy.templates import MANAGED

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHITECTURES = ("x86_64", "arm64")
HERE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
"""The architecture of this machine, in Lambda's word."""
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def deployed_as(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--form`, `--python` and `--architecture`."""
    form = click.option(
        "--form",
        type=click.Choice([form.value for form in Form]),
        default=Form.WRAPPER.value,
        help="Where Perdure comes from: a layer beside Lambda's own Python (wrapper), a layer that brings Python"
        " (layer), or a container image. Default: wrapper.",
    )
    python = click.option("--python", metavar="X.Y", help="The function's Python. Default: this one, if Lambda has it.")
    architecture = click.option(
        "--architecture",
        type=click.Choice(ARCHITECTURES),
        default=HERE,
        help="What the function runs on. Default: this machine's.",
    )
    return form(python(architecture(command)))


def chosen_python(form: Form, given: str | None) -> str:
    """Return the function's version of Python; Lambda has its own ones for the wrapper only."""
    if given is not None and re.fullmatch(r"3\.\d+", given) is None:
        raise Problem(f"--python is a version, for example {MANAGED[0]}, not {given}.")
    if form is not Form.WRAPPER:
        return given or RUNNING
    if given is None:
        return RUNNING if RUNNING in MANAGED else MANAGED[0]
    if given not in MANAGED:
        told = f"Lambda has durable functions on its own Python {' and '.join(MANAGED)}, not {given}"
        raise Problem(f"--python: {told}. For another one: --form layer.")
    return given
