"""A layer's zip, and what it says of itself: the builder leaves a `layer.json` in it with all that publishing takes."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DESCRIPTIONS = ("perdure/layer.json", "perdure/boto3/layer.json")
"""Where a layer of either kind describes itself."""
NAMES = ("perdure.zip", "perdure-managed.zip", "perdure-boto3.zip")
"""What the builder calls layers that may be published."""


class Publisher(Protocol):
    """A boto3 Lambda client, as far as it is needed here."""

    def publish_layer_version(self, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's
        """Make a new version of a layer."""
        ...


class LayerRefused(Exception):
    """A file is no layer, or not one to be published."""


@dataclass(frozen=True, slots=True)
class PublishableLayer:
    """A layer that may be published."""

    path: Path
    description: dict[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `publish_layer_version`, but for the content."""
        found = self.description
        return {
            "LayerName": found["name"],
            "Description": f"{found['description']} ({found['version']})",
            "CompatibleRuntimes": list(found["compatible_runtimes"]),
            "CompatibleArchitectures": list(found["compatible_architectures"]),
            "LicenseInfo": found["license"],
        }


def read_layer(path: Path) -> PublishableLayer:
    """Read what a zip says of itself; raises `LayerRefused` for one that is not to be published."""
    description = _describe(path)
    if description["refused"]:
        raise LayerRefused(f"{path.name} is not to be published. {description['refused']}")
    return PublishableLayer(path, description)


def publish_layer(client: Publisher, layer: PublishableLayer) -> str:
    """Publish a layer, and return the ARN of its new version."""
    answer = client.publish_layer_version(Content={"ZipFile": layer.path.read_bytes()}, **layer.arguments)
    return str(answer["LayerVersionArn"])


def _describe(path: Path) -> dict[str, Any]:
    """Return a layer's description; raises `LayerRefused` for a file that is no layer."""
    try:
        with zipfile.ZipFile(path) as archive:
            places = [place for place in DESCRIPTIONS if place in archive.namelist()]
            found: dict[str, Any] | None = json.loads(archive.read(places[0])) if places else None
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise LayerRefused(f"{path} cannot be read: {error}.") from None
    if found is None:
        raise LayerRefused(f"{path} is not a layer of Perdure's: there is no {DESCRIPTIONS[0]} in it.")
    return found
