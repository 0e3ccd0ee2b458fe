"""What botocore sends: the oracle of the service client's tests."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any, NamedTuple

import botocore.auth
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# One fixed moment: the tests run botocore's signer with the clock set to it.
NOW = dt.datetime(2026, 3, 9, 8, 7, 6, tzinfo=dt.UTC)


class Sent(NamedTuple):
    """A request as botocore would have sent it."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class _Caught(Exception):
    pass


@cache
def session() -> botocore.session.Session:
    """One session for all clients, so that the service models are read once."""
    return botocore.session.Session()


@cache
def client(region: str = "eu-west-1", endpoint: str | None = None, token: str | None = None) -> Any:
    """A Lambda client that hands its requests over instead of sending them."""
    made = session().create_client(
        "lambda",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        aws_session_token=token,
    )
    made.meta.events.register("before-send.lambda.*", _catch)
    return made


def sent(made: Any, method: str, **parameters: Any) -> Sent:
    """What `made.method(**parameters)` sends."""
    try:
        getattr(made, method)(**parameters)
    except _Caught as caught:
        request = caught.args[0]
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        return Sent(request.method, request.url, headers, request.body or b"")
    raise AssertionError("nothing was sent")


def stop_the_clock(monkeypatch: Any) -> None:
    """Set the clock of botocore's signer to `NOW`."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: NOW)


def signed(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    keys: tuple[str, str, str | None],
    region: str,
) -> dict[str, str]:
    """The headers of a request once botocore's signer has been over it."""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    SigV4Auth(Credentials(*keys), "lambda", region).add_auth(request)
    return dict(request.headers.items())


def _catch(request: Any, **_: Any) -> None:
    raise _Caught(request)
