"""Values that cross to other programs: what callbacks and invoked functions are given, and what they answer.

They are plain JSON, or whatever a serdes makes of them, and never in the codec's form: whoever is at the other end
knows nothing of it. Their failures are never the user's own classes; what they say is kept as it was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import CallbackError, CallbackTimeout, InvokeError, SerdesError
from perdure.errors import CallbackNotSubmitted
from perdure_runtime.values import jsontext
from perdure_runtime.values.failures import ErrorObject, error_for
from perdure_runtime.values.marks import Mark, is_marked, read_mark
from perdure_runtime.values.paths import reported
from perdure_runtime.values.results import RESULT, ResultForm, by_user
from perdure_runtime.values.sizes import checked, utf8_size
from perdure_runtime.values.unannotated import json_data
from perdure_runtime.values.work import Failing, described

if TYPE_CHECKING:
    from perdure import Serdes
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.values.annotations import Converter
    from perdure_runtime.values.codec import Codec

__all__ = ["CallbackValues", "InvokeValues"]

PAYLOAD = "payload"
OWN_TEXT = '{"t":"s","v":'
"""How the text of a serdes begins where it stands in the codec's place: neither SDK tags a string at the root."""
WITHOUT_MESSAGE: dict[type[CallbackError], str] = {
    CallbackTimeout: "the callback timed out",
    CallbackError: "the callback failed",
    CallbackNotSubmitted: "the callback was not submitted",
}
OFFICIAL = "aws_durable_execution_sdk_python.exceptions."
# What a wait_for_callback is recorded to have failed with; any other type is what its submitter raised.
OF_CALLBACKS: dict[str, type[CallbackError]] = {
    "perdure.CallbackTimeout": CallbackTimeout,
    "perdure.CallbackError": CallbackError,
    "perdure.CallbackNotSubmitted": CallbackNotSubmitted,
    f"{OFFICIAL}CallbackTimeoutError": CallbackTimeout,
    f"{OFFICIAL}CallbackExternalError": CallbackError,
    f"{OFFICIAL}CallbackError": CallbackError,
    f"{OFFICIAL}CallbackSubmitterError": CallbackNotSubmitted,
}
# What is recorded for each of ours: the official SDK knows only its own names, and an execution may move to it.
NAMES_OF_CALLBACKS = {
    "perdure.CallbackTimeout": f"{OFFICIAL}CallbackTimeoutError",
    "perdure.CallbackError": f"{OFFICIAL}CallbackExternalError",
    "perdure.CallbackNotSubmitted": f"{OFFICIAL}CallbackSubmitterError",
}
# The callback was completed, with something that cannot be read.
UNREADABLE = dict.fromkeys(("perdure.SerdesError", f"{OFFICIAL}SerDesError"), CallbackError)


class Answers:
    """What comes back from another program: JSON of an annotated type, or a text for a serdes."""

    __slots__ = ("_converter", "_serdes")

    def __init__(self, converter: Converter | None, serdes: Serdes[Any] | None) -> None:
        self._converter = converter
        self._serdes = serdes

    def read(self, text: str | None) -> object:
        """The value of an answer; raises `SerdesError`. An answer without one is null to a type, and None otherwise."""
        if self._serdes is not None:
            return None if text is None else by_user(self._serdes.deserialize, text)
        if text is None:
            data: object = None
        else:
            with reported(RESULT):
                data = jsontext.parse(text)
        return data if self._converter is None else self._converter.from_payload(data, root=RESULT)


class InvokeValues(Failing):
    """The values of one invoke."""

    __slots__ = ("_answers", "_payload_serdes")
    fallback = InvokeError

    def __init__(self, answers: Answers, payload_serdes: Serdes[Any] | None) -> None:
        super().__init__(None)
        self._answers = answers
        self._payload_serdes = payload_serdes

    def payload(self, value: object) -> str:
        """The text that the function is given; raises `SerdesError`."""
        if self._payload_serdes is None:
            with reported(PAYLOAD):
                text = jsontext.write(json_data(value))
        else:
            text = by_user(self._payload_serdes.serialize, value)
            if not isinstance(text, str):
                raise SerdesError(f"serdes.serialize returned a {type(text).__name__}, not a str", PAYLOAD)
        return checked(text, PAYLOAD, "store it elsewhere and send where it is")

    def read(self, text: str | None) -> object:
        """The value of the function's answer; raises `SerdesError`."""
        return self._answers.read(text)

    def revive(self, error: ErrorObject | None, identity: Identity, attempts: int = 0) -> Exception:
        """The exception that the function's failure stands for."""
        return super().revive(error, identity, attempts)


