"""Faults resolved one by one are those resolved in arrays: in price, state and counts."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_history import VARIANTS
from model_prices import make_costs, make_memory

from models.faults import few_pages
from models.memory import one_entry
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import BusError, Vma
from models.memory.entries import ENTRIES_PER_TABLE
from models.operations.steps import perform
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme

pytestmark = pytest.mark.histories

SCHEMES = {name: (variant.scheme, variant.options) for name, variant in VARIANTS.items()}
SCHEMES["vfork"] = ("vfork", {})


class Told:
    """Random accesses, forks and changes of a few areas, and all that can be told of each.

    Args:
        name: One of `SCHEMES`.
        seed: Of the history.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test
        costs = make_costs(movable_stock_frames=900.0, unmovable_stock_frames=3.0)
        self.scheme: Scheme = make_scheme(SCHEMES[name][0], costs, **SCHEMES[name][1])
        self.memory = make_memory(costs)
        first = AddressSpace(self.memory)
        first.map(2 * 512 + 100)
        first.map(300, alignment_pages=64)
        first.map(200, at=3 * 512, shared=self.random.random() < 0.5)
        if self.random.random() < 0.7:
            self.scheme.fill(first, 0, 2 * 512)
        self.processes = [first]
        self.told: list[Any] = []
        for _ in range(self.random.randint(5, 20)):
            self.step()

    def step(self) -> None:
        mm, what = self.random.choice(self.processes), self.random.random()
        if what < 0.6:
            self.access(mm)
        elif what < 0.8:
            if len(self.processes) < (4 if self.scheme.isolates else 2):
                child, forked = perform(self.scheme.fork(mm))
                _, started = perform(self.scheme.start(child))
                self.told += [forked.work_ns, started.work_ns]
                self.processes.append(child)
        elif what < 0.93:
            if len(self.processes) > 1:
                self.processes.remove(mm)
                self.told.append(perform(self.scheme.exit(mm))[1].work_ns)
        elif self.scheme.name != "hugetlb":  # which refuses it
            self.change(mm, self.random.choice(mm.vmas))
        self.told += [said(process) for process in self.processes]
        frames, tables = self.memory.frames, self.memory.tables
        self.told.append((frames.in_use, frames.live_blocks, frames.stock.outstanding))
        self.told.append((tables.live, tables.stock.outstanding, self.memory.counts.as_dict()))

    def access(self, mm: AddressSpace) -> None:
        vma = self.random.choice(mm.vmas)
        near = min(5, vma.n_pages)
        pages = [
            vma.start_page + self.random.randrange(self.random.choice([near, vma.n_pages]))
            for _ in range(self.random.choice([1, 1, 2, 3, 8, 20, 40]))
        ]
        writes = [vma.writable and self.random.random() < 0.6 for _ in pages]
        faults = self.scheme.classify(mm, pages, writes)
        self.told.append(
            {name: (column.dtype, column.tolist()) for name, column in vars(faults).items()}
        )
        try:
            self.scheme.apply(mm, faults)
        except BusError:
            self.told.append("killed")

    def change(self, mm: AddressSpace, vma: Vma) -> None:
        half = max(1, vma.n_pages // 2)
        if self.random.random() < 0.5:
            operation = self.scheme.protect(mm, vma.start_page, half, self.random.random() < 0.5)
        else:
            operation = self.scheme.discard(mm, vma.start_page, half)
        self.told.append(perform(operation)[1].work_ns)


def said(mm: AddressSpace) -> list[Any]:
    """All that an address space and its tables say."""
    memory = mm.memory
    contents, of_tables = memory.contents, memory.tables
    found: list[Any] = [mm.slot_writable.tolist(), mm.accounted_pages, mm.rss_pages]
    found += [mm.last_fault_page, mm.last_copied_slot, mm.counts.as_dict()]
    for table in mm.slot_table.tolist():
        if table == NO_TABLE:
            found.append(None)
            continue
        content = of_tables.content.item(table)
        columns = ("multiplicity", "present", "zero", "writable", "scattered", "forked")
        found.append([getattr(contents, name).item(content) for name in columns])
        of_table = ("references", "owner", "physical", "scattered")
        found.append([getattr(of_tables, name).item(table) for name in of_table])
        everywhere = np.full(ENTRIES_PER_TABLE, content), np.arange(ENTRIES_PER_TABLE)
        frames = contents.frames_at(*everywhere)
        held = memory.frames.holders(frames[frames >= 0])
        entries = [each.tolist() for each in contents.entries(*everywhere)]
        found += [held.tolist(), contents.flags_at(*everywhere).tolist(), entries]
        found.append(
            [
                one_entry.entry_of(contents, content, position) == entry
                for position, entry in enumerate(zip(*entries, strict=True))
            ]
        )
        assert all(found[-1])
    return found


@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_one_by_one_and_in_arrays(name: str, seed: int) -> None:
    one_by_one = Told(name, seed).told
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_pages, "FEW", 0)
        in_arrays = Told(name, seed).told
    assert one_by_one == in_arrays
