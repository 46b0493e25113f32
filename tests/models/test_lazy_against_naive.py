"""Random histories: lazy and naive memory agree after every step, in state, counts and prices."""

from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from memory_inspection import check_empty, check_invariants, spell_out
from model_prices import make_costs, make_memory
from naive_memory import Area, NaiveMachine, Space

from models.address_space import AddressSpace
from models.faults import Faults, PageAction, TableAction
from models.schemes import make_scheme
from models.steps import Work, perform

SLOTS = 4
PAGES = 512 * SLOTS
# Multiples of 64 and their neighbours: areas that share slots, meet at slot edges and miss them.
EDGES = st.integers(0, PAGES // 64).map(lambda i: 64 * i) | st.integers(0, PAGES)
# Few pages, so that a batch meets the same one repeatedly.
SOME_PAGES = st.sampled_from([0, 1, 300, 511, 512, 513, 700, 1023, 1024, 1500, 1536, PAGES - 1])
ACCESSES = st.lists(
    st.tuples(SOME_PAGES | st.integers(0, PAGES - 1), st.booleans()), min_size=1, max_size=30
) | st.tuples(EDGES, EDGES, st.booleans()).map(
    lambda drawn: [(page, drawn[2]) for page in range(min(drawn[:2]), max(drawn[:2]))]
)


class History(RuleBasedStateMachine):
    """Up to five processes over four slots."""

    scheme_name = "classic"

    def __init__(self) -> None:
        super().__init__()
        self.costs = make_costs()
        self.memory = make_memory(self.costs)
        self.scheme = make_scheme(self.scheme_name, self.costs)
        self.naive = NaiveMachine(self.scheme_name)
        self.pairs: list[tuple[AddressSpace, Space]] = [(AddressSpace(self.memory), Space())]
        self.shadows: list[dict[int, int]] = [{}]
        self.clock = 0

    @initialize(cuts=st.lists(EDGES, min_size=2, max_size=4), full=st.booleans())
    def begin(self, cuts: list[int], full: bool) -> None:
        """Some areas that follow each other, perhaps filled."""
        edges = sorted({0, *cuts})
        for start, end in pairwise(edges):
            self.map(0, start, end)
            if full:
                self.fill_range(0, start, end - start)

    def pick(self, number: int) -> tuple[AddressSpace, Space, dict[int, int]]:
        place = number % len(self.pairs)
        return *self.pairs[place], self.shadows[place]

    @rule(who=st.integers(0, 9), start=EDGES, end=EDGES)
    def map(self, who: int, start: int, end: int) -> None:
        lazy, naive, _ = self.pick(who)
        start, end = sorted((start, end))
        if start == end or any(a.start < end and start < a.end for a in naive.areas):
            return
        lazy.map(end - start, at=start)
        naive.areas.append(Area(start, end))
        naive.areas.sort(key=lambda a: a.start)

    @rule(who=st.integers(0, 9), accesses=ACCESSES, cut=st.none() | st.integers(0, 30))
    def touch(self, who: int, accesses: list[tuple[int, bool]], cut: int | None) -> None:
        lazy, naive, shadow = self.pick(who)
        accesses = [access for access in accesses if naive.area(access[0])]
        pages = np.array([page for page, _ in accesses], np.int64)
        writes = np.array([write for _, write in accesses], np.bool_)
        faults = self.scheme.classify(lazy, pages, writes)
        if cut is None:
            self.scheme.apply(lazy, faults)
        else:
            self.scheme.apply(lazy, faults.until(cut))
            rest = self.scheme.classify(lazy, pages[cut:], writes[cut:])
            later = listed(faults[len(faults.until(cut)) :])
            assert [(p + cut, *fault) for p, *fault in listed(rest)] == later
            self.scheme.apply(lazy, rest)
        expected = []
        for position, (page, write) in enumerate(accesses):
            fault = self.naive.access(naive, page, write)
            if fault is not None:
                expected.append((position, page, *fault))
            entry = naive.slots[page // 512].table.entries[page % 512]
            if write:
                self.clock += 1
                assert entry.frame is not None
                entry.frame.value = shadow[page] = self.clock
        assert listed(faults) == expected
        assert lazy.counts.faults >= len(faults)

    @rule(who=st.integers(0, 9), data=st.data())
    def fill(self, who: int, data: st.DataObject) -> None:
        naive = self.pick(who)[1]
        if naive.areas:
            area = data.draw(st.sampled_from(naive.areas))
            start = data.draw(st.integers(area.start, area.end - 1))
            self.fill_range(who, start, data.draw(st.sampled_from([1, area.end - start])))

    def fill_range(self, who: int, start: int, count: int) -> None:
        lazy, naive, shadow = self.pick(who)
        before = lazy.counts.copy()
        self.scheme.fill(lazy, start, count)
        faults = 0
        for page in range(start, start + count):
            faults += self.naive.access(naive, page, write=True) is not None
            entry = naive.slots[page // 512].table.entries[page % 512]
            self.clock += 1
            assert entry.frame is not None
            entry.frame.value = shadow[page] = self.clock
        naive.last_fault_page = start + count - 1
        assert (lazy.counts - before).faults == faults

    @rule(who=st.integers(0, 9), start=EDGES, end=EDGES, whole=st.booleans(), write=st.booleans())
    def sweep(self, who: int, start: int, end: int, whole: bool, write: bool) -> None:
        lazy, naive, shadow = self.pick(who)
        start, end = (edge // 512 * 512 if whole else edge for edge in sorted((start, end)))
        if start == end or not all(naive.area(page) for page in range(start, end)):
            return
        before = lazy.counts.copy()
        cost_ns = self.scheme.sweep(lazy, start, end - start, writes=write)
        expected = []
        for page in range(start, end):
            fault = self.naive.access(naive, page, write)
            if fault is not None:
                expected.append(fault[-1])
            if write:
                entry = naive.slots[page // 512].table.entries[page % 512]
                self.clock += 1
                assert entry.frame is not None
                entry.frame.value = shadow[page] = self.clock
        assert (cost_ns, (lazy.counts - before).faults) == (sum(expected), len(expected))

    @precondition(lambda self: len(self.pairs) < 5)
    @rule(who=st.integers(0, 9))
    def fork(self, who: int) -> None:
        lazy, naive, shadow = self.pick(who)
        lazy_child, performed = perform(self.scheme.fork(lazy))
        naive_child, cost_ns = self.naive.fork(naive)
        assert performed.work_ns == cost_ns
        self.pairs.append((lazy_child, naive_child))
        self.shadows.append(dict(shadow))

    @precondition(lambda self: len(self.pairs) > 1)
    @rule(who=st.integers(0, 9))
    def exit(self, who: int) -> None:
        place = who % len(self.pairs)
        lazy, naive = self.pairs.pop(place)
        self.shadows.pop(place)
        _, performed = perform(self.scheme.exit(lazy))
        assert performed.work_ns == self.naive.exit(naive)

    @rule(who=st.integers(0, 9), start=EDGES, end=EDGES)
    def unmap(self, who: int, start: int, end: int) -> None:
        lazy, naive, shadow = self.pick(who)
        start, end = sorted((start, end))
        if start == end:
            return
        _, performed = perform(self.scheme.unmap(lazy, start, end - start))
        spent = {"copy": 0, "zap": 0}
        for step in performed.steps:
            if isinstance(step, Work):
                assert step.stream is not None
                spent[step.stream] += step.ns
        assert (spent["copy"], spent["zap"]) == self.naive.unmap(naive, start, end)
        for page in range(start, end):
            shadow.pop(page, None)

    @invariant()
    def same_counts(self) -> None:
        counts = {name: n for name, n in self.memory.counts.as_dict().items() if n}
        assert counts == {k: n for k, n in self.naive.counts.items() if n and k != "none"}

    @invariant()
    def same_state(self) -> None:
        """There is a one-to-one relation of tables and of frames under which all entries agree."""
        check_invariants(self.memory, [lazy for lazy, _ in self.pairs])
        tables: dict[int, object] = {}
        frames: dict[int, object] = {}
        for lazy, naive in self.pairs:
            numbers = lazy.slots_with_tables().tolist()
            assert numbers == sorted(naive.slots)
            for number in numbers:
                slot, table = naive.slots[number], int(lazy.slot_table[number])
                assert lazy.slot_writable[number] == slot.writable
                known = table in tables
                assert tables.setdefault(table, slot.table) is slot.table
                assert self.memory.tables.references[table] == slot.table.references
                if known:
                    continue
                entries = spell_out(self.memory, int(self.memory.tables.content[table]))
                assert sorted(entries) == sorted(slot.table.entries)
                for position, entry in entries.items():
                    expected = slot.table.entries[position]
                    assert entry.writable == expected.writable
                    assert entry.zero == (expected.frame is None)
                    if expected.frame is not None:
                        assert frames.setdefault(entry.frame, expected.frame) is expected.frame
                        assert entry.scattered == expected.frame.scattered
            private = sum(
                entry.frame is not None
                for slot in naive.slots.values()
                for entry in slot.table.entries.values()
            )
            assert lazy.resident_pages == private
        assert len({id(table) for table in tables.values()}) == len(tables)
        assert len({id(frame) for frame in frames.values()}) == len(frames)

    @invariant()
    def isolation(self) -> None:
        """S1: a process reads what it wrote last, else what its parent had when it forked."""
        for (_, naive), shadow in zip(self.pairs, self.shadows, strict=True):
            for page, value in shadow.items():
                entry = naive.slots[page // 512].table.entries[page % 512]
                assert entry.frame is not None
                assert entry.frame.value == value

    def teardown(self) -> None:
        for lazy, _ in self.pairs:
            perform(self.scheme.exit(lazy))
        check_empty(self.memory)


def listed(faults: Faults) -> list[tuple[int, int, str, str, int]]:
    return [
        (position, page, TableAction(table).name, PageAction(action).name, cost_ns)
        for position, page, table, action, cost_ns in zip(
            faults.position.tolist(),
            faults.page.tolist(),
            faults.table_action.tolist(),
            faults.page_action.tolist(),
            faults.cost_ns.tolist(),
            strict=True,
        )
    ]


class OnDemandHistory(History):
    """The same under On-demand-fork."""

    scheme_name = "on_demand"


class HugeHistory(History):
    """The same with huge pages."""

    scheme_name = "huge"


SETTINGS = settings(
    max_examples=50,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestClassic = History.TestCase
TestOnDemand = OnDemandHistory.TestCase
TestHuge = HugeHistory.TestCase
TestClassic.settings = TestOnDemand.settings = TestHuge.settings = SETTINGS
