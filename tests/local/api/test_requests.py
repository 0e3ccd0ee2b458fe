"""Requests that mean nothing, or come from where none should."""

import itertools
from urllib.parse import quote

import pytest

from support.api_calls import SUCCEED, raw


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


DIGITS = "9" * 5000
"""More than Python turns into a number."""


@pytest.mark.parametrize("query", [f"MaxItems={DIGITS}", f"Marker={DIGITS}", f"Marker={DIGITS}&ReverseOrder=true"])
def test_a_number_of_any_length_is_read_or_refused(service, name, query):
    service.host(name, lambda envelope: SUCCEED)
    arn = quote(service.start(name, b"{}"), safe="")
    assert raw(service, "GET", f"/2025-12-01/durable-executions/{arn}/history?{query}")[0] in {200, 400}


@pytest.mark.slow
def test_a_body_that_grows_too_large_on_the_way_is_refused_as_such(service):
    parts = itertools.repeat(bytes(1024 * 1024), 33)
    status, code, _ = raw(service, "POST", "/2025-12-01/durable-executions/a/checkpoint", parts)
    assert (status, code) == (413, "RequestTooLargeException")
