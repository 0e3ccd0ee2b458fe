"""Pages of state that are asked for before they are read."""

import pytest

from perdure.errors import ServiceError
from support.lean_rig import TOKEN_2, Rig
from support.loopback import Loopback, Move, answer
from support.service_values import ARN

BROKEN = answer(b'{"Message":"oops"}', "500 Oops", x_amzn_ErrorType="ServiceException")
PAGE = answer(b'{"Operations":[{"Id":"b"}],"NextMarker":"m2"}')


def test_a_page_asked_for_ahead_is_on_its_way_before_it_is_read():
    with Loopback([PAGE, answer(TOKEN_2)]) as server, Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        server.await_requests(1)
        assert rig.service.get_state(ARN, "t1", "m1")[:2] == ([{"Id": "b"}], "m2")
        assert rig.checkpoint().token == "t2"
        assert [request.connection for request in server.requests] == [0, 0]
        assert "Marker=m1" in server.requests[0].line


def test_a_page_asked_for_ahead_is_not_taken_for_another_answer():
    with Loopback([PAGE], [answer(TOKEN_2), PAGE]) as server, Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        server.await_requests(1)
        assert rig.checkpoint().token == "t2"
        assert rig.service.get_state(ARN, "t1", "m1").marker == "m2"
        assert [request.connection for request in server.requests] == [0, 1, 1]


def test_a_page_asked_for_ahead_gives_way_to_another_page():
    with Loopback([PAGE], [PAGE]) as server, Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        server.await_requests(1)
        rig.service.expect_state(ARN, "t1", "m2")
        assert rig.service.get_state(ARN, "t1", "m2").marker == "m2"
        assert ["Marker=m1" in request.line for request in server.requests] == [True, False]


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("end", [Move.HANG_UP, Move.RESET])
def test_a_page_asked_for_ahead_and_lost_is_asked_for_again(end, used):
    before = [answer(TOKEN_2)] if used else []
    with Loopback([*before, end], [PAGE]) as server, Rig(server) as rig:
        if used:
            rig.checkpoint()
        rig.service.expect_state(ARN, "t1", "m1")
        server.await_end(1)
        assert rig.service.get_state(ARN, "t1", "m1").marker == "m2"
        assert rig.slept == ([] if used else [0.025])


def test_a_page_asked_for_ahead_is_asked_for_again_where_it_is_refused():
    with Loopback([BROKEN, PAGE]) as server, Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        assert rig.service.get_state(ARN, "t1", "m1").marker == "m2"
        assert rig.slept == [0.025]


def test_a_page_asked_for_ahead_of_a_close_is_asked_for_again():
    with Loopback([PAGE], [PAGE]) as server, Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        server.await_requests(1)
        rig.service.close()
        assert rig.service.get_state(ARN, "t1", "m1").marker == "m2"
        assert rig.slept == []


def test_asking_ahead_leaves_a_failure_to_the_call():
    with Loopback() as server:
        pass
    with Rig(server) as rig:
        rig.service.expect_state(ARN, "t1", "m1")
        with pytest.raises(ServiceError, match="ConnectionFailed"):
            rig.service.get_state(ARN, "t1", "m1")
