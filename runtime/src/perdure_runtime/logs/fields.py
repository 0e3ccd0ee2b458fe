"""The fields that tell where a line comes from, by the names all SDKs of the service use.

They are top-level fields: the console and log queries find the lines of an execution by `executionArn`. Only what is
known is written. A field of the user's own that has one of these names is kept with an underscore appended: neither the
query nor the user's value is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.logs.settings import INVOCATION

if TYPE_CHECKING:
    from collections.abc import Container, MutableMapping

    from perdure_runtime.codecs.redaction import Redactor
    from perdure_runtime.logs.scope import LogScope

# In the order in which a line shows them.
NAMES = ("requestId", "executionArn", "operationId", "operationName", "parentId", "attempt", "tenantId")
# What structlog itself puts among the fields.
OF_STRUCTLOG = frozenset({"event", "exc_info", "level", "logger", "stack", "stack_info", "timestamp"})
MESSAGES = frozenset({"event", "msg"})
"""Where structlog and `logging` keep the message, which may be a dict."""


def origin(scope: LogScope | None) -> dict[str, object]:
    """What is known about a line from `scope`; without one, the invocation only."""
    if scope is None:
        facts: tuple[object, ...] = (INVOCATION.request_id, None, None, None, None, None, INVOCATION.tenant_id)
    else:
        facts = (
            scope.request_id or INVOCATION.request_id,
            scope.execution_arn,
            scope.operation_id,
            scope.operation_name,
            scope.parent_id,
            scope.attempt,
            INVOCATION.tenant_id,
        )
    return {name: fact for name, fact in zip(NAMES, facts, strict=True) if fact is not None}


def stamp(fields: MutableMapping[str, object], scope: LogScope | None, *, kept: Container[str] = OF_STRUCTLOG) -> None:
    """Mask a line's fields but for those that are `kept`, and add its origin; stamping twice changes nothing."""
    if INVOCATION.masks is not None:
        _mask(fields, INVOCATION.masks, kept)
    for name, fact in origin(scope).items():
        if name in fields and fields[name] != fact:
            fields[name + "_"] = fields[name]
        fields[name] = fact


def _mask(fields: MutableMapping[str, object], masks: Redactor, kept: Container[str]) -> None:
    for name, value in fields.items():
        if name in kept and name not in MESSAGES:
            continue
        try:
            fields[name] = masks.value(value) if name in kept else masks.member(name, value)
        except Exception:  # noqa: BLE001  the value's own code runs here; what cannot be looked into is not shown
            fields[name] = f"<{type(value).__name__} not shown: it cannot be searched for what is redacted>"
