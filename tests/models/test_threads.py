"""Threads of one address space, and sharers that fault at once (mechanisms.md S27, S28, L1, L3)."""

from collections import Counter
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import simpy
from model_prices import PRICES, make_costs

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.operations.steps import perform
from models.schemes.registry import make_scheme
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.spans import FAULT, HOLD, LOCK, Span, SpanWindow

Activity = Generator[simpy.Event, Any, Any]
A, B = 0, 1
PAGES_PER_GIB = 2**18


class Threads:
    """A kernel, and what each thread's accesses raised and when they were done."""

    def __init__(self, scheme: str, **options: Any) -> None:
        self.spans = SpanWindow()
        machine = Machine(4, {}, rule=Wait(10**9), switch_ns=0, spans=self.spans)
        self.kernel = Kernel(machine, make_scheme(scheme, make_costs(), **options))
        self.parent = self.kernel.start_program()
        self.met: dict[str, Counter[str]] = {}
        self.done: dict[str, int] = {}

    def fill(self, start_page: int, n_pages: int) -> None:
        self.parent.map(n_pages, at=start_page)
        self.kernel.scheme.fill(self.parent, start_page, n_pages)

    def fork(self) -> AddressSpace:
        child, _ = perform(self.kernel.scheme.fork(self.parent))
        perform(self.kernel.scheme.start(child))
        return child

    def run(self, *accesses: tuple[str, AddressSpace, int]) -> None:
        """Each thread writes one page, all of them at once."""

        def write(name: str, mm: AddressSpace, page: int) -> Activity:
            task = self.kernel.machine.task(name)
            self.met[name] = yield from self.kernel.access(task, mm, [page])
            self.done[name] = self.kernel.machine.clock.now

        for name, mm, page in accesses:
            self.kernel.machine.clock.process(write(name, mm, page))
        self.kernel.machine.clock.run_to_end()


@pytest.mark.parametrize("variant", ["paper", "head", "patchset"])
def test_s27_two_threads_copy_a_table_once(variant: str) -> None:
    threads = Threads("on_demand", variant=variant)
    threads.fill(0, 512)
    child = threads.fork()
    before = threads.parent.memory.counts.copy()
    threads.run(("t1", threads.parent, A), ("t2", threads.parent, B))
    counts = threads.parent.memory.counts - before
    assert (counts.faults, counts.actions["table_copy"], counts.actions["cow_copy"]) == (2, 1, 2)
    assert threads.met == {"t1": {"table_copy": 1, "cow_copy": 1}, "t2": {"cow_copy": 1}}
    # Only there the second waits until the table is copied; both copy their pages at once.
    copied_ns = threads.done["t1"] - PRICES["fault_copy_cold_ns"]
    waits = threads.done["t2"] > copied_ns
    assert waits is (variant == "head")
    assert threads.done["t2"] < threads.done["t1"]
    assert child.frames_at(np.array([A]))[0] != threads.parent.frames_at(np.array([A]))[0]


def test_a_span_tells_which_lock_a_fault_waits_for() -> None:
    threads = Threads("on_demand", variant="head")
    threads.fill(0, 512)
    threads.fork()
    threads.run(("t1", threads.parent, A), ("t2", threads.parent, B))
    copied_ns = int(threads.done["t1"] - PRICES["fault_copy_cold_ns"])
    begun, copied, ended = (0, copied_ns), (copied_ns, threads.done["t2"]), threads.done
    spans = [span for span in threads.spans.spans() if span.doing == LOCK]
    assert spans == [Span("t2", "lock pmd/write", None, "lock_wait", *begun, "pmd of t1")]
    spans = [span for span in threads.spans.spans() if span.doing == HOLD]
    assert spans == [
        Span("t1", "hold pmd/write", None, "lock_hold", *begun, "pmd of t1"),
        Span("t2", "hold mm/read", None, "lock_hold", 0, ended["t2"], "mm of t1"),
        Span("t1", "hold mm/read", None, "lock_hold", 0, ended["t1"], "mm of t1"),
    ]
    spans = [span for span in threads.spans.spans() if span.doing == FAULT]
    faults = {(span.task, span.cause): (span.start_ns, span.end_ns) for span in spans}
    assert faults == {
        ("t1", "fault/table_copy"): (0, ended["t1"]),
        ("t1", "fault/cow_copy"): (0, ended["t1"]),
        ("t2", "fault/cow_copy"): copied,
    }


@pytest.mark.parametrize("far, waits", [(512, True), (PAGES_PER_GIB, False)])
def test_l3_a_copy_keeps_faults_in_the_same_gibibyte_waiting(far: int, waits: bool) -> None:
    threads = Threads("on_demand", variant="head")
    threads.fill(0, 512)
    threads.fill(far, 512)
    threads.fork()
    threads.run(("t1", threads.parent, A), ("t2", threads.parent, far))
    assert threads.met["t1"] == threads.met["t2"] == {"table_copy": 1, "cow_copy": 1}
    copied_ns = threads.done["t1"] - PRICES["fault_copy_cold_ns"]
    assert threads.done["t2"] - threads.done["t1"] == (copied_ns if waits else 0)


