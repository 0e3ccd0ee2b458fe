"""Faults: what Lambda's own Python runtime reports under a `Runtime.` name instead of an exception's class.

The names and the wording of the messages are those of the stock runtime, so that alarms and log queries written for it
go on working. `HANDLER_REFUSED` and `EXIT_ERROR` have no counterpart there: the stock runtime would go on and fail
later, or die without a report.
"""

from __future__ import annotations

__all__ = [
    "AFTER_RESTORE_ERROR",
    "BEFORE_SNAPSHOT_ERROR",
    "BUILTIN_MODULE_CONFLICT",
    "CONTEXT_UNMARSHAL_ERROR",
    "EXIT_ERROR",
    "HANDLER_NOT_FOUND",
    "HANDLER_REFUSED",
    "IMPORT_MODULE_ERROR",
    "MALFORMED_HANDLER_NAME",
    "MARSHAL_ERROR",
    "UNMARSHAL_ERROR",
    "USER_CODE_SYNTAX_ERROR",
    "Fault",
]

AFTER_RESTORE_ERROR = "Runtime.AfterRestoreError"
BEFORE_SNAPSHOT_ERROR = "Runtime.BeforeSnapshotError"
BUILTIN_MODULE_CONFLICT = "Runtime.BuiltInModuleConflict"
CONTEXT_UNMARSHAL_ERROR = "Runtime.LambdaContextUnmarshalError"
EXIT_ERROR = "Runtime.ExitError"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"
HANDLER_REFUSED = "Runtime.HandlerRefused"
IMPORT_MODULE_ERROR = "Runtime.ImportModuleError"
MALFORMED_HANDLER_NAME = "Runtime.MalformedHandlerName"
MARSHAL_ERROR = "Runtime.MarshalError"
UNMARSHAL_ERROR = "Runtime.UnmarshalError"
USER_CODE_SYNTAX_ERROR = "Runtime.UserCodeSyntaxError"


class Fault(Exception):
    """Something between Lambda and the handler went wrong; reported by `kind`, without a traceback of ours."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(kind, message, trace)
        self.kind = kind
        self.message = message
        self.trace = trace
        """Lines that stand in for a stack, where one can be told."""

    def __str__(self) -> str:
        return self.message
