"""Scripted scenarios on the lazy model, with the bytes that processes would see."""

import numpy as np
from memory_inspection import map_counts
from model_prices import make_costs, make_memory

from models.address_space import AddressSpace, Vma
from models.counts import Counts
from models.pool import IntArray
from models.schemes import make_scheme
from models.schemes.base import Scheme
from models.steps import perform

NOTHING = object()


class Scenario:
    """Processes of one machine by name; each operation returns what it counted.

    A value is kept for every frame, so that reading a page gives what a process would read: the
    model is not asked for data, only for which frame a page maps.
    """

    def __init__(self, scheme: str, **costs: float) -> None:
        self.costs = make_costs(**costs)
        self.memory = make_memory(self.costs)
        self.scheme: Scheme = make_scheme(scheme, self.costs)
        self.mm: dict[str, AddressSpace] = {"P": AddressSpace(self.memory)}
        self.values: dict[int, int] = {}
        self.last_ns = 0

    def map(self, n_pages: int, at: int = 0, *, writable: bool = True, shared: bool = False) -> Vma:
        return self.mm["P"].map(n_pages, at=at, writable=writable, shared=shared)

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

    def read(self, who: str, pages: IntArray | list[int] | int) -> Counts:
        before = self.memory.counts.copy()
        faults = self.scheme.touch(self.mm[who], np.atleast_1d(pages), writes=False)
        self.last_ns = faults.total_ns
        return self.memory.counts - before

    def fork(self, parent: str, child: str) -> Counts:
        before = self.memory.counts.copy()
        self.mm[child], performed = perform(self.scheme.fork(self.mm[parent]))
        self.last_ns = performed.work_ns
        return self.memory.counts - before

    def exit(self, who: str) -> Counts:
        before = self.memory.counts.copy()
        _, performed = perform(self.scheme.exit(self.mm.pop(who)))
        self.last_ns = performed.work_ns
        return self.memory.counts - before

    def unmap(self, who: str, start_page: int, n_pages: int) -> Counts:
        before = self.memory.counts.copy()
        _, performed = perform(self.scheme.unmap(self.mm[who], start_page, n_pages))
        self.last_ns = performed.work_ns
        return self.memory.counts - before

    def value(self, who: str, page: int) -> int | None:
        """What `who` reads at `page`; None if it maps nothing there."""
        if not self.mm[who].slot_table[page // 512] >= 0:
            return None
        state = self._entry(who, page)
        if not state.present:
            return None
        return 0 if state.zero else self.values[int(self.mm[who].frames_at(np.array([page]))[0])]

    def map_count(self, who: str, page: int) -> int | None:
        """By how many tables the page's frame is mapped; 0 for the zero page, None for a hole."""
        if not self.mm[who].slot_table[page // 512] >= 0 or not self._entry(who, page).present:
            return None
        frame = int(self.mm[who].frames_at(np.array([page]))[0])
        return map_counts(self.memory).get(frame, 0)

    def references(self, who: str, slot: int) -> int | None:
        table = self.mm[who].slot_table[slot]
        return int(self.memory.tables.references[table]) if table >= 0 else None

    def writable(self, who: str, slot: int) -> bool:
        return bool(self.mm[who].slot_writable[slot])

    class _State:
        def __init__(self, present: bool, zero: bool) -> None:
            self.present = present
            self.zero = zero

    def _entry(self, who: str, page: int) -> "Scenario._State":
        table = self.mm[who].slot_table[page // 512]
        content = self.memory.tables.content[[table]]
        state = self.memory.contents.entries(content, np.array([page % 512]))
        return Scenario._State(bool(state.present[0]), bool(state.zero[0]))


def counted(counts: Counts) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in counts.as_dict().items() if count}