@pytest.mark.parametrize("variant", ["paper", "head", "patchset"])
def test_s28_two_sharers_at_once_free_what_they_leave_once(variant: str) -> None:
    threads = Threads("on_demand", variant=variant)
    threads.fill(0, 512)
    child = threads.fork()
    memory = threads.parent.memory
    before = memory.counts.copy()
    threads.run(("P", threads.parent, A), ("C", child, A))
    counts = memory.counts - before
    assert counts.faults == 2
    if variant == "head":
        assert (counts.actions["table_copy"], counts.tables_freed) == (2, 1)
    else:
        assert (
            counts.actions["table_copy"],
            counts.actions["table_reuse"],
            counts.tables_freed,
        ) == (1, 1, 0)
    assert counts.actions["cow_copy"] + counts.actions["cow_reuse"] == 2
    assert counts.actions["cow_copy"] in (1, 2)
    assert memory.tables.live == 2
    frames = [int(mm.frames_at(np.array([A]))[0]) for mm in (threads.parent, child)]
    assert frames[0] != frames[1]
    assert memory.frames.in_use == 513


def test_s26_a_fault_waits_for_nobody_while_the_child_copies() -> None:
    """The child holds the parent's lock for reading only."""
    threads = Threads("async")
    threads.fill(0, 1024)
    child, _ = perform(threads.kernel.scheme.fork(threads.parent))
    clock = threads.kernel.machine.clock

    def copy() -> Activity:
        yield from threads.kernel.start(threads.kernel.machine.task("child"), child)
        threads.done["child"] = clock.now

    clock.process(copy())
    threads.run(("parent", threads.parent, 512))
    assert threads.met["parent"] == {"table_sync": 1, "cow_copy": 1}
    entry_ns = PRICES["entry_copy_ns"] + PRICES["entry_protect_ns"]
    table_ns = PRICES["table_copy_ns"] + 512 * entry_ns
    assert threads.done["parent"] == table_ns + PRICES["fault_copy_cold_ns"]
    # To let go of the parent it needs the lock for writing, after that fault.
    assert threads.done["child"] == threads.done["parent"]
    assert threads.parent.memory.counts.ptes_copied == 1024


@pytest.mark.parametrize("scheme", ["classic", "on_demand", "async", "classic6", "huge"])
def test_l1_no_fault_runs_during_a_fork(scheme: str) -> None:
    threads = Threads(scheme)
    threads.parent.map(2048, at=0)
    threads.kernel.scheme.fill(threads.parent, 0, 1024)
    kernel, clock = threads.kernel, threads.kernel.machine.clock
    over = {}

    def fork() -> Activity:
        yield from kernel.fork(kernel.machine.task("forks"), threads.parent)
        over["fork"] = clock.now

    def fault() -> Activity:
        yield clock.timeout(10)
        yield from kernel.access(kernel.machine.task("faults"), threads.parent, [1536])
        over["fault"] = clock.now

    clock.process(fork())
    clock.process(fault())
    clock.run_to_end()
    assert over["fault"] > over["fork"] > 10


def test_what_a_fault_meets_is_decided_when_it_has_the_lock() -> None:
    threads = Threads("classic")
    threads.fill(0, 512)
    kernel, parent = threads.kernel, threads.parent
    perform(kernel.scheme.exit(threads.fork()))
    # The page is the parent's alone again, until the fork that keeps the write waiting.
    kernel.machine.clock.process(kernel.fork(kernel.machine.task("forks"), parent))
    threads.run(("writes", parent, A))
    assert threads.met == {"writes": {"cow_copy": 1}}


def test_what_mprotect_cuts_off_stays_locked_until_it_is_done() -> None:
    """The middle of an area becomes one of its own, and is locked like the whole (6.4)."""
    threads = Threads("classic6")
    threads.fill(0, 1536)
    kernel, clock = threads.kernel, threads.kernel.machine.clock
    task = kernel.machine.task("protects")
    clock.process(kernel.play(task, kernel.scheme.protect(threads.parent, 512, 512, False)))
    ends = {}

    def read(page: int) -> Activity:
        yield clock.timeout(10)
        area = threads.parent.vmas[int(threads.parent.vma_numbers(np.array([page]))[0])]
        yield from kernel.locks.of(area).acquire("read")
        ends[page] = clock.now

    clock.process(read(600))
    clock.run_to_end()
    assert ends[600] == 512 * PRICES["entry_protect_ns"] + PRICES["tlb_flush_ns"]


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("classic", {}),
        ("classic6", {}),
        ("on_demand", {"variant": "paper"}),
        ("on_demand", {"variant": "head"}),
    ],
)
def test_after_faults_no_lock_is_held(scheme: str, options: dict[str, Any]) -> None:
    """Of two locks the first is kept for the page when the second is given back, and then too."""
    threads = Threads(scheme, **options)
    threads.fill(0, 512)
    threads.fork()
    threads.run(("t1", threads.parent, A), ("t2", threads.parent, B))
    kernel, clock = threads.kernel, threads.kernel.machine.clock
    began_ns = clock.now

    def take_all() -> Activity:
        for lockable in (threads.parent, *threads.parent.vmas, *threads.parent.pmd_tables.values()):
            yield from kernel.locks.of(lockable).acquire("write")
        threads.done["all"] = clock.now

    clock.process(take_all())
    clock.run_to_end()
    assert threads.done["all"] == began_ns
