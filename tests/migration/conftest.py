"""The official SDK, unchanged but for its patience; neither SDK tells of failures that are planned."""

from __future__ import annotations

import logging

import pytest
from aws_durable_execution_sdk_python import state

from perdure_runtime.logs.settings import SETTINGS


@pytest.fixture(autouse=True, scope="session")
def brisk():
    """Its checkpoint thread looks every tenth of a second whether the invocation is over, and that waits for it."""
    state._STOP_SIGNAL_POLL_SECONDS = 0.001


@pytest.fixture(autouse=True, scope="module")  # no wider: tests of other folders run in between
def silence():
    level, SETTINGS.level = SETTINGS.level, 100
    logging.getLogger("aws_durable_execution_sdk_python").setLevel(logging.CRITICAL + 1)
    yield
    SETTINGS.level = level