class CallbackValues:
    """The values of one callback, and of the context around it where `wait_for_callback` made both."""

    __slots__ = ("_answers", "_codec", "_form", "_serdes")

    def __init__(self, answers: Answers, form: ResultForm, codec: Codec, serdes: Serdes[Any] | None) -> None:
        self._answers = answers
        self._form = form
        self._codec = codec
        self._serdes = serdes

    def read(self, text: str | None) -> object:
        """The value that the callback was completed with; raises `SerdesError`."""
        return self._answers.read(text)

    def revive(self, error: ErrorObject | None, identity: Identity, timed_out: bool) -> CallbackError:  # noqa: FBT001
        """The exception for a callback that was failed, or was not completed in time."""
        kind = CallbackTimeout if timed_out else CallbackError
        return _callback_error(kind, error if error is not None else {}, identity)

    def store(self, value: object) -> tuple[str, object]:
        """The text of any size to record for the context, and the value that a replay will read from it.

        The serdes reads what the outside sends; the context's own record is the codec's business, as it is in the
        official SDK. Only a value that the codec cannot hold is left to the serdes.
        """
        try:
            text, back = self._form.store(value)
        except SerdesError:
            if self._serdes is None:
                raise
            own = by_user(self._serdes.serialize, value)
            if not isinstance(own, str):
                raise SerdesError(f"serdes.serialize returned a {type(own).__name__}, not a str", RESULT) from None
            return f"{OWN_TEXT}{jsontext.write(own)}}}", by_user(self._serdes.deserialize, own)
        utf8_size(text, RESULT)
        return text, back

    def read_stored(self, text: str | None) -> object:
        """The value that the context's record stands for; none stands for None."""
        if text is not None and self._serdes is not None and text.startswith(OWN_TEXT):
            return by_user(self._serdes.deserialize, self._codec.decode(text, root=RESULT))
        return self._form.read(text)

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record for the context."""
        recorded = described(error)
        name = recorded["ErrorType"]
        return {**recorded, "ErrorType": NAMES_OF_CALLBACKS.get(name, name)}

    def revive_context(self, error: ErrorObject | None, identity: Identity) -> CallbackError:
        """The exception for a recorded failure of the context, whichever SDK recorded it: always a `CallbackError`."""
        source = dict(error) if error is not None else {}
        name = source.get("ErrorType")
        if not isinstance(name, str):
            return _callback_error(CallbackError, source, identity)
        kind = OF_CALLBACKS.get(name)
        if kind is not None:  # recorded as the error it is; what the outside called it is in the mark
            data = source.get("ErrorData")
            mark = read_mark(data) if isinstance(data, str) and is_marked(data) else Mark(data=_text(data))
            source.update(ErrorType=mark.error_type, ErrorData=_what_led_to(mark))
            return _callback_error(kind, source, identity)
        return _callback_error(UNREADABLE.get(name, CallbackNotSubmitted), source, identity)


def _callback_error(kind: type[CallbackError], error: ErrorObject, identity: Identity) -> CallbackError:
    message = error.get("ErrorMessage")
    revived = error_for(
        error if isinstance(message, str) else {**error, "ErrorMessage": WITHOUT_MESSAGE[kind]},
        operation=identity.name or identity.kind.value.lower(),
        operation_id=identity.id,
        attempts=0,
        fallback=kind,
        origins=None,
    )
    assert isinstance(revived, CallbackError)  # noqa: S101  without origins it is the fallback
    return revived


def _what_led_to(mark: Mark) -> str | None:
    """The data that the outside gave, and what led to the failure of a submitter."""
    return Mark(data=mark.data, cause=mark.cause, context=mark.context, suppress=mark.suppress).data_text()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
