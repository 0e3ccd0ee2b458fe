"""The laws of `support.shape_runs` have teeth: each sees what it forbids."""

from typing import get_args

import pytest
from hypothesis import given, settings

from perdure_runtime.core.outbox import Outbox
from support.lazy_values import LazyValues
from support.shape_runs import Accepted, Weather, broken_laws, lines_of, ran
from support.shape_strategies import RACING
from support.shapes import Child, Map, Node, Parallel, Step, Wait, within

NESTED = (Child("outer", (Child("inner", (Step("a", 1),)), Wait(5))),)


def update(run, kind, name):
    """What was recorded last of an operation."""
    return next(one for _, one in reversed(run.service.accepted) if one["Type"] == kind and one.get("Name") == name)


def test_a_calm_run_breaks_no_law():
    assert broken_laws(ran(NESTED)) == []


def test_the_watch_sees_a_body_that_runs_twice():
    run = ran((Step("a", 1),), weather=Weather(before=frozenset({1})))
    assert list(run.watch.bodies.values()) == [2]
    run.watch.once = {operation_id for operation_id, _ in run.watch.bodies}
    assert [fault.partition(":")[0] for fault in broken_laws(run)] == ["once"]


def test_the_watch_sees_code_that_runs_after_its_outcome():
    run = ran(NESTED)
    run.service.accepted.clear()
    run.watch.is_over = lambda _id: True
    run.watch.begins = lambda *_args, **_options: 1
    owner = type("Owner", (), {"id": "A" * 64})
    run.watch.enters(type("Code", (), {"calls": type("Calls", (), {"scope": type("Scope", (), {"owner": owner})})}))
    assert len(broken_laws(run)) == 1


@pytest.mark.parametrize("name", ["outer", "inner"])
def test_an_update_after_the_end_of_a_context_is_seen(name):
    run = ran(NESTED)
    late = {"Id": "B" * 64, "Type": "WAIT", "Action": "START", "ParentId": update(run, "CONTEXT", name)["Id"]}
    run.service.accepted.append(Accepted(9, late))
    assert all(fault.startswith("orphan") for fault in broken_laws(run))
    assert len(broken_laws(run)) == (1 if name == "outer" else 2)


def test_an_id_that_is_used_twice_is_seen():
    run = ran((Wait(1, "a"), Wait(1, "b")))
    run.service.accepted.append(Accepted(9, {**update(run, "WAIT", "b"), "Name": "c"}))
    assert [fault.partition(":")[0] for fault in broken_laws(run)] == ["identity", "identity"]


def test_a_refusal_is_seen():
    run = ran((Wait(1),))
    run.service.refused.append("invalid")
    assert broken_laws(run) == ["invalid"]


@pytest.mark.parametrize("output", [b'{"Status": "SUCCEEDED"}', ValueError("no")])
def test_an_answer_before_the_end_is_seen(output):
    run = ran((Wait(1),))
    run.harness.outputs.insert(0, output)
    assert [fault.partition(":")[0] for fault in broken_laws(run)] == ["status"]


def test_a_body_that_rested_on_what_changed_is_seen():
    run = ran((Step("a", 1), Step("b", 2)))
    run.watch.saw[next(iter(run.watch.saw))].add("something else")
    assert [fault.partition(":")[0] for fault in broken_laws(run)] == ["unsettled"]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_body_that_begins_beside_a_lazy_value_that_may_be_lost_is_seen(colour, monkeypatch):
    monkeypatch.setattr(Outbox, "before_work", lambda _outbox, _line: 0)
    run = ran((Step("a", 1, lazy=True, drifts=True), Step("b", 2)), colour)
    assert [fault.partition(" began")[0][:16] for fault in broken_laws(run)] == ["lazy: body of b "]


@pytest.mark.parametrize("kind", ["WAIT", "CALLBACK", "CHAINED_INVOKE"])
def test_a_start_that_is_recorded_without_a_lazy_value_that_it_rests_on_is_seen(kind):
    values = LazyValues()
    value = values.make("a")
    values.get(value)
    values.ask("B" * 64)
    kept = {"Type": "STEP", "Action": "SUCCEED", "Id": "A" * 64, "Payload": f'"{value}"'}
    start = {"Type": kind, "Action": "START", "Id": "B" * 64}
    values.record([start])
    assert len(values.lost) == 1
    values.record([kept, start])
    assert len(values.lost) == 1


def test_the_updates_of_a_line_of_work_are_kept_apart():
    run = ran((Map((1, 2), (Step("a", 1), Step("b", 2)), flat=True), Parallel(((Step("c", 3),), ()))))
    names = [[one.get("Name") for one in line if one["Action"] == "START"] for line in lines_of(run).values()]
    assert sorted(names, key=str) == sorted(
        [["items", None], ["a"], ["a"], ["b"], ["b"], ["parallel-branch-0"], ["parallel-branch-1"], ["c"]], key=str
    )


@pytest.mark.slow
@pytest.mark.unmeasured
def test_every_kind_of_node_is_drawn_inside_another_and_some_results_are_large():
    inner, large = set(), 0

    @settings(max_examples=300, deadline=None)
    @given(RACING)
    def look(drawn):
        nonlocal large
        for node in drawn[1]:
            inner.update(type(one) for one in list(within(node))[1:])
        large += any(getattr(one, "large", False) for one in within(drawn[1]))

    look()
    assert inner == set(get_args(Node))
    assert large > 10
