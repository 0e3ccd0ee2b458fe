"""Durable workflows on AWS Lambda: what user code imports.

from perdure import Context, Retry, durable, step

@step(retry=Retry.exponential(attempts=5))
def charge(card: str, cents: int) -> str: ...

@durable
def checkout(order: dict, ctx: Context) -> dict:
    receipt = ctx.step(charge, order["card"], order["cents"])
    ctx.wait(hours=2)
    return {"receipt": receipt}
"""

from perdure.contexts import (
    AsyncContext,
    Context,
    Execution,
    LambdaContext,
    Logger,
    StepInfo,
    current_context,
    current_step,
)
from perdure.durations import Duration
from perdure.errors import (
    BatchError,
    CallbackError,
    CallbackTimeout,
    ChildContextError,
    ConditionError,
    DurableCallRefused,
    Failure,
    HandlerRefused,
    InvokeError,
    MalformedEnvelope,
    OperationError,
    PerdureError,
    ReplayMismatch,
    SerdesError,
    ServiceError,
    StepError,
    StepInterrupted,
    WaitCancelled,
    failure,
)
from perdure.handlers import Durable, DurableOptions, durable, durable_of
from perdure.retries import Decision, Jitter, Retry, RetryDecision
from perdure.serdes import JSON, RAW, JsonSerdes, RawSerdes, Serdes
from perdure.steps import Step, StepOptions, step

__version__ = "0.1.0"
__all__ = [
    "JSON",
    "RAW",
    "AsyncContext",
    "BatchError",
    "CallbackError",
    "CallbackTimeout",
    "ChildContextError",
    "ConditionError",
    "Context",
    "Decision",
    "Durable",
    "DurableCallRefused",
    "DurableOptions",
    "Duration",
    "Execution",
    "Failure",
    "HandlerRefused",
    "InvokeError",
    "Jitter",
    "JsonSerdes",
    "LambdaContext",
    "Logger",
    "MalformedEnvelope",
    "OperationError",
    "PerdureError",
    "RawSerdes",
    "ReplayMismatch",
    "Retry",
    "RetryDecision",
    "Serdes",
    "SerdesError",
    "ServiceError",
    "Step",
    "StepError",
    "StepInfo",
    "StepInterrupted",
    "StepOptions",
    "WaitCancelled",
    "__version__",
    "current_context",
    "current_step",
    "durable",
    "durable_of",
    "failure",
    "step",
]
