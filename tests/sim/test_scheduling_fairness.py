"""What holds under every rule: core time adds up, shares are fair, and nobody starves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from few_cores import MS, SLICE_NS, TICK_NS, cfs, eevdf, ends
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.scheduling.wait import Wait
from sim.machine.tasks import Task

US = 1000

RULES: dict[str, Callable[[], SchedulingRule]] = {
    "cfs": cfs,
    "eevdf of 6.6": lambda: eevdf(pays_asleep=False),
    "eevdf of 6.12": eevdf,
    "wait": lambda: Wait(SLICE_NS),
}
every_rule = pytest.mark.parametrize("name", RULES)


@dataclass
class Shared:
    """Hogs and sleepers on a machine, and what they got.

    Attributes:
        hogs: tasks that always want a core.
        sleepers: tasks that want one now and then.
        late_ns: how long the latter waited, each time.
    """

    board: Machine
    hogs: list[Task] = field(default_factory=list)
    sleepers: list[Task] = field(default_factory=list)
    late_ns: list[int] = field(default_factory=list)

    def add_hog(self) -> None:
        task = self.board.task("hog")
        self.hogs.append(task)
        self.board.clock.process(task.run(compute_ns=10**12))

    def add_sleeper(self, sleep_ns: int, work_ns: int) -> None:
        task = self.board.task("sleeper")
        self.sleepers.append(task)
        self.board.clock.process(self._live(task, sleep_ns, work_ns))

    def _live(self, task: Task, sleep_ns: int, work_ns: int) -> Activity:
        while True:
            yield self.board.clock.timeout(sleep_ns)
            asked_ns = self.board.clock.now
            yield from task.run(compute_ns=work_ns)
            self.late_ns.append(self.board.clock.now - asked_ns - work_ns)

    def core_ns(self) -> list[int]:
        """What hogs and sleepers have used so far, passes that are going on included."""
        for core in self.board.scheduler.cores:
            core.nudge()
        self.board.clock.run_until(self.board.clock.now + 1)
        return [task.cpu_ns for task in (*self.hogs, *self.sleepers)]


SLEEPERS = st.lists(
    st.tuples(
        st.sampled_from([20 * US, 203 * US, 2 * MS + 1, 20 * MS]),
        st.sampled_from([5 * US, 51 * US, 500 * US, 5 * MS + 3]),
    ),
    max_size=4,
)


@every_rule
@settings(max_examples=12, deadline=None)
@given(cores=st.integers(1, 3), more=st.integers(1, 6), sleepers=SLEEPERS, switch_ns=st.just(2000))
def test_shares_are_fair_and_core_time_adds_up(
    name: str, cores: int, more: int, sleepers: list[tuple[int, int]], switch_ns: int
) -> None:
    shared = Shared(Machine(cores, {}, rule=RULES[name](), switch_ns=switch_ns))
    for _ in range(cores + more):
        shared.add_hog()
    for sleep_ns, work_ns in sleepers:
        shared.add_sleeper(sleep_ns, work_ns)
    board = shared.board
    board.clock.run_until(60 * MS)
    before_ns = shared.core_ns()
    board.clock.run_until(300 * MS)
    got_ns = [now - then for now, then in zip(shared.core_ns(), before_ns, strict=True)]
    hogs, rest = got_ns[: len(shared.hogs)], got_ns[len(shared.hogs) :]
    # Two turns, each of a slice and a tick; what a task is ahead or behind at either end.
    bound_ns = 2 * (2 * SLICE_NS + TICK_NS)
    assert max(hogs) - min(hogs) <= bound_ns
    assert all(ns <= min(hogs) + bound_ns for ns in rest)
    # Somebody always wants every core.
    for core in board.scheduler.cores:
        assert core.idle_ns == 0
        assert core.busy_ns + core.switch_ns <= board.clock.now
    busy_ns = sum(core.busy_ns for core in board.scheduler.cores)
    assert busy_ns == sum(task.cpu_ns for task in (*shared.hogs, *shared.sleepers))
    # Nobody waits for longer than everybody's turn and a few.
    tasks = len(got_ns)
    assert max(shared.late_ns, default=0) <= (tasks + 8) * (SLICE_NS + TICK_NS)


@every_rule
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3 * MS), st.integers(1, 9 * MS)), min_size=1, max_size=8),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([0, 2000]),
)
def test_where_tasks_do_not_outnumber_cores_no_rule_matters(
    name: str, scripts: list[list[tuple[int, int]]], switch_ns: int
) -> None:
    """Nor does a core more."""
    expected = ends(scripts, Wait(SLICE_NS), switch_ns, len(scripts))
    for cores in (len(scripts), len(scripts) + 1):
        assert ends(scripts, RULES[name](), switch_ns, cores) == expected


@pytest.mark.parametrize("name", ["cfs", "eevdf of 6.6", "eevdf of 6.12"])
def test_a_light_sleeper_waits_for_nobody_on_busy_cores_either(name: str) -> None:
    """Two cores, four hogs: the median is a switch, where waiting takes milliseconds."""
    late_ns: dict[str, list[int]] = {}
    for rule in (name, "wait"):
        shared = Shared(Machine(2, {}, rule=RULES[rule](), switch_ns=2000))
        for _ in range(4):
            shared.add_hog()
        shared.add_sleeper(2 * MS + 1, 50 * US)
        shared.board.clock.run_until(1000 * MS)
        late_ns[rule] = sorted(shared.late_ns)
    assert late_ns[name][len(late_ns[name]) // 2] == 2000
    assert late_ns["wait"][len(late_ns["wait"]) // 2] > MS


def test_work_that_streams_is_cut_where_a_sleeper_wakes_and_goes_on() -> None:
    """A stream of 40 ms beside nobody: driven out 10 times, its work is the same."""
    board = Machine(1, {"fork": {"fork": 1.0}}, rule=RULES["cfs"](), switch_ns=0)
    ended = []

    def streaming() -> Activity:
        yield from board.task("streaming").run(memory_ns=40 * MS, stream="fork")
        ended.append(board.clock.now)

    def sleeper() -> Activity:
        task = board.task("sleeper")
        for _ in range(10):
            yield from task.run(compute_ns=100 * US)
            yield board.clock.timeout(3 * MS)

    board.clock.process(sleeper())
    board.clock.process(streaming())
    board.clock.run_to_end()
    assert ended == [41 * MS]
