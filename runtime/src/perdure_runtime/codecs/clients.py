"""Calls of AWS services by codecs: the clients, and what a failed call means.

What may pass becomes a `ServiceError`, so that the invocation is made again and nothing is lost. What will not pass is
the payload's own fault or the configuration's, and is `Unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perdure import ServiceError
from perdure_runtime.codecs.faults import Unreadable
from perdure_runtime.service.verdicts import is_transient
from perdure_runtime.tuples import NamedTuple

__all__ = ["Refused", "boto3_client", "called", "streamed"]


class Refused(NamedTuple):
    """The answer of a service that says no, and will say it again."""

    code: str
    message: str

    def fault(self, action: str, key: str) -> Unreadable:
        """The same, of a payload."""
        return Unreadable(f"cannot be {action}: {self.code}{f': {self.message}' if self.message else ''}", key)


# Any: boto3 makes a client's class at run time, so there is no type to name.
def boto3_client(service: str, region: str | None) -> Any:  # noqa: ANN401
    """A client of boto3's, as the environment and its own defaults configure it."""
    import boto3

    make: Any = boto3.client
    return make(service, region_name=region)


def called(method: Callable[..., Any], call: str, **parameters: object) -> dict[str, Any] | Refused:
    """What the service answers; raises `ServiceError` where another invocation may be luckier."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        answer: dict[str, Any] = method(**parameters)
    except ParamValidationError as error:
        return Refused("ParamValidation", str(error))
    except ClientError as error:
        return _judged(error.response, call, error)
    except BotoCoreError as error:
        raise ServiceError(call, type(error).__name__, str(error), retryable=True) from error
    return answer


def streamed(stream: Any, call: str, most: int, key: str) -> bytes:  # noqa: ANN401  one of botocore's
    """What comes in the stream of an object, `most` bytes of it at most; raises `ServiceError` where it breaks off."""
    from botocore.exceptions import BotoCoreError, FlexibleChecksumError

    data = bytearray()
    try:
        # Until nothing comes: only then does botocore compare what came with what was announced.
        while len(data) < most and (piece := stream.read(most - len(data))):
            data += piece
    except FlexibleChecksumError as error:
        raise Unreadable(f"is damaged: {error}", key) from None
    except (BotoCoreError, OSError) as error:
        raise ServiceError(call, type(error).__name__, str(error), retryable=True) from error
    finally:
        stream.close()  # which leaves the rest of a longer one unread
    return bytes(data)


def _judged(response: Mapping[str, Any], call: str, error: Exception) -> Refused:
    said, facts = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, message, status = str(said.get("Code", "Unknown")), str(said.get("Message", "")), facts.get("HTTPStatusCode")
    if is_transient(status, code, message):
        raise ServiceError(
            call, code, message, status=status, retryable=True, request_id=facts.get("RequestId")
        ) from error
    return Refused(code, message)
