"""The driver of several lines of work at a time, where code is written as plain functions.

Where the workflow comes to a batch, the hub takes over its thread until the batch is decided. It drives the operations
of all open branches; only code that a user wrote for a context has a stack of its own to sleep on (`Strand`). So that
code never runs in parallel with itself, and a thousand branches that wait cost no thread. Step bodies run on the pool.

One turn after the other: what can go on does, with bodies that have ended; branches are opened, some at a time, while
there is room; what has to be acknowledged is sent, as much as fills one request, with all that gathered; and only when
nothing else is left to do the hub waits for a body to end. When not even a body runs, the workflow is suspended.
"""

from __future__ import annotations

from collections import deque
from contextvars import copy_context
from operator import itemgetter
from types import GeneratorType
from typing import TYPE_CHECKING, Any, NoReturn, assert_type

from perdure_runtime.core.effects import OUTCOMES, Aside, Call, Commit, Enter, Fan, HandOver, Park
from perdure_runtime.core.outbox import MOST_UPDATES
from perdure_runtime.core.quiescence import SOON
from perdure_runtime.drivers.bodies import Bodies
from perdure_runtime.drivers.lanes import BEGIN, IDLE, SET_ASIDE, STOP, Lane, OpenFan
from perdure_runtime.drivers.signals import Broken, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Logger
    from perdure_runtime.core.effects import Outcome
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.drivers.line import Line
    from perdure_runtime.drivers.loop_thread import LoopThread
    from perdure_runtime.drivers.parked import ParkedLanes
    from perdure_runtime.drivers.pool import Pool
    from perdure_runtime.drivers.strands import Strands

__all__ = ["Hub"]

MOST_OPENED = 64
"""Branches opened in one turn."""
TICKET = itemgetter(0)


