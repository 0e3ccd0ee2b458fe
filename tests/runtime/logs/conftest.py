"""What every test of the logs starts from, and gives back: settings, structlog and `logging` as they were."""

from __future__ import annotations

import pytest
import structlog

from perdure_runtime.logs import arrivals, standard
from perdure_runtime.logs.scope import LogScope
from perdure_runtime.logs.settings import INVOCATION, SETTINGS
from support.log_output import Output, bare_root


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    standard.uncover()
    arrivals.forget()
    structlog.reset_defaults()
    SETTINGS.__init__()
    INVOCATION.__init__()


@pytest.fixture
def output():
    """Logs that write JSON into memory."""
    made = Output()
    made.configure()
    return made


@pytest.fixture
def root(output):
    """The root logger of a new process, covered by our logs at DEBUG."""
    with bare_root() as bare:
        output.configure(AWS_LAMBDA_LOG_LEVEL="DEBUG")
        yield bare


@pytest.fixture
def scope():
    """The scope of a step body that runs for the second time."""
    return LogScope("arn:execution", operation_id="0a1b2c3d4e5f", operation_name="charge", parent_id="9f8e", attempt=2)
