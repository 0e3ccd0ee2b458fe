"""Exceptions of every make, as users write them, and what raises them from their records."""

from pathlib import Path
from typing import Any

from perdure import StepError
from perdure_runtime.values.failures import Origins, error_for

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
