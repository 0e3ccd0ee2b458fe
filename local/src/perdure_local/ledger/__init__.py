"""The truth about one execution, with no I/O: legal transitions, timers, deliveries, history."""

from perdure_local.ledger.answers import Answer
from perdure_local.ledger.callbacks import CallbackAddress, CallbackTerms, read_callback_id, unknown_callback
from perdure_local.ledger.change import Change, Progress, Record, Spec
from perdure_local.ledger.execution import Execution, Invocation
from perdure_local.ledger.faults import Fault
from perdure_local.ledger.history import Event
from perdure_local.ledger.invokes import InvokeEnd, InvokeTerms, end_of_call, end_of_execution, invokes_of
from perdure_local.ledger.kinds import Action, ErrorObject, ExecutionStatus, Kind, Status
from perdure_local.ledger.limits import AWS_LIMITS, Limits
from perdure_local.ledger.operation import Operation
from perdure_local.ledger.output import Failed, Returned
from perdure_local.ledger.targets import Resolve, Resolved, Target

__all__ = [
    "AWS_LIMITS",
    "Action",
    "Answer",
    "CallbackAddress",
    "CallbackTerms",
    "Change",
    "ErrorObject",
    "Event",
    "Execution",
    "ExecutionStatus",
    "Failed",
    "Fault",
    "Invocation",
    "InvokeEnd",
    "InvokeTerms",
    "Kind",
    "Limits",
    "Operation",
    "Progress",
    "Record",
    "Resolve",
    "Resolved",
    "Returned",
    "Spec",
    "Status",
    "Target",
    "end_of_call",
    "end_of_execution",
    "invokes_of",
    "read_callback_id",
    "unknown_callback",
]
