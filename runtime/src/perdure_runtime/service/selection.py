"""Which client speaks to the service: the lean one wherever it can, boto3 where the environment asks for what it lacks.

The reasons for boto3 are a list in `_reason`; each is named in the one line that tells of the choice. boto3 is imported
only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perdure.errors import ServiceError
from perdure_runtime.service.agent import user_agent
from perdure_runtime.service.connection import CONNECT_TIMEOUT, READ_TIMEOUT, Connection, open_plain
from perdure_runtime.service.credentials import (
    ContainerCredentials,
    container_authorization,
    container_endpoint,
    credentials_from_environment,
)
from perdure_runtime.service.endpoint import endpoint_from_environment, is_set
from perdure_runtime.service.lean import ATTEMPTS, LeanService, Pace
from perdure_runtime.service.proxies import proxy_variable
from perdure_runtime.service.tls import trust_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.boto import BotoService
    from perdure_runtime.service.connection import Transport
    from perdure_runtime.service.credentials import CredentialSource
    from perdure_runtime.service.endpoint import Endpoint
    from perdure_runtime.service.reply import Reply

_CONTAINER_TIMEOUT = 2.0
_MOST_ATTEMPTS = 100

# Each of these names a source that AWS's clients try before a container's credentials, and that only boto3 knows.
_OTHER_SOURCES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
_OTHER_ENDPOINTS = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")


class Effects(NamedTuple):
    """What a client needs of the world besides the network."""

    clock: Callable[[], float]
    """Seconds since the epoch."""
    sleep: Callable[[float], object]
    random: Callable[[], float]
    """A number from 0 up to 1."""
    warn: Callable[[str], object]


def service_from_environment(environ: Mapping[str, str], effects: Effects) -> LeanService | BotoService:
    """The client that serves this environment. Opens no connection.

    Raises `ServiceError` when the environment contradicts itself, or asks for boto3 and there is none.
    """
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    try:
        reason = _reason(environ, region)
        if reason is None:
            endpoint = endpoint_from_environment(environ, region)
            proxy = proxy_variable(environ, endpoint)
            if proxy is None and (credentials := _credentials(environ, effects)) is not None:
                return _lean(environ, region, endpoint, credentials, effects)
            reason = f"{proxy} applies to {endpoint.host}" if proxy else "the environment holds no credentials"
    except ValueError as error:
        raise ServiceError("Configuration", "EnvironmentRefused", str(error)) from error
    return _through_boto3(region, reason, effects)


def _reason(environ: Mapping[str, str], region: str) -> str | None:
    """What, seen before an endpoint or credentials are looked for, takes boto3."""
    for name in _OTHER_ENDPOINTS:
        if is_set(environ, name):
            return f"{name} is set"
    if not region:
        return "neither AWS_REGION nor AWS_DEFAULT_REGION is set"
    if region.startswith("fips-") or region.endswith("-fips"):
        return f"{region} is not a region of its own"
    if credentials_from_environment(environ) is None:
        for name in _OTHER_SOURCES:
            if environ.get(name):
                return f"{name} is set and the environment holds no credentials"
    return None


def _credentials(environ: Mapping[str, str], effects: Effects) -> CredentialSource | None:
    fixed = credentials_from_environment(environ)
    if fixed is not None:
        return fixed
    endpoint = container_endpoint(environ)
    if endpoint is None:
        return None

    def fetch(place: Endpoint, headers: list[tuple[str, str]]) -> Reply:
        return _fetched(place, headers, _opener(environ, place, _CONTAINER_TIMEOUT))

    return ContainerCredentials(
        endpoint,
        fetch=fetch,
        authorization=lambda: container_authorization(environ),
        clock=effects.clock,
        sleep=effects.sleep,
    )


def _lean(
    environ: Mapping[str, str], region: str, endpoint: Endpoint, credentials: CredentialSource, effects: Effects
) -> LeanService:
    return LeanService(
        endpoint,
        region,
        credentials,
        connection=Connection(_opener(environ, endpoint, CONNECT_TIMEOUT), read_timeout=READ_TIMEOUT),
        agent=user_agent(environ),
        clock=effects.clock,
        pace=Pace(effects.sleep, effects.random, _attempts(environ)),
    )


def _opener(environ: Mapping[str, str], endpoint: Endpoint, timeout: float) -> Callable[[], Transport]:
    if endpoint.scheme == "http":
        return lambda: open_plain(endpoint.host, endpoint.port, timeout)
    trust = trust_from_environment(environ)
    return lambda: trust.open(endpoint.host, endpoint.port, timeout)


def _fetched(endpoint: Endpoint, headers: list[tuple[str, str]], open_transport: Callable[[], Transport]) -> Reply:
    lines = [f"GET {endpoint.path or '/'} HTTP/1.1", f"Host: {endpoint.authority}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    connection = Connection(open_transport, read_timeout=_CONTAINER_TIMEOUT)
    try:
        return connection.exchange("".join([f"{line}\r\n" for line in (*lines, "")]).encode())
    finally:
        connection.close()


def _attempts(environ: Mapping[str, str]) -> int:
    text = environ.get("AWS_MAX_ATTEMPTS")
    if not text:
        return ATTEMPTS
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_ATTEMPTS)) and int(text) > 0):
        raise ValueError(f"AWS_MAX_ATTEMPTS: {text!r} is not a number of attempts")
    return int(text)


def _through_boto3(region: str, reason: str, effects: Effects) -> BotoService:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ServiceError(
            "Configuration",
            "ClientMissing",
            f"{reason}, which takes boto3, and boto3 is not installed: pip install perdure-runtime[boto]",
        ) from error
    from perdure_runtime.service.boto import BotoService

    effects.warn(f"the durable execution service is reached through boto3: {reason}")
    try:
        return BotoService(boto3.client("lambda", region_name=region or None))
    except (BotoCoreError, ValueError) as error:
        raise ServiceError("Configuration", type(error).__name__, str(error)) from error
