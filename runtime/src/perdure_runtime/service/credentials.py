"""Whose requests these are: credentials from the environment, or from the container provider, which renews them.

Lambda puts the function's credentials into the environment, where they hold as long as the sandbox. Under SnapStart,
and in containers elsewhere, an address and a token stand there instead. Any other source is boto3's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perdure_runtime.service.endpoint import is_loopback, packed_address, parse_url
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.endpoint import Endpoint
    from perdure_runtime.service.reply import Reply

# The addresses at which ECS and EKS serve credentials without TLS; the host itself is the boundary there.
_ECS_HOST = "169.254.170.2"
_METADATA_HOSTS = (_ECS_HOST, "169.254.170.23", "fd00:ec2::23")

_RENEWAL = 15 * 60.0
"""Renew this long before the end; a failure matters only when the end is reached."""
_PAUSE = 60.0
"""Between two tries to renew credentials that still hold."""
_ATTEMPTS = 3
_BETWEEN_ATTEMPTS = 1.0
_OK = 200


class CredentialsUnavailable(OSError):
    """The container provider gave no credentials."""


class Credentials(NamedTuple):
    """What a request is signed with."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r}, ...)"


if TYPE_CHECKING:

    class CredentialSource(Protocol):
        """Gives the credentials that hold now."""

        def current(self) -> Credentials:
            """Raises `CredentialsUnavailable`."""
            ...


class FixedCredentials:
    """Credentials that stay as they are."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> Credentials:
        return self._credentials


class ContainerCredentials:
    """Credentials fetched from the container provider, renewed before they end.

    `fetch` makes one GET request and `authorization` reads the token that goes with it, each time anew, because the
    token may live in a file that is replaced.
    """

    __slots__ = ("_authorization", "_clock", "_credentials", "_endpoint", "_ends", "_fetch", "_next_try", "_sleep")

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        fetch: Callable[[Endpoint, list[tuple[str, str]]], Reply],
        authorization: Callable[[], str | None],
        clock: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        self._endpoint = endpoint
        self._fetch = fetch
        self._authorization = authorization
        self._clock = clock
        self._sleep = sleep
        self._credentials: Credentials | None = None
        self._ends = float("inf")
        self._next_try = 0.0

    def current(self) -> Credentials:
        now = self._clock()
        held = self._credentials
        if held is None or now >= self._ends:
            return self._renew(_ATTEMPTS)
        if now < self._ends - _RENEWAL or now < self._next_try:
            return held
        self._next_try = now + _PAUSE
        try:
            return self._renew(1)
        except CredentialsUnavailable:
            return held

    def _renew(self, attempts: int) -> Credentials:
        while True:
            attempts -= 1
            try:
                self._credentials, self._ends = self._ask()
            except OSError as error:
                if not attempts:
                    raise CredentialsUnavailable(f"no credentials from {self._endpoint.authority}: {error}") from error
                self._sleep(_BETWEEN_ATTEMPTS)
            else:
                return self._credentials

    def _ask(self) -> tuple[Credentials, float]:
        headers = [("Accept", "application/json")]
        token = self._authorization()
        if token is not None:
            headers.append(("Authorization", token))
        reply = self._fetch(self._endpoint, headers)
        if reply.status != _OK:
            raise CredentialsUnavailable(f"it answered HTTP {reply.status}")
        return _read(reply.body)


def credentials_from_environment(environ: Mapping[str, str]) -> FixedCredentials | None:
    """The credentials in the environment, if it has any."""
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return FixedCredentials(Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN") or None))


def container_endpoint(environ: Mapping[str, str]) -> Endpoint | None:
    """Where the container provider is, if the environment names one.

    Raises ValueError for a plain http address that is neither this machine nor one of the known providers: credentials
    would come from, and the token go to, whoever sits on the way.
    """
    if relative := environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return parse_url(f"http://{_ECS_HOST}{relative}")
    url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not url:
        return None
    endpoint = parse_url(url)
    if endpoint.scheme != "https" and not is_loopback(endpoint.host) and not _is_metadata_host(endpoint.host):
        raise ValueError(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI: {endpoint.host} is not trusted with credentials over plain http;"
            " it has to be https, a loopback address, or a container metadata address"
        )
    return endpoint


def container_authorization(environ: Mapping[str, str]) -> str | None:
    """The token for the container provider. Raises `CredentialsUnavailable` when it cannot be read or sent."""
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if path := environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123  pathlib is not on the cold path
                token = file.read().rstrip()
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialsUnavailable(f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {error}") from error
    if token and not (token.isascii() and token.isprintable()):
        raise CredentialsUnavailable("the container authorization token cannot stand in a header")
    return token or None


def _is_metadata_host(host: str) -> bool:
    packed = packed_address(host)
    return packed is not None and any(packed == packed_address(known) for known in _METADATA_HOSTS)


def _read(body: bytes) -> tuple[Credentials, float]:
    import datetime as dt

    import orjson

    try:
        answer = orjson.loads(body)
        texts = [answer[name] for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")]
        access_key, secret_key, token, expiration = (str(text) for text in texts)
        ends = dt.datetime.fromisoformat(expiration)
    except (ValueError, KeyError, TypeError):
        # Without the cause, which may quote the secret.
        raise CredentialsUnavailable("its answer is not credentials") from None
    if ends.tzinfo is None:
        ends = ends.replace(tzinfo=dt.UTC)
    return Credentials(access_key, secret_key, token), ends.timestamp()
