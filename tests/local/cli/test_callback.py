"""`perdure callback` against a service that is up."""

from __future__ import annotations

import itertools
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from starlette.responses import Response

from perdure_local.cli.callback import callback
from perdure_local.cli.whereabouts import find, published
from support import desk
from support.local_service import InProcessService, Script, await_kind, operation, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

NUMBERS = itertools.count()
A, B = "a1b2c3d4e5f60718", "a1b9c3d4e5f60718"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "journal.db"


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[InProcessService]:
    with InProcessService(place) as opened, published(place, opened.endpoint):
        yield opened


class Waiting:
    """An execution that waits for two callbacks."""

    def __init__(self, service: InProcessService, name: str) -> None:
        self.service = service
        self.script = Script(
            service,
            [
                desk.callback(A, TimeoutSeconds=3600, HeartbeatTimeoutSeconds=1800) | {"Name": "approve"},
                desk.callback(B) | {"Name": "sign"},
            ],
        )
        service.host(name, self.script)
        self.arn = service.start(name, b"{}", f"order-{name}")
        await_kind(service, self.arn, "InvocationCompleted")
        self.id = next(
            event["CallbackStartedDetails"]["CallbackId"]
            for event in service.history(self.arn)
            if event["EventType"] == "CallbackStarted"
        )

    def end(self) -> dict[str, object]:
        assert self.service.wait(self.arn, 20).status == "SUCCEEDED"
        found: dict[str, object] = operation(self.script.calls[-1], A)
        return found


@pytest.fixture
def waiting(service: InProcessService) -> Iterator[Waiting]:
    made = Waiting(service, f"f{next(NUMBERS)}")
    yield made
    service.stop(made.arn)


