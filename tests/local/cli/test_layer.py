"""`perdure layer`: what it hands to the builder, and what it sends to AWS."""

from __future__ import annotations

import base64
import itertools
import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from perdure_local.cli import layer
from perdure_local.cli.entry import commands
from perdure_local.cli.problems import Problem
from support.command import perdure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
OWN = {"--help", "-h", "--source", "--interpreter"}
"""Options that are not the builder's."""
BUILDER = """
import json, sys
from pathlib import Path
Path("called.json").write_text(json.dumps(sys.argv[1:]))
print("built")
sys.exit(3 if "--boto3" in sys.argv else 0)
"""
DESCRIPTION = {
    "name": "perdure",
    "version": "0.1.0",
    "description": "Perdure and Python 3.13",
    "compatible_architectures": ["arm64"],
    "compatible_runtimes": ["provided.al2023"],
    "refused": None,
    "license": "Apache-2.0",
}


def call(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["layer", *arguments])


def write_layer(path: Path, **changes: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    with ZipFile(path, "w") as archive:
        archive.writestr("perdure/layer.json", json.dumps(DESCRIPTION | changes))
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A stand-in for a checkout, whose builder leaves how it was called."""
    (tmp_path / "checkout" / "layer").mkdir(parents=True)
    (tmp_path / "checkout" / "layer" / "build.py").write_text(BUILDER, "utf-8")
    return tmp_path / "checkout"


# Build


@pytest.mark.slow
def test_the_builder_is_called_with_what_is_asked_for(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "python.tar.gz").touch()
    (tmp_path / "wheels").mkdir()
    paths = ("--archive", "python.tar.gz", "--wheels", "wheels", "--source", "checkout")
    rest = ("--sha256", "cafe", "--architecture", "arm64", "--test-only-python", "--interpreter", sys.executable)
    done = perdure(tmp_path, "layer", "build", *paths, *rest)
    assert (done.status, done.stdout, done.stderr) == (0, "built\n", "")
    called = json.loads((checkout / "called.json").read_text("utf-8"))
    pairs = {
        ("--dist", str(tmp_path / "dist")),
        ("--archive", str(tmp_path / "python.tar.gz")),
        ("--sha256", "cafe"),
        ("--architecture", "arm64"),
        ("--wheels", str(tmp_path / "wheels")),
    }
    assert pairs <= set(itertools.pairwise(called))
    assert set(called) == {word for pair in pairs for word in pair} | {"--test-only-python"}


@pytest.mark.slow
def test_a_builder_that_fails_fails_the_command(tmp_path: Path, checkout: Path) -> None:
    assert perdure(tmp_path, "layer", "build", "--source", str(checkout), "--boto3").status == 3


@pytest.mark.slow
def test_what_was_built_for_tests_only_is_said_to_be(tmp_path: Path, checkout: Path) -> None:
    write_layer(tmp_path / "dist" / "perdure-layer-test-only.zip", refused="For tests only.")
    done = perdure(tmp_path, "layer", "build", "--source", str(checkout))
    assert done.stderr == "perdure: perdure-layer-test-only.zip is not to be published. For tests only.\n"


@pytest.mark.slow
def test_every_option_of_the_builder_can_be_given() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "layer.build", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    theirs = set(re.findall(r"--[a-z0-9-]+", shown.stdout)) - OWN
    build = commands.get_command(None, "layer").get_command(None, "build")  # type: ignore[arg-type, union-attr]
    ours = {option for parameter in build.params for option in parameter.opts if option.startswith("--")} - OWN
    assert ours == theirs


def test_a_folder_without_a_builder_is_refused(tmp_path: Path) -> None:
    done = call("build", "--source", str(tmp_path))
    assert done.exit_code == 2
    assert f"--source: there is no layer/build.py in {tmp_path}; name a checkout of Perdure." in done.output


def test_the_builder_is_found_where_this_was_installed_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert layer._checkout(None) == ROOT
    monkeypatch.setattr(layer, "_installed_from", lambda: None)  # as from a registry
    with pytest.raises(
        Problem, match="this was not installed from a checkout of them, or it is gone: name one, --source"
    ):
        layer._checkout(None)


def test_a_python_that_is_not_there_is_told(tmp_path: Path, checkout: Path) -> None:
    done = call("build", "--source", str(checkout), "--interpreter", "/gone/python", "--dist", str(tmp_path / "dist"))
    assert done.exit_code == 2
    assert "--interpreter: /gone/python cannot be run: No such file or directory." in done.output


# Publish


def test_a_dry_run_shows_the_calls(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "perdure.zip")
    done = call("publish", "--dry-run", "--region", "eu-west-1", str(path))
    assert done.exit_code == 0
    shown = json.loads(done.stdout)["publish_layer_version"]
    assert re.fullmatch(rf"{path}: \d+ bytes, sha256 [0-9a-f]{{64}}", shown.pop("Content")["ZipFile"])
    assert shown == {
        "LayerName": "perdure",
        "Description": "Perdure and Python 3.13 (0.1.0)",
        "CompatibleRuntimes": ["provided.al2023"],
        "CompatibleArchitectures": ["arm64"],
        "LicenseInfo": "Apache-2.0",
        "region": "eu-west-1",
    }


def test_all_layers_that_may_be_published_are_if_none_is_named(tmp_path: Path) -> None:
    for name in ("perdure.zip", "perdure-boto3.zip"):
        write_layer(tmp_path / name, name=name.removesuffix(".zip"))
    write_layer(tmp_path / "perdure-layer-test-only.zip", refused="For tests only.")
    done = call("publish", "--dry-run", "--dist", str(tmp_path))
    assert re.findall('"LayerName": "(.+)"', done.stdout) == ["perdure", "perdure-boto3"]


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_one_that_is_for_tests_keeps_all_from_being_published(tmp_path: Path, option: list[str]) -> None:
    good = write_layer(tmp_path / "perdure.zip")
    bad = write_layer(tmp_path / "test-only.zip", refused="For tests only.")
    done = call("publish", *option, str(good), str(bad))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "perdure: test-only.zip is not to be published. For tests only.\n"


def test_without_layers_the_way_to_some_is_told(tmp_path: Path) -> None:
    done = call("publish", "--dist", str(tmp_path))
    assert done.exit_code == 2
    assert "perdure layer build makes them." in done.stderr


class Lambda(ThreadingHTTPServer):
    """A stand-in for AWS: notes what is published."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.published: list[tuple[str, dict[str, Any]]] = []


class Answer(BaseHTTPRequestHandler):
    server: Lambda

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("/")[-2]
        self.server.published.append((self.path, body))
        is_allowed = name != "forbidden"
        arn = f"arn:aws:lambda:eu-west-1:123456789012:layer:{name}:7"
        answer = json.dumps({"LayerVersionArn": arn} if is_allowed else {"Message": "not yours"}).encode()
        self.send_response(201 if is_allowed else 403)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def aws() -> Iterator[tuple[Lambda, dict[str, str]]]:
    with Lambda() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield (
            server,
            {
                "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            },
        )
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_layer_is_published_and_its_arn_printed(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "dist" / "perdure.zip")
    with aws() as (server, environ):
        done = perdure(tmp_path, "layer", "publish", "--region", "eu-west-1", environ=environ)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == "arn:aws:lambda:eu-west-1:123456789012:layer:perdure:7\n"
    ((place, body),) = server.published
    assert place == "/2018-10-31/layers/perdure/versions"
    assert base64.b64decode(body["Content"]["ZipFile"]) == path.read_bytes()
    assert (body["CompatibleRuntimes"], body["CompatibleArchitectures"]) == (["provided.al2023"], ["arm64"])


@pytest.mark.slow
def test_what_aws_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    write_layer(tmp_path / "dist" / "perdure.zip", name="forbidden")
    with aws() as (_, environ):
        done = perdure(tmp_path, "layer", "publish", "--region", "eu-west-1", environ=environ)
        nowhere = perdure(tmp_path, "layer", "publish", environ=environ)
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("perdure: Not published: An error occurred (AccessDeniedException)")
    assert nowhere.stderr == "perdure: Not published: You must specify a region.\n"
