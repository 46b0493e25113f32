"""Random histories of up to five processes over four slots, by Hypothesis, for any scheme."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from driven_memory import DrivenMemory
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from memory_comparison import check_counts, check_isolation, check_same
from memory_inspection import check_empty
from model_prices import make_costs
from naive_machine import NaiveMachine
from naive_memory import SLOT, Area
from naive_schemes import NaiveHead, make_naive
from values_in_memory import PAGES, SLOTS, Process

from models.schemes.base import Scheme
from models.schemes.registry import make_scheme

# Multiples of 64 and their neighbours: areas that share slots, meet at slot edges and miss them.
EDGES = (
    st.integers(0, SLOTS).map(lambda i: SLOT * i)
    | st.integers(0, PAGES // 64).map(lambda i: 64 * i)
    | st.integers(0, PAGES)
)
# Few pages, so that a batch meets the same one repeatedly.
SOME_PAGES = st.sampled_from([0, 1, 300, 511, 512, 513, 700, 1023, 1024, 1500, 1536, PAGES - 1])
ACCESSES = st.lists(
    st.tuples(SOME_PAGES | st.integers(0, PAGES - 1), st.booleans()), min_size=1, max_size=12
) | st.tuples(EDGES, EDGES, st.booleans()).map(
    lambda drawn: [(page, drawn[2]) for page in range(min(drawn[:2]), max(drawn[:2]))]
)
# One area of whole slots, or several that follow each other.
CUTS = st.sampled_from([[SLOT], [2 * SLOT], [PAGES]]) | st.lists(EDGES, min_size=2, max_size=4)
KINDS = ("private", "private", "private", "read-only", "file", "shared", "shared file", "heap")
FILES = st.integers(0, 1)
WHO = st.integers(0, 9)
POOLS = st.none() | st.integers(0, 8)
FIRST = st.sampled_from(["fill", "populate", "nothing"])


@dataclass(frozen=True)
class Part:
    """Of the area with some number all, or what lies in [start, end)."""

    number: int
    start: int
    end: int
    whole: bool


PARTS = st.builds(Part, WHO, EDGES, EDGES, st.booleans())


@dataclass(frozen=True)
class Variant:
    """A fork scheme under test.

    Attributes:
        scheme: Its registry name.
        options: Its options.
        priced: Whether the naive machine knows its prices.
    """

    scheme: str
    options: dict[str, Any] = field(default_factory=dict)
    priced: bool = False

    def make(self) -> Scheme:
        return make_scheme(self.scheme, make_costs(), **self.options)

    def make_naive(self) -> NaiveMachine:
        return make_naive(self.scheme, **self.options)


VARIANTS = {
    "classic": Variant("classic", priced=True),
    "huge": Variant("huge", priced=True),
    "paper": Variant("on_demand", priced=True),
    "head": Variant("on_demand", {"variant": "head"}, priced=True),
    "patchset": Variant("on_demand", {"variant": "patchset"}, priced=True),
    "async": Variant("async", priced=True),
    "classic6": Variant("classic6", priced=True),
    "classic6 with large folios": Variant("classic6", {"folio_pages": 16}, priced=True),
    "classic6 with huge pages": Variant("classic6", {"huge": True}),
    "hugetlb": Variant("hugetlb", priced=True),
}


class History(RuleBasedStateMachine):
    """Operations under one fork scheme; compared after each with naive memory."""

    variant: ClassVar[Variant]
    compares: ClassVar[bool] = True
    looks_every: ClassVar[int] = 1
    """After how many steps whole states, and what is read, are compared; counts are after each."""
    kills: ClassVar[bool] = True
    """Whether children exit before they ever run."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.driven = DrivenMemory(
            self.make_scheme(),
            self.variant.make_naive(),
            compares=self.compares,
            priced=self.variant.priced,
        )

    def make_scheme(self) -> Scheme:
        return self.variant.make()

    @initialize(cuts=CUTS, full=st.sampled_from([True, True, False]), pool=POOLS)
    def begin(self, cuts: list[int], full: bool, pool: int | None) -> None:
        """Some areas that follow each other, perhaps filled; a pool may have no page for some."""
        process = self.driven.processes[0]
        self.driven.limit_pool(pool)
        for start, end in pairwise(sorted({0, *cuts})):
            self.driven.map(process, Area(start, end), file=None, populate=False)
            if full and process.naive.area(start):
                self.driven.fill(process, start, end - start)

    def pick(self, who: int) -> Process:
        """A process that runs."""
        running = [process for process in self.driven.processes if process.started]
        return running[who % len(running)]

    def ignores_discard(self, process: Process) -> bool:
        return isinstance(self.driven.naive, NaiveHead) and process.naive.forks_on_demand

    def reads_new_areas(self, process: Process) -> bool:
        """Whether every new mapping is populated unasked, and by reads."""
        return self.ignores_discard(process)

    @rule(who=WHO, start=EDGES, end=EDGES, name=st.sampled_from(KINDS), number=FILES, first=FIRST)
    def map(self, *, who: int, start: int, end: int, name: str, number: int, first: str) -> None:
        process = self.pick(who)
        start, end = sorted((start, end))
        area = Area(
            start,
            end,
            writable=name != "read-only",
            private=not name.startswith("shared"),
            heap=name == "heap",
        )
        if start == end or not process.naive.is_free(start, end, private=area.private):
            return
        if area.heap and any(a.heap for a in process.naive.areas):
            return
        # What MAP_POPULATE does where every new mapping is read anyway is not known.
        populate = first == "populate" and not self.reads_new_areas(process)
        file = number if name.endswith("file") else None
        self.driven.map(process, area, file=file, populate=populate)
        if first == "fill" and area.writable and process.naive.area(start):
            self.driven.fill(process, start, end - start)

    @rule(who=WHO, accesses=ACCESSES, cut=st.none() | st.integers(0, 12))
    def touch(self, who: int, accesses: list[tuple[int, bool]], cut: int | None) -> None:
        self.access(self.pick(who), accesses, cut)

    def access(
        self, process: Process, accesses: list[tuple[int, bool]], cut: int | None = None
    ) -> None:
        """What is not mapped is taken to mean a page of some area."""
        if process not in self.driven.processes:
            return  # it was killed
        areas = process.naive.areas
        allowed = []
        for drawn, write in accesses:
            area, page = process.naive.area(drawn), drawn
            if area is None and areas:
                area = areas[drawn % len(areas)]
                page = area.start + drawn % (area.end - area.start)
            if area is not None and (area.writable or not write):
                allowed.append((page, write))
        pages = np.array([page for page, _ in allowed], np.int64)
        writes = np.array([write for _, write in allowed], np.bool_)
        self.driven.touch(process, pages, writes, cut)

    @rule(who=WHO, number=WHO, start=EDGES, whole=st.booleans())
    def fill(self, who: int, number: int, start: int, whole: bool) -> None:
        process = self.pick(who)
        areas = [area for area in process.naive.areas if area.writable]
        if areas:
            area = areas[number % len(areas)]
            start = area.start + start % (area.end - area.start)
            self.driven.fill(process, start, area.end - start if whole else 1)

    @rule(who=WHO, start=EDGES, end=EDGES, whole=st.booleans(), write=st.booleans())
    def sweep(self, who: int, start: int, end: int, whole: bool, write: bool) -> None:
        process = self.pick(who)
        start, end = (edge // SLOT * SLOT if whole else edge for edge in sorted((start, end)))
        met = process.naive.meeting(start, end)
        mapped = sum(min(a.end, end) - max(a.start, start) for a in met) == end - start
        if start < end and mapped and (not write or all(area.writable for area in met)):
            self.driven.sweep(process, start, end, write=write)

    @precondition(lambda self: len(self.driven.processes) < 5)
    @rule(who=WHO, start=st.booleans() | st.just(True))
    def fork(self, who: int, start: bool) -> None:
        faults = self.driven.memory.counts.faults
        self.driven.fork(self.pick(who), start=start)
        assert self.driven.memory.counts.faults == faults, "X4"

    @precondition(lambda self: len(self.driven.processes) < 5)
    @rule(who=WHO, first=ACCESSES, then=ACCESSES, start=st.booleans())
    def fork_and_write(
        self,
        who: int,
        first: list[tuple[int, bool]],
        then: list[tuple[int, bool]],
        start: bool,
    ) -> None:
        """Parent and child access memory, one after the other."""
        parent = self.pick(who)
        child = self.driven.fork(parent, start=start)
        if start:
            parent, child = child, parent
        self.access(parent, first)
        if not start:
            self.driven.start(child)
        self.access(child, then)

    @precondition(lambda self: not all(p.started for p in self.driven.processes))
    @rule(who=WHO)
    def start(self, who: int) -> None:
        waiting = [process for process in self.driven.processes if not process.started]
        self.driven.start(waiting[who % len(waiting)])

    @precondition(lambda self: len(self.driven.processes) > 1)
    @rule(who=WHO)
    def exit(self, who: int) -> None:
        """Also of a child that never ran; one process that runs is left."""
        process = self.driven.processes[who % len(self.driven.processes)]
        if process.started and sum(p.started for p in self.driven.processes) == 1:
            return
        if process.started or self.kills:
            self.driven.exit(process)

    @precondition(lambda self: len(self.driven.processes) > 1)
    @rule(who=WHO, end=EDGES)
    def exec(self, who: int, end: int) -> None:
        """The new program begins with some memory."""
        process = self.pick(who)
        self.driven.exec(process)
        if end:
            self.driven.map(process, Area(0, end), file=None, populate=False)
            if process.naive.areas:
                self.driven.fill(process, 0, end)

    @rule(who=WHO, start=EDGES, end=EDGES)
    def unmap(self, who: int, start: int, end: int) -> None:
        process = self.pick(who)
        start, end = sorted((start, end))
        if start < end:
            self.driven.unmap(process, start, end)

    @rule(who=WHO, part=PARTS, change=st.sampled_from([True, True, False]))
    def protect(self, who: int, part: Part, change: bool) -> None:
        """A part of one area, which may have the rights already."""
        process = self.pick(who)
        area = self.part(process, part)
        if area is not None:
            writable = area.writable is not change
            self.driven.protect(process, area.start, area.end, writable=writable)

    @rule(who=WHO, part=PARTS, wide=st.booleans())
    def discard(self, who: int, part: Part, wide: bool) -> None:
        """A part of one area, or whatever lies in a range."""
        process = self.pick(who)
        area = self.part(process, part)
        if wide and part.start != part.end:
            area = Area(min(part.start, part.end), max(part.start, part.end))
        if area is not None:
            ignored = self.ignores_discard(process)
            self.driven.discard(process, area.start, area.end, ignored=ignored)

    @rule(who=WHO, part=PARTS, to=EDGES)
    def move(self, who: int, part: Part, to: int) -> None:
        process = self.pick(who)
        area = self.part(process, part)
        if area is None:
            return
        length = area.end - area.start
        if not area.private:
            to += (area.start - to) % SLOT
        overlaps = area.start < to + length and to < area.end
        fits = process.naive.is_free(to, to + length, private=area.private)
        if to + length <= PAGES and fits and not overlaps:
            self.driven.move(process, area.start, area.end, to)

    @rule(who=WHO, end=EDGES)
    def brk(self, who: int, end: int) -> None:
        process = self.pick(who)
        heaps = [area for area in process.naive.areas if area.heap]
        if not heaps and end and process.naive.is_free(0, end, private=True):
            self.driven.map(process, Area(0, end, heap=True), file=None, populate=False)
        elif len(heaps) == 1 and end > heaps[0].start:
            old = heaps[0].end
            if end <= old or process.naive.is_free(old, end, private=True):
                self.driven.brk(process, end - heaps[0].start)

    def part(self, process: Process, part: Part) -> Area | None:
        """What a drawn part of an area is in a process; None if it is nothing."""
        if not process.naive.areas:
            return None
        area = process.naive.areas[part.number % len(process.naive.areas)]
        start, end = (area.start, area.end) if part.whole else sorted((part.start, part.end))
        start, end = max(start, area.start), min(end, area.end)
        if start >= end:
            size = area.end - area.start
            start, end = sorted((area.start + part.start % size, area.start + part.end % size))
        return Area(start, end, area.writable, area.private) if start < end else None

    @invariant()
    def isolation(self) -> None:
        if self.steps % self.looks_every == 0:
            check_isolation(self.driven)

    @invariant()
    def agreement(self) -> None:
        self.steps += 1
        if self.compares:
            check_counts(self.driven)
            self.check_conservation()
            if self.steps % self.looks_every == 0:
                check_same(self.driven)

    def check_conservation(self) -> None:
        """X5: a share is paid for by at most one copy, one more a table if the last one copies."""
        counts = self.driven.memory.counts
        copies_a_share = 2 if isinstance(self.driven.naive, NaiveHead) else 1
        assert counts.actions["table_copy"] <= copies_a_share * counts.tables_shared, "X5"

    def teardown(self) -> None:
        for process in list(self.driven.processes):
            self.driven.exit(process)
        if self.compares:
            check_empty(self.driven.memory)
