"""The container image, as built from the Dockerfile on a stand-in for Lambda's OS-only base image."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.deployed import AWAY, answered, serve_once
from support.ledger_service import LedgerService
from support.runtime_process import FUNCTION

ROOT = Path(__file__).parents[2]
TAG = f"perdure-test-image-{os.getpid()}"
pytestmark = [pytest.mark.slow, pytest.mark.docker]

DURABLE = """
from perdure import Context, durable

@durable
def handler(order: dict[str, int], ctx: Context) -> int:
    return order["n"] + 1
"""


def docker(*arguments):
    command = [shutil.which("docker") or "docker", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """What the Dockerfile may see, with a layer made for it."""
    context = tmp_path_factory.mktemp("context")
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copyfile(ROOT / name, context / name)
    for name in ("layer", "examples"):
        shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "layer.build", "--test-only-python", "--dist", context / "dist"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return context


def build(base_image, context, *options):
    own = ("--force-rm", "--network", "host", "--build-arg", f"BASE_IMAGE={base_image}")
    docker("build", *own, *options, context)


@pytest.fixture(scope="module")
def image(base_image, context):
    """Built with a layer that only tests may have."""
    build(base_image, context, "--build-arg", "TEST_ONLY=allowed", "--tag", TAG)
    yield TAG
    docker("image", "rm", "--force", TAG)


def run(image, event, *options, handler=None):
    """One invocation of a container as strict as Lambda's: no root, nothing writable but a small /tmp."""

    def command(environ):
        given = [part for name, value in environ.items() if name != "PATH" for part in ("--env", f"{name}={value}")]
        strict = ["--read-only", "--tmpfs", "/tmp:size=16m", "--memory", "256m", "--user", "65534:65534"]  # noqa: S108
        docker = shutil.which("docker") or "docker"
        return [
            docker,
            "run",
            "--rm",
            "--network",
            "host",
            *strict,
            *given,
            *options,
            image,
            *([handler] * bool(handler)),
        ]

    return serve_once(command, event, FUNCTION | AWAY | {"PATH": os.environ["PATH"]})


@pytest.mark.usefixtures("image")  # whose layers this build shares, so that it leaves none of its own
def test_a_layer_for_tests_makes_no_image_unasked(base_image, context):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(base_image, context)
    assert "not to be published" in refused.value.stdout + refused.value.stderr


def test_image_has_no_python_but_ours(image):
    found = docker("run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "command -v python3 python || echo none")
    assert found == "none\n"


def test_image_serves_the_handler_that_is_its_command(image):
    record, output = run(image, {"id": "A-1001"})
    assert record.call == "error", output
    error = json.loads(record.body)
    assert error["errorType"] == "MalformedEnvelope"  # the order workflow was loaded, and wants a durable invocation


def test_image_serves_another_function_from_its_task_root(image, tmp_path):
    (tmp_path / "app.py").write_text(DURABLE)
    tmp_path.chmod(0o755)
    event = json.loads(LedgerService('{"n": 1}').begin())
    answer = answered(*run(image, event, "--volume", f"{tmp_path}:/var/task:ro", handler="app.handler"))
    assert answer == {"Status": "SUCCEEDED", "Result": "2"}
