"""How a step's values and failures travel: by its own serdes where it has one, else by its annotation and the codec."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import perdure
import perdure_runtime
from perdure import SerdesError, StepError
from perdure_runtime.values import codec
from perdure_runtime.values.annotations import Converter, converter
from perdure_runtime.values.failures import Origins, error_for, record
from perdure_runtime.values.signatures import result_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Serdes, StepOptions
    from perdure_runtime.core.identity import Identity

__all__ = ["StepForms", "StepValues"]

RESULT = "result"
LARGEST_PAYLOAD = 1024 * 1024
ENGINE = tuple(f"{path}{os.sep}" for package in (perdure, perdure_runtime) for path in package.__path__)
"""Where the engine's own frames come from, which a recorded traceback leaves out."""


class StepForms:
    """The forms of all steps of one durable function; each function's annotations are read once."""

    __slots__ = ("_converters", "_origins")

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._converters: WeakKeyDictionary[Any, Converter] = WeakKeyDictionary()

    def of(self, body: Callable[..., object], options: StepOptions) -> StepValues:
        """The forms of one step; raises `HandlerRefused` for a return annotation that cannot be served."""
        if options.serdes is not None:
            return StepValues(self._origins, None, options.serdes)
        return StepValues(self._origins, self._converter(body), None)

    def _converter(self, body: Callable[..., object]) -> Converter:
        key = getattr(body, "__func__", body)
        try:
            known = self._converters.get(key)
        except TypeError:  # a callable that cannot be referred to weakly, such as a builtin
            return _compiled(body)
        if known is None:
            known = self._converters[key] = _compiled(body)
        return known

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record for an exception."""
        return described(error)


def described(error: BaseException) -> dict[str, Any]:
    """The error object to record for an exception, without the engine's own frames."""
    return record(error, engine=ENGINE)


def _compiled(body: Callable[..., object]) -> Converter:
    owner = getattr(body, "__qualname__", type(body).__qualname__)
    return converter(result_type(body, owner=owner), owner=owner)


class StepValues:
    """Implements `perdure_runtime.core.operations.step.Values` for one step."""

    __slots__ = ("_converter", "_origins", "_serdes")

    def __init__(self, origins: Origins, converter: Converter | None, serdes: Serdes[Any] | None) -> None:
        self._origins = origins
        self._converter = converter
        self._serdes = serdes

    def store(self, value: object) -> tuple[str, object]:
        """The text to record, and the value that a replay will read from it."""
        text, back = self._stored(value)
        _check_size(text)
        return text, back

    def _stored(self, value: object) -> tuple[str, object]:
        if self._serdes is not None:
            text = _guarded(self._serdes.serialize, value)
            if not isinstance(text, str):
                raise SerdesError(f"serdes.serialize returned a {type(text).__name__}, not a str", subject=RESULT)
            return text, _guarded(self._serdes.deserialize, text)
        form = self._converter
        if form is None or form.identity:
            return codec.stored(value, root=RESULT)
        text, data = codec.stored(form.to_payload(value, root=RESULT), root=RESULT)
        return text, form.from_payload(data, root=RESULT)

    def read(self, text: str | None) -> object:
        """The value that a recorded text stands for; none stands for None."""
        if text is None:
            return None
        if self._serdes is not None:
            return _guarded(self._serdes.deserialize, text)
        value = codec.decode(text, root=RESULT)
        return value if self._converter is None else self._converter.from_payload(value, root=RESULT)

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record."""
        return described(error)

    def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
        """The exception that a recorded error stands for."""
        return error_for(
            error,
            operation=identity.name or identity.kind.value.lower(),
            operation_id=identity.id,
            attempts=attempts,
            fallback=StepError,
            origins=self._origins,
        )


def _check_size(text: str) -> None:
    """A payload beyond the service's limit would fail the execution; this way it fails the step."""
    if len(text) * 4 <= LARGEST_PAYLOAD and text.isascii():
        return
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise SerdesError(f"the recorded text cannot travel as UTF-8: {error.reason}", RESULT) from None
    if size > LARGEST_PAYLOAD:
        reason = (
            f"takes {size:,} bytes, and the service records at most {LARGEST_PAYLOAD:,} of one step; store it elsewhere"
            " and return where it is"
        )
        raise SerdesError(reason, RESULT)


def _guarded(convert: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401  a serdes decides
    try:
        return convert(value)
    except SerdesError:
        raise
    except Exception as error:  # a serdes of the user's own is user code
        raise SerdesError(f"the step's serdes failed: {type(error).__name__}: {error}", subject=RESULT) from error
