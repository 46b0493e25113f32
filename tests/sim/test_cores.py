"""Cores and run queue: exact oracles first."""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.spans import SpanWindow

jobs = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 300)), min_size=1, max_size=40)


def machine(cores: int, slice_ns: int = 10**9, switch_ns: int = 0) -> Machine:
    return Machine(cores, {}, rule=Wait(slice_ns), switch_ns=switch_ns)


def departures(cores: int, arrivals: list[int], services: list[int]) -> list[int]:
    """When each job leaves c first-come-first-served cores of the simulator."""
    board = machine(cores)
    left = [0] * len(arrivals)

    def job(number: int) -> Activity:
        yield board.clock.timeout(arrivals[number])
        yield from board.task(f"job-{number}").run(compute_ns=services[number])
        left[number] = board.clock.now

    for number in range(len(arrivals)):
        board.clock.process(job(number))
    board.clock.run_to_end()
    return left


@given(jobs)
def test_one_core_waits_as_lindley_says(gaps: list[tuple[int, int]]) -> None:
    arrivals = np.cumsum([gap for gap, _ in gaps]).tolist()
    services = [service for _, service in gaps]
    wait, waits = 0, []
    for number, service in enumerate(services):
        if number:
            wait = max(0, wait + services[number - 1] - gaps[number][0])
        waits.append(wait)
        assert service > 0
    left = departures(1, arrivals, services)
    found = [end - arrival - s for end, arrival, s in zip(left, arrivals, services, strict=True)]
    assert found == waits


@given(jobs, st.integers(2, 4))
def test_several_cores_wait_as_kiefer_and_wolfowitz_say(
    gaps: list[tuple[int, int]], cores: int
) -> None:
    arrivals = np.cumsum([gap for gap, _ in gaps]).tolist()
    services = [service for _, service in gaps]
    free_at = [0] * cores
    expected = []
    for arrival, service in zip(arrivals, services, strict=True):
        start = max(arrival, heapq.heappop(free_at))
        heapq.heappush(free_at, start + service)
        expected.append(start + service)
    assert departures(cores, arrivals, services) == expected


@settings(max_examples=50)
@given(jobs, st.integers(1, 3), st.integers(1, 100), st.integers(0, 20))
def test_core_time_adds_up(
    gaps: list[tuple[int, int]], cores: int, slice_ns: int, switch_ns: int
) -> None:
    spans = SpanWindow()
    board = Machine(cores, {}, rule=Wait(slice_ns), switch_ns=switch_ns, spans=spans)

    def job(number: int, start: int, service: int) -> Activity:
        yield board.clock.timeout(start)
        yield from board.task(f"job-{number}").run(compute_ns=service)

    for number, (start, service) in enumerate(gaps):
        board.clock.process(job(number, start, service))
    board.clock.run_to_end()
    work = sum(service for _, service in gaps)
    assert sum(core.busy_ns for core in board.scheduler.cores) == work
    for core in board.scheduler.cores:
        on_core = [s for s in spans.spans() if s.what == "run" and s.core == core.number]
        assert sum(s.end_ns - s.start_ns for s in on_core) == core.busy_ns
        assert core.busy_ns + core.switch_ns + core.idle_ns == board.clock.now
        ordered = sorted((s.start_ns, s.end_ns) for s in on_core)
        assert all(a_end <= b_start for (_, a_end), (b_start, _) in pairwise(ordered))


def test_two_tasks_share_a_core_fairly_in_slices() -> None:
    board = machine(1, slice_ns=100, switch_ns=5)
    ends = {}

    def job(name: str) -> Activity:
        yield from board.task(name).run(compute_ns=1000)
        ends[name] = board.clock.now

    for name in ("a", "b"):
        board.clock.process(job(name))
    board.clock.run_to_end()
    # a runs slices 1, 3, ... 19; each of the 20 slices begins with a switch.
    assert ends == {"a": 1900 + 19 * 5, "b": 2000 + 20 * 5}


def test_a_task_keeps_its_core_over_several_bursts_of_one_slice() -> None:
    board = machine(1, slice_ns=100, switch_ns=0)
    order = []

    def job(name: str, bursts: int) -> Activity:
        task = board.task(name)
        for _ in range(bursts):
            yield from task.run(compute_ns=25)
            order.append(name)

    board.clock.process(job("a", 4))
    board.clock.process(job("b", 4))
    board.clock.run_to_end()
    assert "".join(order) == "aaaabbbb"


