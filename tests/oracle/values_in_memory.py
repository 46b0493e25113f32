"""Processes and the values that they wrote, so that it is known what they must read.

That is known without asking the scheme under test or naive memory: `Values.expected`, a shadow of
what processes and files hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from model_prices import make_costs, make_memory
from naive_memory import SLOT, Area, NaiveFile, Space

from models.memory.address_space import AddressSpace
from sim.arrays import IntArray

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


class Values:
    """A machine's memory, and what its frames and files hold."""

    def __init__(self) -> None:
        self.memory = make_memory(make_costs())
        self.clock = 0
        # By frame: what it holds. A frame that is handed out holds zeros.
        self.values = np.zeros(MOST_FRAMES, np.int64)
        self.file_values: dict[NaiveFile, IntArray] = {}
        self._zero_what_is_allocated()

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

    def write(self, process: Process, pages: IntArray, before: IntArray) -> None:
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

    def copy_file(self, process: Process, area: Area) -> None:
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

    def forget_files(self) -> None:
        """A file that no area maps any more has no pages in memory, and nothing wrote it back."""
        for file in [file for file in self.file_values if not file.areas]:
            del self.file_values[file]

    def _zero_what_is_allocated(self) -> None:
        frames = self.memory.frames
        allocate, allocate_blocks = frames.allocate, frames.allocate_blocks
        take_one = frames.take_one

        def single(count: int) -> tuple[IntArray, int]:
            numbers, scattered = allocate(count)
            self.values[numbers] = 0
            return numbers, scattered

        def one() -> int:
            number = take_one()
            self.values[number] = 0
            return number

        def blocks(count: int, **kind: Any) -> tuple[IntArray, IntArray]:
            numbers, scattered = allocate_blocks(count, **kind)
            self.values[(numbers[:, np.newaxis] * SLOT + np.arange(SLOT)).ravel()] = 0
            return numbers, scattered

        vars(frames).update(allocate=single, allocate_blocks=blocks, take_one=one)
