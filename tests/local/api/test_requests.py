"""Requests that mean nothing, or come from where none should."""

import pytest

from support.api_calls import raw


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions/f/invocations"),
        ("POST", "/2025-12-01/durable-executions/a/b/checkpoint"),
        ("GET", "/2025-12-01/durable-executions/a/"),
        ("DELETE", "/2025-12-01/durable-executions/a"),
    ],
)
def test_an_unknown_path_is_answered_in_aws_s_shape(service, method, path):
    status, code, body = raw(service, method, path)
    assert (status, code, body["Type"]) == (404, "UnknownOperationException", "User")


@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b'{"CheckpointToken": 1}', b'{"CheckpointToken": "a", "Updates": {}}']
)
def test_a_checkpoint_that_is_none(service, body):
    status, code, _ = raw(service, "POST", "/2025-12-01/durable-executions/a/checkpoint", body)
    assert status == 400
    assert code in {"InvalidRequestContentException", "InvalidParameterValueException"}


def test_the_service_is_guarded(service):
    assert raw(service, "GET", "/", headers={"Origin": "http://example.com"})[:2] == (403, "AccessDeniedException")
    assert raw(service, "GET", "/", headers={"Host": "example.com"})[:2] == (403, "AccessDeniedException")