def test_a_newcomer_shares_the_core_instead_of_making_up_for_the_past() -> None:
    board = machine(1, slice_ns=100)
    ends = {}

    def job(name: str, start: int, work: int) -> Activity:
        yield board.clock.timeout(start)
        yield from board.task(name).run(compute_ns=work)
        ends[name] = board.clock.now

    board.clock.process(job("old", 0, 10_000))
    board.clock.process(job("new", 5_000, 1_000))
    board.clock.run_to_end()
    assert 6_900 <= ends["new"] <= 7_100
    assert ends["old"] == 11_000


def test_a_sleeper_does_not_wait_for_a_newcomer_to_use_as_much_as_it_has() -> None:
    """One core: the old task has used 5,000 ns and sleeps when the new one finds the core idle."""
    board = machine(1, slice_ns=100)
    waited = []

    def old() -> Activity:
        task = board.task("old")
        yield from task.run(compute_ns=5_000)
        for _ in range(5):
            yield board.clock.timeout(300)
            asked = board.clock.now
            yield from task.run(compute_ns=10)
            waited.append(board.clock.now - asked - 10)

    def new() -> Activity:
        yield board.clock.timeout(5_100)
        yield from board.task("new").run(compute_ns=4_000)

    board.clock.process(old())
    board.clock.process(new())
    board.clock.run_to_end()
    assert max(waited) <= 2 * 100


def test_a_waiter_during_a_switch_after_a_long_sleep_changes_nobodys_share() -> None:
    board = machine(1, slice_ns=100, switch_ns=4)
    ends = {}

    def job(name: str, start: int) -> Activity:
        yield board.clock.timeout(start)
        yield from board.task(name).run(compute_ns=1_000)
        ends[name] = board.clock.now

    for name, start in (("a", 0), ("b", 1_000_000), ("c", 1_000_001), ("d", 1_000_500)):
        board.clock.process(job(name, start))
    board.clock.run_to_end()
    finish = sorted(ends[name] for name in "bcd")
    assert finish[-1] - finish[0] < 1_000  # all three shared to the end, whoever came first


def test_who_has_only_now_been_given_a_core_sets_no_level() -> None:
    """Three want one core in one moment: of those that wait the one that has had least is next."""
    board = machine(1, slice_ns=100)
    order = []

    def job(name: str, start: int, earlier: int, work: int) -> Activity:
        task = board.task(name)
        yield board.clock.timeout(start)
        if earlier:
            yield from task.run(compute_ns=earlier)
        yield board.clock.timeout(1000 - board.clock.now)
        yield from task.run(compute_ns=work)
        order.append(name)

    for name, start, earlier, work in (("x", 0, 60, 500), ("y", 100, 30, 1), ("z", 200, 0, 1)):
        board.clock.process(job(name, start, earlier, work))
    board.clock.run_to_end()
    assert order == ["z", "y", "x"]


def test_a_new_task_starts_on_the_core_that_was_idle_for_longest() -> None:
    board = machine(3)
    used = []

    def family() -> Activity:
        parent = board.task("parent")
        for _ in range(4):
            yield from parent.run(compute_ns=10)
            child = board.task("child")
            yield from child.run(compute_ns=10)
            used.extend([parent.last_core, child.last_core])

    board.clock.process(family())
    board.clock.run_to_end()
    assert used == [0, 1, 0, 2, 0, 1, 0, 2]


@given(jobs)
def test_an_idle_extra_core_changes_nothing(gaps: list[tuple[int, int]]) -> None:
    arrivals = np.cumsum([gap for gap, _ in gaps]).tolist()
    services = [service for _, service in gaps]
    enough = len(gaps)
    assert departures(enough, arrivals, services) == departures(enough + 1, arrivals, services)


def test_a_burst_is_two_events_a_wait_and_its_end() -> None:
    board = machine(1)

    def job() -> Activity:
        task = board.task("a")
        for _ in range(100):
            yield from task.run(compute_ns=10)

    board.clock.process(job())
    board.clock.run_to_end()
    # The job's beginning, one switch, the job's end; per burst the core's waking,
    # the time passing, the core's looking up, and the burst's end.
    assert board.clock.places() == (3 + 4 * 100) * 2**16


def test_work_cannot_be_negative() -> None:
    board = machine(1)

    def job() -> Activity:
        yield from board.task("a").run(compute_ns=-1)

    board.clock.process(job())
    with pytest.raises(ValueError, match="negative"):
        board.clock.run_to_end()
