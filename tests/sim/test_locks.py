"""The reader/writer lock: order of entry and accounts."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.clock import Activity, Clock
from sim.machine.locks import RwLock

Visit = tuple[int, Literal["read", "write"], int]


def entries(visits: list[Visit]) -> tuple[list[int], RwLock]:
    """When each visitor (arrival, mode, time held) enters."""
    clock = Clock()
    lock = RwLock(clock)
    entered = [0] * len(visits)

    def visitor(number: int) -> Activity:
        arrival, mode, hold = visits[number]
        yield clock.timeout(arrival)
        yield from lock.acquire(mode)
        entered[number] = clock.now
        yield clock.timeout(hold)
        lock.release(mode)

    for number in range(len(visits)):
        clock.process(visitor(number))
    clock.run_to_end()
    return entered, lock


def test_a_waiting_writer_blocks_later_readers_and_readers_enter_together() -> None:
    entered, lock = entries(
        [(0, "read", 100), (10, "write", 50), (20, "read", 5), (30, "read", 5), (40, "write", 1)]
    )
    assert entered == [0, 100, 150, 150, 155]
    assert lock.use["write"].waited_ns == 90 + 115
    assert lock.use["write"].longest_wait_ns == 115
    assert lock.use["read"].waited_ns == 130 + 120
    assert lock.use["read"].held_ns == 110
    assert lock.use["write"].held_ns == 51
    assert lock.use["read"].acquired == 3


def oracle(visits: list[Visit]) -> list[int]:
    """First come first served, one after the other: each enters once those before it allow."""
    entered: list[int] = []
    readers_leave, writers_leave, last_entry = 0, 0, 0
    for arrival, mode, hold in visits:
        enter = max(arrival, last_entry, writers_leave)
        if mode == "write":
            enter = max(enter, readers_leave)
            writers_leave = enter + hold
        else:
            readers_leave = max(readers_leave, enter + hold)
        last_entry = enter
        entered.append(enter)
    return entered


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.sampled_from(["read", "write"]), st.integers(1, 60)),
        min_size=1,
        max_size=30,
    )
)
def test_entry_times_are_those_of_a_queue(gaps: list[Visit]) -> None:
    now, visits = 0, []
    for gap, mode, hold in gaps:
        now += gap
        visits.append((now, mode, hold))
    entered, lock = entries(visits)
    assert entered == oracle(visits)
    held = sum(hold for _, mode, hold in visits if mode == "write")
    assert lock.use["write"].held_ns == held


def test_releasing_what_nobody_holds_is_an_error() -> None:
    lock = RwLock(Clock())
    for mode in ("read", "write"):
        with pytest.raises(RuntimeError, match="nobody holds"):
            lock.release(mode)
