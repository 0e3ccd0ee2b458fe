"""A run of suites, eight executions at once, in real time; the next suite begins while the last of one still wait."""

from __future__ import annotations

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from conformance.requirements import requirements_of
from conformance.stage import AT_ONCE, Stage
from conformance.trials import Outcome, Trial, Verdict
from conformance.workflows import WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

FLAVOURS = ("sync", "async")


class _Begun(NamedTuple):
    """A suite in one flavour, with what is under way."""

    stage: Stage
    trials: list[Trial]
    running: list[Future[None]]
    uncovered: list[Verdict]


def run(flavours: Iterable[str], suites: Iterable[str]) -> Iterator[list[Verdict]]:
    """Judge these suites in each of these flavours; yields the verdicts of one suite in one flavour at a time."""
    chosen = list(suites)
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        begun = [_begin(flavour, suite, stack, pool) for flavour in flavours for suite in chosen]
        for suite_run in begun:
            for running in suite_run.running:
                running.result()
            suite_run.stage.close()
            yield [trial.verdict() for trial in suite_run.trials] + suite_run.uncovered


def _begin(flavour: str, suite: str, stack: contextlib.ExitStack, pool: ThreadPoolExecutor) -> _Begun:
    stage = stack.enter_context(Stage(flavour, suite))
    covered = WORKFLOWS.get(suite, {})
    requirements = requirements_of(suite)
    trials = [Trial(stage, requirement) for requirement in requirements if requirement.id in covered]
    uncovered = [Verdict(flavour, it, Outcome.UNCOVERED) for it in requirements if it.id not in covered]
    return _Begun(stage, trials, [pool.submit(trial.run) for trial in trials], uncovered)


def counted(verdicts: Iterable[Verdict]) -> str:
    """`P passed, F failed, U uncovered of N`."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    return f"{', '.join(f'{counts[outcome]} {outcome.value}' for outcome in Outcome)} of {counts.total()}"
