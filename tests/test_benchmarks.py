"""The benchmark measures what it says: its service is strict, and all contenders do the same work."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from benchmarks import certificates, curves, figures, imports, profile, table
from benchmarks.contenders import FLOOR, OFFICIAL, OURS, PEER
from benchmarks.results import Results
from benchmarks.rig import Contender, Failed, Invocation, Rig
from benchmarks.server import Server, unchunked
from benchmarks.service import Execution, Refused
from benchmarks.workloads import WORKLOADS, blocking, lazy, mapped, replayed, steps, suspending

CONTENDERS = {
    FLOOR: Contender(FLOOR, (sys.executable, "floor.py"), PEER, ""),
    OFFICIAL: Contender(OFFICIAL, (sys.executable, "-m", "awslambdaric", "official.handler"), PEER, "official.handler"),
    **{
        name: Contender(
            name,
            (sys.executable, "-m", "perdure_bootstrap"),
            PEER,
            "handlers.handler",
            json.loads((PEER / "peer.json").read_text("utf-8"))["variants"][name]["env"],
        )
        for name in OURS
    },
}
SMALL = [
    *(WORKLOADS[name] for name in ("noop", "cold_step_log", "parallel_50", "nested_50")),
    *(steps(3), lazy(3), replayed(9, inline=2, page=3), suspending(3)),
    *(mapped(9, "map"), mapped(9, "map", 4), mapped(9, "map", waits=True), mapped(9, "map", 4, waits=True)),
    WORKLOADS["payload_200k"]._replace(event={"w": "payload", "n": 2, "kb": 1}, result=10, moves={"STEP.SUCCEED": 2}),
]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the rig reads /proc")
@pytest.mark.parametrize("name", [FLOOR, *OURS, pytest.param(OFFICIAL, marks=pytest.mark.long)])
def test_every_contender_comes_to_what_each_workload_asks_for(name, rig):
    bodies = [] if name == FLOOR else [blocking(3, 1)]
    run = rig.run(CONTENDERS[name], [*SMALL, *bodies])
    assert run.init_cpu > 0
    assert run.memory > 0
    assert [part.requests > 0 for part in run.invocations] == [True]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the rig reads /proc")
def test_run_that_comes_to_something_else_fails(rig):
    with pytest.raises(Failed, match="the result is 3, not 4"):
        rig.run(CONTENDERS[FLOOR], [steps(3)._replace(result=4)])


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.close()


# The service


def update(name, kind="STEP", action="START", **more):
    return {"Id": name, "Type": kind, "Action": action, **more}


def begun(**options):
    execution = Execution({"n": 1}, **options)
    envelope = json.loads(execution.invocation())
    return execution, envelope


def record(execution, token, *updates):
    body = json.dumps({"CheckpointToken": token, "Updates": updates}).encode()
    return json.loads(execution.checkpoint(body))


def test_service_hands_out_a_new_token_with_each_answer():
    execution, envelope = begun()
    answer = record(execution, envelope["CheckpointToken"], update("a"))
    assert record(execution, answer["CheckpointToken"], update("a", action="SUCCEED", Payload="1"))
    with pytest.raises(Refused, match="not the latest"):
        record(execution, envelope["CheckpointToken"])


@pytest.mark.parametrize(
    ("updates", "why"),
    [
        ([update("a", action="RETRY")], "which no workload does"),
        ([update("a"), update("a")], "that is STARTED"),
        ([update("a", action="SUCCEED"), update("a", action="SUCCEED")], "that is SUCCEEDED"),
        ([update("a", ParentId="b")], "a parent that is not there"),
        ([update("a"), update("b", ParentId="a")], "a parent that is not there"),
        ([update(str(number)) for number in range(251)], "251 updates"),
    ],
)
def test_service_refuses_what_is_wrong(updates, why):
    execution, envelope = begun()
    with pytest.raises(Refused, match=why):
        record(execution, envelope["CheckpointToken"], *updates)


def test_what_an_ended_context_holds_is_not_shown_again():
    execution, envelope = begun()
    child = update("a", "CONTEXT"), update("b", ParentId="a"), update("b", action="SUCCEED")
    record(execution, envelope["CheckpointToken"], *child, update("a", "CONTEXT", "SUCCEED", Payload="1"))
    shown = json.loads(execution.invocation())["InitialExecutionState"]["Operations"]
    assert [operation["Type"] for operation in shown] == ["EXECUTION", "CONTEXT"]


def test_state_comes_in_pages():
    execution, envelope = begun(inline=2, page=2)
    record(execution, envelope["CheckpointToken"], *(update(name, action="SUCCEED") for name in "abcd"))
    envelope = json.loads(execution.invocation())
    state, found = envelope["InitialExecutionState"], []
    while marker := state.get("NextMarker"):
        found += state["Operations"]
        state = json.loads(execution.state(envelope["CheckpointToken"], marker, 1000))
    found += state["Operations"]
    assert [operation["Id"] for operation in found[1:]] == list("abcd")


# The server


@pytest.mark.parametrize("is_secure", [False, True])
def test_server_answers_request_after_request(is_secure, tmp_path):
    tls, trusting = contexts(tmp_path) if is_secure else (None, None)
    server = Server()
    port = server.listen(
        lambda connection, request: server.send(
            connection, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(request.body), request.body)
        ),
        tls,
        distance=0.001,
    )
    large = bytes(2_000_000)
    answers = []

    def ask():
        address = ("127.0.0.1", port)
        client = (
            http.client.HTTPSConnection(*address, context=trusting)
            if is_secure
            else http.client.HTTPConnection(*address)
        )
        for body in (b"", b"one", iter([b"two ", b"chunks"]), large):
            client.request("POST", "/", body, encode_chunked=not isinstance(body, bytes))
            answers.append(client.getresponse().read())
        client.close()

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        server.turn(0.01)
    server.close()
    assert answers == [b"", b"one", b"two chunks", large]


def contexts(folder):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificates.written(folder))
    return tls, ssl.create_default_context(cafile=str(folder / "authority.pem"))


@pytest.mark.parametrize("cut", range(len(b"3\r\nabc\r\n0\r\n\r\n")))
def test_body_in_chunks_is_complete_at_its_last_byte(cut):
    whole = b"3\r\nabc\r\n0\r\n\r\n"
    assert unchunked(bytearray(whole), 0) == (b"abc", len(whole))
    assert unchunked(bytearray(whole[:cut]), 0)[0] is None


# The tables


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("perdure_runtime.core.table", "Perdure"),
        ("botocore.session", "boto3, and what it needs"),
        ("json.decoder", imports.LIBRARY),
        ("_colorize", imports.LIBRARY),
        ("payloads", imports.WORKLOAD),
        ("sitecustomize", None),
    ],
)
def test_module_is_counted_where_it_comes_from(module, source):
    assert imports.source_of(module) == source


def row(**figures):
    return {"cpu": 1.0, "wall": 2.0, "requests": 1, "reads": 0, "received": 1024, "memory": 20.0, **figures}


def cells_of(text, title):
    line = next(line for line in text.splitlines() if line.startswith(f"| {title}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_table_shows_what_it_costs_beside_the_others():
    spent = {"official": 1000.0, "floor": 50.0, "perdure-sync": 100.0, "perdure-async": 120.0}
    data = {"steps_1000": {name: [row(cpu=cpu)] for name, cpu in spent.items()}}
    shown = table.report({"workloads": data})
    assert cells_of(shown, "1,000 steps") == [
        *("1,000", "50.0", "100", "**0.100**", "2.00", "120", "**0.120**", "2.40"),
    ]


def test_table_leaves_open_what_failed_or_was_not_run():
    shown = table.report({"workloads": {"steps_1000": {"floor": [row(cpu=50.0)], "official": []}}, "curves": {}})
    assert cells_of(shown, "1,000 steps") == ["-", "50.0", "-", "-", "-", "-", "-", "-"]
    assert cells_of(shown, "threads") == ["-", "-", "37"]


def test_table_says_what_connecting_ahead_saves():
    names = ("perdure-sync", "perdure-sync, slow import", "perdure-sync, slow import, connecting late", "official")
    data = {"20": {name: [row(**{"init wall": 1.0, "invoke wall": 10.0 * len(name)})] for name in names}}
    assert cells_of(table.report({"distances": data}), "`def`") == ["170"]


def test_growth_of_a_suspending_workflow_is_what_each_record_adds():
    flat = [Invocation(2 * number, cpu=0.5 + 0.004 * 2 * number) for number in range(100)]
    steeper = [Invocation(one.recorded, cpu=one.cpu + 0.00001 * one.recorded**2) for one in flat]
    assert curves.by_quarter(flat) == pytest.approx([4.0] * 4)
    found = curves.by_quarter(steeper)
    assert found == sorted(found)
    assert found[3] > 1.25 * found[0]


DISTURBED = {"cpu": 9.0, "foreign": 1.0, "slow": 1.0}
SLOWED = {"cpu": 9.0, "foreign": 0.0, "slow": 1.9}
CALM = {"cpu": 1.0, "foreign": 0.0, "slow": 1.0}


@pytest.mark.parametrize("noisy", [DISTURBED, SLOWED])
def test_figures_of_disturbed_runs_are_left_out_where_there_are_enough(noisy):
    assert figures.median([CALM] * 3 + [noisy] * 5, "cpu") == 1.0
    assert figures.median([CALM] * 2 + [noisy] * 5, "cpu") == 9.0


def test_table_says_how_many_runs_count():
    assert table.how_many({"a": {"x": [CALM] * 5}}) == "Medians of 5 runs each, of 5 in all."
    said = table.how_many({"a": {"x": [CALM] * 3 + [SLOWED], "y": [CALM, DISTURBED, SLOWED]}, "b": {"x": []}})
    assert said.startswith("Medians of 3 to 4 runs each, of 7 in all. Left out: 1 that")
    assert "1 of 2 figures are of disturbed runs, too" in said


# What is kept


def given(path, rows, task="t", **options):
    """A part with one task, whose contenders have these rows in turn; an error is one that the run ends with."""
    left = {name: list(each) for name, each in rows.items()}

    def run(name):
        row = left[name].pop(0)
        if isinstance(row, BaseException):
            raise row
        return row

    results = Results(path, **options)
    return results, {task: {name: partial(run, name) for name in left}}


def kept(path):
    return json.loads(path.read_text("utf-8"))


def test_disturbed_runs_are_made_up_for_and_at_most_as_many_again(tmp_path):
    path = tmp_path / "figures.json"
    results, cells = given(path, {"x": [CALM] * 9, "y": [CALM, DISTURBED] * 9, "z": [DISTURBED] * 9})
    results.fill("part", cells, 3)
    assert {name: len(rows) for name, rows in kept(path)["part"]["t"].items()} == {"x": 3, "y": 5, "z": 6}


def test_contender_that_fails_leaves_the_others_their_figures(tmp_path):
    path = tmp_path / "figures.json"
    results, cells = given(path, {"x": [CALM] * 3, "y": [CALM, Failed("y is wrong"), CALM]})
    results.fill("part", cells, 3)
    assert kept(path)["part"]["t"] == {"x": [CALM] * 3, "y": [CALM]}
    assert results.failures == ["part: y is wrong"]


def test_interrupted_run_is_kept_and_gone_on_with(tmp_path):
    path = tmp_path / "figures.json"
    results, cells = given(path, {"x": [CALM] * 2, "y": [CALM, KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        results.fill("part", cells, 2)
    assert kept(path)["part"]["t"] == {"x": [CALM], "y": [CALM]}
    results, cells = given(path, {"x": [CALM], "y": [CALM]}, resumes=True)
    results.take("whole", lambda: 1)
    results.fill("part", cells, 2)
    assert kept(path) == {"part": {"t": {"x": [CALM] * 2, "y": [CALM] * 2}}, "whole": 1}
    results, _ = given(path, {}, resumes=True)
    results.take("whole", pytest.fail)


def test_task_that_is_measured_again_begins_anew_and_leaves_the_others(tmp_path):
    path = tmp_path / "figures.json"
    for task in ("t", "u", "t"):
        results, cells = given(path, {"x": [CALM]}, task)
        results.fill("part", cells, 1)
    assert kept(path)["part"] == {"t": {"x": [CALM]}, "u": {"x": [CALM]}}


# Profiles


def test_functions_are_named_by_their_modules():
    found = [
        ("/x/runtime/src/perdure_runtime/core/journal.py", "Journal.find", 30, 3),
        ("/x/lib/python3.13/site-packages/perdure/steps.py", "made.<locals>.call", 50, 1),
        ("/usr/lib/python3.13/asyncio/events.py", "Handle.__init__", 5, 1),
        ("/x/lib/python3.13/asyncio/events.py", "Handle.__init__", 1, 1),
        ("/x/lib/python3.13/collections/__init__.py", "<lambda>", 2, 1),
        ("<frozen importlib._bootstrap>", "_find_and_load", 10, 2),
        ("/x/runtime/src/perdure_runtime/core/journal.py", "<module>", 4, 1),
    ]
    assert profile.summed(found, 2) == [
        ("perdure.steps", "made.call", 0.5, 25.0),
        ("perdure_runtime.core.journal", "Journal.find", 1.5, 15.0),
        ("imports", "", 1.5, 7.0),
        ("asyncio.events", "Handle.__init__", 1.0, 3.0),
        ("collections", "<lambda>", 0.5, 1.0),
    ]


def test_profiles_stand_side_by_side_by_module():
    before = [("a", "f", 1.0, 60.0), ("a", "g", 1.0, 20.0), ("b", "h", 2.0, 20.0)]
    shown = table.report({"profiles": {"map": {"before": before, "after": [("b", "h", 2.0, 25.0)]}}})
    assert cells_of(shown, "a ") == ["80.0", "-"]
    assert cells_of(shown, "b ") == ["20.0", "25.0"]
    assert cells_of(shown, "all") == ["100", "25.0"]
    assert cells_of(shown, "`h`") == ["`b`", "2.00", "20.0", "20.0"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the rig reads /proc")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_more_steps_are_more_instructions():
    few, many = (dict(by_name(profile.counted(CONTENDERS["perdure-sync"], steps(count)))) for count in (1, 5))
    assert (few["steps"], many["steps"]) == (1, 1)
    assert many["same"] == 5 * few["same"]


def by_name(found):
    """How often the functions of the workloads were entered."""
    return [(name, entered) for file, name, _, entered in found if file.endswith("/peer/workloads.py")]


# The page


def test_page_keeps_the_parts_that_there_are_no_figures_for(tmp_path, monkeypatch):
    page = Path("docs/performance.md")
    before = (table.ROOT / page).read_text("utf-8")
    assert set(table.PARTS) == {match[2] for match in table.MARK.finditer(before)}
    monkeypatch.setattr(table, "PAGE", tmp_path / "page.md")
    table.PAGE.write_text(before, "utf-8")
    source = tmp_path / "figures.json"
    source.write_text(json.dumps({"machine": {"system": "X", "cpus": 3, "python": "3.99"}}), "utf-8")
    assert table.main([str(source)]) == 0
    after = table.PAGE.read_text("utf-8")
    assert "Measured on X with 3 CPUs and Python 3.99." in after
    assert table.MARK.sub("", after) == table.MARK.sub("", before)
