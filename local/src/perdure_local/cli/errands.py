"""Calls to a running service, made without an SDK: a command that is typed should answer at once."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from perdure_local.cli.problems import FAILURE, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 30.0


class Errands:
    """Speaks to the service at an address such as `http://127.0.0.1:8000`."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        try:
            port = parts.port
        except ValueError:
            port = None
        if parts.scheme != "http" or not parts.hostname or port is None:
            raise Problem(f"--endpoint is an address such as http://127.0.0.1:8000, not {endpoint}.")
        self.endpoint = endpoint
        self._host, self._port = parts.hostname, port

    def ask(self, method: str, *segments: str, body: bytes = b"") -> dict[str, Any]:
        """Make a call of the service's API; raises `Problem` for one that is refused, or does not come through."""
        path = "/" + "/".join(quote(segment, safe="") for segment in segments)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_PATIENCE)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            answer = response.read()
        except ConnectionRefusedError:
            raise Problem(f"No service is running at {self.endpoint}.", FAILURE) from None
        except (OSError, http.client.HTTPException) as error:
            raise Problem(f"The service at {self.endpoint} does not answer: {error}.", FAILURE) from None
        finally:
            connection.close()
        if response.status >= 400:  # noqa: PLR2004 - HTTP's refusals
            raise Problem(_reason(answer, response.headers.get("x-amzn-ErrorType")), FAILURE)
        return _object(answer)

    def callbacks(self) -> Sequence[dict[str, Any]]:
        """Return the callbacks that wait."""
        found: Sequence[dict[str, Any]] = self.ask("GET", "perdure", "callbacks").get("Callbacks", [])
        return found


def _reason(answer: bytes, kind: str | None) -> str:
    body = _object(answer)
    return f"{kind or 'The service refused'}: {body.get('message') or body.get('Message') or 'no reason given'}"


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(answer or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
