"""The `context` argument of a handler, attribute for attribute what Lambda's own Python runtime passes.

Client context and identity are JSON in headers that few functions look at, so they are parsed when first asked for. One
that cannot be parsed is a fault at that moment; the stock runtime raises the same fault before the handler begins.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from perdure_bootstrap.faults import CONTEXT_UNMARSHAL_ERROR, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from perdure_bootstrap.runtime_api import Invocation

__all__ = ["Client", "ClientContext", "CognitoIdentity", "LambdaContext", "about_function"]

ABOUT = (
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
)

W3C_FIELDS = ("traceparent", "tracestate", "baggage")
"""What of the W3C trace context is passed on; anything else in its place is dropped."""


def about_function(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What `environ` says of the function, the same for all invocations of a process."""
    return tuple([environ.get(name, "") for name in ABOUT])


class _Fields:
    """Attributes named by `__slots__`, read from the JSON object of `names`; absent ones are None."""

    __slots__: tuple[str, ...] = ()
    names: Mapping[str, str] = {}

    def __init__(self, fields: Mapping[str, Any]) -> None:
        for slot in self.__slots__:
            setattr(self, slot, fields.get(self.names.get(slot, slot)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{','.join(f'{slot}={getattr(self, slot)}' for slot in self.__slots__)}])"


class CognitoIdentity(_Fields):
    """Who called, by Amazon Cognito."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    names = {  # noqa: RUF012  (typing.ClassVar would cost the import of typing)
        "cognito_identity_id": "cognitoIdentityId",
        "cognito_identity_pool_id": "cognitoIdentityPoolId",
    }


class Client(_Fields):
    """The mobile application that called."""

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")


class ClientContext(_Fields):
    """What the caller said of itself."""

    __slots__ = ("client", "custom", "env")
    client: Client | None
    custom: dict[str, Any] | None
    env: dict[str, Any] | None

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        about = fields.get("client")
        self.client = None if about is None else Client(about)


class LambdaContext:
    """The facts of one invocation."""

    client_context: ClientContext | None
    identity: CognitoIdentity
    _w3c: dict[str, str]

    def __init__(self, invocation: Invocation, about: tuple[str, ...], clock: Callable[[], float] = time.time) -> None:
        """`about` is what `about_function` found."""
        self.aws_request_id = invocation.request_id
        self.invoked_function_arn = invocation.function_arn
        self.tenant_id = invocation.tenant_id
        name, version, memory, group, stream = about
        self.function_name = name
        self.function_version = version
        self.memory_limit_in_mb = memory
        self.log_group_name = group
        self.log_stream_name = stream
        self._deadline_ms = invocation.deadline_ms
        self._clock = clock
        self._unparsed = invocation.client_context, invocation.cognito

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation, never less than 0."""
        # The wall clock: a monotonic one stands still while the sandbox is frozen.
        return max(0, self._deadline_ms - int(self._clock() * 1000))

    def log(self, message: object) -> None:
        """Write `message` to standard output as it is."""
        sys.stdout.write(str(message))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context of the caller, as far as it sent one."""
        return dict(self._w3c)

    def __getattr__(self, name: str) -> object:
        if name == "identity":
            self.identity = CognitoIdentity(_parsed(self._unparsed[1], "Cognito Identity") or {})
            return self.identity
        if name in {"client_context", "_w3c"}:
            self._parse_client_context()
            return self.__dict__[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def _parse_client_context(self) -> None:
        fields = _parsed(self._unparsed[0], "Client Context")
        self.client_context = None if fields is None else ClientContext(fields)
        trace = (fields or {}).get("w3c")
        sent = trace if isinstance(trace, dict) else {}
        self._w3c = {field: sent[field] for field in W3C_FIELDS if isinstance(sent.get(field), str)}

    def __repr__(self) -> str:
        shown = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in shown)}])"


def _parsed(text: str | None, what: str) -> dict[str, Any] | None:
    if not text:
        return None
    import json

    try:
        fields = json.loads(text)
    except ValueError as error:
        raise Fault(CONTEXT_UNMARSHAL_ERROR, f"Unable to parse {what} JSON: {error}") from error
    if not isinstance(fields, dict):
        raise Fault(CONTEXT_UNMARSHAL_ERROR, f"Unable to parse {what} JSON: it is not an object")
    return fields
