import pytest

from perdure_local.functions import Function
from perdure_local.worker_environment import OURS, worker_environment

SHELL = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "LC_ALL": "C.UTF-8",
    "SECRET": "hush",
    "MINE": "yes",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_ENDPOINT_URL": "https://lambda.us-east-1.amazonaws.com",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2",
    "HTTPS_PROXY": "http://proxy",
}


def made(**options):
    function = Function(name="ship", handler="app.ship", task_root="/srv", **options)
    return worker_environment(
        function, SHELL, endpoint="http://127.0.0.1:1", runtime_api="127.0.0.1:2", stream="local/1"
    )


def test_nothing_is_taken_over_but_what_is_allowed():
    env = made()
    assert {name for name in SHELL if env.get(name) == SHELL[name]} == {"PATH", "HOME", "LC_ALL"}
    assert made(inherit=("MINE",))["MINE"] == "yes"


def test_it_looks_like_lambda():
    env = made(memory=512, env={"TABLE": "orders"})
    expected = {
        "_HANDLER": "app.ship",
        "LAMBDA_TASK_ROOT": "/srv",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:2",
        "AWS_LAMBDA_FUNCTION_NAME": "ship",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/ship",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local/1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE": "orders",
    }
    assert expected.items() <= env.items()
    assert "AWS_LAMBDA_LOG_FORMAT" not in env
    assert made(log_format="JSON")["AWS_LAMBDA_LOG_FORMAT"] == "JSON"


def test_no_run_can_reach_aws_whatever_the_user_has():
    env = made(inherit=tuple(SHELL.keys() - OURS.keys()))
    assert env["AWS_ENDPOINT_URL"] == env["AWS_ENDPOINT_URL_LAMBDA"] == "http://127.0.0.1:1"
    assert env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"
    assert (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]) == ("local",) * 3
    assert env["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:2"


@pytest.mark.parametrize(
    "options",
    [
        {"env": {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "https://example.com", "TABLE": "orders"}},
        {"inherit": ("AWS_ENDPOINT_URL", "AWS_REGION", "MINE")},
    ],
)
def test_what_the_service_sets_is_refused_by_name(options):
    with pytest.raises(ValueError, match="the function ship: AWS_ENDPOINT_URL, AWS_REGION cannot be chosen"):
        made(**options)
