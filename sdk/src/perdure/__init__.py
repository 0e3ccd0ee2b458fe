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

from perdure.async_contexts import AsyncContext
from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure.callbacks import AsyncCallback, Callback
from perdure.children import Child, ChildOptions, child
from perdure.codecs import (
    Codec,
    Compress,
    Encrypt,
    FileStore,
    KmsKeys,
    LocalKeys,
    ObjectStore,
    Offload,
    PayloadCodec,
    PayloadError,
    PayloadSite,
    Redact,
    S3Store,
)
from perdure.completions import BatchDecision, BatchProgress, Completion
from perdure.conditions import Poll
from perdure.contexts import Context, current_context, current_step
from perdure.durations import Duration
from perdure.errors import (
    BatchError,
    CallbackError,
    CallbackNotSubmitted,
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
from perdure.facts import Execution, LambdaContext, Logger, StepInfo
from perdure.handlers import Durable, DurableOptions, durable, durable_of
from perdure.retries import Decision, Jitter, Retry, RetryDecision
from perdure.serdes import JSON, RAW, JsonSerdes, RawSerdes, Serdes
from perdure.steps import Step, StepOptions, step

__version__ = "0.1.0"
__all__ = [
    "JSON",
    "RAW",
    "AsyncCallback",
    "AsyncContext",
    "Batch",
    "BatchDecision",
    "BatchError",
    "BatchItem",
    "BatchProgress",
    "BatchReason",
    "BatchStatus",
    "Callback",
    "CallbackError",
    "CallbackNotSubmitted",
    "CallbackTimeout",
    "Child",
    "ChildContextError",
    "ChildOptions",
    "Codec",
    "Completion",
    "Compress",
    "ConditionError",
    "Context",
    "Decision",
    "Durable",
    "DurableCallRefused",
    "DurableOptions",
    "Duration",
    "Encrypt",
    "Execution",
    "Failure",
    "FileStore",
    "HandlerRefused",
    "InvokeError",
    "Jitter",
    "JsonSerdes",
    "KmsKeys",
    "LambdaContext",
    "LocalKeys",
    "Logger",
    "MalformedEnvelope",
    "ObjectStore",
    "Offload",
    "OperationError",
    "PayloadCodec",
    "PayloadError",
    "PayloadSite",
    "PerdureError",
    "Poll",
    "RawSerdes",
    "Redact",
    "ReplayMismatch",
    "Retry",
    "RetryDecision",
    "S3Store",
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
    "child",
    "current_context",
    "current_step",
    "durable",
    "durable_of",
    "failure",
    "step",
]
