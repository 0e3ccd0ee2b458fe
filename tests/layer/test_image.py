"""The container image, as built from the Dockerfile on a stand-in for Lambda's OS-only base image."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from support.built_layers import GIVEN, ROOT, built
from support.deployed import AWAY, answered, serve_once
from support.layer_places import build_image, build_with, docker, lay_context, remove_images
from support.ledger_service import LedgerService
from support.runtime_process import FUNCTION

TAG = f"perdure-test-image-{os.getpid()}"
pytestmark = [pytest.mark.slow, pytest.mark.docker]

DURABLE = """
from perdure import Context, durable

@durable
def handler(order: dict[str, int], ctx: Context) -> int:
    return order["n"] + 1
"""

NATIVE = """
import greenlet

def handler(event, context):
    greenlet.greenlet(print).switch("runs")
    with open("/proc/self/maps") as maps:
        return sorted({line.split()[-1] for line in maps if "libstdc++" in line})
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """What the Dockerfile may see, with a layer made for it."""
    return lay_context(built(tmp_path_factory) / "layer", tmp_path_factory.mktemp("context"))


@pytest.fixture(scope="module")
def image(base_image, context):
    """Built with a layer that only tests may have."""
    build_image(base_image, context, TAG)
    yield TAG
    remove_images(TAG)


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
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param((), "not to be published", marks=pytest.mark.skipif(bool(GIVEN), reason="the given one may be")),
        (("TEST_ONLY=allowed", "PYTHON_VERSION=3.0"), 'does not hold "python": "3.0"'),
        (("TEST_ONLY=allowed", "ARCHITECTURE=riscv64"), 'does not hold "riscv64"'),
    ],
)
def test_image_is_not_built_of_a_layer_other_than_the_one_meant(base_image, context, arguments, reason):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build_with((f"BASE_IMAGE={base_image}", *arguments), context)
    assert reason in refused.value.stdout + refused.value.stderr


def test_image_takes_the_base_image_that_lambda_has_by_default():
    first = next(line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if line.startswith("ARG"))
    assert first == "ARG BASE_IMAGE=public.ecr.aws/lambda/provided:al2023"


def test_starter_is_where_the_entry_script_and_where_lambda_looks(image):
    script = "for at in /var/runtime/bootstrap /opt/bootstrap; do test -x $at && echo $at; done"
    found = docker("run", "--rm", "--user", "65534:65534", "--entrypoint", "/bin/sh", image, "-c", script)
    assert found.split() == ["/var/runtime/bootstrap", "/opt/bootstrap"]


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


def test_native_libraries_come_from_the_layer_where_the_system_has_none(image, base_image, tmp_path):
    (tmp_path / "app.py").write_text(NATIVE)
    tmp_path.chmod(0o755)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {image}\nRUN rm $(find / -xdev -path /opt -prune -o -name 'libstdc++.so*' -print)\n"
    )
    bare = f"{TAG}-bare"
    docker("build", "--force-rm", "--network", "host", "--tag", bare, tmp_path)
    try:
        mapped = answered(*run(bare, {}, "--volume", f"{tmp_path}:/var/task:ro", handler="app.handler"))
    finally:
        docker("image", "rm", "--force", bare)
    assert mapped == ["/opt/perdure/native/libstdc++.so.6"]
