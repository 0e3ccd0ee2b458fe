"""The way to the service, where the lean client can go it; else the reason why boto3 has to.

The reasons for boto3 are the lines of `way_from_environment`, from the top; each is named in the one line that tells of
the choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.service.connection import open_plain
from perdure_runtime.service.credentials import container_endpoint, credentials_from_environment
from perdure_runtime.service.endpoint import Endpoint, endpoint_from_environment, is_set
from perdure_runtime.service.proxies import proxy_variable
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.connection import Transport

_NAMED_BUNDLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE")

# Each of these names a source that AWS's clients try before a container's credentials, and that only boto3 knows.
_OTHER_SOURCES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
_OTHER_ENDPOINTS = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")


class Way(NamedTuple):
    """Where a connection leads, and who vouches for it. Two that are equal lead to the same place."""

    endpoint: Endpoint
    bundle: str | None = None
    """The certificates that are trusted, and no others, as a file or a folder; None for those of `tls`."""

    def opener(self, timeout: float) -> Callable[[], Transport]:
        """What opens connections this way; what it learns about whom to trust holds for the next one, too."""
        endpoint = self.endpoint
        if endpoint.scheme == "http":
            return lambda: open_plain(endpoint.host, endpoint.port, timeout)
        from perdure_runtime.service.tls import trust_in

        trust = trust_in(self.bundle)
        return lambda: trust.open(endpoint.host, endpoint.port, timeout)


def region_of(environ: Mapping[str, str]) -> str:
    """The region that the environment names; empty where it names none."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""


def named_bundle(environ: Mapping[str, str]) -> str | None:
    """The certificates that the environment names, if it does."""
    return next((path for name in _NAMED_BUNDLES if (path := environ.get(name))), None)


def way_from_environment(environ: Mapping[str, str]) -> Way | str:
    """The way of the lean client, or what takes boto3. Raises ValueError where the environment contradicts itself."""
    for name in _OTHER_ENDPOINTS:
        if is_set(environ, name):
            return f"{name} is set"
    region = region_of(environ)
    if not region:
        return "neither AWS_REGION nor AWS_DEFAULT_REGION is set"
    if region.startswith("fips-") or region.endswith("-fips"):
        return f"{region} is not a region of its own"
    has_credentials = credentials_from_environment(environ) is not None
    if not has_credentials:
        for name in _OTHER_SOURCES:
            if environ.get(name):
                return f"{name} is set and the environment holds no credentials"
    endpoint = endpoint_from_environment(environ, region)
    if proxy := proxy_variable(environ, endpoint):
        return f"{proxy} applies to {endpoint.host}"
    if not has_credentials and container_endpoint(environ) is None:
        return "the environment holds no credentials"
    return Way(endpoint, named_bundle(environ))
