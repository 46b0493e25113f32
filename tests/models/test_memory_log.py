"""Notes on memory over time: what they say, how many are kept, and what all programs took."""

from __future__ import annotations

import numpy as np
import pytest
from model_prices import make_costs, make_memory

from models.kernel.kernel import Kernel
from models.kernel.memory_log import MOST_NOTES, MemoryLog, of_machine
from models.memory.address_space import AddressSpace
from models.operations.steps import perform
from models.schemes.registry import make_scheme
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait

SCHEME = make_scheme("classic", make_costs())


def process(pages: int) -> tuple[AddressSpace, MemoryLog]:
    mm = AddressSpace(make_memory(SCHEME.costs))
    mm.map(512, at=0)
    SCHEME.fill(mm, 0, pages)
    return mm, MemoryLog(mm.memory)


def test_a_note_says_what_is_in_use() -> None:
    mm, log = process(100)
    child, _ = perform(SCHEME.fork(mm))
    SCHEME.touch(child, np.arange(7))
    log.note(5, child)
    memory, of_process = log.series()["memory"], log.series()["processes"]
    assert {name: column.tolist() for name, column in memory.items()} == {
        "t_ns": [5],
        "resident_bytes": [107 * 4096],
        "table_bytes": [2 * 4096],
        "copied_bytes": [7 * 4096],
    }
    assert of_process["process"].tolist() == [child.number]
    assert of_process["resident_bytes"].tolist() == [100 * 4096]
    assert of_process["table_bytes"].tolist() == [4096]
    assert log.peak_bytes == 109 * 4096


def test_the_peak_is_the_most_that_was_seen_or_noted() -> None:
    mm, log = process(100)
    log.note(0, mm)
    assert log.peak_bytes == 101 * 4096
    log.see(10)
    assert log.peak_bytes == 101 * 4096
    log.see(10**9)
    assert log.peak_bytes == 10**9


def test_a_note_soon_after_another_is_left_out_if_that_is_wished() -> None:
    mm, log = process(1)
    for now_ns in (100, 149, 150, 199, 200):
        log.note(now_ns, mm, after_ns=50)
    assert log.series()["memory"]["t_ns"].tolist() == [100, 150, 200]
    log.note(201, mm)
    assert log.series()["memory"]["t_ns"].tolist() == [100, 150, 200, 201]


def test_of_too_many_notes_every_other_one_stays_and_later_ones_are_rarer() -> None:
    mm, log = process(1)
    for now_ns in range(0, 10 * (MOST_NOTES + 1), 10):
        log.note(now_ns, mm)
    times = log.series()["memory"]["t_ns"]
    assert times.tolist() == list(range(0, 10 * (MOST_NOTES + 1), 20))
    assert log.series()["processes"]["t_ns"].tolist() == times.tolist()
    # Half as many notes to the end: the next ones at twice the distance.
    end = int(times[-1])
    for now_ns in range(end + 1, end + 61):
        log.note(now_ns, mm)
    assert log.series()["memory"]["t_ns"][len(times) :].tolist() == [end + 20, end + 40, end + 60]


def test_a_machine_has_what_its_programs_have_until_they_end() -> None:
    (one, first), (other, second) = process(10), process(20)
    first.note(0, one)
    first.note(30, one)
    second.note(10, other)
    first.ended_ns = 40
    together = of_machine([first, second])
    assert together["t_ns"].tolist() == [0, 10, 30, 40]
    pages = np.array([10, 30, 30, 20])
    assert together["resident_bytes"].tolist() == (4096 * pages).tolist()
    assert together["table_bytes"].tolist() == (4096 * np.array([1, 2, 2, 1])).tolist()
    assert together["copied_bytes"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("ended_ns", [None, 50])
def test_pages_that_were_copied_stay_copied(ended_ns: int | None) -> None:
    mm, log = process(10)
    child, _ = perform(SCHEME.fork(mm))
    SCHEME.touch(child, np.arange(3))
    log.note(0, mm)
    log.ended_ns = ended_ns
    assert set(of_machine([log])["copied_bytes"].tolist()) == {3 * 4096}


def test_what_is_in_use_between_notes_counts_for_the_peak() -> None:
    """A kernel looks at memory after every operation, and notes it less often."""
    kernel = Kernel(Machine(1, {}, rule=Wait(10**9), switch_ns=0), SCHEME)
    mm = kernel.start_program()
    mm.map(512, at=0)
    SCHEME.fill(mm, 0, 100)
    kernel.books.check()
    perform(SCHEME.unmap(mm, 0, 512))
    kernel.books.check()
    log = kernel.books.logs[mm.memory]
    assert log.series() == {}
    assert log.peak_bytes == kernel.books.peak_bytes == 101 * 4096
