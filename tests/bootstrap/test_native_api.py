"""What awslambdaric's client needs around it. The exchanges themselves are in `test_exchanges`."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from perdure_bootstrap.native_api import NativeRuntimeApi
from perdure_bootstrap.reports import Report
from perdure_bootstrap.runtime_api import RuntimeApiError
from perdure_bootstrap.wakeup import Wakeup
from support.runtime_api import ScriptedRuntimeApi

# awslambdaric does not close the connections of init errors; the fixture has them collected under this mark.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

REPORT = Report("Runtime.HandlerNotFound", "there is none")


@pytest.fixture
def refusing() -> Iterator[ScriptedRuntimeApi]:
    with ScriptedRuntimeApi(init_status=403) as api:
        yield api


@pytest.fixture
def client(refusing: ScriptedRuntimeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[NativeRuntimeApi]:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", refusing.address)
    wakeup = Wakeup()
    client = NativeRuntimeApi(refusing.address, wakeup)
    yield client
    client.close()
    wakeup.close()
    gc.collect()


def test_refused_init_error_tells_its_status(refusing: ScriptedRuntimeApi, client: NativeRuntimeApi) -> None:
    with pytest.raises(RuntimeApiError) as caught:
        client.init_error(REPORT)
    assert (caught.value.call, caught.value.status) == ("init error", 403)
    assert refusing.take("init").headers["lambda-runtime-function-error-type"] == "Runtime.HandlerNotFound"


def test_init_error_without_a_runtime_api_is_an_error(refusing: ScriptedRuntimeApi, client: NativeRuntimeApi) -> None:
    refusing.close()
    with pytest.raises(RuntimeApiError, match="ConnectionRefusedError"):
        client.init_error(REPORT)


def test_error_type_that_lambda_would_not_accept_is_unknown(
    client: NativeRuntimeApi, refusing: ScriptedRuntimeApi
) -> None:
    with pytest.raises(RuntimeApiError):
        client.init_error(Report("lowercase", "no"))
    assert refusing.take("init").headers["lambda-runtime-function-error-type"] == "Runtime.Unknown"


def test_native_module_that_cannot_be_imported_is_an_error(
    refusing: ScriptedRuntimeApi, client: NativeRuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awslambdaric.lambda_runtime_client.runtime_client", None)
    with pytest.raises(ImportError, match="unset PERDURE_RUNTIME_API"):
        NativeRuntimeApi(refusing.address, client._wakeup)
