"""The forms of operations under the names that they had when there were steps only."""

from __future__ import annotations

from perdure_runtime.values.forms import Forms as StepForms
from perdure_runtime.values.work import StepValues

__all__ = ["StepForms", "StepValues"]
