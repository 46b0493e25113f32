"""How much memory a program takes over time: the machine's frames, and what each process sees."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.faults.actions import PageAction
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.counts import Counts
from models.memory.frames import FRAME_BYTES
from models.memory.physical import PhysicalMemory
from sim.arrays import IntArray

MOST_NOTES = 4096
"""Of more notes every other one is dropped, and notes are then taken half as often."""

MACHINE = ("t_ns", "resident_bytes", "table_bytes", "copied_bytes")
PROCESS = ("t_ns", "process", "resident_bytes", "rss_bytes", "table_bytes", "copied_bytes")


class MemoryLog:
    """Notes on one program's memory.

    Args:
        memory: That of the program and its forks.

    Attributes:
        peak_bytes: The most that frames and tables ever took.
        ended_ns: When the program was over, and its memory nobody's; None before that.
    """

    def __init__(self, memory: PhysicalMemory) -> None:
        self.peak_bytes = 0
        self.ended_ns: int | None = None
        self._memory = memory
        self._machine: list[tuple[int, ...]] = []
        self._processes: list[tuple[int, ...]] = []
        self._gap_ns = 1

    def see(self, used_bytes: int) -> None:
        """So much is in use."""
        self.peak_bytes = max(self.peak_bytes, used_bytes)

    def note(self, now_ns: int, mm: AddressSpace, after_ns: int = 0) -> None:
        """Note what there is, and what one process sees of it.

        Args:
            now_ns: The time.
            mm: The process.
            after_ns: Do nothing if the last note is younger.
        """
        used_bytes = self._memory.used_bytes
        self.peak_bytes = max(self.peak_bytes, used_bytes)
        if now_ns < self.next_ns(after_ns) and after_ns + self._gap_ns > 1:
            return
        self._machine.append(
            (
                now_ns,
                self._memory.resident_bytes,
                self._memory.table_bytes,
                FRAME_BYTES * _copied_pages(self._memory.counts),
            )
        )
        pages = (
            mm.resident_pages,
            mm.rss_pages,
            mm.n_tables,
            _copied_pages(mm.counts),
        )
        self._processes.append((now_ns, mm.number, *(FRAME_BYTES * count for count in pages)))
        if len(self._machine) > MOST_NOTES:
            self._gap_ns = max(2 * self._gap_ns, now_ns // (MOST_NOTES // 2))
            del self._machine[1::2], self._processes[1::2]

    def next_ns(self, after_ns: int) -> int:
        """From when on a note is taken if the last one must not be younger than `after_ns`."""
        last_ns = self._machine[-1][0] if self._machine else -self._gap_ns
        return last_ns + max(after_ns, self._gap_ns)

    def series(self) -> dict[str, dict[str, IntArray]]:
        """The notes as tables of a recording: ``memory`` and, by process, ``processes``.

        Columns are int64: the time; bytes of data frames; the kernel's own count of them (RSS); of
        page tables (a shared one in the view of each process, once for the machine); of pages
        copied so far. A process has the number that it was started or forked with, from 1.
        """
        tables = {"memory": (MACHINE, self._machine), "processes": (PROCESS, self._processes)}
        return {
            name: dict(zip(columns, np.array(rows, np.int64).T, strict=True))
            for name, (columns, rows) in tables.items()
            if rows
        }


def _copied_pages(counts: Counts) -> int:
    copied = counts.actions
    return (
        copied[PageAction.COW_COPY.counter] + PAGES_PER_SLOT * copied[PageAction.HUGE_COPY.counter]
    )


def of_machine(logs: Iterable[MemoryLog]) -> dict[str, IntArray]:
    """What several programs take together: the table ``memory`` of `MemoryLog.series`.

    Its times are those of all notes. A program takes nothing before its first note nor once it is
    over; the pages that it copied stay counted.
    """
    noted = [(log, series["memory"]) for log in logs if (series := log.series())]
    ends = [log.ended_ns for log, _ in noted if log.ended_ns is not None]
    times = np.unique(
        np.concatenate([np.array(ends, np.int64), *(own["t_ns"] for _, own in noted)])
    )
    together = {name: np.zeros(len(times), np.int64) for name in MACHINE}
    together["t_ns"] = times
    for log, own in noted:
        latest = np.searchsorted(own["t_ns"], times, side="right") - 1
        there = latest >= 0
        for name in MACHINE[1:]:
            takes = there
            if log.ended_ns is not None and name != "copied_bytes":
                takes = there & (times < log.ended_ns)
            together[name] += np.where(takes, own[name][latest], 0)
    return together
