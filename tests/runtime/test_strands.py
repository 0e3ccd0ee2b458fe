"""Strands between two runs: kept for the next one on their thread, some of them, and without anything of the last."""

import gc
import subprocess
import threading
import weakref

import pytest
from greenlet import greenlet

from perdure_runtime.drivers import strands
from support.cold_start import interpreter
from support.hosting import run, status


class Held:
    """What a branch has, and leaves behind nowhere."""


def workflow_of(most, seen=None):
    def item(ctx, index):
        held = Held()
        if seen is not None:
            seen.append(weakref.ref(held))
        ctx.wait(seconds=60)
        return index

    def workflow(event, ctx):
        return ctx.map(item, range(most)).values()

    return workflow


def greenlets():
    return {id(it) for it in gc.get_objects() if type(it) is greenlet and it.parent}


@pytest.fixture(autouse=True)
def _settled(monkeypatch):
    monkeypatch.setattr(strands, "_resting", strands._Resting())
    monkeypatch.setattr(strands, "_all_resting", set())
    assert status(run(workflow_of(strands.MOST_RESTING))) == "SUCCEEDED"
    gc.collect()
    yield
    for strand in strands._resting.strands:
        strand.end()


def test_a_run_uses_the_strands_of_the_one_before():
    before = greenlets()
    assert status(run(workflow_of(strands.MOST_RESTING))) == "SUCCEEDED"
    assert greenlets() == before


def test_no_more_strands_are_kept_than_some():
    assert status(run(workflow_of(3 * strands.MOST_RESTING))) == "SUCCEEDED"
    assert len(strands._all_resting) <= strands.MOST_RESTING


def test_a_strand_that_is_kept_keeps_nothing_of_the_run():
    seen = []
    assert status(run(workflow_of(5, seen))) == "SUCCEEDED"
    gc.collect()
    assert {ref() for ref in seen} == {None}


def test_a_strand_that_is_kept_keeps_nothing_of_its_first_run():
    def branches_of(held):
        return [lambda ctx: (ctx.wait(seconds=60), held) and 1]

    def workflow(event, ctx):
        held = Held()
        seen.append(weakref.ref(held))
        return ctx.parallel(branches_of(held)).values()

    seen = []
    thread = threading.Thread(target=lambda: run(workflow))  # has no strands yet
    strands._all_resting.clear()
    thread.start()
    thread.join()
    gc.collect()
    assert strands._all_resting
    assert {ref() for ref in seen} == {None}


def test_a_thread_uses_no_strands_of_another_and_keeps_none_where_enough_are_kept():
    before, found = greenlets(), []
    thread = threading.Thread(target=lambda: found.append(status(run(workflow_of(5)))))
    thread.start()
    thread.join()
    assert found == ["SUCCEEDED"]
    gc.collect()
    assert greenlets() == before
    assert status(run(workflow_of(5))) == "SUCCEEDED"


def test_runs_may_be_in_greenlets_of_their_own():
    many = strands.MOST_RESTING + 6
    assert [greenlet(lambda: status(run(workflow_of(many)))).switch() for _ in range(2)] == ["SUCCEEDED"] * 2


def test_a_strand_that_was_made_far_down_a_stack_is_not_kept(monkeypatch):
    def run_below(frames):
        return run(workflow_of(5)) if frames == 0 else run_below(frames - 1)

    for frames, kept in ((strands.DEEP, 0), (0, 5)):
        for strand in strands._resting.strands:
            strand.end()
        monkeypatch.setattr(strands, "_resting", strands._Resting())
        monkeypatch.setattr(strands, "_all_resting", set())
        assert status(run_below(frames)) == "SUCCEEDED"
        assert len(strands._all_resting) == kept


BINDING = """
import os, sys
flags, before = [], sys.getdlopenflags()
def audit(event, arguments):
    if event == "import" and arguments[0] == "greenlet._greenlet":
        flags.append(sys.getdlopenflags())
sys.addaudithook(audit)
from perdure_runtime.drivers import strands
assert "greenlet" not in sys.modules
strands.library()
print(before == os.RTLD_NOW, set(flags) == {os.RTLD_LAZY}, sys.getdlopenflags() == before)
"""


def test_functions_of_greenlets_libraries_are_looked_up_when_they_are_called_and_those_of_others_at_once():
    told = subprocess.run(interpreter(BINDING), capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "True", "True"]
