from __future__ import annotations

import pytest

from perdure_bootstrap.context import LambdaContext, about_function
from perdure_bootstrap.faults import Fault
from perdure_bootstrap.runtime_api import Invocation

ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
}


def context(client_context: str | None = None, cognito: str | None = None, now: float = 0.0) -> LambdaContext:
    invocation = Invocation(
        "rid", 10_500, b"", "arn:a", tenant_id="t-1", client_context=client_context, cognito=cognito
    )
    return LambdaContext(invocation, about_function(ENVIRON), lambda: now)


def test_facts_come_from_the_invocation_and_the_environment() -> None:
    it = context()
    assert (it.aws_request_id, it.invoked_function_arn, it.tenant_id) == ("rid", "arn:a", "t-1")
    assert (it.function_name, it.function_version, it.memory_limit_in_mb) == ("orders", "7", "512")
    assert (it.log_group_name, it.log_stream_name) == ("/aws/lambda/orders", "stream")


@pytest.mark.parametrize(("now", "left"), [(0.0, 10_500), (10.4, 100), (10.5, 0), (99.0, 0)])
def test_remaining_time_is_never_negative(now: float, left: int) -> None:
    assert context(now=now).get_remaining_time_in_millis() == left


def test_client_context_and_identity_are_objects_as_in_lambdas_runtime() -> None:
    it = context(
        '{"custom": {"k": "v"}, "env": {"locale": "de"}, "client": {"installation_id": "i", "app_title": "t"}}',
        '{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}',
    )
    assert it.client_context is not None
    assert (it.client_context.custom, it.client_context.env) == ({"k": "v"}, {"locale": "de"})
    assert it.client_context.client is not None
    assert vars_of(it.client_context.client) == {
        "app_package_name": None,
        "app_title": "t",
        "app_version_code": None,
        "app_version_name": None,
        "installation_id": "i",
    }
    assert vars_of(it.identity) == {"cognito_identity_id": "id", "cognito_identity_pool_id": "pool"}
    assert it.identity is it.identity


def test_absent_client_context_is_none_and_absent_identity_is_empty() -> None:
    it = context()
    assert it.client_context is None
    assert vars_of(it.identity) == {"cognito_identity_id": None, "cognito_identity_pool_id": None}
    partial = context('{"custom": 1}').client_context
    assert partial is not None
    assert partial.client is None


def test_w3c_passes_on_the_text_fields_it_knows() -> None:
    it = context('{"w3c": {"traceparent": "00-1", "tracestate": 5, "other": "x", "baggage": "b"}}')
    assert it.w3c() == {"traceparent": "00-1", "baggage": "b"}
    assert not hasattr(it.client_context, "w3c")
    assert context('{"w3c": []}').w3c() == {}
    assert context().w3c() == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "Unable to parse Client Context JSON: Expecting property name"), ("[]", "it is not an object")],
)
def test_client_context_that_cannot_be_parsed_is_a_fault_when_asked_for(text: str, reason: str) -> None:
    it = context(text)
    with pytest.raises(Fault, match=reason) as caught:
        _ = it.client_context
    assert caught.value.kind == "Runtime.LambdaContextUnmarshalError"


def test_attributes_can_be_set_as_instrumentation_does() -> None:
    it = context()
    it.client_context = None
    it.__dict__["span"] = 1
    assert it.__getattribute__("span") == 1


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'LambdaContext' object has no attribute 'colour'"):
        _ = getattr(context(), "colour")  # noqa: B009


def test_log_writes_the_message_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    context().log("a\n")
    context().log({"n": 1})
    assert capsys.readouterr().out == "a\n{'n': 1}"


def test_repr_shows_the_facts() -> None:
    assert repr(context()).startswith("LambdaContext([aws_request_id=rid,log_group_name=/aws/lambda/orders,")
    assert "identity=CognitoIdentity([cognito_identity_id=None," in repr(context())


def vars_of(value: object) -> dict[str, object]:
    return {slot: getattr(value, slot) for slot in type(value).__slots__}  # type: ignore[attr-defined]
