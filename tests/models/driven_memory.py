"""Processes driven through operations: the scheme under test, naive memory beside it, and values.

What a process would read is known without asking either: `Process.expected`, a shadow of what it
and its files hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from model_prices import make_costs, make_memory
from naive_machine import NaiveMachine
from naive_memory import SLOT, Area, NaiveFile, Space

from models.address_space import AddressSpace
from models.faults import Faults, PageAction, TableAction
from models.pool import BoolArray, IntArray
from models.schemes.base import Scheme
from models.shared_pages import File
from models.steps import Performed, Work, perform

SLOTS = 4
PAGES = SLOT * SLOTS
EVERY_PAGE = np.arange(PAGES)
UNMAPPED = -1
NOT_WRITTEN = -2
MOST_FRAMES = 2**18


@dataclass(eq=False)
class Process:
    """One process: its two address spaces, and the values that it wrote to private pages."""

    lazy: AddressSpace
    naive: Space
    written: IntArray
    started: bool = True


class DrivenMemory:
    """A machine's processes under one scheme.

    Every operation is made on the lazy and on the naive memory, and what the two did is compared
    as far as it is returned; `compares` off leaves it at the driving.

    Args:
        scheme: What is tested.
        naive: The same scheme, naively.
        compares: Whether the two are compared.
        priced: Whether their prices are, too.
    """

    def __init__(
        self,
        scheme: Scheme,
        naive: NaiveMachine,
        *,
        compares: bool = True,
        priced: bool = True,
    ) -> None:
        self.scheme = scheme
        self.naive = naive
        self.compares = compares
        self.priced = priced
        self.memory = make_memory(make_costs())
        self.clock = 0
        # By frame: what it holds. A frame that is handed out holds zeros.
        self.values = np.zeros(MOST_FRAMES, np.int64)
        self.file_values: dict[NaiveFile, IntArray] = {}
        self.files = [(File(self.memory.frames, PAGES), NaiveFile()) for _ in range(2)]
        self._zero_what_is_allocated()
        self.processes = [Process(AddressSpace(self.memory), Space(), np.full(PAGES, NOT_WRITTEN))]

    # What processes read

    def expected(self, process: Process) -> IntArray:
        """What a process must read at every page, by the shadow; `UNMAPPED` outside its areas."""
        values = np.full(PAGES, UNMAPPED)
        for area in process.naive.areas:
            inside = slice(area.start, area.end)
            values[inside] = self._below(area)
            if area.private:
                own = process.written[inside]
                values[inside] = np.where(own != NOT_WRITTEN, own, values[inside])
        return values

    def visible(self, process: Process) -> IntArray:
        """What a process would read at every page, by the frames that the scheme has it map."""
        frames = np.full(PAGES, -1)
        known = min(PAGES, SLOT * len(process.lazy.slot_table))
        frames[:known] = process.lazy.frames_at(EVERY_PAGE[:known])
        values = np.full(PAGES, UNMAPPED)
        for area in process.naive.areas:
            inside = slice(area.start, area.end)
            mapped = frames[inside]
            values[inside] = np.where(mapped >= 0, self.values[mapped], self._below(area))
        return values

    def _below(self, area: Area) -> IntArray:
        """What an area shows where nothing has been written to it privately."""
        if area.file is None:
            return np.zeros(area.end - area.start, np.int64)
        shown: IntArray = self.file_values[area.file][area.offset :][: area.end - area.start]
        return shown

    # Operations

    def map(self, process: Process, area: Area, *, file: int | None, populate: bool) -> None:
        lazy_file = None
        if file is not None:
            lazy_file, area.file = self.files[file]
        perform(
            self.scheme.map(
                process.lazy,
                area.end - area.start,
                at=area.start,
                writable=area.writable,
                shared=not area.private,
                file=lazy_file,
                heap=area.heap,
                populate=populate,
            )
        )
        self.naive.map(process.naive, area, populate=populate)
        if area.file is not None:
            self.file_values.setdefault(area.file, np.zeros(PAGES, np.int64))
            if populate and area.private and area.writable:
                self._copy_file(process, area)

    def touch(self, process: Process, pages: IntArray, writes: BoolArray, cut: int | None) -> None:
        """A batch of accesses, applied in two portions if there is a `cut`."""
        before = self.visible(process)
        lazy = process.lazy
        faults = self.scheme.classify(lazy, pages, writes)
        if cut is None:
            self.scheme.apply(lazy, faults)
        else:
            self.scheme.apply(lazy, faults.until(cut))
            rest = self.scheme.classify(lazy, pages[cut:], writes[cut:])
            later = self._listed(faults[len(faults.until(cut)) :])
            assert [(p + cut, *fault) for p, *fault in self._listed(rest)] == later
            self.scheme.apply(lazy, rest)
        expected = []
        for position, (page, write) in enumerate(zip(pages.tolist(), writes.tolist(), strict=True)):
            fault = self.naive.access(process.naive, page, write)
            if fault is not None:
                expected.append((position, page, *fault[:2], fault[2] * self.priced))
        if self.compares:
            assert self._listed(faults) == expected
        self._write(process, pages[writes], before)

    def fill(self, process: Process, start: int, count: int) -> None:
        before, counted = self.visible(process), process.lazy.counts.copy()
        self.scheme.fill(process.lazy, start, count)
        whole = [
            number
            for number in range(-(-start // SLOT), (start + count) // SLOT)
            if number not in process.naive.slots
            and any(a.covers(number) and a.file is None for a in process.naive.areas)
        ]
        faults = sum(
            self.naive.access(process.naive, page, write=True) is not None
            for page in range(start, start + count)
        )
        for number in whole:
            self.naive.filled(process.naive, number)
        process.naive.last_fault_page = start + count - 1
        if self.compares:
            assert (process.lazy.counts - counted).faults == faults
        self._write(process, np.arange(start, start + count), before)

    def sweep(self, process: Process, start: int, end: int, *, write: bool) -> None:
        before, counted = self.visible(process), process.lazy.counts.copy()
        cost_ns = self.scheme.sweep(process.lazy, start, end - start, writes=write)
        faults = [
            fault
            for page in range(start, end)
            if (fault := self.naive.access(process.naive, page, write)) is not None
        ]
        if self.compares:
            assert (process.lazy.counts - counted).faults == len(faults)
            if self.priced:
                assert cost_ns == sum(price for _, _, price in faults)
        self._write(process, np.arange(start, end)[: (end - start) * write], before)

    def fork(self, parent: Process, *, start: bool = True) -> Process:
        lazy, performed = perform(self.scheme.fork(parent.lazy))
        naive, cost_ns = self.naive.fork(parent.naive)
        if self.compares and self.priced:
            assert performed.work_ns == cost_ns
        child = Process(lazy, naive, parent.written.copy(), started=False)
        self.processes.append(child)
        if start:
            self.start(child)
        return child

    def start(self, child: Process) -> None:
        perform(self.scheme.start(child.lazy))
        self.naive.start(child.naive)
        child.started = True

    def exit(self, process: Process) -> None:
        self.processes.remove(process)
        _, performed = perform(self.scheme.exit(process.lazy))
        cost_ns = self.naive.exit(process.naive)
        self._forget_files()
        if self.compares and self.priced:
            assert performed.work_ns == cost_ns

    def exec(self, process: Process) -> None:
        perform(self.scheme.exec(process.lazy))
        self.naive.exit(process.naive)
        self._forget_files()
        process.written[:] = NOT_WRITTEN

    def unmap(self, process: Process, start: int, end: int) -> None:
        _, performed = perform(self.scheme.unmap(process.lazy, start, end - start))
        costs_ns = self.naive.unmap(process.naive, start, end)
        self._forget_files()
        if self.compares and self.priced:
            assert _spent(performed) == costs_ns
        process.written[start:end] = NOT_WRITTEN

    def protect(self, process: Process, start: int, end: int, *, writable: bool) -> None:
        perform(self.scheme.protect(process.lazy, start, end - start, writable))
        self.naive.protect(process.naive, start, end, writable)

    def discard(self, process: Process, start: int, end: int, *, ignored: bool = False) -> None:
        """MADV_DONTNEED, which some kernels ignore."""
        perform(self.scheme.discard(process.lazy, start, end - start))
        self.naive.discard(process.naive, start, end)
        if not ignored:
            process.written[start:end] = NOT_WRITTEN

    def move(self, process: Process, start: int, end: int, to: int) -> None:
        perform(self.scheme.move(process.lazy, start, end - start, to))
        self.naive.move(process.naive, start, end, to)
        moved = process.written[start:end].copy()
        process.written[start:end] = NOT_WRITTEN
        process.written[to : to + end - start] = moved

    def brk(self, process: Process, n_pages: int) -> None:
        heap = next(area for area in process.naive.areas if area.heap)
        before, wanted = heap.end, heap.start + n_pages
        perform(self.scheme.brk(process.lazy, n_pages))
        self.naive.brk(process.naive, n_pages)
        process.written[min(wanted, before) : max(wanted, before)] = NOT_WRITTEN

    def _write(self, process: Process, pages: IntArray, before: IntArray) -> None:
        """The process writes to `pages`, which fall in the frames that it now maps."""
        self._copy_huge_pages(process, before)
        numbers = self.clock + 1 + np.arange(len(pages))
        self.clock += len(pages)
        frames = process.lazy.frames_at(pages)
        self.values[frames] = numbers
        for area in process.naive.areas:
            inside = (area.start <= pages) & (pages < area.end)
            if area.private:
                process.written[pages[inside]] = numbers[inside]
            else:
                assert area.file is not None
                offsets = pages[inside] - area.start + area.offset
                self.file_values[area.file][offsets] = numbers[inside]

    def _copy_file(self, process: Process, area: Area) -> None:
        """Write faults have copied what a file holds, and wrote nothing else."""
        copied = self._below(area)
        process.written[area.start : area.end] = copied
        self.values[process.lazy.frames_at(np.arange(area.start, area.end))] = copied

    def _copy_huge_pages(self, process: Process, before: IntArray) -> None:
        """A fault that copies 2 MiB copies pages that are not written too."""
        held = self._held_before(process)
        frames = process.lazy.frames_at(held)
        self.values[frames] = np.where(before[held] >= 0, before[held], self.values[frames])

    def _held_before(self, process: Process) -> IntArray:
        """Pages of slots whose huge page the process holds alone now."""
        lazy = process.lazy
        of_slot = lazy.slots_with_tables()
        said = self.memory.tables.content[lazy.slot_table[of_slot]]
        contents = self.memory.contents
        fresh = of_slot[(contents.kind[said] >= 2) & (contents.writable[said] > 0)]
        pages: IntArray = (fresh[:, np.newaxis] * SLOT + np.arange(SLOT)).ravel()
        return pages

    def _forget_files(self) -> None:
        """A file that no area maps any more has no pages in memory, and nothing wrote it back."""
        for file in [file for file in self.file_values if not file.areas]:
            del self.file_values[file]

    def _zero_what_is_allocated(self) -> None:
        frames = self.memory.frames
        allocate, allocate_blocks = frames.allocate, frames.allocate_blocks

        def single(count: int) -> tuple[IntArray, int]:
            numbers, scattered = allocate(count)
            self.values[numbers] = 0
            return numbers, scattered

        def blocks(count: int, **kind: Any) -> tuple[IntArray, IntArray]:
            numbers, scattered = allocate_blocks(count, **kind)
            self.values[(numbers[:, np.newaxis] * SLOT + np.arange(SLOT)).ravel()] = 0
            return numbers, scattered

        frames.allocate, frames.allocate_blocks = single, blocks  # type: ignore[method-assign]

    def _listed(self, faults: Faults) -> list[tuple[int, int, str, str, int]]:
        """Position, page, actions and price of each fault; 0 for a price that is not compared."""
        return [
            (position, page, TableAction(table).name, PageAction(action).name, cost_ns)
            for position, page, table, action, cost_ns in zip(
                faults.position.tolist(),
                faults.page.tolist(),
                faults.table_action.tolist(),
                faults.page_action.tolist(),
                (faults.cost_ns * self.priced).tolist(),
                strict=True,
            )
        ]


def _spent(performed: Performed) -> tuple[int, int]:
    spent = {"copy": 0, "zap": 0}
    for step in performed.steps:
        if isinstance(step, Work):
            assert step.stream is not None
            spent[step.stream] += step.ns
    return spent["copy"], spent["zap"]
