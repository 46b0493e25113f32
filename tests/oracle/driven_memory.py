"""Processes driven through operations: the scheme under test, and naive memory beside it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from naive_hugetlb import NaiveHugetlb
from naive_machine import Fault, NaiveMachine
from naive_memory import SLOT, Area, NaiveFile, Space
from values_in_memory import NOT_WRITTEN, PAGES, Process, Values

from models.faults.actions import PageAction, TableAction
from models.faults.batch import Faults
from models.memory.address_space import AddressSpace
from models.memory.areas import BusError, Refusal
from models.memory.files import File
from models.operations.steps import Operation, Performance, Work, perform
from models.schemes.base import Scheme
from models.schemes.hugetlb import Hugetlb
from sim.arrays import BoolArray, IntArray


class DrivenMemory(Values):
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
        super().__init__()
        self.files = [(File(self.memory.frames, PAGES), NaiveFile()) for _ in range(2)]
        self.processes = [self._new_program()]

    def limit_pool(self, pool_pages: int | None) -> None:
        """How many huge pages there are, if it is a scheme that cares."""
        if isinstance(self.scheme, Hugetlb) and isinstance(self.naive, NaiveHugetlb):
            self.scheme.pool.number = self.naive.pool_pages = pool_pages

    # Operations; those that a kernel may refuse say whether they were made

    def map(self, process: Process, area: Area, *, file: int | None, populate: bool) -> bool:
        lazy_file = None
        if file is not None:
            lazy_file, area.file = self.files[file]
        operation = self.scheme.map(
            process.lazy,
            area.end - area.start,
            at=area.start,
            writable=area.writable,
            shared=not area.private,
            file=lazy_file,
            heap=area.heap,
            populate=populate,
        )
        nothing = replace(area, end=area.start)
        if _refused(operation, self.naive.refuses_to_grow(process.naive, nothing, area.end)):
            return False
        perform(operation)
        self.naive.map(process.naive, area, populate=populate)
        if area.file is not None:
            self.file_values.setdefault(area.file, np.zeros(PAGES, np.int64))
            if populate and area.private and area.writable:
                self.copy_file(process, area)
        return True

    def touch(self, process: Process, pages: IntArray, writes: BoolArray, cut: int | None) -> None:
        """A batch of accesses, applied in two portions if there is a `cut`."""
        before = self.visible(process)
        lazy = process.lazy
        faults = self.scheme.classify(lazy, pages, writes)
        flushes = self.naive.flushes
        done = self._access_naively(process, pages.tolist(), writes.tolist())
        expected = [
            (position, page, *fault[:2], fault[2] * self.priced)
            for position, (page, fault) in enumerate(zip(pages.tolist(), done, strict=False))
            if fault is not None
        ]
        if len(done) < len(pages):
            expected.append((len(done), int(pages[len(done)]), "NONE", "NO_PAGE", 0))
        if self.compares:
            assert self._listed(faults) == expected
            assert self.scheme.flushes(faults) == self.naive.flushes - flushes
        with _killed(len(done) < len(pages)):
            if cut is None:
                self.scheme.apply(lazy, faults)
            else:
                self.scheme.apply(lazy, faults.until(cut))
                rest = self.scheme.classify(lazy, pages[cut:], writes[cut:])
                later = self._listed(faults[len(faults.until(cut)) :])
                assert [(p + cut, *fault) for p, *fault in self._listed(rest)] == later
                self.scheme.apply(lazy, rest)
        self.write(process, pages[: len(done)][writes[: len(done)]], before)
        if len(done) < len(pages):
            self._bury(process)

    def fill(self, process: Process, start: int, count: int) -> None:
        before, counted = self.visible(process), process.lazy.counts.copy()
        whole = [
            number
            for number in range(-(-start // SLOT), (start + count) // SLOT)
            if number not in process.naive.slots
            and any(a.covers(number) and a.file is None for a in process.naive.areas)
        ]
        pages = np.arange(start, start + count)
        done = self._access_naively(process, pages.tolist(), [True] * count)
        with _killed(len(done) < count):
            self.scheme.fill(process.lazy, start, count)
        for number in whole:
            if (number + 1) * SLOT <= start + len(done):
                self.naive.filled(process.naive, number)
        process.naive.last_fault_page = start + count - 1
        if self.compares:
            assert (process.lazy.counts - counted).faults == count_faults(done)
        self.write(process, pages[: len(done)], before)
        if len(done) < count:
            self._bury(process)

    def sweep(self, process: Process, start: int, end: int, *, write: bool) -> None:
        before, counted = self.visible(process), process.lazy.counts.copy()
        pages = np.arange(start, end)
        done = self._access_naively(process, pages.tolist(), [write] * len(pages))
        cost_ns = None
        with _killed(len(done) < len(pages)):
            cost_ns = self.scheme.sweep(process.lazy, start, end - start, writes=write)
        if self.compares:
            assert (process.lazy.counts - counted).faults == count_faults(done)
            if self.priced and cost_ns is not None:
                assert cost_ns == sum(fault[2] for fault in done if fault is not None)
        self.write(process, pages[: len(done) * write], before)
        if len(done) < len(pages):
            self._bury(process)

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
        self.forget_files()
        if self.compares and self.priced:
            assert performed.work_ns == cost_ns

    def exec(self, process: Process) -> None:
        perform(self.scheme.exec(process.lazy))
        self.naive.exit(process.naive)
        self.forget_files()
        process.written[:] = NOT_WRITTEN

    def unmap(self, process: Process, start: int, end: int) -> bool:
        naive = process.naive
        operation = self.scheme.unmap(process.lazy, start, end - start)
        if _refused(operation, self.naive.refuses_to_cut(naive, start, end, naive.areas)):
            return False
        _, performed = perform(operation)
        costs_ns = self.naive.unmap(process.naive, start, end)
        self.forget_files()
        if self.compares and self.priced:
            assert _spent(performed) == costs_ns
        process.written[start:end] = NOT_WRITTEN
        return True

    def protect(self, process: Process, start: int, end: int, *, writable: bool) -> bool:
        changed = [a for a in process.naive.meeting(start, end) if a.writable is not writable]
        operation = self.scheme.protect(process.lazy, start, end - start, writable)
        if _refused(operation, self.naive.refuses_to_cut(process.naive, start, end, changed)):
            return False
        perform(operation)
        self.naive.protect(process.naive, start, end, writable)
        return True

    def discard(self, process: Process, start: int, end: int, *, ignored: bool = False) -> bool:
        """MADV_DONTNEED, which some kernels ignore."""
        operation = self.scheme.discard(process.lazy, start, end - start)
        if _refused(operation, self.naive.refuses_to_discard(process.naive, start, end)):
            return False
        perform(operation)
        self.naive.discard(process.naive, start, end)
        if not ignored:
            process.written[start:end] = NOT_WRITTEN
        return True

    def move(self, process: Process, start: int, end: int, to: int) -> bool:
        operation = self.scheme.move(process.lazy, start, end - start, to)
        if _refused(operation, self.naive.refuses_to_move(process.naive, start, end, to)):
            return False
        perform(operation)
        self.naive.move(process.naive, start, end, to)
        moved = process.written[start:end].copy()
        process.written[start:end] = NOT_WRITTEN
        process.written[to : to + end - start] = moved
        return True

    def brk(self, process: Process, n_pages: int) -> bool:
        heap = next(area for area in process.naive.areas if area.heap)
        before, wanted = heap.end, heap.start + n_pages
        operation = self.scheme.brk(process.lazy, n_pages)
        if wanted > before:
            refused = self.naive.refuses_to_grow(process.naive, heap, wanted)
        else:
            refused = self.naive.refuses_to_cut(process.naive, wanted, before, [heap])
        if _refused(operation, refused):
            return False
        perform(operation)
        self.naive.brk(process.naive, n_pages)
        process.written[min(wanted, before) : max(wanted, before)] = NOT_WRITTEN
        return True

    def _access_naively(
        self, process: Process, pages: list[int], writes: list[bool]
    ) -> list[Fault | None]:
        """What each access raises, up to the one that the process is killed for."""
        done = []
        for page, write in zip(pages, writes, strict=True):
            if self.naive.kills(process.naive, page, write):
                break
            done.append(self.naive.access(process.naive, page, write))
        return done

    def _bury(self, process: Process) -> None:
        """The kernel has killed a process; if none is left another program begins."""
        self.exit(process)
        if not any(other.started for other in self.processes):
            self.processes.append(self._new_program())

    def _new_program(self) -> Process:
        return Process(AddressSpace(self.memory), Space(), np.full(PAGES, NOT_WRITTEN))

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


def count_faults(done: list[Fault | None]) -> int:
    return len(done) - done.count(None)


def _refused(operation: Operation[Any], refuses: bool) -> bool:
    """Whether an operation is refused, as it must be if the naive kernel refuses it."""
    if refuses:
        with pytest.raises(Refusal):
            perform(operation)
    return refuses


def _killed(kills: bool) -> AbstractContextManager[Any]:
    """What is done kills the process (SIGBUS), or does not."""
    return pytest.raises(BusError) if kills else nullcontext()


def _spent(performed: Performance) -> tuple[int, int]:
    spent = {"copy": 0, "zap": 0}
    for step in performed.steps:
        if isinstance(step, Work):
            assert step.stream is not None
            spent[step.stream] += step.ns
    return spent["copy"], spent["zap"]
