"""What the service refuses, in the shapes AWS's SDKs parse (PROTOCOL 9.10).

An SDK takes the error's code from the `x-amzn-ErrorType` header, never from the body's `Type`.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """How one error looks on the wire."""

    status: int
    message_key: str
    blame: str


_USER, _SERVICE = "User", "Service"

SHAPES: dict[str, Shape] = {
    "InvalidParameterValueException": Shape(400, "message", _USER),
    "InvalidRequestContentException": Shape(400, "message", _USER),
    "CallbackTimeoutException": Shape(400, "Message", _USER),
    "AccessDeniedException": Shape(403, "Message", _USER),
    "ResourceNotFoundException": Shape(404, "Message", _USER),
    "UnknownOperationException": Shape(404, "Message", _USER),
    "ResourceConflictException": Shape(409, "message", _USER),
    "DurableExecutionAlreadyStartedException": Shape(409, "Message", _USER),
    "RequestTooLargeException": Shape(413, "message", _USER),
    "TooManyRequestsException": Shape(429, "message", _USER),
    "ServiceException": Shape(500, "Message", _SERVICE),
}
"""Every error this service answers with."""


class Fault(Exception):
    """A refused call; nothing of it was recorded."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return SHAPES[self.code].status

    @property
    def body(self) -> dict[str, str]:
        """The JSON body."""
        shape = SHAPES[self.code]
        return {"Type": shape.blame, shape.message_key: self.message}


def invalid(message: str) -> Fault:
    """Return the fault of a parameter that is wrong."""
    return Fault("InvalidParameterValueException", message)


def missing(message: str) -> Fault:
    """Return the fault of something that is not there."""
    return Fault("ResourceNotFoundException", message)
