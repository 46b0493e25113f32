"""Contention: closed forms of streams that slow each other down."""

from __future__ import annotations

import pytest

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait

WEIGHTS = {"fork": {"fork": 1.25, "fill": 0.5}}


def finish(starts: list[int], kinds: list[str], memory_ns: int = 1000) -> list[int]:
    """When streams that start so end, each with this much undisturbed work."""
    board = Machine(8, WEIGHTS, rule=Wait(10**6), switch_ns=0)
    ends = [0] * len(starts)

    def job(number: int) -> Activity:
        yield board.clock.timeout(starts[number])
        task = board.task(f"job-{number}")
        yield from task.run(memory_ns=memory_ns, stream=kinds[number])
        ends[number] = board.clock.now

    for number in range(len(starts)):
        board.clock.process(job(number))
    board.clock.run_to_end()
    return ends


def test_streams_in_step_are_slowed_by_all_others() -> None:
    assert finish([0], ["fork"]) == [1000]
    assert finish([0, 0], ["fork"] * 2) == [2250] * 2
    assert finish([0, 0, 0], ["fork"] * 3) == [3500] * 3


def test_a_partial_overlap_slows_only_the_overlap() -> None:
    # The first has 500 left when the second comes; both then run at 1/2.25 for 1125 ns, after which
    # the second has 500 left.
    assert finish([0, 500], ["fork"] * 2) == [500 + 1125, 500 + 1125 + 500]


def test_classes_weigh_differently_and_not_always_both_ways() -> None:
    # The fill is not slowed; the fork runs at 1/1.5 beside it: 667 done at 1000, the rest alone.
    assert finish([0, 0], ["fork", "fill"]) == [1000 + 334, 1000]


def test_compute_is_never_slowed() -> None:
    board = Machine(2, {"fork": {"fork": 9.0}}, rule=Wait(10**6), switch_ns=0)
    ends = []

    def job() -> Activity:
        yield from board.task("a").run(compute_ns=100)
        ends.append(board.clock.now)

    board.clock.process(job())
    board.clock.process(job())
    board.clock.run_to_end()
    assert ends == [100, 100]


def test_memory_work_survives_preemption_without_losing_a_nanosecond() -> None:
    board = Machine(1, WEIGHTS, rule=Wait(70), switch_ns=0)
    ends = []

    def job() -> Activity:
        yield from board.task("a").run(compute_ns=30, memory_ns=500, stream="fork")
        ends.append(board.clock.now)

    board.clock.process(job())
    board.clock.process(job())
    board.clock.run_to_end()
    assert max(ends) == 2 * 530
    assert board.scheduler.cores[0].busy_ns == 2 * 530


@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_costs_times_k_is_all_times_times_k(count: int) -> None:
    once = finish([0] * count, ["fork"] * count, 1000)
    assert finish([0] * count, ["fork"] * count, 8000) == [8 * end for end in once]
