"""Where the service is: the endpoint variables, or the region's own address."""

from __future__ import annotations

import _socket
from typing import TYPE_CHECKING

from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._:%")
_PORT_LIMIT = 65_535

# The partitions whose names end unlike amazonaws.com, by how their regions begin.
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}


class Endpoint(NamedTuple):
    """An http or https URL, taken apart."""

    scheme: str
    host: str
    port: int
    path: str = ""
    """What the path of every request begins with."""

    @property
    def authority(self) -> str:
        """The Host header: the host, and the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str) -> Endpoint:
    """Take a URL apart, its query left with the path. Raises ValueError for what no request could go to."""
    scheme, mark, rest = url.strip().partition("://")
    scheme = scheme.lower()
    cut = min(at for at in (rest.find("/"), rest.find("?"), rest.find("#"), len(rest)) if at >= 0)
    authority, path = rest[:cut], rest[cut:]
    host, port = _host_and_port(authority.lower())
    if not mark or scheme not in _DEFAULT_PORTS or not host or not _HOST.issuperset(host):
        raise ValueError(f"{url!r} is not of the form https://host[:port][/path]")
    if not path.isascii() or not path.isprintable() or " " in path or "#" in path:
        raise ValueError(f"the path of {url!r} cannot stand in a request")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _PORT_LIMIT):
        raise ValueError(f"{port!r} in {url!r} is not a port")
    return Endpoint(scheme, host, int(port or _DEFAULT_PORTS[scheme]), path)


def parse_endpoint(url: str) -> Endpoint:
    """Take apart the URL of a service. Raises ValueError."""
    endpoint = parse_url(url)
    if "?" in endpoint.path:
        raise ValueError(f"{url!r} has a query, which an endpoint cannot have")
    return endpoint._replace(path=endpoint.path.removesuffix("/"))


def regional_endpoint(region: str) -> Endpoint:
    """Lambda's address in a region. Raises ValueError for what cannot be a region."""
    if not region or not _LABEL.issuperset(region):
        raise ValueError(f"{region!r} is not a region")
    suffix = next((suffix for opening, suffix in _SUFFIXES.items() if region.startswith(opening)), "amazonaws.com")
    return Endpoint("https", f"lambda.{region}.{suffix}", 443)


def endpoint_from_environment(environ: Mapping[str, str], region: str) -> Endpoint:
    """The endpoint that the environment names, else the region's. Raises ValueError."""
    if not is_set(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        for name in ("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"):
            if url := environ.get(name):
                try:
                    return parse_endpoint(url)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
    return regional_endpoint(region)


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Whether a boolean variable says `true`, as AWS's tools read it."""
    return environ.get(name, "").strip().lower() == "true"


def is_loopback(host: str) -> bool:
    """Whether `host` can only mean this machine."""
    if host == "localhost":
        return True
    packed = packed_address(host)
    return packed is not None and (packed[:1] == b"\x7f" if len(packed) == 4 else packed == b"\0" * 15 + b"\1")  # noqa: PLR2004  IPv4


def packed_address(host: str) -> bytes | None:
    """The bytes of an IP address, or None for a name."""
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            return _socket.inet_pton(family, host)
        except OSError:
            continue
    return None


def _host_and_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, closed, rest = authority[1:].partition("]")
        if not closed or ":" not in host or (rest and not rest.startswith(":")):
            return "", ""
        return host, rest[1:]
    host, _, port = authority.partition(":")
    return host, port
