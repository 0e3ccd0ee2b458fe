"""Whether a proxy stands between this process and the service, by the variables that every HTTP client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.service.endpoint import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure_runtime.service.endpoint import Endpoint


def proxy_variable(environ: Mapping[str, str], endpoint: Endpoint) -> str | None:
    """The variable that sends requests for `endpoint` through a proxy, if one does.

    A loopback address is never behind one: the proxy's loopback is another machine.
    """
    for name in (f"{endpoint.scheme}_proxy", f"{endpoint.scheme}_proxy".upper()):
        if name in environ:
            # The lower-case spelling wins, and an empty value switches the proxy off.
            applies = environ[name] and not is_loopback(endpoint.host) and not _is_exempt(environ, endpoint)
            return name if applies else None
    return None


def _is_exempt(environ: Mapping[str, str], endpoint: Endpoint) -> bool:
    """Whether NO_PROXY names the endpoint: by its host, by host and port, by a domain it is in, or by `*`."""
    entries = environ.get("no_proxy", environ.get("NO_PROXY", ""))
    if entries.strip() == "*":
        return True
    names = (endpoint.host, f"{endpoint.host}:{endpoint.port}")
    for entry in entries.lower().split(","):
        exempt = entry.strip().lstrip(".")
        if exempt and any(name == exempt or name.endswith(f".{exempt}") for name in names):
            return True
    return False
