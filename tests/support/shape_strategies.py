"""Shapes at random.

Of a *steady* shape it is fixed what it comes to, whatever happens when: batches that may end early run one branch at a
time there, and nothing races. A *racing* one may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from perdure import Completion
from support.shape_runs import Weather
from support.shapes import (
    Callback,
    Child,
    Condition,
    Invoke,
    Map,
    Node,
    Nodes,
    Operations,
    Parallel,
    Repeat,
    Step,
    Together,
    Try,
    Wait,
    WaitForCallback,
    WithRetry,
    at_once,
    changed,
    enough,
)

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=5), st.lists(st.integers(0, 3), max_size=3)
)
NAMES = st.sampled_from(["a", "b", "reserve", "pay"])
DELAYS = st.sampled_from([0, 0, 1, 2, 7, 30])
RARELY = st.integers(0, 7).map(lambda number: number == 7)
STEPS = st.builds(
    Step,
    NAMES,
    VALUES,
    st.integers(0, 2),
    st.integers(1, 3),
    coroutine=st.booleans(),
    takes=st.sampled_from([0, 0, 3]),
    lazy=st.sampled_from([False, False, True]),
)
# With `interrupted` and attempts to spare, a crash delays a once step and never fails it.
ONCE_STEPS = st.builds(
    Step,
    NAMES,
    VALUES,
    failures=st.just(0),
    attempts=st.just(40),
    once=st.just(value=True),
    interrupted=st.just(value=True),
    coroutine=st.booleans(),
)
WAITS = st.builds(Wait, st.integers(1, 40), st.none() | NAMES)
CALLBACKS = st.builds(Callback, st.sampled_from(["ok", "fail", "timeout", "silence"]), DELAYS)
OTHERS = st.one_of(
    st.builds(WaitForCallback, st.sampled_from(["ok", "ok", "fail", "timeout", "silence"]), DELAYS, st.integers(0, 2)),
    st.builds(Invoke, st.sampled_from(["ok", "ok", "fail"]), DELAYS),
)
CONDITIONS = st.builds(
    Condition, st.sampled_from(["met", "judged", "raises", "exhausted"]), st.integers(1, 3), st.booleans()
)
PLAIN = st.one_of(STEPS, STEPS, ONCE_STEPS, WAITS)
LEAVES = st.one_of(PLAIN, PLAIN, CALLBACKS, OTHERS, CONDITIONS)
POLICIES = st.sampled_from(
    [
        Completion.ALL_SUCCESSFUL,
        Completion.FIRST_SUCCESSFUL,
        Completion.ALL_COMPLETED,
        Completion(),
        Completion(min_successful=2),
        Completion(tolerated_failures=1),
        Completion(tolerated_percentage=50),
        Completion(min_successful=2, tolerated_failures=1),
        Completion.custom(enough),
        Completion.custom(at_once),
    ]
)
ENOUGH = st.sampled_from([None, None, 2, 3])
STEADY_POLICIES = st.one_of(
    st.tuples(st.just(Completion.ALL_COMPLETED), ENOUGH | st.just(1)), st.tuples(POLICIES, st.just(1))
)
RACING_POLICIES = st.tuples(POLICIES, ENOUGH)


SINGLE_CALLS = PLAIN | CONDITIONS | OTHERS
"""What is one call each, so that it can be asked for first and awaited later."""
LARGEST = 16
"""Nodes of a shape, at most."""
MOST_BRANCHES = 3
COMBINATORS = ["gather", "race", "first_success", "settle"]


class Drawing:
    """Draws one shape. Its size is drawn first and then shared out, or most shapes would be very small."""

    def __init__(self, draw: st.DrawFn, *, racing: bool, is_async: bool) -> None:
        self._draw = draw
        self._racing = racing
        self._kinds = [*KINDS, Drawing.operations] if is_async else KINDS

    def nodes(self, size: int, most: int = MOST_BRANCHES) -> Nodes:
        """About `size` nodes, some of them within others."""
        return tuple(self.node(share) for share in self.shares(size, most))

    def shares(self, size: int, most: int) -> list[int]:
        shares: list[int] = []
        while size > 0:
            shares.append(size if len(shares) == most - 1 else self._draw(st.integers(1, size)))
            size -= shares[-1]
        return shares

    def node(self, size: int) -> Node:
        return self._draw(LEAVES) if size == 1 else self._draw(st.sampled_from(self._kinds))(self, size - 1)

    def bodies(self, size: int, most: int = MOST_BRANCHES) -> list[Nodes]:
        bodies = [self.nodes(share) for share in self.shares(size, most)]
        return self._draw(st.permutations([*bodies, ()])) if self._draw(RARELY) else bodies

    # One for each kind

    def try_(self, size: int) -> Node:
        return Try(*(*self.bodies(size), (), (), ())[:3])

    def repeat(self, size: int) -> Node:
        return Repeat(self._draw(st.integers(0, 2)), self.nodes(size))

    def child(self, size: int) -> Node:
        return self._draw(st.builds(Child, NAMES, st.just(self.nodes(size)), st.booleans(), RARELY, RARELY))

    def with_retry(self, size: int) -> Node:
        return self._draw(st.builds(WithRetry, NAMES, st.just(self.nodes(size)), st.integers(0, 2), st.integers(1, 3)))

    def callback(self, size: int) -> Node:
        return Callback(self._draw(st.sampled_from(["ok", "fail", "timeout"])), self._draw(DELAYS), self.nodes(size))

    def parallel(self, size: int) -> Node:
        branches: list[Nodes | Step] = [*self.bodies(size)]
        if self._draw(st.booleans()):
            branches.append(self._draw(STEPS))
        return Parallel(tuple(branches), *self.policy(), **self.flags("flat", "named", "virtual", "large", "strict"))

    def map(self, size: int) -> Node:
        items = tuple(range(self._draw(st.integers(0, 4))))
        body = self._draw(STEPS) if size == 1 else self.nodes(size)
        return Map(items, body, *self.policy(), **self.flags("flat", "named", "large", "strict"))

    def together(self, size: int) -> Node:
        how = self._draw(st.sampled_from(COMBINATORS))
        if self._racing or how == "settle":
            return Together(how, tuple(self.bodies(size)))
        if how == "gather":  # what cannot fail, it waits for
            return Together(how, tuple((Try(body, ()),) for body in self.bodies(size)))
        return Together(how, (self.nodes(size),))  # a single branch has nobody to race with

    def operations(self, size: int) -> Node:
        how = self._draw(st.sampled_from(["asyncio.gather", *(COMBINATORS if self._racing else ["settle"])]))
        return Operations(how, tuple(self._draw(SINGLE_CALLS) for _ in range(size)))

    # What batches have besides

    def policy(self) -> tuple[Completion, int | None]:
        return self._draw(RACING_POLICIES if self._racing else STEADY_POLICIES)

    def flags(self, *names: str) -> dict[str, Any]:
        return {name: self._draw(st.booleans() if name in LIKELY else RARELY) for name in names}


LIKELY = {"flat", "named"}
KINDS: list[Callable[[Drawing, int], Node]] = [
    Drawing.try_,
    Drawing.repeat,
    Drawing.child,
    Drawing.with_retry,
    Drawing.callback,
    Drawing.parallel,
    Drawing.map,
    Drawing.together,
]


@st.composite
def _shapes(draw: st.DrawFn, *, racing: bool, is_async: bool = False) -> Nodes:
    return Drawing(draw, racing=racing, is_async=is_async).nodes(draw(st.integers(1, LARGEST)))


@st.composite
def _derbies(draw: st.DrawFn) -> tuple[str, Nodes]:
    """Races that anyone may win, each followed by work that rests on who did."""
    shape: list[Node] = []
    for _ in range(draw(st.integers(1, 3))):
        runners = tuple((Step("run", number, coroutine=draw(st.booleans())),) for number in range(3))
        races: list[Node] = [
            Together("race", runners),
            Together("first_success", runners),
            Parallel(runners, Completion.custom(at_once)),
            Parallel(runners, Completion(min_successful=2), flat=True),
            Parallel(runners, Completion(min_successful=2), large=True),
            Map((1, 2, 3), runners[0], Completion.FIRST_SUCCESSFUL),
        ]
        race = draw(st.sampled_from(races))
        within = draw(st.sampled_from([None, None, "child", "virtual", "branch"]))
        if within == "branch":
            shape.append(Parallel(((race, Step("after", 1)), (race,))))
        else:
            shape.append(race if within is None else Child("lap", (race,), virtual=within == "virtual"))
        works: list[Node] = [Step("after", 0), Step("after", 0, coroutine=True), Condition("met", 2)]
        shape.append(draw(st.sampled_from(works)))
    return draw(st.sampled_from(["sync", "async"])), tuple(shape)


@st.composite
def _in_either_colour(draw: st.DrawFn, *, racing: bool) -> tuple[str, Nodes]:
    colour = draw(st.sampled_from(["sync", "async"]))
    return colour, draw(_shapes(racing=racing, is_async=colour == "async"))


def _drifting(node: Node) -> Node:
    if isinstance(node, Step) and not node.once and (node.lazy or node.name in DRIFTERS):
        return replace(node, lazy=True, drifts=True)
    return node


DRIFTERS = {"a", "run"}
STEADY_SHAPES = _shapes(racing=False)
"""Shapes that both colours can run."""
STEADY = _in_either_colour(racing=False)
"""A colour, and a shape for it."""
RACING = _in_either_colour(racing=True)
DERBIES = _derbies()
DRIFTING = (RACING | DERBIES).map(lambda drawn: (drawn[0], changed(drawn[1], _drifting)))
"""Shapes in which about half of the steps are lazy, and come to something else in each run."""
CHECKPOINTS = st.frozensets(st.integers(1, 60), max_size=12)
JUMPS = st.lists(st.sampled_from([0, 0, 1, 5, 60]), max_size=3).map(tuple)
PAGES = st.sampled_from([1_000, 1, 2, 3, 5])
SEEDS = st.none() | st.integers(0, 2**32)
HURRY = st.builds(Weather, jumps=JUMPS, eager=st.booleans(), schedule=SEEDS, hurry=st.just(value=True))
HAIL = st.builds(
    Weather,
    before=st.frozensets(st.integers(1, 30), min_size=8, max_size=20),
    cuts=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    schedule=st.integers(0, 2**32),
)
"""Crashes at every other step, and never the same order."""
TIMES = st.builds(Weather, jumps=JUMPS, eager=st.booleans(), restarts=st.booleans(), schedule=SEEDS, pages=PAGES)
STORMS = st.builds(
    Weather,
    before=CHECKPOINTS,
    after=CHECKPOINTS,
    cuts=st.lists(st.integers(1, 3), max_size=3).map(tuple),
    jumps=JUMPS,
    eager=st.booleans(),
    restarts=RARELY,
    schedule=SEEDS,
    pages=PAGES,
)
