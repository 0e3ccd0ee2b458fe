"""Where inside a value something is wrong: `result.items[3].price`.

The way down is written only when there is something to complain about: whoever finds the fault raises `Unfit`, each
container it passes on the way up adds its own step, and the door at the top makes a `SerdesError` of it. Values that
are fine pay nothing for their paths.
"""

from __future__ import annotations

from perdure.errors import SerdesError

__all__ = ["FAULTS", "ROOT", "Unfit", "named", "refusal", "reported"]

ROOT = "value"
SHOWN = 80
MOST_STEPS, FIRST_STEPS, LAST_STEPS = 30, 10, 5


class Unfit(Exception):
    """A value that cannot be stored or read; `steps` is the way to it, innermost first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str | int] = []

    def at(self, step: str | int) -> Unfit:
        """This, found one level further in: under a key or field, or at an index."""
        self.steps.append(step)
        return self

    def path(self, root: str) -> str:
        """The way, as Python would write it; of one that is too long to read, the middle is left out."""
        steps = [_written(step) for step in reversed(self.steps)]
        if len(steps) > MOST_STEPS:
            left_out = len(steps) - FIRST_STEPS - LAST_STEPS
            steps[FIRST_STEPS:-LAST_STEPS] = [f"…({left_out} more)…"]
        return root + "".join(steps)


FAULTS = (Unfit, RecursionError)
"""What the door at the top makes a `SerdesError` of."""


def refusal(fault: Unfit | RecursionError, root: str = ROOT, advice: str = "") -> SerdesError:
    """What is raised in place of `fault`: its path begins at `root`, with the `advice` after it."""
    if isinstance(fault, Unfit):
        refused = SerdesError(fault.reason + advice, fault.path(root))
        refused.__cause__ = fault.__cause__
    else:
        refused = SerdesError("is nested too deeply", root)
        # Not chained: the traceback of a thousand equal frames tells nobody anything.
        refused.__cause__ = None
    return refused


class reported:  # noqa: N801  reads as the statement it is: `with reported("result"):`
    """Everything found unfit inside becomes a `SerdesError` whose path begins at `root`, with the `advice` after it.

    Where every value passes, `except FAULTS` with `refusal` says the same, and costs nothing.
    """

    __slots__ = ("advice", "root")

    def __init__(self, root: str = ROOT, advice: str = "") -> None:
        self.root = root
        self.advice = advice

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FAULTS):
            raise refusal(error, self.root, self.advice)


def named(value: object) -> str:
    """The type of `value`, as error messages name it: bare for builtins."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if len(step) > SHOWN:
        return f"[{step[:SHOWN]!r}…]"
    return f".{step}" if step.isidentifier() else f"[{step!r}]"
