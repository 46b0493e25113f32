"""CFS, and what kernels have in common: closed forms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from few_cores import FOREVER_NS, MS, cfs, eevdf, ends, turns, waits

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.scheduling.wait import Wait


@pytest.mark.parametrize("work_ns", [MS, 2_000_999, 2_001_000, 2_001_001, 2_500_000])
def test_under_cfs_who_wakes_runs_at_once_if_its_credit_is_above_the_granularity(
    work_ns: int,
) -> None:
    """Half a latency (3 ms) after a long sleep; its own work uses that up, sleep gives it back."""
    pause_ns = 1000
    credit_ns = 3 * MS - work_ns + pause_ns
    first, second = waits(cfs(), [(100 * MS, work_ns), (pause_ns, 1)])
    assert first == 0
    assert (second == 0) == (credit_ns > MS)


def test_under_cfs_a_sleeper_without_credit_waits_for_a_tick_after_the_slice() -> None:
    """The hog's turn began at 100 ms and 1 ns + 2.9 ms; its slice is 3 ms, a tick 4 ms."""
    first, second = waits(cfs(), [(100 * MS, 2_900_000), (1000, 1)])
    assert first == 0
    assert 102_900_001 + 1000 + second == 108 * MS


@pytest.mark.parametrize(
    ("tick_ns", "turn_ns"),
    [(1 * MS, 4 * MS), (4 * MS, 4 * MS), (10 * MS, 10 * MS)],
)
def test_two_hogs_take_turns_of_the_first_tick_beyond_their_slice(
    tick_ns: int, turn_ns: int
) -> None:
    """Of a latency of 6 ms each has 3, which must be exceeded."""
    assert turns(cfs(tick_ns), 2, 200 * MS)[1:-1] == [turn_ns] * (200 * MS // turn_ns - 2)


def test_three_hogs_have_shorter_slices() -> None:
    """2 ms, so that the third tick of a millisecond is the first beyond."""
    assert set(turns(cfs(MS), 3, 200 * MS)[3:-3]) == {3 * MS}


def test_many_hogs_have_the_granularity_each() -> None:
    """Of twelve half a millisecond would be left; 0.75 must be exceeded."""
    assert set(turns(cfs(50_000), 12, 240 * MS)[12:-24]) == {800_000}


@pytest.mark.parametrize(("hogs", "turn_ns"), [(3, 5 * MS), (4, 4 * MS), (8, 2 * MS)])
def test_on_two_cores_a_slice_is_by_a_cores_share_of_the_hogs(hogs: int, turn_ns: int) -> None:
    """6 ms by one and a half, two or four, which must be exceeded at a tick of a millisecond."""
    found = turns(cfs(MS), hogs, 400 * MS, cores=2)
    assert set(found[2 * hogs : -2 * hogs]) == {turn_ns}


@pytest.mark.parametrize("old_ns", [1 * MS, 500 * MS])
def test_under_cfs_a_new_task_begins_a_slice_behind_and_drives_out_nobody(old_ns: int) -> None:
    """3 ms behind the hog, however long that has run; then it has its turn at a tick."""
    (_, (end_ns,)) = ends([[(1, FOREVER_NS)], [(old_ns, 1)]], cfs(MS))
    assert end_ns - old_ns == 3 * MS + 1


def test_who_drives_out_costs_a_switch_to_it_and_one_back() -> None:
    switch_ns, jobs = 1000, [(2 * MS, 1000)] * 20
    board = Machine(1, {}, rule=cfs(), switch_ns=switch_ns)

    def hog() -> Activity:
        yield from board.task("hog").run(compute_ns=100 * MS)

    def sleeper() -> Activity:
        task = board.task("sleeper")
        yield from task.run(compute_ns=1)
        for sleep_ns, work_ns in jobs:
            yield board.clock.timeout(sleep_ns)
            asked_ns = board.clock.now
            yield from task.run(compute_ns=work_ns)
            assert board.clock.now == asked_ns + switch_ns + work_ns

    board.clock.process(sleeper())
    board.clock.process(hog())
    board.clock.run_to_end()
    (core,) = board.scheduler.cores
    assert core.busy_ns == 100 * MS + 20 * 1000 + 1
    assert core.switch_ns == (2 + 2 * len(jobs)) * switch_ns
    assert core.busy_ns + core.switch_ns == board.clock.now


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("rule", [cfs, eevdf])
def test_who_is_woken_by_the_task_that_runs_drives_it_out_between_two_bursts(
    rule: Callable[[], SchedulingRule], *, at_once: bool
) -> None:
    """A parent wakes its child and goes on: the child, which has slept for long, is first."""
    board = Machine(1, {}, rule=rule(), switch_ns=0)
    task, woken = board.task("child"), board.clock.event()
    order: list[str] = []

    def child() -> Activity:
        yield from task.run(compute_ns=1)
        for _ in range(10):  # so that it lacks something
            yield board.clock.timeout(2 * MS)
            yield from task.run(compute_ns=1)
        if not at_once:
            yield woken
            yield from answer()

    def answer() -> Activity:
        yield from task.run(compute_ns=1000)
        order.append("child")

    def parent() -> Activity:
        own = board.task("parent")
        yield board.clock.timeout(2)
        yield from own.run(compute_ns=100 * MS)
        if at_once:  # before the core looks who is next
            board.clock.process(answer())
        woken.succeed()
        yield from own.run(compute_ns=1000)
        order.append("parent")

    def other() -> Activity:
        yield board.clock.timeout(2)
        yield from board.task("other").run(compute_ns=FOREVER_NS)

    for activity in (child(), other(), parent()):
        board.clock.process(activity)
    board.clock.run_until(1000 * MS)
    assert order == ["child", "parent"]


@pytest.mark.parametrize("rule", [cfs, eevdf])
def test_who_wakes_at_one_moment_drives_out_different_tasks(
    rule: Callable[[], SchedulingRule],
) -> None:
    board = Machine(2, {}, rule=rule(), switch_ns=0)
    waited: list[int] = []

    def sleeper() -> Activity:
        task = board.task("sleeper")
        yield from task.run(compute_ns=1)
        for _ in range(100):
            yield board.clock.timeout(2 * MS + 1 - board.clock.now % (2 * MS))
            asked_ns = board.clock.now
            yield from task.run(compute_ns=50_000)
            waited.append(board.clock.now - asked_ns - 50_000)

    def hog() -> Activity:
        yield board.clock.timeout(2)
        yield from board.task("hog").run(compute_ns=FOREVER_NS)

    for activity in (sleeper(), sleeper(), hog(), hog()):
        board.clock.process(activity)
    board.clock.run_until(1000 * MS)
    assert len(waited) == 200
    assert sum(wait > 0 for wait in waited) < 20  # of EEVDF, a few for want of a lag


def test_a_task_does_one_thing_at_a_time() -> None:
    board = Machine(1, {}, rule=cfs(), switch_ns=0)
    task = board.task("task")
    for _ in range(2):
        board.clock.process(task.run(compute_ns=10))
    with pytest.raises(RuntimeError, match="two things"):
        board.clock.run_to_end()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Wait(0),
        lambda: Cfs(latency_ns=0, granularity_ns=1, wakeup_granularity_ns=1, tick_ns=1),
        lambda: Cfs(latency_ns=1, granularity_ns=1, wakeup_granularity_ns=-1, tick_ns=1),
        lambda: Eevdf(slice_ns=1, tick_ns=0, pays_asleep=True),
    ],
)
def test_times_must_be_positive(wrong: type[SchedulingRule]) -> None:
    with pytest.raises(ValueError, match=r"positive|at least"):
        wrong()
