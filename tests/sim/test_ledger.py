"""What a task's time went by: sums against counting every nanosecond."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.causes import CONTENTION, CORE_WAIT, IDLE, SWITCH, WORK, Cause
from sim.machine.clock import Activity
from sim.machine.ledger import History
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.tasks import Task

FORK, OTHER = Cause("fork", "fork"), Cause("other", "other")
Stretch = tuple[int, int, int, Cause]

GAPS = st.integers(0, 5)
LENGTHS = st.integers(0, 12)


@st.composite
def stretches(draw: st.DrawFn) -> list[Stretch]:
    """Stretches one after the other: start, end, how much of it is due to the cause."""
    found: list[Stretch] = []
    now_ns = 0
    for gap_ns, length_ns in draw(st.lists(st.tuples(GAPS, LENGTHS), max_size=12)):
        start_ns, now_ns = now_ns + gap_ns, now_ns + gap_ns + length_ns
        cause = draw(st.sampled_from([FORK, OTHER, WORK]))
        due_ns = draw(st.integers(0, length_ns))
        found.append((start_ns, now_ns, due_ns, cause))
    return found


def counted(told: list[Stretch], first_ns: int, end_ns: int) -> Counter[Cause]:
    """Nanosecond by nanosecond: which one of a stretch is the cause's, which is contention's."""
    time_ns: Counter[Cause] = Counter()
    for start_ns, stop_ns, due_ns, cause in told:
        length_ns = stop_ns - start_ns
        for now_ns in range(max(start_ns, first_ns), min(stop_ns, end_ns)):
            before = (now_ns - start_ns) * due_ns // length_ns
            after = (now_ns - start_ns + 1) * due_ns // length_ns
            time_ns[cause if after > before else CONTENTION] += 1
    del time_ns[WORK]
    return time_ns


@given(
    told=stretches(),
    asked=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 60)), min_size=1, max_size=9),
    late=st.booleans(),
    forget=st.integers(0, 60),
)
def test_a_history_counts_every_nanosecond(
    told: list[Stretch], asked: list[tuple[int, int]], late: bool, forget: int
) -> None:
    history = History()
    # Those of one cause come in order; another cause's may come later.
    for stretch in sorted(told, key=lambda one: one[3] is FORK) if late else told:
        if late and 0 < stretch[2] < stretch[1] - stretch[0]:
            return  # contention would come in no order
        history.add(*stretch)
    forgotten = [one for one in told if one[1] <= forget]
    history.forget_before(forget)
    rows = sorted((start + length, start) for start, length in asked if start >= forget)
    if not rows:
        return
    end_ns, first_ns = np.array(rows, np.int64).T
    found = history.between(first_ns, end_ns)
    for row, (end, first) in enumerate(rows):
        expected = counted([one for one in told if one not in forgotten], first, end)
        assert {
            cause: int(ns.dense()[row]) for cause, ns in found.items() if ns.dense()[row]
        } == expected


@given(told=stretches(), asked=st.lists(st.tuples(st.integers(0, 99), LENGTHS), min_size=1))
def test_batches_of_whole_stretches_are_as_one_by_one(
    told: list[Stretch], asked: list[tuple[int, int]]
) -> None:
    one_by_one, together = History(), History()
    starts_ns, ends_ns = np.array([one[:2] for one in told], np.int64).reshape(-1, 2).T
    together.extend(starts_ns, ends_ns)
    together.extend_cause(FORK, starts_ns, ends_ns)
    for start_ns, end_ns, _, _ in told:
        one_by_one.add(start_ns, end_ns, end_ns - start_ns, FORK)
    rows = sorted((start + length, start) for start, length in asked)
    end_ns, first_ns = np.array(rows, np.int64).T
    each, all_ = (history.between(first_ns, end_ns) for history in (one_by_one, together))
    assert each.keys() == all_.keys()
    assert all((each[cause].dense() == all_[cause].dense()).all() for cause in each)


def test_parts_of_hours_are_exact() -> None:
    """Lengths whose product is above 64 bits."""
    history, hour_ns = History(), 3600 * 10**9
    history.add(0, 10 * hour_ns, 7 * hour_ns, FORK)
    first_ns, end_ns = np.zeros(2, np.int64), np.array([5 * hour_ns, 10 * hour_ns])
    found = history.between(first_ns, end_ns)
    assert abs(int(found[FORK].dense()[0]) - 3.5 * hour_ns) <= 1
    assert (found[FORK].dense() + found[CONTENTION].dense() == end_ns).all()
    assert int(found[FORK].dense()[1]) == 7 * hour_ns


def board(cores: int, **weights: dict[str, float]) -> Machine:
    return Machine(cores, weights, rule=Wait(1000), switch_ns=10)


def test_two_tasks_of_one_core_by_hand() -> None:
    machine = board(1)
    tasks = [machine.task("a"), machine.task("b")]

    def life(task: Task, cause: Cause) -> Activity:
        yield from task.run(compute_ns=1500, cause=cause)

    for task, cause in zip(tasks, (FORK, OTHER), strict=True):
        machine.clock.process(life(task, cause))
    machine.clock.run_to_end()
    # 10 to a, 1000 of a, 10 to b, 1000 of b, 10 to a, 500 of a, 10 to b, 500 of b.
    one, other = (task.ledger for task in tasks)
    assert one.ran_ns == {FORK: 1500}
    assert one.waited_ns == {SWITCH: 20, CORE_WAIT: 1010}
    assert other.ran_ns == {OTHER: 1500}
    assert other.waited_ns == {SWITCH: 20, CORE_WAIT: 1010 + 510}
    assert sum(other.spent().values()) == machine.clock.now == 3040
    assert machine.scheduler.core_time_ns() == {FORK: 1500, OTHER: 1500, SWITCH: 40}


def test_what_memory_takes_longer_is_contention() -> None:
    machine = board(2, fork={"fork": 0.5})
    one, other = machine.task("a"), machine.task("b")

    def life(task: Task, gap_ns: int) -> Activity:
        yield machine.clock.timeout(gap_ns)
        yield from task.run(memory_ns=1000, stream="fork", cause=FORK)

    machine.clock.process(life(one, 0))
    machine.clock.process(life(other, 500))
    machine.clock.run_to_end()
    # From 510 on they slow each other by half, until the first has done its other 500 in 750.
    assert one.ledger.ran_ns == {FORK: 1000, CONTENTION: 250}
    assert other.ledger.ran_ns == {FORK: 1000, CONTENTION: 250}
    total_ns = machine.scheduler.core_time_ns()
    assert total_ns[CONTENTION] == 500
    assert sum(total_ns.values()) == 2 * machine.clock.now
    assert total_ns[IDLE] == sum(core.idle_ns for core in machine.scheduler.cores)


@pytest.mark.parametrize("at_ns", [5, 700, 1015, 2000])
def test_what_goes_on_is_counted_up_to_now(at_ns: int) -> None:
    """Also in the middle of a switch, or of work."""
    machine = board(1)

    def life(task: Task) -> Activity:
        yield from task.run(compute_ns=1500, cause=FORK)

    for name in "ab":
        machine.clock.process(life(machine.task(name)))
    machine.clock.run_until(at_ns)
    assert sum(machine.scheduler.core_time_ns().values()) == at_ns
