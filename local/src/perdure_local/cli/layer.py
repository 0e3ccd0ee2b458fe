"""`perdure layer`: builds the Lambda layers, and publishes them.

The builder is a part of Perdure's sources, not of what is installed, as it makes the layers from those sources: a
checkout is needed to build, not to publish.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click

from perdure_local.cli.forms import ARCHITECTURES
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.deploy import LayerRefused, PublishableLayer, publish_layer, read_layer
from perdure_local.deploy.layers import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BUILDER = Path("layer", "build.py")
"""Where the builder is in a checkout."""


def _place(name: str, metavar: str, text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return an option that names a file or folder, which has to be there."""
    return click.option(
        name, type=click.Path(path_type=Path, exists=True, resolve_path=True), metavar=metavar, help=text
    )


_DIST = click.option(
    "--dist",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    default="dist",
    metavar="FOLDER",
    help="Where the zips are. Default: dist.",
)


@click.group(no_args_is_help=True)
def layer() -> None:
    """Build the Lambda layers, and publish them."""


@layer.command()
@_DIST
@_place("--archive", "FILE", "A standalone build of Python, for the layer that brings its own.")
@click.option("--sha256", metavar="CHECKSUM", help="The checksum of --archive.")
@click.option("--architecture", type=click.Choice(ARCHITECTURES), help="What to build for. Default: this machine's.")
@_place("--wheels", "FOLDER", "Wheels to take libraries from; a must for another architecture.")
@_place("--libraries", "FOLDER", "Amazon Linux's libstdc++ and libgcc_s, where a wheel needs them.")
@click.option("--boto3", is_flag=True, help="Also build the layer that holds boto3.")
@click.option(
    "--test-only-python", is_flag=True, help="In place of --archive, take this Python: never to be published."
)
@_place("--source", "FOLDER", "A checkout of Perdure. Default: the one that this was installed from.")
@click.option("--interpreter", metavar="PROGRAM", help="The Python to build for, with what Perdure needs installed.")
@click.pass_context
def build(
    context: click.Context,
    /,
    *,
    source: Path | None,
    interpreter: str | None,
    dist: Path,
    **given: object,
) -> None:
    """Build the layers into a folder.

    The layer for Lambda's own Python is always built, that which brings Python from an --archive. Both are for the
    version of Python that builds them.
    """
    checkout = _checkout(source)
    options = list(_spelled({"dist": dist, **given}))
    command = [interpreter or sys.executable, "-m", "layer.build", *options]
    try:
        status = subprocess.run(command, cwd=checkout, check=False).returncode  # noqa: S603 - what the user asked for
    except OSError as error:
        raise Problem(f"--interpreter: {interpreter} cannot be run: {error.strerror}.") from None
    for reason in _refusals(dist):
        click.echo(f"perdure: {reason}", err=True)
    context.exit(status)


@layer.command()
@click.argument("zips", nargs=-1, type=click.Path(path_type=Path), metavar="[ZIP]...")
@click.option("--dry-run", is_flag=True, help="Show the calls, and make none.")
@click.option("--region", metavar="REGION", help="Where to. Default: what your AWS settings say.")
@_DIST
def publish(*, zips: tuple[Path, ...], dry_run: bool, region: str | None, dist: Path) -> None:
    """Publish layers to your AWS account.

    Without a ZIP, all layers of the folder are that may be published. The ARN of each new version is written to
    standard output. boto3 finds your credentials.
    """
    layers = _publishable(zips or [dist / name for name in NAMES if (dist / name).exists()], dist)
    if dry_run:
        for each in layers:
            click.echo(json.dumps({"publish_layer_version": _shown(each, region)}, indent=2))
        return
    for arn in _published(layers, region):
        click.echo(arn)


def _checkout(given: Path | None) -> Path:
    """Return the folder with the sources: the one that is named, or the one that this was installed from."""
    found = given or _installed_from()
    if found is not None and (found / BUILDER).is_file():
        return found
    if given is not None:
        raise Problem(f"--source: there is no {BUILDER} in {given}; name a checkout of Perdure.")
    raise Problem(
        "The layers are built from Perdure's sources, and this was not installed from a checkout of them, or it is"
        " gone: name one, --source FOLDER."
    )


def _installed_from() -> Path | None:
    record = importlib.metadata.distribution("perdure-local").read_text("direct_url.json")
    url = urlsplit(json.loads(record)["url"] if record else "")
    return Path(url2pathname(url.path)).parent if url.scheme == "file" else None


def _spelled(given: dict[str, object]) -> Iterator[str]:
    """Yield options as the builder reads them."""
    for name, value in given.items():
        if value:
            yield f"--{name.replace('_', '-')}"
            yield from () if value is True else (str(value),)


def _refusals(dist: Path) -> Iterator[str]:
    for path in sorted(dist.glob("*.zip")):
        try:
            read_layer(path)
        except LayerRefused as refused:
            yield str(refused)


def _publishable(zips: Sequence[Path], dist: Path) -> list[PublishableLayer]:
    """Return the layers; raises `Problem` for one that must not be published before any is."""
    if not zips:
        raise Problem(f"There is no layer in {dist} that may be published: perdure layer build makes them.")
    try:
        return [read_layer(path) for path in zips]
    except LayerRefused as refused:
        raise Problem(str(refused), FAILURE) from None


def _shown(layer: PublishableLayer, region: str | None) -> dict[str, Any]:
    content = layer.path.read_bytes()
    shown = f"{layer.path}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"
    return {"Content": {"ZipFile": shown}, **layer.arguments, **({"region": region} if region else {})}


def _published(layers: Sequence[PublishableLayer], region: str | None) -> Iterator[str]:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError:
        raise Problem("To publish, boto3 has to be installed beside perdure: pip install boto3.", FAILURE) from None
    try:
        client: Any = boto3.client("lambda", region_name=region)  # its stub is narrower than what it takes
        with closing(client):
            for each in layers:
                yield publish_layer(client, each)
    except (BotoCoreError, ClientError) as error:
        raise Problem(f"Not published: {error}", FAILURE) from None
