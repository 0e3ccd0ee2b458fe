import sys

import pytest

from perdure.errors import ServiceError
from perdure_runtime.service.boto import BotoService
from perdure_runtime.service.lean import LeanService
from perdure_runtime.service.selection import Effects, service_from_environment
from support.loopback import Loopback, answer
from support.service_values import ARN

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
LAMBDA = {**KEYS, "AWS_REGION": "eu-west-1"}
PROXY = {"HTTPS_PROXY": "http://proxy:3128"}
T0 = 1_700_000_000.0


class World:
    """The effects a client is given, with what it did to them."""

    def __init__(self):
        self.warnings = []
        self.slept = []
        self.effects = Effects(lambda: T0, self.slept.append, lambda: 1.0, self.warnings.append)

    def service(self, environ):
        return service_from_environment(environ, self.effects)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """What boto3 finds: nothing, but for what a test puts there."""
    for name in ("AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", *KEYS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        (LAMBDA, "https://lambda.eu-west-1.amazonaws.com"),
        ({**KEYS, "AWS_DEFAULT_REGION": "cn-north-1"}, "https://lambda.cn-north-1.amazonaws.com.cn"),
        ({**LAMBDA, "AWS_DEFAULT_REGION": "us-east-1"}, "https://lambda.eu-west-1.amazonaws.com"),
        ({**LAMBDA, "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ({**LAMBDA, "AWS_PROFILE": "other"}, "https://lambda.eu-west-1.amazonaws.com"),
        ({**LAMBDA, "AWS_USE_FIPS_ENDPOINT": "false"}, "https://lambda.eu-west-1.amazonaws.com"),
        ({**LAMBDA, **PROXY, "NO_PROXY": ".amazonaws.com"}, "https://lambda.eu-west-1.amazonaws.com"),
        ({**LAMBDA, **PROXY, "AWS_ENDPOINT_URL": "http://emulator:9014"}, "http://emulator:9014"),
        (
            {"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/c"},
            "https://lambda.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_what_the_lean_client_can_serve_it_serves(world, environ, place):
    service = world.service(environ)
    assert isinstance(service, LeanService)
    assert repr(service) == f"<LeanService {place} <Connection closed>>"
    assert world.warnings == []


FALLBACKS = [
    ({**LAMBDA, "AWS_USE_FIPS_ENDPOINT": "true"}, "AWS_USE_FIPS_ENDPOINT is set"),
    ({**LAMBDA, "AWS_USE_DUALSTACK_ENDPOINT": "TRUE"}, "AWS_USE_DUALSTACK_ENDPOINT is set"),
    ({**LAMBDA, "AWS_REGION": "fips-us-east-1"}, "fips-us-east-1 is not a region of its own"),
    (KEYS, "neither AWS_REGION nor AWS_DEFAULT_REGION is set"),
    ({**LAMBDA, **PROXY}, "HTTPS_PROXY applies to lambda.eu-west-1.amazonaws.com"),
    ({"AWS_REGION": "eu-west-1"}, "the environment holds no credentials"),
    ({"AWS_REGION": "eu-west-1", "AWS_PROFILE": "p"}, "AWS_PROFILE is set and the environment holds no credentials"),
    (
        {
            "AWS_REGION": "eu-west-1",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
        },
        "AWS_WEB_IDENTITY_TOKEN_FILE is set and the environment holds no credentials",
    ),
]


@pytest.mark.slow
@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("environ", "reason"), FALLBACKS)
def test_what_it_cannot_serve_goes_through_boto3_with_one_line_that_says_why(world, environ, reason):
    service = world.service(environ)
    assert isinstance(service, BotoService)
    service._client.close()
    assert world.warnings == [f"the durable execution service is reached through boto3: {reason}"]


@pytest.mark.parametrize(("environ", "reason"), FALLBACKS)
def test_where_boto3_is_missing_the_error_says_what_to_install_and_why(world, environ, reason, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ServiceError, match=r"pip install perdure-runtime\[boto\]") as caught:
        world.service(environ)
    assert caught.value.code == "ClientMissing"
    assert caught.value.message.startswith(reason)
    assert caught.value.retryable


@pytest.mark.slow
@pytest.mark.usefixtures("surroundings")
def test_what_boto3_refuses_is_a_service_error(world, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ServiceError, match="NoRegionError"):
        world.service(KEYS)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({**LAMBDA, "AWS_REGION": "eu west"}, "'eu west' is not a region"),
        ({**LAMBDA, "AWS_ENDPOINT_URL": "localhost"}, "AWS_ENDPOINT_URL: 'localhost' is not"),
        ({**LAMBDA, "AWS_MAX_ATTEMPTS": "0"}, "AWS_MAX_ATTEMPTS: '0'"),
        ({**LAMBDA, "AWS_MAX_ATTEMPTS": "-1"}, "AWS_MAX_ATTEMPTS: '-1'"),
        ({**LAMBDA, "AWS_MAX_ATTEMPTS": "many"}, "AWS_MAX_ATTEMPTS: 'many'"),
        ({**LAMBDA, "AWS_MAX_ATTEMPTS": "1000"}, "AWS_MAX_ATTEMPTS: '1000'"),
        (
            {"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"},
            "AWS_CONTAINER_CREDENTIALS_FULL_URI: example.com is not trusted",
        ),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused_by_name(world, environ, complaint):
    with pytest.raises(ServiceError, match="EnvironmentRefused") as caught:
        world.service(environ)
    assert caught.value.message.startswith(complaint)


OK = answer(b'{"CheckpointToken":"t2","NewExecutionState":{}}')
ISSUED = (
    b'{"AccessKeyId":"CONTAINERKEY","SecretAccessKey":"s","Token":"tok","Expiration":"2023-11-15T22:13:20Z",'
    b'"RoleArn":"r","LastUpdated":"x"}'
)


def test_the_client_that_is_picked_works(world):
    with Loopback([OK]) as server:
        service = world.service(
            {**LAMBDA, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}/base/", "AWS_EXECUTION_ENV": "AWS_Lambda_x"}
        )
        assert service.checkpoint(ARN, "t1", [], "ct").token == "t2"
        service.close()
        (request,) = server.requests
    assert request.line.startswith("POST /base/2025-12-01/durable-executions/arn%3A")
    assert "Credential=AKID/20231114/eu-west-1/lambda/aws4_request" in request.headers["Authorization"]
    assert request.headers["User-Agent"].startswith("perdure/")
    assert request.headers["User-Agent"].endswith(" exec-env/AWS_Lambda_x")


def test_credentials_come_from_the_container_provider(world, tmp_path):
    token = tmp_path / "token"
    token.write_text("let me in")
    with Loopback([answer(ISSUED)]) as provider, Loopback([OK, OK]) as server:
        service = world.service(
            {
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.port}",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{provider.port}/credentials?v=1",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
            }
        )
        service.checkpoint(ARN, "t1", [], "c1")
        service.checkpoint(ARN, "t2", [], "c2")
        service.close()
        (asked,) = provider.requests
    assert asked.line == "GET /credentials?v=1 HTTP/1.1"
    assert asked.headers["Authorization"] == "let me in"
    for request in server.requests:
        assert "Credential=CONTAINERKEY/" in request.headers["Authorization"]
        assert request.headers["X-Amz-Security-Token"] == "tok"


@pytest.mark.parametrize(("attempts", "slept"), [("1", []), ("2", [0.05]), ("", [0.05, 0.1])])
def test_the_number_of_attempts_is_the_environments(world, attempts, slept):
    with Loopback([answer(b"", "500 Oops")] * 3) as server:
        environ = {**LAMBDA, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}", "AWS_MAX_ATTEMPTS": attempts}
        service = world.service(environ)
        with pytest.raises(ServiceError):
            service.checkpoint(ARN, "t1", [], "ct")
        service.close()
    assert world.slept == slept