class Hub:
    """Advances all open branches of one run."""

    def __init__(self, setting: Setting, pool: Pool, strands: Strands, log: Logger, clock: Callable[[], float]) -> None:
        self._run = setting.run
        self._strands = strands
        self._clock = clock
        self._bodies = Bodies(pool, log, setting.run.activity)
        self._fans: dict[OpenFan, None] = {}
        self._hungry: dict[OpenFan, None] = {}
        """Those in which a branch may have room to begin."""
        self._ready: deque[tuple[Lane, Any]] = deque()
        self._unacknowledged: list[tuple[int, Lane, Call | Park | None]] = []
        self._parked: ParkedLanes | None = None
        """Those that wait, once there has been one."""
        self._late: deque[Lane] = deque()

    def run(self, effect: Fan, line: Line) -> None:
        """Run a batch of the workflow's own line until it is decided; raises `Stop` where it has to wait."""
        run = self._run
        fan = OpenFan(effect, line, copy_context())
        self._fans[fan] = self._hungry[fan] = None
        run.committer.on_answer = self._bodies.ring
        self._strands.begin()
        try:
            while fan in self._fans:
                self._turn()
        finally:
            self._close_all()
            run.committer.on_answer = None

    @property
    def loop_thread(self) -> LoopThread | None:
        """The process's loop on a thread of its own, where branches had async bodies."""
        return self._bodies.loop_thread

    def finish(self) -> None:
        """The handler has ended: nothing may be left running that can be brought to an end."""
        self._strands.dismiss()
        self._bodies.finish()

    # Turns

    def _turn(self) -> None:
        run = self._run
        if run.fatal is not None:
            raise Stop
        if ready := self._ready:
            while ready:
                lane, reply = ready.popleft()
                if not lane.closed:
                    self._advance(lane, reply)
        else:
            self._bodies.push_on()
            if self._take_ended() or self._open_branches():
                return
            if self._unacknowledged:
                self._flush()
            elif self._is_held_up():
                self._refresh()
            elif run.activity.bodies:
                self._wait()
            else:
                self._be_quiet()

    def _open_branches(self) -> bool:
        """Open branches where there is room, some at a time: those opened first may be done before the last begins.

        Whether there was a batch to look at. A branch whose outcome is recorded has ended with that, and takes no lane.
        """
        if not self._hungry or self._run.committer.waiting >= MOST_UPDATES:
            return False
        most = MOST_OPENED
        for fan in tuple(self._hungry):
            if fan not in self._hungry:
                continue  # the batch around it was decided by one that began here
            tally, make = fan.effect.tally, fan.effect.make
            while most and (index := tally.begin()) is not None:
                branch = make(index)
                if isinstance(branch, OUTCOMES):
                    tally.end(index, branch)
                else:
                    most -= 1
                    lane = fan.lanes[index] = Lane(fan, index, branch)
                    self._ready.append((lane, None))
            if tally.decided:
                self._decided(fan)
            elif not tally.has_room:
                self._hungry.pop(fan, None)
        return True

    def _is_held_up(self) -> bool:
        """Whether branches could begin, were there not so much to be sent before."""
        return self._run.committer.waiting >= MOST_UPDATES and bool(self._hungry)

    def _flush(self) -> None:
        """Send what the first in the queue waits for; those who go on then fill the next request."""
        self._run.committer.flush(min(map(TICKET, self._unacknowledged)))
        self._read_answer()

    def _refresh_if_due(self) -> bool:
        """Ask the service about waits that have fallen due, all of them at once."""
        activity, now = self._run.activity, self._clock()
        if activity.until_asking(now) != 0:
            return False
        activity.asked(now)
        self._refresh()
        return True

    def _refresh(self) -> None:
        self._run.committer.refresh()
        self._read_answer()

    def _read_answer(self) -> None:
        run = self._run
        if run.committer.over:
            self._stop()
        self._wake_moved()
        settled = run.committer.settled
        waiting, self._unacknowledged = self._unacknowledged, []
        for entry in waiting:
            ticket, lane, effect = entry
            if lane.closed:
                continue
            if ticket > settled:
                self._unacknowledged.append(entry)
            elif effect is None or not self._waits(lane, effect):  # more may have become due meanwhile
                self._ready.append((lane, None))

    def _wake_moved(self) -> None:
        """Have lanes go on whose operations have moved on."""
        if self._parked is not None:
            self._ready.extend([(lane, None) for lane in self._parked.take_moved()])

    def _wait(self) -> None:
        """Wait for a body to end, or for a wait to fall due."""
        self._bodies.wait(self._run.activity.until_asking(self._clock()))
        if not self._take_ended() and not self._refresh_if_due():
            self._read_answer()  # the ticker may have sent something, and brought news

    def _be_quiet(self) -> None:
        activity = self._run.activity
        if self._run.committer.waiting:  # its answer may bring what is waited for, and has to be seen before the end
            self._refresh()
            return
        self._wake_moved()  # of what the ticker sent
        if self._ready or self._refresh_if_due():
            return
        if self._late and not activity.wakes_before(self._clock() + SOON):
            activity.late -= 1
            self._ready.append((self._late.popleft(), None))
            return
        if not activity.parked:
            raise RuntimeError(f"branches are open and nothing moves them: {list(self._fans)}")
        self._stop()

    def _stop(self) -> NoReturn:
        self._run.begin_stop()
        raise Stop

    # One lane

    def _advance(self, lane: Lane, reply: Any) -> None:  # noqa: ANN401  whatever was asked for; all ways in one loop
        """Go on with a lane as far as it gets: with its innermost operation, or with the code around that."""
        operations = lane.operations
        send = operations[-1].send
        while True:
            try:
                message = send(reply)
            except StopIteration as end:
                operations.pop()
                message = end.value
                if not operations:
                    self._lane_ended(lane, message)
                    return
            else:
                # Not by `isinstance`: where the answer is no, that takes three times as long to find out.
                if type(message) is Commit:
                    self._unacknowledged.append((message.ticket, lane, None))
                    return
                if type(message) is not Enter:
                    if self._waits(lane, message):
                        return
                    reply = None
                    continue
            answer = lane.strand.go(message) if lane.strand else self._begin(lane, message)
            if type(answer) is GeneratorType:
                operations.append(answer)
                reply = None
            elif isinstance(reply := lane.outcome, OUTCOMES) and self._run.fatal is None:
                lane.outcome = None
            else:
                self._left(lane, answer)
                return
            send = operations[-1].send

    def _left(self, lane: Lane, answer: object) -> None:
        """The code of a lane has left it without an outcome, or with one that counts no more."""
        if answer is SET_ASIDE:
            self._set_aside(lane)
        elif isinstance(lane.outcome, Broken):
            raise lane.outcome.error
        # Else it was unwound, because the run has failed: the next turn ends that.

    def _waits(self, lane: Lane, effect: Call | Fan | Park | HandOver | Aside[Any]) -> bool:
        """See to what a lane asks for; False where it need not wait for it."""
        run = self._run
        # In the order of their number; a `match` on classes would cost more than it decides.
        if isinstance(effect, Call):
            if ticket := run.committer.before(lane, effect):
                self._unacknowledged.append((ticket, lane, effect))
            else:
                run.worked = True
                self._bodies.begin(lane, effect)
        elif isinstance(effect, Park):
            if effect.ticket > run.committer.settled:
                self._unacknowledged.append((effect.ticket, lane, effect))
            elif run.journal.is_waiting(effect.operation_id):
                self._parked_lanes().add(lane, effect.operation_id)
            else:
                return False
        elif isinstance(effect, Fan):
            lane.inner = OpenFan(effect, lane, lane.code_variables())
            self._fans[lane.inner] = self._hungry[lane.inner] = None
        elif isinstance(effect, Aside):
            work = effect.work
            self._bodies.begin(lane, Call(lambda _: work(), 0, is_async=False))
        else:
            assert_type(effect, HandOver)
            self._late.append(lane)
            run.activity.late += 1
        return True

    def _parked_lanes(self) -> ParkedLanes:
        if self._parked is None:
            from perdure_runtime.drivers.parked import ParkedLanes  # most branches never wait

            self._parked = ParkedLanes(self._run)
        return self._parked

    def _begin(self, lane: Lane, code: Enter) -> object:
        """Begin with the code of a lane that has had none before, on a strand; what it wants then."""
        strand = lane.strand = self._strands.take()
        strand.lend(lane, code, lane.fan.variables)
        return strand.go(BEGIN)

    def _take_ended(self) -> bool:
        self._ready.extend(self._bodies.take_ended())
        return bool(self._ready)

    # Ends

    def _lane_ended(self, lane: Lane, outcome: Outcome[Any]) -> None:
        fan = lane.fan
        lane.closed = True
        del fan.lanes[lane.index]
        self._take_strand(lane)
        line, tally, owed = fan.line, fan.effect.tally, lane.owed
        if owed > fan.owed:
            fan.owed = owed  # it may be for this outcome that another branch begins
            line.owed = max(line.owed, owed)
        tally.end(lane.index, outcome)
        if tally.decided:
            self._decided(fan)
        elif tally.begun < tally.total:
            self._hungry[fan] = None

    def _decided(self, fan: OpenFan) -> None:
        """A batch has what it needs: its open branches are unwound, and the line that asked goes on."""
        self._forget(fan)
        for lane in tuple(fan.lanes.values()):
            self._close(lane)
        if isinstance(fan.line, Lane):
            fan.line.inner = None
            self._ready.append((fan.line, None))

    def _forget(self, fan: OpenFan) -> None:
        self._fans.pop(fan, None)
        self._hungry.pop(fan, None)

    def _close_all(self) -> None:
        """Unwind whatever is open; nothing is where the last batch was decided."""
        if self._fans and self._parked is not None:
            self._parked.remove_all()
        while self._fans:
            fan = next(iter(self._fans))
            for lane in tuple(fan.lanes.values()):
                self._close(lane)
            self._forget(fan)
        self._ready.clear()
        self._unacknowledged.clear()

    def _close(self, lane: Lane) -> None:
        """Unwind a branch, and first those within it."""
        if lane.closed:
            return
        lane.closed = True
        if lane.inner is not None:
            for inner in tuple(lane.inner.lanes.values()):
                self._close(inner)
            self._forget(lane.inner)
            lane.inner = None
        # Whatever it waits for, nobody waits for it any more.
        if lane.parked is not None:
            self._parked_lanes().remove(lane)
        elif lane.body is not None:
            self._bodies.let_go(lane)
        elif lane in self._late:
            self._late.remove(lane)
            self._run.activity.late -= 1
        while lane.strand is not None:
            answer = lane.strand.go(STOP)
            if answer is SET_ASIDE:
                self._set_aside(lane)
            elif answer is IDLE:
                self._take_strand(lane)
        lane.operations.clear()
        del lane.fan.lanes[lane.index]

    def _take_strand(self, lane: Lane) -> None:
        if (strand := lane.strand) is not None:
            lane.strand = None
            self._strands.take_back(strand)

    def _set_aside(self, lane: Lane) -> None:
        """Code that swallows its unwinding over and over stays where it is; the process is not used again."""
        assert lane.strand is not None  # noqa: S101  it is what the code is on
        lane.strand.keep()
        lane.strand = None
        self._run.spoilt = True
