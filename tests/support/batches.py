"""Batches for tests of how they are recorded, and what makes two of them the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perdure import failure
from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure.functions import ChildOptions
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.values.batches import BatchValues
from perdure_runtime.values.forms import Forms
from support.exceptions import OURS

FORMS = Forms(OURS)
ASKED = Identity("0123456789abcdef", Kind.CONTEXT, Subtype.STEP, "asked", None)

OFFICIAL_PLAIN = (
    '{"t":"br","v":{"all":{"t":"l","v":[{"t":"m","v":{"index":{"t":"i","v":0},"status":{"t":"s","v":"SUCCEEDED"},'
    '"result":{"t":"s","v":"a"},"error":{"t":"n","v":null}}},{"t":"m","v":{"index":{"t":"i","v":1},"status":{"t":"s",'
    '"v":"SUCCEEDED"},"result":{"t":"m","v":{"n":{"t":"i","v":1},"l":{"t":"l","v":[{"t":"i","v":1},{"t":"m","v":'
    '{"x":{"t":"n","v":null}}}]}}},"error":{"t":"n","v":null}}}]},"completionReason":{"t":"s","v":"ALL_COMPLETED"}}}'
)
OFFICIAL_MIXED = (
    '{"t":"br","v":{"all":{"t":"l","v":[{"t":"m","v":{"index":{"t":"i","v":0},"status":{"t":"s","v":"SUCCEEDED"},'
    '"result":{"t":"t","v":[{"t":"i","v":1},{"t":"B","v":"eA=="}]},"error":{"t":"n","v":null}}},{"t":"m","v":{"index":'
    '{"t":"i","v":1},"status":{"t":"s","v":"FAILED"},"result":{"t":"n","v":null},"error":{"t":"m","v":{"ErrorMessage":'
    '{"t":"s","v":"not today"},"ErrorType":{"t":"s","v":"ValueError"}}}}},{"t":"m","v":{"index":{"t":"i","v":2},'
    '"status":{"t":"s","v":"FAILED"},"result":{"t":"n","v":null},"error":{"t":"m","v":{"ErrorMessage":{"t":"s","v":'
    '"e"},"ErrorType":{"t":"s","v":"pkg.mod.Declined"},"ErrorData":{"t":"s","v":"its own"},"StackTrace":{"t":"l",'
    '"v":[{"t":"s","v":"  File x"},{"t":"s","v":"  y"}]}}}}},{"t":"m","v":{"index":{"t":"i","v":4},"status":{"t":"s",'
    '"v":"STARTED"},"result":{"t":"n","v":null},"error":{"t":"n","v":null}}}]},"completionReason":{"t":"s","v":'
    '"MIN_SUCCESSFUL_REACHED"}}}'
)
OFFICIAL_EMPTY = '{"t":"br","v":{"all":{"t":"l","v":[]},"completionReason":{"t":"s","v":"ALL_COMPLETED"}}}'
OFFICIAL_NESTED = (
    '{"t":"br","v":{"all":{"t":"l","v":[{"t":"m","v":{"index":{"t":"i","v":0},"status":{"t":"s","v":"SUCCEEDED"},'
    f'"result":{OFFICIAL_PLAIN},"error":{{"t":"n","v":null}}}}}}]}},"completionReason":'
    '{"t":"s","v":"CUSTOM_COMPLETION_FAILED"}}}'
)
"""What the official Python SDK 3.0.0 wrote for four batches."""


def item(index: int, result: Any = None, *, error: Exception | None = None, name: str | None = None) -> BatchItem[Any]:
    status = BatchStatus.SUCCEEDED if error is None else BatchStatus.FAILED
    return BatchItem(index, name, status, result, error)


def running(index: int, name: str | None = None) -> BatchItem[Any]:
    return BatchItem(index, name, BatchStatus.STARTED)


def batch(
    *items: BatchItem[Any], total: int | None = None, reason: BatchReason = BatchReason.ALL_COMPLETED
) -> Batch[Any]:
    return Batch(items, reason, len(items) if total is None else total)


def told(value: Any) -> Any:
    """A batch with everything of its errors that a workflow could see, told by value and by type."""
    return [
        type(value).__name__,
        value.reason,
        value.total,
        value.name,
        [(one.index, one.name, one.status, repr(one.result), seen(one.error)) for one in value.items],
    ]


def seen(error: BaseException | None) -> Any:
    """What a workflow sees of an error, apart from the place where it was raised."""
    if error is None:
        return None
    public = {name: repr(value) for name, value in vars(error).items() if not name.startswith("_")}
    return [type(error), str(error), repr(error.args), public, failure(error), getattr(error, "__notes__", [])]


@dataclass
class Label:
    text: str
    printed: datetime | None = None


def anything(ctx: Any) -> Any: ...
def label(ctx: Any) -> Label: ...  # type: ignore[empty-body]


def values(fn: Any = anything, item_serdes: Any = None, **options: Any) -> BatchValues:
    of_item = FORMS.of_child(fn, ChildOptions(serdes=item_serdes))
    return FORMS.of_batch("MapResult", lambda _: of_item, **options)


def revive(forms: BatchValues) -> Any:
    return lambda index, error: forms.revive(error, ASKED._replace(name=f"item {index}"), 0)
