"""Perdure's local service: durable functions on one machine, behind the API that AWS has."""

from perdure_local.executions import ServiceStopped
from perdure_local.functions import Function
from perdure_local.journal import JournalFailed
from perdure_local.ledger import ErrorObject, ExecutionStatus, Fault, Kind, Limits
from perdure_local.notices import (
    CallbackCreated,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    FunctionInvoked,
    InvocationFinished,
    InvocationStarted,
    LogLine,
    Notice,
    OperationFailed,
    OperationNotice,
    OperationRetrying,
    OperationStarted,
    OperationSucceeded,
    OperationWaiting,
)
from perdure_local.service import LocalService, Summary
from perdure_local.store import JournalRefused
from perdure_local.watching import History, NeverHappened

__all__ = [
    "CallbackCreated",
    "ErrorObject",
    "ExecutionFinished",
    "ExecutionResumed",
    "ExecutionStarted",
    "ExecutionStatus",
    "Fault",
    "Function",
    "FunctionInvoked",
    "History",
    "InvocationFinished",
    "InvocationStarted",
    "JournalFailed",
    "JournalRefused",
    "Kind",
    "Limits",
    "LocalService",
    "LogLine",
    "NeverHappened",
    "Notice",
    "OperationFailed",
    "OperationNotice",
    "OperationRetrying",
    "OperationStarted",
    "OperationSucceeded",
    "OperationWaiting",
    "ServiceStopped",
    "Summary",
]
