"""Whether lazy and naive memory are in the same state, and in one that a scheme allows."""

import numpy as np
from driven_memory import DrivenMemory
from memory_inspection import Spelled, check_invariants
from naive_hugetlb import NaiveHugetlb
from naive_memory import SLOT, Frame, Table
from naive_schemes import NaiveAsync, NaiveHead, NaiveOnDemand, NaivePatchset
from values_in_memory import EVERY_PAGE, Process

from models.memory.address_space import NO_TABLE
from models.memory.files import File
from models.memory.tables import EXCLUSIVE, NOBODY
from models.schemes.async_fork import debts_of
from models.schemes.hugetlb import Hugetlb, lost_slots
from sim.arrays import IntArray


def check_counts(driven: DrivenMemory) -> None:
    expected = driven.naive.counts
    counts = driven.memory.counts.as_dict()
    both = {name: (counts.get(name, 0), expected[name]) for name in {*counts, *expected} - {"none"}}
    differ = {name: pair for name, pair in both.items() if pair[0] != pair[1]}
    assert not differ, f"counted (lazy, naive): {differ}"


def check_isolation(driven: DrivenMemory) -> None:
    """X1: a process reads what it wrote last, else what its parent had when it forked."""
    for process in driven.processes:
        seen, expected = driven.visible(process), driven.expected(process)
        # Who reads a page that was taken is killed.
        kept = ~np.isin(EVERY_PAGE // SLOT, list(process.naive.lost))
        if process.started:
            assert (seen == expected)[kept].all(), "X1"


def check_same(driven: DrivenMemory) -> None:
    """There is a one-to-one relation of tables and of frames under which all entries agree."""
    files = _files(driven)
    cached = np.concatenate([np.empty(0, np.int64), *(file._frame for file in files)])
    spaces = [process.lazy for process in driven.processes]
    spelled = check_invariants(driven.memory, spaces, cached[cached >= 0])
    tables: dict[int, Table] = {}
    numbers: list[IntArray] = []
    frames: list[Frame] = []
    for process in driven.processes:
        lazy, naive = process.lazy, process.naive
        _check_areas(process)
        slots = lazy.slots_with_tables().tolist()
        assert slots == sorted(naive.slots)
        for number in slots:
            slot, table = naive.slots[number], int(lazy.slot_table[number])
            assert lazy.slot_writable[number] == slot.writable
            assert driven.memory.tables.references[table] == slot.table.references
            if table not in tables:
                tables[table] = slot.table
                content = int(driven.memory.tables.content[table])
                _check_entries(spelled[content], slot.table, numbers, frames)
            assert tables[table] is slot.table
        assert lazy.resident_pages == naive.resident
        assert lazy.rss_pages == driven.naive.rss(naive), "R1"
    assert len({id(table) for table in tables.values()}) == len(tables)
    _check_one_to_one(np.concatenate([np.empty(0, np.int64), *numbers]), frames)
    _check_scheme(driven)


def _files(driven: DrivenMemory) -> set[File]:
    mapped = {vma.file for process in driven.processes for vma in process.lazy.vmas}
    return {file for file in mapped if file is not None}


def _check_areas(process: Process) -> None:
    assert [
        (
            v.start_page,
            v.end_page,
            v.writable,
            v.private,
            v.heap,
            v.offset,
            v.copied_at_fork,
            v.inherited,
        )
        for v in process.lazy.vmas
    ] == [
        (a.start, a.end, a.writable, a.private, a.heap, a.offset, a.copied_at_fork, a.inherited)
        for a in process.naive.areas
    ]
    for vma, area in zip(process.lazy.vmas, process.naive.areas, strict=True):
        assert (vma.file is None) == (area.file is None)
        if vma.file is not None and area.file is not None:
            in_memory = np.flatnonzero(vma.file._frame >= 0).tolist()
            assert in_memory == sorted(area.file.frames), "pages of a file in memory"


def _check_one_to_one(lazy: IntArray, naive: list[Frame]) -> None:
    expected = np.array([id(frame) for frame in naive], np.int64)
    related = np.zeros(int(lazy.max(initial=0)) + 1, np.int64)
    related[lazy] = expected
    assert (related[lazy] == expected).all()
    assert np.count_nonzero(related) == len(set(naive))


def _check_entries(
    entries: Spelled, table: Table, numbers: list[IntArray], frames: list[Frame]
) -> None:
    """Compare one table; add the frames that it maps to `numbers` and `frames`."""
    positions = np.flatnonzero(entries.present)
    assert positions.tolist() == sorted(table.entries)
    expected = [table.entries[position] for position in positions.tolist()]
    assert entries.writable[positions].tolist() == [entry.writable for entry in expected]
    assert entries.zero[positions].tolist() == [entry.frame is None for entry in expected]
    mapped = [entry.frame for entry in expected if entry.frame is not None]
    holding = positions[~entries.zero[positions]]
    assert entries.scattered[holding].tolist() == [frame.scattered for frame in mapped]
    numbers.append(entries.frame[holding])
    frames.extend(mapped)


def _check_scheme(driven: DrivenMemory) -> None:
    """What only some schemes have: slots without write permission, and whose they are."""
    for process in driven.processes:
        slots = process.lazy.slots_with_tables()
        closed = slots[~process.lazy.slot_writable[slots]]
        if isinstance(driven.naive, NaiveHead):
            for number in closed.tolist():
                area = process.naive.overlapping(number)[0]
                assert area.covers(number), "I8"
                assert area.private, "I8"
                assert area.file is None, "I8"
                assert not area.heap, "I8"
        elif isinstance(driven.naive, NaivePatchset):
            _check_owners(driven, process, slots)
        elif isinstance(driven.naive, NaiveAsync):
            child = debts_of(process.lazy).to
            if child is None:
                assert not len(closed), "I10"
            else:
                assert (child.slot_table[closed] == NO_TABLE).all(), "I10"
                assert not next(p for p in driven.processes if p.lazy is child).started, "I10"
        elif not isinstance(driven.naive, NaiveOnDemand):
            assert not len(closed)
        if isinstance(driven.naive, NaiveHugetlb) and isinstance(driven.scheme, Hugetlb):
            assert lost_slots(process.lazy).tolist() == sorted(process.naive.lost)
            free = driven.scheme.pool.free(process.lazy)
            assert free is None or free == driven.naive.free() >= 0


def _check_owners(driven: DrivenMemory, process: Process, slots: IntArray) -> None:
    numbers = {id(p.naive): p.lazy.number for p in driven.processes}
    for slot in slots.tolist():
        number = int(process.lazy.slot_table[slot])
        table = process.naive.slots[slot].table
        owner = int(driven.memory.tables.owner[number])
        if table.populated:
            assert owner == EXCLUSIVE, "I9"
            assert table.references == 1, "I9"
        elif table.owner is None:
            assert owner == NOBODY, "I9"
        else:
            assert owner == numbers[id(table.owner)], "I9"
            assert any(s.table is table for s in table.owner.slots.values()), "I9"
