from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import boto3
import pytest
from botocore.stub import Stubber

from perdure_local.deploy import LayerRefused, publish_layer, read_layer

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = {
    "name": "perdure-managed",
    "version": "0.1.0",
    "description": "Perdure, for Lambda's own Python 3.13",
    "python": "3.13",
    "compatible_architectures": ["x86_64"],
    "compatible_runtimes": ["python3.13"],
    "refused": None,
    "license": "Apache-2.0",
}
ARGUMENTS = {
    "LayerName": "perdure-managed",
    "Description": "Perdure, for Lambda's own Python 3.13 (0.1.0)",
    "CompatibleRuntimes": ["python3.13"],
    "CompatibleArchitectures": ["x86_64"],
    "LicenseInfo": "Apache-2.0",
}


def written(folder: Path, place: str = "perdure/layer.json", **changes: Any) -> Path:
    path = folder / "layer.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(place, json.dumps(DESCRIPTION | changes))
    return path


@pytest.mark.parametrize("place", ["perdure/layer.json", "perdure/boto3/layer.json"])
def test_a_layer_says_itself_how_it_is_published(tmp_path: Path, place: str) -> None:
    assert read_layer(written(tmp_path, place)).arguments == ARGUMENTS


def test_a_layer_for_tests_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(LayerRefused, match=r"^layer\.zip is not to be published\. For tests only\.$"):
        read_layer(written(tmp_path, refused="For tests only."))


def test_what_is_no_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerRefused, match=r"there is no perdure/layer\.json in it"):
        read_layer(written(tmp_path, "other.json"))
    with pytest.raises(LayerRefused, match=r"gone\.zip cannot be read"):
        read_layer(tmp_path / "gone.zip")
    (tmp_path / "text.zip").write_text("text", "utf-8")
    with pytest.raises(LayerRefused, match=r"text\.zip cannot be read"):
        read_layer(tmp_path / "text.zip")


@pytest.mark.slow
def test_publishing_answers_the_new_version(tmp_path: Path) -> None:
    path = written(tmp_path)
    client: Any = boto3.client("lambda", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:perdure-managed:1"
    with Stubber(client) as service:  # it holds the call to the service's own model
        expected = ARGUMENTS | {"Content": {"ZipFile": path.read_bytes()}}
        service.add_response("publish_layer_version", {"LayerVersionArn": arn}, expected)
        assert publish_layer(client, read_layer(path)) == arn
    client.close()
