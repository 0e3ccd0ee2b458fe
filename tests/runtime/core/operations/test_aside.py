"""Values that wait for something elsewhere on their way to the history or back: the operation asks for it, and goes on.

Each operation is driven twice, with values that are there at once and with the same values aside: what is recorded and
what the workflow gets has to be the same.
"""

from functools import partial

import pytest

from perdure import Retry, SerdesError, StepOptions
from perdure_runtime.core.effects import Aside, Ok, Raised, enter
from perdure_runtime.core.identity import Identity, Scope
from perdure_runtime.core.operations.batch import batch
from perdure_runtime.core.operations.child import ChildWork, child
from perdure_runtime.core.operations.child import recorded as context_told_by_its_record
from perdure_runtime.core.operations.condition import ConditionWork, Verdict, condition
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.operations.step import recorded as told_by_its_record
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.batch_driving import BATCH, OfBatch
from support.batch_driving import Case as Batches
from support.driving import Line, Upper, branches, drive, journal_of, recorded, updates

STEP = Identity("id-1", Kind.STEP, Subtype.STEP, "pay", None)
CONDITION = Identity("id-4", Kind.STEP, Subtype.CONDITION, "shipped", None)
ROOT = Scope()
CHILD = ROOT.take(Kind.CONTEXT, Subtype.CHILD, "order")


def settled(outcome):
    if isinstance(outcome, Raised):
        raise outcome.error
    return outcome.value


class Far:
    """The same values, aside."""

    def __init__(self, near):
        self.near = near

    def __getattr__(self, name):
        return getattr(self.near, name)

    def store(self, *value):
        return Aside(partial(self.near.store, *value), settled)

    def read(self, *text, **options):
        return Aside(partial(self.near.read, *text, **options), settled)


def reply(effect, given):
    """What a driver replies: the outcome of what is done aside, and to the rest what is given, one after the other."""
    if not isinstance(effect, Aside):
        answer = next(given)
        return answer(effect) if callable(answer) else answer
    try:
        return Ok(effect.work())
    except SerdesError as error:
        return Raised(error)


def driven(operation, *given):
    """What was asked for besides what is done aside, whether anything was, and how it ended."""
    replies = iter(given)
    asked, outcome = drive(operation, *[lambda effect: reply(effect, replies)] * 20)
    plain = [effect for effect in asked if not isinstance(effect, Aside)]
    return plain, len(asked) > len(plain), outcome


def a_step(values, *history):
    work = StepWork(False, StepOptions(retry=Retry.NONE), values, lambda: 1.0, lambda *_: None, lambda: False)  # noqa: FBT003
    journal = journal_of(*history)
    return step(journal, STEP, work, print, journal.find(STEP.id))


def a_condition(values, *history, initial="new"):
    work = ConditionWork(initial, str, False, lambda *_: Verdict(is_met=True), values, lambda: False)  # noqa: FBT003
    return condition(journal_of(*history), CONDITION, work)


def a_child(values, *history, virtual=False):
    scope = ROOT.inside(CHILD)
    work = ChildWork(values, Line(), virtual)
    journal = journal_of(*history)
    return child(journal, CHILD, scope, work, lambda: enter(print, scope), journal.find(CHILD.id))


def a_batch(values, *history):
    case = Batches(*history)
    return batch(case.journal, BATCH, case.scope, case.work._replace(values=values))


def of(results):
    return branches({index: Ok(result) for index, result in enumerate(results)})


ROWS = {
    "a step": (a_step, [], [Ok("done"), None]),
    "a step, refused": (a_step, [], [Ok("refused"), None]),
    "a recorded step": (a_step, [recorded(STEP, "SUCCEEDED", Result="DONE")], []),
    "a recorded step, unreadable": (a_step, [recorded(STEP, "SUCCEEDED", Result="?")], []),
    "a condition": (a_condition, [], [Ok("sent"), None]),
    "a condition, refused": (a_condition, [], [Ok("refused"), None]),
    "a condition on its way": (a_condition, [recorded(CONDITION, "READY", Result="PACKED")], [Ok("sent"), None]),
    "a condition on its way, unreadable": (a_condition, [recorded(CONDITION, "READY", Result="?")], [None]),
    "a recorded condition": (a_condition, [recorded(CONDITION, "SUCCEEDED", Result="SENT")], []),
    "a recorded condition, unreadable": (a_condition, [recorded(CONDITION, "SUCCEEDED", Result="?")], []),
    "a context": (a_child, [], [Ok("done"), None]),
    "a context, refused": (a_child, [], [Ok("refused"), None]),
    "a recorded context": (a_child, [recorded(CHILD, "SUCCEEDED", Result="DONE")], []),
    "a recorded context, unreadable": (a_child, [recorded(CHILD, "SUCCEEDED", Result="?")], []),
    "a virtual context": (partial(a_child, virtual=True), [], [Ok("done")]),
    "a virtual context, refused": (partial(a_child, virtual=True), [], [Ok("refused")]),
    "a batch": (a_batch, [], [of("abc"), None]),
    "a batch, refused": (a_batch, [], [of(["a", "refused", "c"]), None]),
    "a recorded batch, unreadable": (a_batch, [recorded(BATCH, "SUCCEEDED", Result="?")], []),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_is_aside_is_waited_for_and_nothing_else_is_different(row):
    operation, history, given = row
    near = OfBatch if operation is a_batch else Upper
    at_once, nothing_aside, outcome = driven(operation(near(), *history), *given)
    asked, any_aside, later = driven(operation(Far(near()), *history), *given)
    assert (nothing_aside, any_aside) == (False, True)
    assert outcome is not None
    assert [type(effect) for effect in asked] == [type(effect) for effect in at_once]
    assert (updates(asked), repr(later)) == (updates(at_once), repr(outcome))


def test_a_recorded_batch_is_read_aside():
    history = [recorded(BATCH, "SUCCEEDED", Result="text")]
    _, any_aside, outcome = driven(a_batch(Far(OfBatch()), *history))
    assert any_aside
    assert outcome.value[0] == "text"


def test_a_step_whose_value_is_aside_is_to_be_driven():
    work = StepWork(False, StepOptions(), Far(Upper()), lambda: 1.0, lambda *_: None, lambda: False)  # noqa: FBT003
    journal = journal_of(recorded(STEP, "SUCCEEDED", Result="DONE"))
    assert told_by_its_record(STEP, work, journal.find(STEP.id)) is None


def test_a_context_whose_value_is_aside_is_to_be_driven():
    record = journal_of(recorded(CHILD, "SUCCEEDED", Result="DONE")).find(CHILD.id)
    assert context_told_by_its_record(CHILD, Far(Upper()), None, record) is None
