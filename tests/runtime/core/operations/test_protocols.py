"""Whoever works for operations has the methods that they ask for, and takes what they give."""

import inspect

import pytest

from perdure_runtime.core.operations import protocols as asked
from perdure_runtime.drivers.asking.batches import Branches
from perdure_runtime.drivers.asking.encoded import EncodedBatch, EncodedChild, EncodedSteps
from perdure_runtime.values.batches import BatchValues
from perdure_runtime.values.external import CallbackValues, InvokeValues
from perdure_runtime.values.work import ChildValues, ConditionValues, StepValues

ANSWERS = [
    (asked.Values, StepValues),
    (asked.Values, ConditionValues),
    (asked.Values, EncodedSteps),
    (asked.ChildValues, ChildValues),
    (asked.ChildValues, EncodedChild),
    (asked.BatchValues, BatchValues),
    (asked.BatchValues, EncodedBatch),
    (asked.BatchWork, Branches),
    (asked.CallbackValues, CallbackValues),
    (asked.InvokeValues, InvokeValues),
]


def parameters(function):
    return [name.lstrip("_") for name in inspect.signature(function).parameters]


@pytest.mark.parametrize(("protocol", "answers"), ANSWERS)
def test_all_that_is_asked_is_answered(protocol, answers):
    methods = [name for name in dir(protocol) if not name.startswith("_")]
    assert methods
    for name in methods:
        asked_with = parameters(getattr(protocol, name))
        assert parameters(getattr(answers, name))[: len(asked_with)] == asked_with
