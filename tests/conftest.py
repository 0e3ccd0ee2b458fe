"""What holds for all tests: how Hypothesis searches, which tests run here, in which order, and which are measured."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# Every run searches alike and whatever the machine's speed, so that a failure is met again by whoever looks for it.
# `--hypothesis-profile=explore` goes where no run has been.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("steady")

BASE_IMAGE = "PERDURE_TEST_BASE_IMAGE"
LONGEST = (
    "tests/conformance/test_conformance.py",
    "tests/layer/test_scenarios.py",
    "tests/layer/test_image.py",
    "tests/stack/test_kills.py",
    "tests/stack/test_leaks.py",
    "tests/migration/test_every_suspension.py",
    "tests/runtime/test_properties_weather.py",
    "tests/local/cli/test_run.py",
    "tests/local/test_chain_deaths.py",
    "tests/runtime/test_properties_colours.py",
)
"""Files that come first: a worker that met one of them at the end would keep all others waiting."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection() -> None:
    # `coverage run` sets it for the processes that pytest-xdist starts, which it has by now. The programs that tests
    # start are to be what users have: not measured, and with no module more than they import.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    places = {file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
    for item in items:
        if item.get_closest_marker("docker") and (reason := no_docker()):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measuring = Coverage.current() if item.get_closest_marker("unmeasured") else None
    if measuring is None:
        return (yield)
    measuring.stop()
    measuring.set_option("run:patch", [])  # or its start would have programs measured after all
    try:
        return (yield)
    finally:
        measuring.start()


@cache
def no_docker() -> str | None:
    """Why tests with containers cannot run here; None where they can."""
    image = os.environ.get(BASE_IMAGE)
    if not image:
        return f"{BASE_IMAGE} names no base image"
    docker = shutil.which("docker")
    if docker is None:
        return "no docker program here"
    found = subprocess.run([docker, "image", "inspect", image], capture_output=True, text=True, check=False)
    return None if found.returncode == 0 else f"docker: {found.stderr.strip().splitlines()[-1]}"


@pytest.fixture(scope="session")
def base_image() -> str:
    """The image that stands for Lambda's OS-only one; for tests marked docker."""
    return os.environ[BASE_IMAGE]
