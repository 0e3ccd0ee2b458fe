from __future__ import annotations

from collections.abc import Iterator

import pytest

from perdure_bootstrap.entry import runtime_api
from perdure_bootstrap.socket_api import SocketRuntimeApi
from perdure_bootstrap.wakeup import Wakeup


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    wakeup = Wakeup()
    yield wakeup
    wakeup.close()


def test_our_client_is_the_default(wakeup: Wakeup) -> None:
    assert isinstance(runtime_api({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}, wakeup), SocketRuntimeApi)


def test_unknown_client_is_refused(wakeup: Wakeup) -> None:
    environ = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "PERDURE_RUNTIME_API": "curl"}
    with pytest.raises(SystemExit, match="PERDURE_RUNTIME_API is socket or native, not 'curl'"):
        runtime_api(environ, wakeup)


def test_start_outside_lambda_says_what_to_do(wakeup: Wakeup) -> None:
    with pytest.raises(SystemExit, match=r"AWS_LAMBDA_RUNTIME_API is not set: .* `perdure run module.handler` does"):
        runtime_api({}, wakeup)


def test_native_client_serves_the_address_of_the_process_only(monkeypatch: pytest.MonkeyPatch, wakeup: Wakeup) -> None:
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    environ = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "PERDURE_RUNTIME_API": "native"}
    with pytest.raises(ValueError, match="awslambdaric speaks to the address in AWS_LAMBDA_RUNTIME_API only"):
        runtime_api(environ, wakeup)
