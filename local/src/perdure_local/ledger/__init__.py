"""The truth about one execution, with no I/O: legal transitions, timers, deliveries, history."""

from perdure_local.ledger.change import Change, Progress, Record, Spec
from perdure_local.ledger.execution import Answer, Execution, Invocation
from perdure_local.ledger.faults import Fault
from perdure_local.ledger.history import Event
from perdure_local.ledger.kinds import Action, ErrorObject, ExecutionStatus, Kind, Status
from perdure_local.ledger.limits import AWS_LIMITS, Limits
from perdure_local.ledger.operation import Operation
from perdure_local.ledger.output import Failed, Returned

__all__ = [
    "AWS_LIMITS",
    "Action",
    "Answer",
    "Change",
    "ErrorObject",
    "Event",
    "Execution",
    "ExecutionStatus",
    "Failed",
    "Fault",
    "Invocation",
    "Kind",
    "Limits",
    "Operation",
    "Progress",
    "Record",
    "Returned",
    "Spec",
    "Status",
]
