"""The values and failures of the user's own work: of steps, child contexts and conditions.

Each class implements the protocol of the same operation in `perdure_runtime.core.operations`. What differs is what they
raise (DESIGN 4): a step's and a child's failure is the original exception where the record may choose its class, a
condition's never is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import perdure
import perdure_runtime
from perdure.errors import ChildContextError, ConditionError, OperationError, SerdesError, StepError
from perdure_runtime.values.results import RESULT, ResultForm, by_user
from perdure_runtime.values.sizes import checked, utf8_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Identity
    from perdure_runtime.values.failures import ErrorObject
    from perdure_runtime.values.origins import Origins

__all__ = ["ELSEWHERE", "ChildValues", "ConditionValues", "Failing", "StepValues", "described", "summarized"]

ENGINE = tuple(f"{path}{os.sep}" for package in (perdure, perdure_runtime) for path in package.__path__)
"""Where the engine's own frames come from, which a recorded traceback leaves out."""
ELSEWHERE = "have the codec Offload store it elsewhere, or make it in a child context, whose steps record the parts"


def described(error: BaseException, *, is_final: bool = False) -> dict[str, Any]:
    """The error object to record for an exception, without the engine's own frames; `is_final` as for `record`."""
    from perdure_runtime.values.failures import record  # where something has failed

    return record(error, engine=ENGINE, is_final=is_final)


class Failing:
    """Work that can fail; without `origins` its record chooses no class."""

    __slots__ = ("_origins",)
    fallback: ClassVar[type[OperationError]]

    def __init__(self, origins: Origins | None) -> None:
        self._origins = origins

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record."""
        return described(error)

    def revive(self, error: ErrorObject | None, identity: Identity, attempts: int) -> Exception:
        """The exception that a recorded error stands for."""
        from perdure_runtime.values.failures import error_for

        return error_for(
            error,
            operation=identity.name or identity.kind.value.lower(),
            operation_id=identity.id,
            attempts=attempts,
            fallback=self.fallback,
            origins=self._origins,
        )


class StepValues(Failing):
    """The values of a function's steps, whichever step it is: never larger than the service takes."""

    __slots__ = ("form",)
    fallback: ClassVar[type[OperationError]] = StepError

    def __init__(self, origins: Origins | None, form: ResultForm) -> None:
        super().__init__(origins)
        self.form = form

    def store(self, value: object, _identity: Identity | None = None) -> tuple[str, object]:
        """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
        text, back = self.form.store(value)
        return checked(text, RESULT, ELSEWHERE), back

    def read(self, text: str | None, _identity: Identity | None = None) -> object:
        """The value that a recorded text stands for; none stands for None."""
        return self.form.read(text)


class ConditionValues(StepValues):
    """The states of one condition."""

    __slots__ = ()
    fallback = ConditionError

    def __init__(self, form: ResultForm) -> None:
        super().__init__(None, form)


class ChildValues(Failing):
    """The values of one child context: one that is too large is made again from what the child recorded."""

    __slots__ = ("_summary", "form")
    fallback: ClassVar[type[OperationError]] = ChildContextError

    def __init__(self, origins: Origins | None, form: ResultForm, summary: Callable[[Any], str] | None = None) -> None:
        super().__init__(origins)
        self.form = form
        self._summary = summary

    def store(self, value: object, _identity: Identity | None = None) -> tuple[str, object]:
        """The text of any size, and the value that a replay will read from it; raises `SerdesError`."""
        text, back = self.form.store(value)
        utf8_size(text, RESULT)
        return text, back

    def read(self, text: str | None, _identity: Identity | None = None) -> object:
        """The value that a recorded text stands for; none stands for None."""
        return self.form.read(text)

    def summary(self, value: object) -> str:
        """What to record of a value whose text is too large; raises `SerdesError` where the user's function fails."""
        return "" if self._summary is None else checked(summarized(self._summary, value), RESULT, "summarize it more")


def summarized(summary: Callable[[Any], str], value: object) -> str:
    """What a summary function of the user's says of `value`; raises `SerdesError`."""
    said = by_user(summary, value, what="summary")
    if not isinstance(said, str):
        raise SerdesError(f"its summary returned a {type(said).__name__}, not a str", RESULT)
    return said
