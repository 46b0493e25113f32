"""Scripted scenarios on the lazy model, with the bytes that processes would see."""

from typing import Any

import numpy as np
from memory_inspection import map_counts
from model_prices import make_costs, make_memory

from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.memory.counts import Counts
from models.operations.steps import Operation, perform
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme
from sim.arrays import IntArray


class Scenario:
    """Processes of one machine by name; each operation returns what it counted.

    A value is kept for every frame, so that reading a page gives what a process would read: the
    model is not asked for data, only for which frame a page maps.

    Args:
        scheme: Its registry name, or the scheme itself.
        options: Its options.
    """

    def __init__(self, scheme: str | Scheme, **options: Any) -> None:
        costs = make_costs()
        self.scheme = make_scheme(scheme, costs, **options) if isinstance(scheme, str) else scheme
        self.memory = make_memory(costs)
        self.mm: dict[str, AddressSpace] = {"P": AddressSpace(self.memory)}
        self.values: dict[int, int] = {}
        self.last_ns = 0

    def map(self, n_pages: int, at: int = 0, *, who: str = "P", **how: Any) -> Counts:
        return self._perform(self.scheme.map(self.mm[who], n_pages, at=at, **how))

    def vma(self, who: str, page: int) -> Vma:
        return self.mm[who].vmas[int(self.mm[who].vma_numbers(np.array([page]))[0])]

    def write(self, who: str, pages: IntArray | list[int] | int, values: object = 0) -> Counts:
        """`who` writes `values` (one, or one a page) to `pages`."""
        before = self.memory.counts.copy()
        accessed = np.atleast_1d(np.asarray(pages, np.int64))
        faults = self.scheme.touch(self.mm[who], accessed, writes=True)
        self.last_ns = faults.total_ns
        stored = np.broadcast_to(np.asarray(values), accessed.shape)
        for frame, value in zip(self.mm[who].frames_at(accessed), stored, strict=True):
            self.values[int(frame)] = int(value)
        return self.memory.counts - before

    def fill(self, who: str, start_page: int, n_pages: int) -> Counts:
        """`who` writes 1 to pages that nobody has touched."""
        before = self.memory.counts.copy()
        self.scheme.fill(self.mm[who], start_page, n_pages)
        for frame in self.mm[who].frames_at(np.arange(start_page, start_page + n_pages)).tolist():
            self.values[frame] = 1
        return self.memory.counts - before

    def read(self, who: str, pages: IntArray | list[int] | int) -> Counts:
        before = self.memory.counts.copy()
        faults = self.scheme.touch(self.mm[who], np.atleast_1d(pages), writes=False)
        self.last_ns = faults.total_ns
        return self.memory.counts - before

    def fork(self, parent: str, child: str, *, start: bool = True) -> Counts:
        """Fork; unless told otherwise the child also gets to its first instruction."""
        before = self.memory.counts.copy()
        self.mm[child], performed = perform(self.scheme.fork(self.mm[parent]))
        self.last_ns = performed.work_ns
        if start:
            perform(self.scheme.start(self.mm[child]))
        return self.memory.counts - before

    def start(self, child: str) -> Counts:
        return self._perform(self.scheme.start(self.mm[child]))

    def exit(self, who: str) -> Counts:
        return self._perform(self.scheme.exit(self.mm.pop(who)))

    def exec(self, who: str) -> Counts:
        return self._perform(self.scheme.exec(self.mm[who]))

    def unmap(self, who: str, start_page: int, n_pages: int) -> Counts:
        return self._perform(self.scheme.unmap(self.mm[who], start_page, n_pages))

    def protect(self, who: str, start_page: int, n_pages: int, *, writable: bool) -> Counts:
        return self._perform(self.scheme.protect(self.mm[who], start_page, n_pages, writable))

    def discard(self, who: str, start_page: int, n_pages: int) -> Counts:
        return self._perform(self.scheme.discard(self.mm[who], start_page, n_pages))

    def move(self, who: str, start_page: int, n_pages: int, to: int) -> Counts:
        return self._perform(self.scheme.move(self.mm[who], start_page, n_pages, to))

    def brk(self, who: str, n_pages: int) -> Counts:
        return self._perform(self.scheme.brk(self.mm[who], n_pages))

    def value(self, who: str, page: int) -> int | None:
        """What `who` reads at `page`; None if it maps nothing there."""
        if not self._is_present(who, page):
            return None
        frame = int(self.mm[who].frames_at(np.array([page]))[0])
        return 0 if frame < 0 else self.values.get(frame, 0)

    def map_count(self, who: str, page: int) -> int | None:
        """By how many tables the page's frame is mapped; 0 for the zero page, None for a hole."""
        if not self._is_present(who, page):
            return None
        frame = int(self.mm[who].frames_at(np.array([page]))[0])
        return map_counts(self.memory).get(frame, 0)

    def references(self, who: str, slot: int) -> int | None:
        """How many slots point at the table of a slot; None if it has none."""
        slots = self.mm[who].slot_table
        table = slots[slot] if slot < len(slots) else -1
        return int(self.memory.tables.references[table]) if table >= 0 else None

    def writable(self, who: str, slot: int) -> bool:
        return bool(self.mm[who].slot_writable[slot])

    def _perform(self, operation: Operation[Any]) -> Counts:
        before = self.memory.counts.copy()
        _, performed = perform(operation)
        self.last_ns = performed.work_ns
        return self.memory.counts - before

    def _is_present(self, who: str, page: int) -> bool:
        if self.references(who, page // 512) is None:
            return False
        content = self.memory.tables.content[[self.mm[who].slot_table[page // 512]]]
        return bool(self.memory.contents.entries(content, np.array([page % 512])).present[0])


def counted(counts: Counts) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in counts.as_dict().items() if count}
