"""Which exception class a recorded name may stand for.

A name in stored data chooses a class; it must never make anything happen. So a class is found, not loaded: in a module
that is loaded already, through classes only, without a call and without a descriptor. And it has to be one of ours to
give: a builtin, one of Perdure's own, one named in `@durable(errors=(…))`, or one defined in the user's own code, which
is what lies in the task root. Whatever else the name says, the answer is None.
"""

from __future__ import annotations

import builtins
import os
import sys
from types import ModuleType

from perdure import errors
from perdure_runtime.tuples import NamedTuple

__all__ = ["Origins", "class_of", "wire_name"]

LONGEST_NAME = 512

# Names under which Perdure's own errors travel. They are part of the wire: renaming a class must not rename its row.
OWN: dict[str, type[Exception]] = {
    "perdure.BatchError": errors.BatchError,
    "perdure.CallbackError": errors.CallbackError,
    "perdure.CallbackNotSubmitted": errors.CallbackNotSubmitted,
    "perdure.CallbackTimeout": errors.CallbackTimeout,
    "perdure.ChildContextError": errors.ChildContextError,
    "perdure.ConditionError": errors.ConditionError,
    "perdure.DurableCallRefused": errors.DurableCallRefused,
    "perdure.InvokeError": errors.InvokeError,
    "perdure.NonRetryable": errors.NonRetryable,
    "perdure.RetryAfter": errors.RetryAfter,
    "perdure.SerdesError": errors.SerdesError,
    "perdure.StepError": errors.StepError,
    "perdure.StepInterrupted": errors.StepInterrupted,
    "perdure.WaitCancelled": errors.WaitCancelled,
}
PAYLOAD_ERROR = "perdure.codecs.PayloadError"
"""One that is not defined with the others: its module is imported when it is recorded, or met in a record."""
OFFICIAL = "aws_durable_execution_sdk_python.exceptions."
# What the official SDK records for the same events.
COUNTERPARTS: dict[str, type[errors.PerdureError]] = {
    f"{OFFICIAL}CallbackError": errors.CallbackError,
    f"{OFFICIAL}CallbackExternalError": errors.CallbackError,
    f"{OFFICIAL}CallbackSubmitterError": errors.CallbackNotSubmitted,
    f"{OFFICIAL}CallbackTimeoutError": errors.CallbackTimeout,
    f"{OFFICIAL}ChildContextError": errors.ChildContextError,
    f"{OFFICIAL}InvokeError": errors.InvokeError,
    f"{OFFICIAL}SerDesError": errors.SerdesError,
    f"{OFFICIAL}StepError": errors.StepError,
    f"{OFFICIAL}StepInterruptedError": errors.StepInterrupted,
    f"{OFFICIAL}WaitForConditionError": errors.ConditionError,
}


class Origins(NamedTuple):
    """Where exception classes of the user's may come from."""

    task_root: str
    """The folder that holds the function's code."""
    allowed: tuple[type[Exception], ...] = ()
    """Classes from elsewhere that the user named."""


def wire_name(kind: type[BaseException]) -> str:
    """The recorded name of a class: bare for builtins, `perdure.X` for our own, else module and qualified name."""
    if kind.__module__ == "builtins":
        return kind.__qualname__
    if kind.__module__ == errors.__name__:
        return f"perdure.{kind.__qualname__}"
    return f"{kind.__module__}.{kind.__qualname__}"


def class_of(name: str, origins: Origins) -> type[Exception] | None:
    """The class that `name` stands for, or None where it may not or does not choose one."""
    own = OWN.get(name) or COUNTERPARTS.get(name)
    if own is not None:
        return own
    if name == PAYLOAD_ERROR:
        from perdure.codecs import PayloadError

        return PayloadError
    for kind in origins.allowed:
        if wire_name(kind) == name:
            return kind
    if len(name) > LONGEST_NAME or name.startswith("perdure."):
        return None
    found = _found(name, origins.task_root)
    if not isinstance(found, type) or not issubclass(found, Exception):
        return None
    # An alias, or a class that a module merely imported, does not belong to where it was found.
    return found if wire_name(found) == name else None


def _found(name: str, task_root: str) -> object:
    """What `name` leads to, through loaded modules of the task root and the classes in them."""
    parts = name.split(".")
    if len(parts) == 1:
        return vars(builtins).get(name)
    for length in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if module is not None:
            return _walked(module, parts[length:]) if _lies_in(module, task_root) else None
    return None


def _walked(module: ModuleType, parts: list[str]) -> object:
    found: object = vars(module).get(parts[0])
    for part in parts[1:]:
        if not isinstance(found, type):
            return None
        # Not vars(found): a metaclass may have made that an operation of its own.
        found = type.__getattribute__(found, "__dict__").get(part)
    return found


def _lies_in(module: object, folder: str) -> bool:
    # A subclass of module may load or compute on access, even of `__dict__`.
    if type(module) is not ModuleType:
        return False
    file = vars(module).get("__file__")
    if not isinstance(file, str) or not folder:
        return False
    root = os.path.realpath(folder)
    return os.path.realpath(file).startswith(root if root.endswith(os.sep) else root + os.sep)
