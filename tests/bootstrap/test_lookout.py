"""When the connection to the service is opened: during init, and only where there may be a durable function."""

from __future__ import annotations

import importlib.util
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import perdure
from perdure_bootstrap.lookout import Lookout
from support.loopback import Loopback, answer
from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[..., Path]

CERTS = Path(__file__).parent.parent / "runtime" / "service" / "certs"
DURABLE = """
    from perdure import durable

    @durable
    def handler(event, ctx):
        return ctx.step("one", lambda: 1)
    """
PLAIN = "def handler(event, context): return 1"
ENVELOPE = (
    b'{"DurableExecutionArn":"arn:a/b/c","CheckpointToken":"t","InitialExecutionState":{"Operations":'
    b'[{"Id":"c","Type":"EXECUTION","Status":"STARTED","ExecutionDetails":{"InputPayload":"{}"}}]}}'
)


@pytest.fixture
def identity() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    return context


def environ_of(server: Loopback, **more: str) -> dict[str, str]:
    keys = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
    place = {"AWS_ENDPOINT_URL": f"https://localhost:{server.port}", "AWS_CA_BUNDLE": str(CERTS / "authority.pem")}
    return {**keys, **place, **more}


@pytest.mark.usefixtures("_not_imported")
def test_who_asks_for_perdure_is_noticed_once_and_finds_it() -> None:
    told: list[int] = []
    lookout = Lookout(lambda: told.append(1))
    assert importlib.util.find_spec("perdure_local") is not None
    assert told == []
    assert importlib.util.find_spec("perdure") is not None
    assert importlib.util.find_spec("perdure") is not None
    assert told == [1]
    assert lookout not in sys.meta_path
    lookout.end()


@pytest.mark.usefixtures("_not_imported")
def test_nothing_is_noticed_after_the_end() -> None:
    told: list[int] = []
    Lookout(lambda: told.append(1)).end()
    assert importlib.util.find_spec("perdure") is not None
    assert told == []


def test_what_is_imported_already_is_noticed_at_once() -> None:
    told: list[str] = []
    Lookout(lambda: told.append(perdure.__name__)).end()
    assert told == ["perdure"]


@pytest.mark.usefixtures("_not_imported")
@pytest.mark.parametrize(
    ("name", "handler", "text", "noticed"),
    [
        ("app.py", "app.handler", "import pandas\nimport perdure\n", True),
        ("shop/orders.py", "shop/orders.handler", "from perdure import durable\n", True),
        ("shop/__init__.py", "shop.handler", "# for Perdure\n", True),
        ("app.py", "app.handler", "import orders\n", False),
        ("other.py", "app.handler", "import perdure\n", False),
        ("app.py", "app", "import perdure\n", False),
    ],
)
def test_module_that_names_perdure_is_noticed_before_it_is_imported(
    tmp_path: Path, name: str, handler: str, text: str, *, noticed: bool
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, "utf-8")
    told: list[int] = []
    lookout = Lookout(lambda: told.append(1))
    for _ in range(2):
        lookout.look_into(handler, ["/nowhere", str(tmp_path)])
    assert told == [1] * noticed
    assert importlib.util.find_spec("perdure") is not None
    assert told == [1]
    lookout.end()


@pytest.fixture
def _not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "perdure")


@pytest.mark.slow
def test_durable_function_has_its_connection_before_the_first_invocation(
    api: ScriptedRuntimeApi, write_app: Write, identity: ssl.SSLContext
) -> None:
    committed = answer(b'{"CheckpointToken":"t2","NewExecutionState":{"Operations":[]}}')
    with (
        Loopback([committed], tls=identity) as service,
        RuntimeProcess(api.address, write_app(DURABLE), environ=environ_of(service)),
    ):
        service.await_connections(1)
        api.push(Delivery(ENVELOPE))
        api.take("next")
        assert api.take("response").body == b'{"Status":"SUCCEEDED","Result":"1"}'
        api.take("next")
        assert service.accepted == 1


@pytest.mark.slow
def test_connection_of_a_function_within_a_wrapper_is_opened_and_used_as_well(
    api: ScriptedRuntimeApi, write_app: Write, identity: ssl.SSLContext
) -> None:
    committed = answer(b'{"CheckpointToken":"t2","NewExecutionState":{"Operations":[]}}')
    wrapped = DURABLE + "inner = handler\n    handler = lambda event, context: inner(event, context)\n"
    with (
        Loopback([committed], tls=identity) as service,
        RuntimeProcess(api.address, write_app(wrapped), environ=environ_of(service)),
    ):
        service.await_connections(1)
        api.push(Delivery(ENVELOPE))
        api.take("next")
        assert b"SUCCEEDED" in api.take("response").body
        api.take("next")
        assert service.accepted == 1


@pytest.mark.slow
@pytest.mark.parametrize(("source", "switch"), [(PLAIN, "1"), (DURABLE, "off")])
def test_plain_handler_or_one_that_is_told_not_to_connects_to_nothing(
    api: ScriptedRuntimeApi, write_app: Write, identity: ssl.SSLContext, source: str, switch: str
) -> None:
    api.push(Delivery(b"{}"))
    with Loopback([], tls=identity) as service:
        environ = environ_of(service, PERDURE_CONNECT_AHEAD=switch)
        with RuntimeProcess(api.address, write_app(source), environ=environ) as runtime:
            for call in ("next", None, "next"):
                api.take(call)
            runtime.terminate()
        assert service.accepted == 0


@pytest.mark.slow
def test_process_that_becomes_a_snapshot_connects_when_it_is_restored(
    api: ScriptedRuntimeApi, write_app: Write, identity: ssl.SSLContext
) -> None:
    with Loopback([], tls=identity) as service:
        environ = environ_of(service, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
        with RuntimeProcess(api.address, write_app(DURABLE), environ=environ):
            api.take("restore")
            assert service.accepted == 0
            api.restore()
            service.await_connections(1)
            api.take("next")


@pytest.mark.slow
def test_service_that_cannot_be_reached_neither_holds_init_up_nor_is_spoken_of(
    api: ScriptedRuntimeApi, write_app: Write
) -> None:
    with Loopback() as gone:
        environ = environ_of(gone)
    with RuntimeProcess(api.address, write_app(DURABLE), environ=environ) as runtime:
        api.take("next")
        assert runtime.terminate() == (0, "", "")
