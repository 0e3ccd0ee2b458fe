"""One local service for the tests of a module, each with a function of its own."""

import itertools
import threading

import pytest

from support.api_calls import SUCCEED
from support.local_service import InProcessService, lambda_client

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def service():
    with InProcessService(skip_time=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(service):
    with lambda_client(service.endpoint) as made:
        yield made


@pytest.fixture
def name():
    return f"f{next(NUMBERS)}"


@pytest.fixture
def held(service, name):
    """A function whose invocation waits until the test is over; gives its envelope."""
    envelopes, arrived, release = [], threading.Event(), threading.Event()

    def handler(envelope):
        envelopes.append(envelope)
        arrived.set()
        release.wait(10)
        return SUCCEED

    service.host(name, handler)

    def start():
        service.start(name, b"{}")
        assert arrived.wait(10)
        return envelopes[0]["DurableExecutionArn"], envelopes[0]["CheckpointToken"]

    yield start
    release.set()
