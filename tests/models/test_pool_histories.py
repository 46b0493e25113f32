"""Random histories of a program and its children on a pool of huge pages, against naive memory."""

import numpy as np
import pytest
from driven_memory import EVERY_PAGE, SLOTS, DrivenMemory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from memory_comparison import check_counts, check_same
from memory_inspection import check_empty
from model_prices import make_costs
from naive_huge import NaiveHugetlb
from naive_memory import SLOT, Area

from models.address_space import BusError
from models.schemes import make_scheme

WHO = st.integers(0, 9)


class PoolHistory(RuleBasedStateMachine):
    """One program maps all pages, and its children share them; `test_findings` has the rest."""

    @initialize(pool=st.none() | st.integers(1, 6), wanted=st.integers(1, SLOTS))
    def begin(self, pool: int | None, wanted: int) -> None:
        scheme = make_scheme("hugetlb", make_costs(), pool_pages=pool)
        self.naive = NaiveHugetlb(pool_pages=pool)
        self.driven = DrivenMemory(scheme, self.naive, priced=False)
        self.mapper = self.driven.processes[0]
        size = min(wanted, pool or SLOTS)
        self.driven.map(self.mapper, Area(0, SLOT * size), file=None, populate=False)

    @rule(start=st.integers(0, SLOTS - 1), size=st.integers(1, SLOTS))
    def map(self, start: int, size: int) -> None:
        """Refused if the pool has too little for it."""
        area = Area(SLOT * start, SLOT * min(start + size, SLOTS))
        if any(p.naive.meeting(area.start, area.end) for p in self.driven.processes):
            return
        if self.naive.free() >= (area.end - area.start) // SLOT:
            self.driven.map(self.mapper, area, file=None, populate=False)
        else:
            with pytest.raises(ValueError, match="pool"):
                self.driven.map(self.mapper, area, file=None, populate=False)

    @rule(who=WHO, page=st.integers(0, SLOT * SLOTS - 1), write=st.booleans())
    def touch(self, who: int, page: int, write: bool) -> None:
        """Whoever there is no page for is killed."""
        process = self.driven.processes[who % len(self.driven.processes)]
        area = process.naive.area(page)
        if area is None or (write and not area.writable):
            return
        if not write and page // SLOT not in process.naive.slots:
            return  # test_findings
        if not self.naive.kills(process.naive, page, write):
            self.driven.touch(process, np.array([page]), np.array([write]), None)
            return
        assert process is not self.mapper
        with pytest.raises(BusError):
            self.driven.scheme.touch(process.lazy, [page], write)
        self.driven.exit(process)

    @rule()
    def fork(self) -> None:
        if len(self.driven.processes) < 5:
            self.driven.fork(self.mapper)

    @rule(who=WHO)
    def exit(self, who: int) -> None:
        if len(self.driven.processes) > 1:
            self.driven.exit(self.driven.processes[1 + who % (len(self.driven.processes) - 1)])

    @rule(who=WHO, number=WHO)
    def unmap(self, who: int, number: int) -> None:
        process = self.driven.processes[who % len(self.driven.processes)]
        if process.naive.areas:
            area = process.naive.areas[number % len(process.naive.areas)]
            self.driven.unmap(process, area.start, area.end)

    @rule(who=WHO, number=WHO)
    def protect(self, who: int, number: int) -> None:
        process = self.driven.processes[who % len(self.driven.processes)]
        if process.naive.areas:
            area = process.naive.areas[number % len(process.naive.areas)]
            self.driven.protect(process, area.start, area.end, writable=not area.writable)

    @invariant()
    def agreement(self) -> None:
        check_counts(self.driven)
        check_same(self.driven)
        assert self.naive.free() >= 0

    @invariant()
    def isolation(self) -> None:
        """S1, but for pages that were taken: whoever reads one is killed."""
        for process in self.driven.processes:
            kept = ~np.isin(EVERY_PAGE // SLOT, process.lazy.lost_slots)
            seen, expected = self.driven.visible(process), self.driven.expected(process)
            assert (seen == expected)[kept].all(), "S1"

    def teardown(self) -> None:
        if hasattr(self, "driven"):
            for process in list(self.driven.processes):
                self.driven.exit(process)
            check_empty(self.driven.memory)


TestPoolHistories = PoolHistory.TestCase
TestPoolHistories.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
