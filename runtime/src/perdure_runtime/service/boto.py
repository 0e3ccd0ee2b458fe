"""The durable execution service through a boto3 Lambda client, given by the user or made by `selection`.

boto3 retries, signs and parses in its own way; this adapter only translates. Updates are decoded for it, since it takes
dictionaries, and its datetimes become epoch seconds again.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from perdure.errors import ServiceError
from perdure_runtime.service import verdicts, wire
from perdure_runtime.service.protocol import Checkpointed, StatePage

if TYPE_CHECKING:
    from collections.abc import Sequence

_METHODS = {wire.CHECKPOINT: "checkpoint_durable_execution", wire.GET_STATE: "get_durable_execution_state"}


class BotoService:
    """Speaks to the service through `client`."""

    __slots__ = ("_client",)

    # Any: botocore makes a client's class at run time, so there is no type to name.
    def __init__(self, client: Any) -> None:  # noqa: ANN401
        for call, method in _METHODS.items():
            if not hasattr(client, method):
                raise ServiceError(
                    call,
                    "ClientUnsupported",
                    f"{type(client).__name__} has no {method}: it has to be a boto3 Lambda client of a version that"
                    " knows durable executions (pip install perdure-runtime[boto])",
                )
        self._client = client

    def __repr__(self) -> str:
        return f"<BotoService {self._client!r}>"

    def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
        """Record `updates` and take the next token. Raises `ServiceError`."""
        import orjson

        answer = self._made(
            wire.CHECKPOINT,
            arn,
            CheckpointToken=token,
            Updates=[orjson.loads(update) for update in updates],
            ClientToken=client_token,
        )
        state = answer.get("NewExecutionState") or {}
        return Checkpointed(answer.get("CheckpointToken") or None, _operations(state), state.get("NextMarker") or None)

    def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
        """Read one page of operations. Raises `ServiceError`."""
        answer = self._made(wire.GET_STATE, arn, CheckpointToken=token, Marker=marker, MaxItems=limit)
        return StatePage(_operations(answer), answer.get("NextMarker") or None)

    def _made(self, call: str, arn: str, **parameters: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, _METHODS[call])(DurableExecutionArn=arn, **parameters)
        except ClientError as error:
            raise _refused(call, arn, error) from error
        except BotoCoreError as error:
            code, said = type(error).__name__, str(error)
            verdict = verdicts.verdict(None, code, said)
            raise ServiceError(call, code, said, retryable=verdict, execution=arn) from error
        return answer


def _refused(call: str, arn: str, error: Any) -> ServiceError:  # noqa: ANN401  a ClientError; botocore is not imported here
    said = error.response.get("Error", {})
    facts = error.response.get("ResponseMetadata", {})
    code, message = str(said.get("Code", "Unknown")), str(said.get("Message", ""))
    status = facts.get("HTTPStatusCode")
    return ServiceError(
        call,
        code,
        message,
        status=status,
        retryable=verdicts.verdict(status, code, message),
        request_id=facts.get("RequestId"),
        execution=arn,
    )


def _operations(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [_with_epoch_seconds(operation) for operation in state.get("Operations") or ()]


def _with_epoch_seconds(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.timestamp()
    return _with_epoch_seconds(value) if isinstance(value, dict) else value
