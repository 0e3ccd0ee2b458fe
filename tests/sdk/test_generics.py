"""Generic classes: what is written in brackets is for type checkers, and stays readable to who asks."""

import copy
import pickle
from typing import TypeVar, get_args, get_origin, get_type_hints

import pytest

from perdure import Batch, BatchItem, BatchStatus, Child, Durable, Step
from perdure.generics import Generic

A = TypeVar("A")
B = TypeVar("B")


class Pair(Generic[A, B]):
    __slots__ = ("first", "second")


class Same(Pair[A, A]):
    __slots__ = ()


def hinted(items: "list[BatchItem[int]]") -> "Batch[str]":
    raise NotImplementedError


@pytest.mark.parametrize("generic", [Pair, Same, BatchItem, Batch, Step, Child, Durable])
def test_a_generic_class_tells_its_parameters(generic):
    assert get_origin(generic[int, str]) is generic
    assert get_args(generic[int, str]) == (int, str)
    assert get_args(generic[A, B][int, str]) == (int, str)


@pytest.mark.parametrize("generic", [Step, Child])
def test_the_parameters_of_a_call_can_be_told(generic):
    assert hash(generic[[int, str], str]) == hash(generic[[int, str], str])  # Python 3.11 has a union ask for it
    assert get_args(generic[[int], str]) == ((int,), str)


def test_annotations_are_resolved():
    assert get_type_hints(hinted) == {"items": list[BatchItem[int]], "return": Batch[str]}


def test_instances_have_what_their_class_gives_them():
    assert not hasattr(Same[int](), "__dict__")
    item = BatchItem[int](0, "a", BatchStatus.SUCCEEDED, 1)
    assert copy.copy(item) == pickle.loads(pickle.dumps(item)) == BatchItem(0, "a", BatchStatus.SUCCEEDED, 1)
