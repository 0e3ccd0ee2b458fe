"""Which client speaks to the service: the lean one wherever it can, boto3 where the environment asks for what it lacks.

What that is, `way` knows. boto3 is imported only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.errors import ServiceError
from perdure_runtime.service.agent import user_agent
from perdure_runtime.service.connection import CONNECT_TIMEOUT, READ_TIMEOUT, Connection
from perdure_runtime.service.credentials import (
    ContainerCredentials,
    container_authorization,
    container_endpoint,
    credentials_from_environment,
)
from perdure_runtime.service.lean import ATTEMPTS, LeanService, Pace
from perdure_runtime.service.way import Way, named_bundle, region_of, way_from_environment
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.ahead import Ahead
    from perdure_runtime.service.boto import BotoService
    from perdure_runtime.service.connection import Transport
    from perdure_runtime.service.endpoint import Endpoint
    from perdure_runtime.service.reply import Reply

_CONTAINER_TIMEOUT = 2.0
_MOST_ATTEMPTS = 100


class Effects(NamedTuple):
    """What a client needs of the world besides the network."""

    clock: Callable[[], float]
    """Seconds since the epoch."""
    sleep: Callable[[float], object]
    random: Callable[[], float]
    """A number from 0 up to 1."""
    warn: Callable[[str], object]


def service_from_environment(
    environ: Mapping[str, str], effects: Effects, ahead: Ahead | None = None
) -> LeanService | BotoService:
    """The client that serves this environment. Opens no connection; one that was opened `ahead` is used first.

    Raises `ServiceError` when the environment contradicts itself, or asks for boto3 and there is none.
    """
    try:
        way = way_from_environment(environ)
        if isinstance(way, Way):
            return _lean(environ, way, effects, ahead)
    except ValueError as error:
        raise ServiceError("Configuration", "EnvironmentRefused", str(error)) from error
    return _through_boto3(region_of(environ), way, effects)


def _container_credentials(environ: Mapping[str, str], effects: Effects) -> ContainerCredentials:
    endpoint = container_endpoint(environ)
    assert endpoint is not None  # noqa: S101  `way_from_environment` has seen it

    def fetch(place: Endpoint, headers: list[tuple[str, str]]) -> Reply:
        return _fetched(place, headers, Way(place, named_bundle(environ)).opener(_CONTAINER_TIMEOUT))

    return ContainerCredentials(
        endpoint,
        fetch=fetch,
        authorization=lambda: container_authorization(environ),
        clock=effects.clock,
        sleep=effects.sleep,
    )


def _lean(environ: Mapping[str, str], way: Way, effects: Effects, ahead: Ahead | None) -> LeanService:
    open_transport, early = (way.opener(CONNECT_TIMEOUT), None) if ahead is None else ahead.opener(way)
    return LeanService(
        way.endpoint,
        region_of(environ),
        credentials_from_environment(environ) or _container_credentials(environ, effects),
        connection=Connection(open_transport, early=early, read_timeout=READ_TIMEOUT),
        agent=user_agent(environ),
        clock=effects.clock,
        pace=Pace(effects.sleep, effects.random, _attempts(environ)),
    )


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
