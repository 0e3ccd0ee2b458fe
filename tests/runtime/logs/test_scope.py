from __future__ import annotations

import contextvars
import threading

import pytest

from perdure.contexts import CURRENT_CONTEXT, CURRENT_STEP
from perdure_runtime.logs.scope import SCOPE, LogScope, scope_in_force
from perdure_runtime.logs.settings import SETTINGS


@pytest.mark.parametrize(
    ("replaying", "show_replays", "everywhere", "silent"),
    [
        (False, False, False, False),
        (True, False, False, True),
        (True, True, False, False),
        (True, False, True, False),
        (False, True, True, False),
    ],
)
def test_scope_is_silent_only_in_a_replay_nobody_asked_to_see(replaying, show_replays, everywhere, silent):
    SETTINGS.show_replays = everywhere
    assert LogScope("arn", replaying=replaying, show_replays=show_replays).silent is silent


def test_scope_leaves_replay_once():
    scope = LogScope("arn", replaying=True)
    scope.replaying = False
    assert not scope.silent


def test_scope_has_no_room_for_other_facts():
    with pytest.raises(AttributeError):
        LogScope("arn").colour = "red"


def test_copied_context_carries_the_scope(scope):
    context = contextvars.copy_context()
    context.run(SCOPE.set, scope)
    assert context.copy().run(SCOPE.get) is scope
    assert SCOPE.get(None) is None


def test_scope_in_force_is_that_of_the_innermost_code():
    def in_force():
        return [run(scope_in_force) for run in (contextvars.Context().run, outer.run, step.run, line.run)]

    here, body, told = LogScope("context"), LogScope("step"), LogScope("line on its way")
    outer = contextvars.Context()
    outer.run(CURRENT_CONTEXT.set, here)
    step = outer.copy()  # a step's body runs with the variables of its context
    step.run(CURRENT_STEP.set, body)
    line = step.copy()
    line.run(SCOPE.set, told)
    assert in_force() == [None, here, body, told]


def test_thread_of_the_user_has_no_scope(scope):
    token, seen = SCOPE.set(scope), []
    thread = threading.Thread(target=lambda: seen.append(SCOPE.get(None)))
    thread.start()
    thread.join()
    SCOPE.reset(token)
    assert seen == [None]


def test_scope_shows_where_it_is(scope):
    assert repr(scope) == "<LogScope charge attempt=2 replaying=False>"
    assert repr(LogScope("arn")) == "<LogScope workflow attempt=None replaying=False>"
