"""A timetable is what its stretches are one by one, whoever else is on the machine."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.spans import Span, SpanWindow

GRID_NS = 100
"""What the follower does happens at multiples of it, what others do never: no ties."""

Stretch = tuple[int, int]
"""A pause and then work, both in `GRID_NS`."""
STRETCHES = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=40)
OTHER = st.tuples(st.integers(1, GRID_NS - 1), st.booleans(), STRETCHES)
"""When it begins; whether each piece of work is a new task's, as a child's; what it does."""


class Follower:
    """A task that pauses and works, by timetables or piece by piece."""

    def __init__(self, board: Machine, stretches: list[Stretch], *, plans: bool) -> None:
        self.done_ns: list[int] = []
        self.timetables = self.cut = 0
        self._board = board
        self._task = board.task("follower")
        self._left = stretches
        self._plans = plans

    def live(self) -> Activity:
        clock = self._board.clock
        while self._left:
            if self._plans and self._board.scheduler.undisturbed(self._task):
                yield from self._follow()
                continue
            pause, work = self._left.pop(0)
            yield clock.timeout(pause * GRID_NS)
            yield from self._task.run(compute_ns=work * GRID_NS)
            self.done_ns.append(clock.now)

    def _follow(self) -> Activity:
        moments = self._board.clock.now + GRID_NS * np.cumsum(np.array(self._left).ravel())
        starts_ns, ends_ns = moments[::2], moments[1::2]
        done = yield from self._board.scheduler.follow(self._task, starts_ns, ends_ns)
        self.timetables += 1
        self.cut += done < len(starts_ns)
        self.done_ns += ends_ns[:done].tolist()
        self._left = self._left[done:]
        if self._left and done < len(starts_ns):  # asleep, and the core is somebody else's
            now_ns = self._board.clock.now
            rest_ns = int(starts_ns[done]) - now_ns
            yield self._board.clock.timeout(rest_ns)
            yield from self._task.run(compute_ns=self._left.pop(0)[1] * GRID_NS)
            self.done_ns.append(self._board.clock.now)


def somebody(board: Machine, number: int, other: tuple[int, bool, list[Stretch]]) -> Activity:
    begins_ns, always_new, stretches = other
    task = board.task(f"{number}")
    yield board.clock.timeout(begins_ns)
    for place, (pause, work) in enumerate(stretches):
        yield board.clock.timeout(pause * GRID_NS)
        if always_new:
            task = board.task(f"{number}, {place}")
        yield from task.run(compute_ns=work * GRID_NS)


def play(
    stretches: list[Stretch], others: list[tuple[int, bool, list[Stretch]]], *, plans: bool
) -> tuple[Follower, Machine, list[Span]]:
    spans = SpanWindow()
    board = Machine(len(others) + 1, {}, rule=Wait(10**9), switch_ns=3 * GRID_NS, spans=spans)
    board.scheduler.expect(len(others) + 1)
    follower = Follower(board, list(stretches), plans=plans)
    board.clock.process(follower.live())
    for number, other in enumerate(others):
        board.clock.process(somebody(board, number, other))
    board.clock.run_to_end()
    return follower, board, spans.spans()


@given(STRETCHES, st.lists(OTHER, max_size=4))
def test_a_timetable_is_what_its_stretches_are_one_by_one(
    stretches: list[Stretch], others: list[tuple[int, bool, list[Stretch]]]
) -> None:
    planned, board, seen = play(stretches, others, plans=True)
    single, other_board, expected = play(stretches, others, plans=False)
    assert planned.done_ns == single.done_ns
    assert seen == expected
    for core, same in zip(board.scheduler.cores, other_board.scheduler.cores, strict=True):
        assert core.busy_ns == same.busy_ns
        assert core.idle_ns == same.idle_ns
        assert core.idle_since_ns == same.idle_since_ns
    assert board.scheduler.suffices


def test_somebody_takes_the_core_while_it_sleeps() -> None:
    # Of the others' two cores one is idle since later than the follower's when a child comes.
    others = [(1, True, [(1, 50)] * 20), (51, True, [(1, 2), (4, 3)] * 40)]
    planned, _, _ = play([(1, 1), *[(20, 2)] * 40], others, plans=True)
    assert planned.timetables > 1
    assert planned.cut > 0


def test_a_timetable_gives_way_to_more_tasks_than_were_expected() -> None:
    board = Machine(1, {}, rule=Wait(10**9), switch_ns=0)
    board.scheduler.expect(1)
    follower = Follower(board, [(1, 1), *[(2, 2)] * 5], plans=True)
    board.clock.process(follower.live())
    task, ended_ns = board.task("unexpected"), []

    def unexpected() -> Activity:
        yield board.clock.timeout(8 * GRID_NS + 50)  # in the middle of a stretch
        yield from task.run(compute_ns=GRID_NS)
        ended_ns.append(board.clock.now)

    board.clock.process(unexpected())
    board.clock.run_to_end()
    assert not board.scheduler.suffices
    assert ended_ns == [11 * GRID_NS]
    assert follower.cut == 1
    assert len(follower.done_ns) == 6
