import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings

from perdure.errors import ServiceError
from perdure_runtime.service.credentials import Credentials, CredentialsUnavailable, FixedCredentials
from perdure_runtime.service.endpoint import parse_endpoint, regional_endpoint
from perdure_runtime.service.lean import LeanService, Pace
from perdure_runtime.service.reply import Reply
from support import botocore_requests
from support.botocore_requests import NOW
from support.lean_rig import SECRET, TOKEN_2, Rig
from support.loopback import Last, Loopback, Move, answer
from support.service_values import ARN, arns, client_tokens, markers, tokens

BUSY = answer(b'{"message":"slow"}', "429 Too Many", x_amzn_ErrorType="TooManyRequestsException")
BROKEN = answer(b'{"Message":"oops"}', "500 Oops", x_amzn_ErrorType="ServiceException", x_amzn_RequestId="r-1")


class Tape:
    """Stands in the place of a connection: keeps the requests, answers each alike."""

    def __init__(self, body=b'{"Operations":[]}'):
        self.requests = []
        self._body = body

    def exchange(self, head, body=b""):
        self.requests.append(head + body)
        return Reply(200, {}, self._body, reusable=True)


def service_at(endpoint, region, tape, token=None):
    return LeanService(
        endpoint,
        region,
        FixedCredentials(Credentials("AKIDEXAMPLE", SECRET, token)),
        connection=tape,
        agent="perdure/test",
        clock=NOW.timestamp,
        pace=Pace(lambda _: None, lambda: 0.0),
    )


def parsed(request):
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, dict(field.split(": ", 1) for field in fields), body


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch):
    botocore_requests.stop_the_clock(monkeypatch)


PLACES = [
    ("eu-west-1", None),
    ("us-gov-west-1", None),
    ("cn-north-1", None),
    ("eu-west-1", "http://127.0.0.1:4566"),
    ("eu-west-1", "http://localhost:80/"),
    ("us-east-1", "https://vpce-1.lambda.us-east-1.vpce.amazonaws.com/base/path/"),
    ("us-east-1", "https://Proxy.Example:8443//a/./b~c"),
]


def compare_state(region, endpoint, token, arn, checkpoint_token, marker):
    made = botocore_requests.client(region, endpoint, token)
    theirs = botocore_requests.sent(
        made,
        "get_durable_execution_state",
        DurableExecutionArn=arn,
        CheckpointToken=checkpoint_token,
        Marker=marker,
        MaxItems=1000,
    )
    tape = Tape()
    place = parse_endpoint(endpoint) if endpoint else regional_endpoint(region)
    service_at(place, region, tape, token).get_state(arn, checkpoint_token, marker)
    line, headers, body = parsed(tape.requests[0])
    method, target, version = line.split(" ")
    origin = theirs.url[: theirs.url.index("/", 8)]
    assert (method, f"{origin}{target}", version) == ("GET", theirs.url, "HTTP/1.1")
    assert origin.lower().endswith(headers["Host"]) or origin.endswith(":80")
    assert body == theirs.body == b""
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
        assert headers.get(name) == theirs.headers.get(name)


@pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2VjE//+=="])
@pytest.mark.parametrize(("region", "endpoint"), PLACES)
def test_a_state_request_is_botocores_to_the_signature(region, endpoint, token):
    compare_state(region, endpoint, token, ARN, "a+/=", "m ~*'()/é")


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arns, tokens, markers)
def test_any_state_request_is_botocores_to_the_signature(arn, checkpoint_token, marker):
    compare_state("eu-west-1", None, "token", arn, checkpoint_token, marker)


def compare_checkpoint(region, endpoint, token, arn, checkpoint_token, client_token):
    made = botocore_requests.client(region, endpoint, token)
    update = {"Id": "é", "Type": "STEP", "Action": "SUCCEED", "Payload": '"x"'}
    theirs = botocore_requests.sent(
        made,
        "checkpoint_durable_execution",
        DurableExecutionArn=arn,
        CheckpointToken=checkpoint_token,
        Updates=[update],
        ClientToken=client_token,
    )
    tape = Tape(b"{}")
    place = parse_endpoint(endpoint) if endpoint else regional_endpoint(region)
    encoded = json.dumps(update, ensure_ascii=False).encode()
    service_at(place, region, tape, token).checkpoint(arn, checkpoint_token, [encoded], client_token)
    line, headers, body = parsed(tape.requests[0])
    assert line == f"POST {theirs.url[theirs.url.index('/', 8) :]} HTTP/1.1"
    assert json.loads(body) == json.loads(theirs.body)
    assert headers["Content-Type"] == theirs.headers["Content-Type"]
    assert headers["Content-Length"] == str(len(body))
    # The bodies differ in white space and escapes, so botocore's signer is given the bytes that are sent.
    keys = ("AKIDEXAMPLE", SECRET, token)
    signed = botocore_requests.signed("POST", theirs.url, {"Content-Type": "application/json"}, body, keys, region)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
        assert headers.get(name) == signed.get(name)


@pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2VjE//+=="])
@pytest.mark.parametrize(("region", "endpoint"), PLACES)
def test_a_checkpoint_is_botocores_to_the_signature(region, endpoint, token):
    compare_checkpoint(region, endpoint, token, ARN, "a+/=", "ct")


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arns, tokens, client_tokens)
def test_any_checkpoint_is_botocores_to_the_signature(arn, checkpoint_token, client_token):
    compare_checkpoint("eu-west-1", None, "token", arn, checkpoint_token, client_token)


def test_another_execution_is_another_path():
    tape = Tape(b"{}")
    service = service_at(regional_endpoint("eu-west-1"), "eu-west-1", tape)
    for arn in ("arn:1", "arn:1", "arn:2", "arn:1"):
        service.checkpoint(arn, "t", [], "c")
    assert [parsed(request)[0].split("/")[3] for request in tape.requests] == [
        "arn%3A1", "arn%3A1", "arn%3A2", "arn%3A1"
    ]  # fmt: skip


def test_calls_share_one_connection_and_read_their_answers():
    page = answer(b'{"Operations":[{"Id":"b","StartTimestamp":1.25}],"NextMarker":"m2"}')
    with Loopback([answer(TOKEN_2), page]) as server, Rig(server) as rig:
        assert rig.checkpoint() == ("t2", [{"Id": "a"}], None)
        assert rig.service.get_state(ARN, "t2", "m1")[:2] == ([{"Id": "b", "StartTimestamp": 1.25}], "m2")
        assert server.accepted == 1
        assert server.requests[0].headers["User-Agent"] == "perdure/test"
        assert repr(rig.service) == f"<LeanService http://127.0.0.1:{server.port} <Connection open, 2 served>>"


@pytest.mark.parametrize("end", [Move.HANG_UP, Move.RESET])
def test_a_stale_connection_is_replaced_at_once_with_the_same_body_and_a_new_signature(end):
    with Loopback([answer(TOKEN_2), end], [answer(TOKEN_2)]) as server, Rig(server) as rig:
        rig.checkpoint()
        assert rig.checkpoint().token == "t2"
        assert rig.slept == []
        _, dead, again = server.requests
        assert dead.body == again.body
        assert json.loads(again.body)["ClientToken"] == "ct"
        assert dead.headers["X-Amz-Date"] != again.headers["X-Amz-Date"]


def test_a_connection_opened_ahead_and_lost_is_replaced_at_once():
    with Loopback([Move.HANG_UP], [answer(TOKEN_2)]) as server, Rig(server) as rig:
        rig.service.connect()
        assert rig.checkpoint().token == "t2"
        assert rig.slept == []


def test_a_connection_that_dies_twice_is_a_failed_attempt():
    moves = [answer(TOKEN_2), Move.HANG_UP], [Move.HANG_UP], [answer(TOKEN_2)]
    with Loopback(*moves) as server, Rig(server) as rig:
        rig.checkpoint()
        assert rig.checkpoint().token == "t2"
        assert rig.slept == [0.025]
        assert len({request.body for request in server.requests}) == 1


def test_a_closed_service_opens_another_connection():
    with Loopback([answer(TOKEN_2)], [answer(TOKEN_2)]) as server, Rig(server) as rig:
        rig.checkpoint()
        rig.service.close()
        rig.checkpoint()
        assert server.accepted == 2


def test_connecting_ahead_leaves_a_failure_to_the_first_call():
    with Loopback() as server:
        pass
    with Rig(server) as rig:
        rig.service.connect()
        with pytest.raises(ServiceError) as caught:
            rig.checkpoint()
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("ConnectionFailed", None, True)
    assert caught.value.execution == ARN
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert rig.slept == [0.025, 0.05]


CUT = Last(answer(TOKEN_2)[:-5])


