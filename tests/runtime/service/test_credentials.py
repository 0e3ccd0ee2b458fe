import pytest

from perdure_runtime.service.credentials import (
    ContainerCredentials,
    Credentials,
    CredentialsUnavailable,
    container_authorization,
    container_endpoint,
    credentials_from_environment,
)
from perdure_runtime.service.endpoint import Endpoint
from perdure_runtime.service.reply import Reply

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
PLACE = Endpoint("http", "127.0.0.1", 9001, "/credentials")
T0 = 1_700_000_000.0
T0_PLUS_HOUR = "2023-11-14T23:13:20Z"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (KEYS, Credentials("AKID", "secret", None)),
        ({**KEYS, "AWS_SESSION_TOKEN": "token"}, Credentials("AKID", "secret", "token")),
        ({**KEYS, "AWS_SESSION_TOKEN": ""}, Credentials("AKID", "secret", None)),
    ],
)
def test_the_environment_gives_credentials(environ, expected):
    assert credentials_from_environment(environ).current() == expected


@pytest.mark.parametrize("missing", KEYS)
@pytest.mark.parametrize("how", [{}, {"": ""}])
def test_half_of_a_pair_is_none(missing, how):
    environ = {**KEYS, missing: ""} if how else {name: value for name, value in KEYS.items() if name != missing}
    assert credentials_from_environment(environ) is None


def test_a_secret_is_not_shown():
    assert repr(Credentials("AKID", "secret", "token")) == "Credentials('AKID', ...)"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": ""}, None),
        (
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/2021-04-23/credentials?x=1"},
            Endpoint("http", "127.0.0.1", 9001, "/2021-04-23/credentials?x=1"),
        ),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/c/"}, Endpoint("http", "localhost", 80, "/c/")),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[::1]:80"}, Endpoint("http", "::1", 80)),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/a"}, Endpoint("http", "169.254.170.2", 80, "/a")),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23"}, Endpoint("http", "169.254.170.23", 80)),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]"}, Endpoint("http", "fd00:ec2::23", 80)),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://any.where/c"}, Endpoint("https", "any.where", 443, "/c")),
        (
            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x?id=1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"},
            Endpoint("http", "169.254.170.2", 80, "/v2/x?id=1"),
        ),
    ],
)
def test_the_container_provider_is_where_the_environment_says(environ, expected):
    assert container_endpoint(environ) == expected


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://169.254.169.254/", "http://127.0.0.1.example.com/", "http://169.254.170.2.nip.io/",
     "http://[fd00:ec2::24]/", "http://10.0.0.1/", "file:///etc/passwd", "http://user@localhost/"],
)  # fmt: skip
def test_no_other_host_is_asked_over_plain_http(url):
    with pytest.raises(ValueError, match=r"\S"):
        container_endpoint({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})


def test_a_relative_uri_cannot_lead_to_another_host():
    with pytest.raises(ValueError, match=r"\S"):
        container_endpoint({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.com/"})


def test_the_authorization_is_a_token_or_what_its_file_holds_now(tmp_path):
    file = tmp_path / "token"
    environ = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "plain"}
    assert container_authorization({}) is None
    assert container_authorization(environ) == "plain"
    environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(file)
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        assert container_authorization(environ) == token


@pytest.mark.parametrize("token", ["a\r\nX: y", "a\nb", "é"])
def test_a_token_that_cannot_stand_in_a_header_is_refused(token):
    with pytest.raises(CredentialsUnavailable, match="header") as caught:
        container_authorization({"AWS_CONTAINER_AUTHORIZATION_TOKEN": token})
    assert token not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_token_file_that_cannot_be_read_is_named(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CredentialsUnavailable, match="AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        container_authorization({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)})


class Provider:
    """A container provider with a clock: answers from a list, the last one for ever."""

    def __init__(self, *answers, authorization="token"):
        self.answers = list(answers)
        self.asked = []
        self.slept = []
        self.now = T0
        self.credentials = ContainerCredentials(
            PLACE,
            fetch=self._fetch,
            authorization=lambda: authorization,
            clock=lambda: self.now,
            sleep=self.slept.append,
        )

    def _fetch(self, endpoint, headers):
        self.asked.append((endpoint, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def key(self):
        return self.credentials.current().access_key


def issued(key, expiration=T0_PLUS_HOUR):
    body = f'{{"AccessKeyId":"{key}","SecretAccessKey":"s","Token":"t","Expiration":"{expiration}"}}'
    return Reply(200, {}, body.encode(), reusable=False)


HOUR = 3600.0
LATER = "2023-11-15T01:13:20+00:00"
REFUSED = Reply(500, {}, b"", reusable=False)


def test_the_provider_is_asked_once_while_its_credentials_hold():
    provider = Provider(issued("A"))
    assert provider.credentials.current() == Credentials("A", "s", "t")
    provider.now = T0 + HOUR - 15 * 60 - 1
    assert provider.key == "A"
    assert provider.asked == [(PLACE, [("Accept", "application/json"), ("Authorization", "token")])]


def test_without_a_token_the_provider_is_asked_without_one():
    provider = Provider(issued("A"), authorization=None)
    assert provider.key == "A"
    assert provider.asked == [(PLACE, [("Accept", "application/json")])]


def test_credentials_are_renewed_before_they_end():
    provider = Provider(issued("A"), issued("B", LATER))
    assert provider.key == "A"
    provider.now = T0 + HOUR - 15 * 60
    assert provider.key == "B"


def test_a_renewal_that_fails_early_is_tried_again_a_minute_later():
    provider = Provider(issued("A"), REFUSED, OSError("unreachable"), issued("B", LATER))
    assert provider.key == "A"
    asked = []
    for seconds in (0, 59, 60, 119, 120):
        provider.now = T0 + HOUR - 15 * 60 + seconds
        asked.append((provider.key, len(provider.asked)))
    assert asked == [("A", 2), ("A", 2), ("A", 3), ("A", 3), ("B", 4)]
    assert provider.slept == []


def test_credentials_that_ended_are_not_used():
    provider = Provider(issued("A"), REFUSED)
    assert provider.key == "A"
    provider.now = T0 + HOUR
    with pytest.raises(CredentialsUnavailable, match=r"127\.0\.0\.1:9001: it answered HTTP 500"):
        provider.credentials.current()
    assert provider.slept == [1.0, 1.0]
    assert len(provider.asked) == 4


def test_the_first_credentials_are_worth_three_attempts():
    provider = Provider(ConnectionRefusedError("nobody"), REFUSED, issued("A"))
    assert provider.key == "A"
    assert provider.slept == [1.0, 1.0]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"AccessKeyId":"A"}', b'{"Code":"Error","Message":"no"}',
     b'{"AccessKeyId":"A","SecretAccessKey":"hush","Token":"t","Expiration":"soon"}',
     b'{"AccessKeyId":"A","SecretAccessKey":"hush","Token":"t","Expiration":null}'],
)  # fmt: skip
def test_an_answer_that_is_no_credentials_is_an_error_without_secrets(body):
    provider = Provider(Reply(200, {}, body, reusable=False))
    with pytest.raises(CredentialsUnavailable, match="not credentials") as caught:
        provider.credentials.current()
    assert "hush" not in repr(caught.value.__cause__)
    assert caught.value.__cause__.__cause__ is None


def test_a_time_without_a_zone_is_utc():
    provider = Provider(issued("A", "2023-11-14T23:13:20"), issued("B", LATER))
    assert provider.key == "A"
    provider.now = T0 + HOUR - 15 * 60 - 1
    assert provider.key == "A"
    provider.now += 1
    assert provider.key == "B"
