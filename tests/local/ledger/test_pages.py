import pytest

from perdure_local.ledger import Fault, Limits, Resolved
from support.desk import Desk, callback, chained, update


def pages(desk: Desk, limit: int = 2) -> list[list[str]]:
    found, marker = [], None
    while True:
        page = desk.execution.state(desk.token, marker, limit, desk.now)
        found.append([operation["Id"] for operation in page.operations])
        marker = page.marker
        if marker is None:
            return found


def envelope(desk: Desk) -> tuple[list[str], str]:
    state = desk.begin()["InitialExecutionState"]
    return [operation["Id"] for operation in state["Operations"]], state["NextMarker"]


def again(desk: Desk) -> tuple[list[str], str]:
    desk.push(update("WAIT START", "W", seconds=1))
    desk.suspend()
    desk.pass_time(1)
    return envelope(desk)


def test_pages_are_in_creation_order_and_do_not_spend_the_token():
    desk = Desk()
    desk.begin()
    desk.push(*(update("STEP START", name) for name in "CABD"))
    assert pages(desk) == [["0b1c", "C"], ["A", "B"], ["D"]]
    assert pages(desk, 1000) == [["0b1c", "C", "A", "B", "D"]]
    desk.push()


def test_page_sizes():
    desk = Desk()
    desk.begin()
    desk.push(*(update("STEP START", f"S{number}") for number in range(150)))
    assert [len(page) for page in pages(desk, 0)] == [100, 51]
    with pytest.raises(Fault, match="MaxItems must be between 0 and 1000"):
        pages(desk, 1001)


def test_state_times_are_seconds():
    desk = Desk()
    desk.begin()
    (opening,) = desk.execution.state(desk.token, None, 1, desk.now).operations
    assert opening["StartTimestamp"] == desk.now


def test_a_stale_token_reads_nothing():
    desk = Desk()
    stale = desk.begin()["CheckpointToken"]
    desk.push()
    with pytest.raises(Fault, match="Invalid Checkpoint Token"):
        desk.execution.state(stale, None, 0, desk.now)


def test_a_marker_is_good_for_its_token_only():
    desk = Desk()
    desk.begin()
    desk.push(*(update("STEP START", name) for name in "ABC"))
    marker = desk.execution.state(desk.token, None, 2, desk.now).marker
    desk.push()
    for bad in (marker, "@", "YQ==", "WzFd"):
        with pytest.raises(Fault, match="Invalid Marker"):
            desk.execution.state(desk.token, bad, 2, desk.now)


def test_the_envelope_holds_the_first_page():
    desk = Desk(Limits(page_items=2))
    desk.begin()
    desk.push(*(update("STEP START", name) for name in "ABC"))
    shown, marker = again(desk)
    assert shown == ["0b1c", "A"]
    rest = desk.execution.state(desk.token, marker, 1000, desk.now)
    assert [operation["Id"] for operation in rest.operations] == ["B", "C", "W"]


def test_a_page_has_a_size_in_bytes():
    desk = Desk(Limits(page_bytes=1000), payload="{}")
    desk.begin()
    desk.push(*(update("STEP SUCCEED", name, Payload="x" * 400) for name in "ABC"))
    shown, marker = again(desk)
    assert shown == ["0b1c", "A"]
    rest = desk.execution.state(desk.token, marker, 1000, desk.now)
    assert [operation["Id"] for operation in rest.operations] == ["B"]
    assert rest.marker


def test_an_input_too_large_for_the_envelope_is_left_to_the_state():
    desk = Desk(Limits(page_bytes=100), payload="x" * 500)
    shown, marker = envelope(desk)
    assert shown == []
    assert [operation["Id"] for operation in desk.execution.state(desk.token, marker, 0, desk.now).operations] == [
        "0b1c"
    ]


CHILDREN = (
    update("CONTEXT START", "P"),
    update("STEP SUCCEED", "P1", ParentId="P"),
    update("CONTEXT START", "P2", ParentId="P"),
    update("STEP SUCCEED", "P2a", ParentId="P2"),
    update("CONTEXT SUCCEED", "P2", ParentId="P", replay_children=False),
    update("STEP SUCCEED", "Q"),
)


@pytest.mark.parametrize(
    ("close", "shown"),
    [
        ((), ["0b1c", "P", "P1", "P2", "Q", "W"]),
        ((update("CONTEXT SUCCEED", "P"),), ["0b1c", "P", "Q", "W"]),
        ((update("CONTEXT FAIL", "P"),), ["0b1c", "P", "Q", "W"]),
        ((update("CONTEXT SUCCEED", "P", replay_children=True),), ["0b1c", "P", "P1", "P2", "Q", "W"]),
        ((update("CONTEXT FAIL", "P", replay_children=True),), ["0b1c", "P", "P1", "P2", "Q", "W"]),
    ],
)
def test_descendants_of_a_finished_context_are_left_out(close, shown):
    desk = Desk()
    desk.begin()
    desk.push(*CHILDREN[:4], CHILDREN[5])
    desk.push(CHILDREN[4])
    delta = desk.push(*close)
    assert set(delta) == {"P"} if close else not delta
    assert again(desk)[0] == shown
    assert [name for page in pages(desk, 2) for name in page] == shown
    if close:
        assert delta["P"]["ContextDetails"].get("ReplayChildren", False) is ("P1" in shown)


def test_what_is_hidden_is_hidden_at_every_depth():
    desk = Desk()
    desk.begin()
    desk.push(
        update("CONTEXT START", "P"),
        update("CONTEXT START", "Q", ParentId="P"),
        update("CONTEXT START", "R", ParentId="Q"),
        update("STEP SUCCEED", "S", ParentId="R"),
        update("STEP SUCCEED", "T", ParentId="P"),
    )
    desk.push(update("CONTEXT SUCCEED", "R", ParentId="Q", replay_children=True))
    assert again(desk)[0] == ["0b1c", "P", "Q", "R", "S", "T", "W"]
    desk.push(update("CONTEXT SUCCEED", "Q", ParentId="P"))
    desk.push(update("CONTEXT SUCCEED", "P", replay_children=True))
    # Q is kept, and hides what is under it, although R, which is under it, would keep its own.
    assert [name for page in pages(desk, 2) for name in page] == ["0b1c", "P", "Q", "T", "W"]


def test_an_operation_of_any_kind_is_hidden_with_its_context():
    desk = Desk()
    desk.begin()
    desk.resolve = lambda _target: Resolved("1")
    desk.push(
        update("CONTEXT START", "P"),
        {**callback("A"), "ParentId": "P"},
        {**chained("ship", "B"), "ParentId": "P"},
        {**update("WAIT START", "C", seconds=60), "ParentId": "P"},
    )
    desk.push(update("CONTEXT SUCCEED", "P"))
    assert again(desk)[0] == ["0b1c", "P", "W"]


def test_the_handler_is_told_of_changes_that_it_can_look_up():
    desk = Desk()
    desk.begin()
    desk.push(update("CONTEXT START", "P"), {**callback("A"), "ParentId": "P"}, callback("B"))
    desk.push(update("CONTEXT SUCCEED", "P"))
    desk.suspend()
    desk.execution.succeed_callback("A", b"", desk.now)
    desk.execution.succeed_callback("B", b"", desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["B"]
