import json

import botocore.parsers
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perdure_runtime.service import wire
from support import botocore_requests
from support.service_values import ARN, arns, client_tokens, markers, names, texts, tokens

BASE = "https://lambda.eu-west-1.amazonaws.com"

updates = st.lists(
    st.fixed_dictionaries(
        {"Id": names, "Type": st.just("STEP"), "Action": st.sampled_from(["START", "SUCCEED"])},
        optional={
            "Name": texts,
            "Payload": texts,
        },
    ),
    max_size=4,
)


@pytest.mark.slow
@given(arns, tokens, updates, client_tokens)
@example(ARN, "a+/=", [{"Id": "1", "Type": "STEP", "Action": "SUCCEED", "Payload": 'é"\\\n\U0001f600'}], 'c"\\')
@example(f"arn:aws:lambda:eu-west-1:1:function:{'f' * 64}:1/durable-execution/{'n' * 64}/{'i' * 800}", "t", [], "c")
def test_a_checkpoint_says_what_botocore_would_say(arn, token, batch, client_token):
    expected = botocore_requests.sent(
        botocore_requests.client(),
        "checkpoint_durable_execution",
        DurableExecutionArn=arn,
        CheckpointToken=token,
        Updates=batch,
        ClientToken=client_token,
    )
    body = wire.checkpoint_body(token, [orjson.dumps(update) for update in batch], client_token)
    assert f"{BASE}{wire.execution_path(arn)}/checkpoint" == expected.url
    assert list(json.loads(body).items()) == list(json.loads(expected.body).items())


@pytest.mark.slow
@given(arns, tokens, markers, st.integers(0, 1000))
@example(ARN, "a+/=", "m ark~er*'()/?&=%é", 1000)
def test_a_state_request_says_what_botocore_would_say(arn, token, marker, limit):
    expected = botocore_requests.sent(
        botocore_requests.client(),
        "get_durable_execution_state",
        DurableExecutionArn=arn,
        CheckpointToken=token,
        Marker=marker,
        MaxItems=limit,
    )
    query = wire.state_query(token, marker, limit)
    assert f"{BASE}{wire.execution_path(arn)}/state?{query}" == expected.url


def test_updates_are_joined_as_they_are():
    body = wire.checkpoint_body("t", [b'{"Id" : 1.50}', b"{}"], "c")
    assert body == b'{"CheckpointToken":"t","Updates":[{"Id" : 1.50},{}],"ClientToken":"c"}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"CheckpointToken":"t2","NewExecutionState":{"Operations":[{"Id":"a","StartTimestamp":1.5}]}}',
            ("t2", [{"Id": "a", "StartTimestamp": 1.5}], None),
        ),
        (b'{"NewExecutionState":{"Operations":[],"NextMarker":"m"}}', (None, [], "m")),
        (b'{"CheckpointToken":null,"NewExecutionState":{"Operations":null,"NextMarker":null}}', (None, [], None)),
        (b'{"CheckpointToken":"","NewExecutionState":{"NextMarker":""}}', (None, [], None)),
        (b"{}", (None, [], None)),
    ],
)
def test_a_checkpoint_answer_is_read(body, expected):
    assert wire.checkpointed(body) == expected


def test_a_state_answer_is_read():
    assert wire.state_page(b'{"Operations":[{"Id":"a"}],"NextMarker":"m"}') == ([{"Id": "a"}], "m", 44)
    assert wire.state_page(b'{"Operations":[]}') == ([], None, 17)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"CheckpointToken":"t"',
        b'{"CheckpointToken":7}',
        b'{"NewExecutionState":[]}',
        b'{"NewExecutionState":{"Operations":{}}}',
        b'{"NewExecutionState":{"Operations":["a"]}}',
        b'{"NewExecutionState":{"NextMarker":1}}',
        b'{"CheckpointToken":"\xff"}',
    ],
)
def test_a_success_that_the_model_does_not_know_is_malformed(body):
    with pytest.raises(wire.MalformedAnswer):
        wire.checkpointed(body)


REFUSALS = [
    (400, {"x-amzn-errortype": "InvalidParameterValueException"}, b'{"Type":"User","message":"Invalid token"}'),
    (400, {"x-amzn-errortype": "InvalidParameterValueException:http://internal.amazon.com/x/"}, b'{"message":"m"}'),
    (404, {"x-amzn-errortype": "ResourceNotFoundException"}, b'{"Type":"User","Message":"gone"}'),
    (429, {"x-amzn-errortype": "TooManyRequestsException"}, b'{"Reason":"CallerRateLimitExceeded","message":"slow"}'),
    (403, {}, b'{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"}'),
    (400, {}, b'{"__type":"ServiceException"}'),
    (400, {}, b'{"code":"Thing","message":"both","Message":"Both"}'),
    (400, {}, b'{"Code":"ns#Thing:rest","Message":"m"}'),
    (400, {"x-amzn-errortype": "A"}, b'{"code":"B"}'),
    (413, {}, b"{}"),
]


@pytest.mark.parametrize(("status", "headers", "body"), REFUSALS)
def test_a_refusal_is_read_as_botocore_reads_it(status, headers, body):
    parsed = botocore.parsers.create_parser("rest-json").parse(
        {"status_code": status, "headers": headers, "body": body}, None
    )
    code, message = wire.refusal(status, headers, body)
    assert message == parsed["Error"]["Message"]
    assert code == (parsed["Error"]["Code"] or str(status))


@pytest.mark.parametrize("body", [b"", b"<html>413</html>", b"[]", b'"text"', b'{"code":5,"message":["x"]}'])
def test_a_refusal_that_is_no_error_object_is_known_by_its_status(body):
    assert wire.refusal(413, {}, body) == ("413", "")
