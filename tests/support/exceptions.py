"""Exceptions of every make, as users write them, and what raises them from their records."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from perdure import NonRetryable, RetryAfter, StepError
from perdure_runtime.values.failures import error_for
from perdure_runtime.values.origins import Origins

# The only place that classes of these tests come from.
OURS = Origins(str(Path(__file__).parent))
HERE = __name__


class Declined(Exception):
    pass


class Coded(Exception):
    """Its message is made from its arguments, which it keeps."""

    def __init__(self, code: int, card: str) -> None:
        super().__init__(code, card)
        self.code = code

    def __str__(self) -> str:
        return f"card {self.args[1]} was declined with {self.code}"


class Defaulted(Exception):
    def __init__(self, message: str, code: int = 5) -> None:
        super().__init__(message)
        self.code = code
        self.text = message


class Composed(Exception):
    """Its constructor takes something else than what it leaves in args."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"because {reason}")


class Reduced(Exception):
    """As Composed, but it says how to make it again, as pickle needs to know too."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"because {reason}")
        self._reason = reason

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return (type(self), (self._reason,))


class BadlyReduced(Exception):
    def __reduce__(self) -> str:
        raise RuntimeError("no")


class OddlyReduced(Exception):
    def __reduce__(self) -> str:
        return "ODD"


class EmptilyReduced(Exception):
    def __reduce__(self) -> tuple[Any, ...]:
        return ()


class Needy(Exception):
    def __init__(self, *, code: int) -> None:
        super().__init__("needs a code")
        self.code = code


class Fixed(Exception):
    def __str__(self) -> str:
        return "always the same"


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Stubborn(Exception):
    __slots__ = ("more",)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


class Slotted(Exception):
    __slots__ = ("_own", "code")

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self._own = "own"


@dataclass
class Refund(Exception):
    cents: int
    why: str = "late"


@dataclass(frozen=True)
class Frozen(Exception):
    code: int
    why: str = "cold"


@dataclass(kw_only=True, frozen=True, slots=True)
class Spelled(Exception):
    code: int


@dataclass
class Told(Exception):
    """It puts its text where its arguments were."""

    code: int

    def __post_init__(self) -> None:
        super().__init__(f"code {self.code}")


class Forbidden(NonRetryable):
    pass


class Busy(RetryAfter):
    pass


class Several(ExceptionGroup[Exception]):
    def derive(self, excs: Sequence[Exception], /) -> "Several":  # type: ignore[override]
        return Several(self.message, excs)


class Ranked(ExceptionGroup[Exception]):
    rank: int

    def __new__(cls, message: str, errors: Sequence[Exception], rank: int) -> Self:
        made = super().__new__(cls, message, errors)
        made.rank = rank
        return made

    def derive(self, excs: Sequence[Exception], /) -> "Ranked":  # type: ignore[override]
        return Ranked(self.message, excs, self.rank)


class Unplaced(ExceptionGroup[Exception]):
    """Its constructor takes something else than a group's."""

    def __new__(cls, *errors: Exception) -> Self:
        return super().__new__(cls, "unplaced", errors)


class Stop(BaseException):
    pass


class UserStep(StepError):
    pass


class Elsewhere(Exception):
    def __new__(cls, *args: object) -> Any:
        return super().__new__(Declined if args == ("swap",) else cls, *args)


class Text(str):
    __slots__ = ()


class Outer:
    class Inner(Exception):
        pass


def with_attributes(error: Exception, **attributes: object) -> Exception:
    error.__dict__.update(attributes)
    return error


def raised(recorded: Any, **options: Any) -> Exception:
    given = {"operation": "charge", "operation_id": "0123456789abcdef", "attempts": 3, "fallback": StepError}
    return error_for(recorded, **{**given, "origins": OURS, **options})