@pytest.mark.parametrize(
    ("connections", "slept"),
    [
        ([[BROKEN, answer(TOKEN_2)]], [0.025]),
        ([[BROKEN, BROKEN, answer(TOKEN_2)]], [0.025, 0.05]),
        ([[BUSY, BUSY, answer(TOKEN_2)]], [0.5, 1.0]),
        ([[answer(b"", "503 Unavailable"), BUSY, answer(TOKEN_2)]], [0.025, 1.0]),
        ([[answer(b"not JSON"), answer(b"[]"), answer(TOKEN_2)]], [0.025, 0.05]),
        ([[CUT], [CUT], [answer(TOKEN_2)]], [0.025, 0.05]),
        ([[Move.HANG_UP], [Move.RESET], [answer(TOKEN_2)]], [0.025, 0.05]),
        ([[answer(b"{}", "429 Slow", Retry_After="3"), answer(TOKEN_2)]], [3.0]),
        ([[answer(b"{}", "429 Slow", Retry_After="60"), answer(TOKEN_2)]], [5.5]),
        ([[answer(b"{}", "503 Slow", Retry_After="0"), answer(TOKEN_2)]], [0.025]),
        ([[answer(b"{}", "503 Slow", Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), answer(TOKEN_2)]], [0.025]),
        ([[answer(b'{"__type":"ThrottlingException"}', "400 Bad"), answer(TOKEN_2)]], [0.5]),
    ],
)
def test_what_may_pass_is_sent_again_after_a_pause(connections, slept):
    with Loopback(*connections) as server, Rig(server) as rig:
        assert rig.checkpoint().token == "t2"
        assert rig.slept == slept
        assert len({request.body for request in server.requests}) == 1


def test_silence_is_followed_by_another_attempt_on_another_connection():
    with Loopback([Move.STAY_SILENT], [answer(TOKEN_2)]) as server, Rig(server, read_timeout=0.05) as rig:
        assert rig.checkpoint().token == "t2"
        assert rig.slept == [0.025]


@pytest.mark.parametrize(
    ("status", "code", "message", "retryable", "sent"),
    [
        ("400 Bad", "InvalidParameterValueException", "Invalid Checkpoint Token", True, 1),
        ("400 Bad", "InvalidParameterValueException", "Invalid parent operation id.", False, 1),
        ("403 No", "AccessDeniedException", "no", False, 1),
        ("413 Large", "RequestTooLargeException", "large", False, 1),
        ("502 Key", "KMSDisabledException", "disabled", False, 1),
        ("301 Moved", "", "", True, 1),
        ("429 Slow", "TooManyRequestsException", "slow", True, 3),
        ("500 Oops", "ServiceException", "oops", True, 3),
    ],
)
def test_what_remains_is_raised_with_its_verdict(status, code, message, retryable, sent):
    body = json.dumps({"Type": "User", "message": message}).encode()
    refusal = answer(body, status, x_amzn_ErrorType=code, x_amzn_RequestId="req-1", Location="http://127.0.0.1:1/")
    with Loopback([refusal] * 3) as server, Rig(server) as rig:
        with pytest.raises(ServiceError) as caught:
            rig.checkpoint()
        assert len(server.requests) == sent
    error = caught.value
    assert (error.call, error.status, error.code) == (
        "CheckpointDurableExecution", int(status[:3]), code or status[:3]
    )  # fmt: skip
    assert (error.message, error.retryable, error.request_id, error.execution) == (message, retryable, "req-1", ARN)


def test_as_many_attempts_are_made_as_asked_for():
    with Loopback([BROKEN] * 5) as server, Rig(server, random=1.0, attempts=5) as rig:
        with pytest.raises(ServiceError, match=r"ServiceException \(HTTP 500, request r-1\): oops"):
            rig.service.get_state(ARN, "t", "m")
        assert rig.slept == [0.05, 0.1, 0.2, 0.4]


def test_a_pause_has_a_limit():
    with Loopback([BUSY] * 8) as server, Rig(server, random=1.0, attempts=8) as rig:
        with pytest.raises(ServiceError):
            rig.checkpoint()
        assert rig.slept == [1, 2, 4, 8, 16, 20, 20]


def test_without_credentials_nothing_is_sent():
    class NoCredentials:
        def current(self):
            raise CredentialsUnavailable("gone")

    with Loopback() as server, Rig(server, credentials=NoCredentials()) as rig:
        with pytest.raises(ServiceError, match="CredentialsUnavailable: gone") as caught:
            rig.checkpoint()
        assert caught.value.retryable
        assert server.accepted == 0
        assert rig.slept == []


def test_calls_of_several_threads_take_turns():
    calls = 20
    with Loopback([answer(TOKEN_2)] * calls) as server, Rig(server) as rig:
        threads = [threading.Thread(target=rig.checkpoint) for _ in range(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.accepted == 1
        assert len(server.requests) == calls
