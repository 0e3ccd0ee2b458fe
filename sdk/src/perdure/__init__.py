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

from __future__ import annotations

TYPE_CHECKING = False  # the one of `typing` is spelled alike to type checkers
if TYPE_CHECKING:
    from perdure.async_contexts import AsyncContext
    from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
    from perdure.callbacks import AsyncCallback, Callback
    from perdure.children import Child, child
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
    from perdure.completions import Completion
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
        NonRetryable,
        OperationError,
        PerdureError,
        RecordedError,
        ReplayMismatch,
        RetryAfter,
        SerdesError,
        ServiceError,
        StepError,
        StepInterrupted,
        WaitCancelled,
        failure,
    )
    from perdure.facts import Execution, LambdaContext, Logger, StepInfo
    from perdure.functions import ChildOptions, StepOptions
    from perdure.handlers import Durable, DurableOptions, durable, durable_of
    from perdure.progress import BatchDecision, BatchProgress
    from perdure.retries import Decision, Jitter, Retry, RetryDecision
    from perdure.serdes import JSON, RAW, JsonSerdes, RawSerdes, Serdes
    from perdure.steps import Step, step

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
    "NonRetryable",
    "ObjectStore",
    "Offload",
    "OperationError",
    "PayloadCodec",
    "PayloadError",
    "PayloadSite",
    "PerdureError",
    "Poll",
    "RawSerdes",
    "RecordedError",
    "Redact",
    "ReplayMismatch",
    "Retry",
    "RetryAfter",
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

HOMES = {
    "async_contexts": "AsyncContext",
    "batches": "Batch BatchItem BatchReason BatchStatus",
    "callbacks": "AsyncCallback Callback",
    "children": "Child child",
    "codecs": (
        "Codec Compress Encrypt FileStore KmsKeys LocalKeys ObjectStore Offload PayloadCodec PayloadError "
        "PayloadSite Redact S3Store"
    ),
    "completions": "Completion",
    "conditions": "Poll",
    "contexts": "Context current_context current_step",
    "durations": "Duration",
    "errors": (
        "BatchError CallbackError CallbackNotSubmitted CallbackTimeout ChildContextError ConditionError "
        "DurableCallRefused Failure HandlerRefused InvokeError MalformedEnvelope NonRetryable OperationError "
        "PerdureError RecordedError ReplayMismatch RetryAfter SerdesError ServiceError StepError "
        "StepInterrupted WaitCancelled failure"
    ),
    "facts": "Execution LambdaContext Logger StepInfo",
    "functions": "ChildOptions StepOptions",
    "handlers": "Durable DurableOptions durable durable_of",
    "progress": "BatchDecision BatchProgress",
    "retries": "Decision Jitter Retry RetryDecision",
    "serdes": "JSON RAW JsonSerdes RawSerdes Serdes",
    "steps": "Step step",
}
"""Where each name is defined; that module is imported when the name is first asked for, and no other."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in HOMES.items():
        if name in names.split():
            value = globals()[name] = getattr(import_module(f"perdure.{home}"), name)
            return value
    raise AttributeError(f"module 'perdure' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