def call(place: Path, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(callback, [*words, "--journal", str(place)], input=stdin)


@pytest.mark.parametrize("which", ["approve", A, A[:4], "id"])
def test_a_callback_may_be_named_in_every_way_that_it_is_shown(place: Path, waiting: Waiting, which: str) -> None:
    done = call(place, "succeed", waiting.id if which == "id" else which, '{"ok": true}')
    assert (done.exit_code, done.output) == (0, "approve succeeded.\n")
    assert waiting.end()["CallbackDetails"] == {"CallbackId": waiting.id, "Result": '{"ok": true}'}


@pytest.mark.parametrize(
    ("payload", "stdin", "result"),
    [
        ("yes", "", "yes"),
        ("-", "from a pipe", "from a pipe"),
        ("@payload.json", "", '{"from": "a file"}'),
        (None, "", None),
        ("-5", "", "-5"),
    ],
)
def test_the_payload_is_sent_as_it_is(
    place: Path, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, payload: str | None, stdin: str, result: str | None
) -> None:
    (place.parent / "payload.json").write_text('{"from": "a file"}', "utf-8")
    monkeypatch.chdir(place.parent)
    done = call(place, "succeed", "approve", *([] if payload is None else [payload]), stdin=stdin)
    assert done.exit_code == 0, done.output
    details = waiting.end()["CallbackDetails"]
    assert isinstance(details, dict)
    assert details.get("Result") == result


def test_a_failure_says_what_it_is_told(place: Path, waiting: Waiting) -> None:
    done = call(place, "fail", "approve", "not today", "--type", "shop.Refused", "--data", "7")
    assert done.output == "approve failed.\n"
    details = waiting.end()["CallbackDetails"]
    assert isinstance(details, dict)
    assert details["Error"] == {"ErrorMessage": "not today", "ErrorType": "shop.Refused", "ErrorData": "7"}


def test_a_failure_may_say_nothing(place: Path, waiting: Waiting) -> None:
    assert call(place, "fail", "approve").exit_code == 0
    assert waiting.end()["Status"] == "FAILED"


def test_a_heartbeat_leaves_it_waiting(place: Path, waiting: Waiting) -> None:
    assert call(place, "heartbeat", "approve").output == "approve goes on waiting.\n"
    assert len(waiting.script.calls) == 1


def test_those_that_wait_are_listed(place: Path, waiting: Waiting) -> None:
    first, second = call(place, "list").output.splitlines()
    name = waiting.arn.split("/")[-2]
    assert first.startswith(f"    a1b2c3d4  approve  of {name}, ")
    assert first.endswith(" left")
    assert second == f"    a1b9c3d4  sign     of {name}"


def test_one_that_an_operation_created_for_itself_has_the_name_of_that(place: Path, service: InProcessService) -> None:
    inner = desk.callback("B") | {"Name": "approval create callback id", "ParentId": "A"}
    context = desk.update("CONTEXT START") | {"Name": "approval", "SubType": "WaitForCallback"}
    script = Script(service, [context, inner])
    service.host("g", script)
    arn = service.start("g", b"{}")
    await_kind(service, arn, "InvocationCompleted")
    assert call(place, "list").output.startswith("    B  approval  of ")
    assert call(place, "succeed", "approval").output == "approval succeeded.\n"
    assert service.wait(arn, 20).status == "SUCCEEDED"


def test_what_could_be_several_is_not_guessed(place: Path, waiting: Waiting) -> None:
    done = call(place, "succeed", "a1b")
    assert done.exit_code == 2
    assert done.output.splitlines()[0] == "perdure: 2 callbacks are meant by a1b:"
    assert len(done.output.splitlines()) == 3
    assert len(waiting.script.calls) == 1


def test_what_does_not_wait_is_told_with_what_does(place: Path, waiting: Waiting) -> None:
    done = call(place, "succeed", "aprove")
    assert done.exit_code == 1
    first, second, *others = done.output.splitlines()
    assert (first, second) == ("perdure: No callback that waits is aprove.", "These wait:")
    assert len(others) == 2


def test_an_id_that_waits_no_longer_is_for_the_service_to_judge(place: Path, waiting: Waiting) -> None:
    assert call(place, "succeed", waiting.id).exit_code == 0
    done = call(place, "succeed", waiting.id)
    assert done.exit_code == 1
    assert done.output.startswith("perdure: ResourceNotFoundException: Callback not found: ")


def test_an_endpoint_stands_for_a_journal(service: InProcessService, waiting: Waiting) -> None:
    done = CliRunner().invoke(callback, ["succeed", "approve", "--endpoint", service.endpoint])
    assert done.output == "approve succeeded.\n"
    assert waiting.end()["Status"] == "SUCCEEDED"


def test_nothing_that_waits_is_told_as_well(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with InProcessService(journal) as service, published(journal, service.endpoint):
        assert call(journal, "list").output == "No callback waits.\n"
        assert "None waits." in call(journal, "succeed", "approve").output
    assert find(journal) is None


@pytest.mark.parametrize(
    ("endpoint", "status", "text"),
    [
        ("http://127.0.0.1:9", 1, "No service is running at http://127.0.0.1:9."),
        ("127.0.0.1:8000", 2, "--endpoint is an address such as http://127.0.0.1:8000, not 127.0.0.1:8000."),
        ("http://127.0.0.1:x", 2, "--endpoint is an address such as"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(endpoint: str, status: int, text: str) -> None:
    done = CliRunner().invoke(callback, ["list", "--endpoint", endpoint])
    assert done.exit_code == status
    assert text in done.output


def test_where_no_run_is_under_way_that_is_told(tmp_path: Path) -> None:
    done = call(tmp_path / "j.db", "list")
    assert done.exit_code == 2
    assert done.output.startswith(f"perdure: No run is under way with the journal {tmp_path / 'j.db'}; --journal")


def test_a_service_that_was_killed_left_an_address_that_leads_nowhere(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    (tmp_path / "j.db-endpoint").write_text("http://127.0.0.1:9\n", "utf-8")
    assert call(journal, "list").output == "perdure: No service is running at http://127.0.0.1:9.\n"


def test_the_address_is_the_owners_alone(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with published(journal, "http://127.0.0.1:1"):
        assert find(journal) == "http://127.0.0.1:1"
        assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (500, b"oops", "perdure: The service refused: no reason given\n"),
        (404, b'{"Message":"none"}', "perdure: The service refused: none\n"),
        (200, b"[]", "No callback waits.\n"),
    ],
)
def test_whatever_answers_at_an_address_is_told(status: int, body: bytes, text: str) -> None:
    with served(lambda: Response(body, status)) as (host, port, _):
        assert CliRunner().invoke(callback, ["list", "--endpoint", f"http://{host}:{port}"]).output == text


def hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def test_what_is_no_service_at_all_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()
        done = CliRunner().invoke(callback, ["list", "--endpoint", f"http://127.0.0.1:{server.getsockname()[1]}"])
    assert done.exit_code == 1
    assert " does not answer: " in done.output
