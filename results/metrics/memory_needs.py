"""How much memory to buy: what a program takes at its peak, and what of that its forks cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from results.metrics.lower_bounds import lower_bounds
from results.records.record import Record
from sim.measures.common_metrics import MEMORY_PEAK
from sim.measures.recording import Recording, Table


@dataclass(frozen=True)
class ProcessNeed:
    """The most that a process had, in its own view: what it shares counts in full.

    Attributes:
        number: of the process, from 1 in the order of their starts.
        resident_bytes: of data.
        table_bytes: of page tables.
    """

    number: int
    resident_bytes: int
    table_bytes: int


@dataclass(frozen=True)
class MemoryNeed:
    """What a program needs, in the repetition in which it needed most.

    Attributes:
        peak_bytes: the most that its data and page tables took at once, those of children too.
        own_bytes: of that, data that the processes had that others were forked from.
        table_bytes: of that, page tables.
        at_least: whether it would be more, had the run gone on to a child's end.
        processes: the first process, and that of all others that had most.
    """

    peak_bytes: int
    own_bytes: int
    table_bytes: int
    at_least: bool
    processes: tuple[ProcessNeed, ...]

    @property
    def copied_bytes(self) -> int:
        """What is left: copies that forks made necessary, and what only children have."""
        return max(self.peak_bytes - self.own_bytes - self.table_bytes, 0)


def memory_needs(record: Record) -> list[tuple[str | None, MemoryNeed]]:
    """What each program needs by its name in a mix, see `Record.by_program`, and the machine."""
    needs = [(program, memory_need(own)) for program, own in record.by_program()]
    return [(program, need) for program, need in needs if need is not None]


def memory_need(own: Record) -> MemoryNeed | None:
    """What a program needs; None of a record without notes of it."""
    having = [one for one in own.repetitions if one.levels.get(MEMORY_PEAK.name)]
    if not having:
        return None
    most = max(having, key=lambda one: one.levels[MEMORY_PEAK.name])
    return _need(most, at_least=any(map(_is_open, having)))


def _is_open(recording: Recording) -> bool:
    return MEMORY_PEAK.name in lower_bounds(recording)


def _need(recording: Recording, *, at_least: bool) -> MemoryNeed | None:
    own = tables = 0
    processes: list[ProcessNeed] = []
    notes = list(_notes(recording))
    if not notes:
        return None
    for memory, seen in notes:
        peak = int(np.argmax(memory["resident_bytes"] + memory["table_bytes"]))
        tables += int(memory["table_bytes"][peak])
        first = np.flatnonzero(seen["process"] == seen["process"].min())
        latest = int(np.searchsorted(seen["t_ns"][first], memory["t_ns"][peak], "right"))
        own += int(seen["resident_bytes"][first[max(latest - 1, 0)]])
        processes += _processes(seen)
    peak_bytes = int(recording.levels[MEMORY_PEAK.name])
    return MemoryNeed(peak_bytes, own, tables, at_least, tuple(processes))


def _notes(recording: Recording) -> Iterator[tuple[Table, Table]]:
    """Of each memory of a program its notes, and those of processes."""
    number = 0
    while True:
        end = f"_{number}" if number else ""
        memory = recording.table(f"memory{end}", "t_ns", "resident_bytes", "table_bytes")
        seen = recording.table(
            f"processes{end}", "t_ns", "process", "resident_bytes", "table_bytes"
        )
        if memory is None or seen is None or not memory["t_ns"].size:
            return
        yield memory, seen
        number += 1


def _processes(seen: Table) -> list[ProcessNeed]:
    """The first, and of the others that which had most."""
    needs: dict[int, ProcessNeed] = {}
    columns = (seen[name].tolist() for name in ("process", "resident_bytes", "table_bytes"))
    for number, resident, tables in zip(*columns, strict=True):
        known = needs.get(number)
        if known is None or resident + tables > known.resident_bytes + known.table_bytes:
            needs[number] = ProcessNeed(number, resident, tables)
    first, *others = [needs[number] for number in sorted(needs)]
    most = max(others, key=lambda one: one.resident_bytes + one.table_bytes, default=None)
    return [first] if most is None else [first, most]
