"""The kernel driver: a scheme's steps take time, cores and locks."""

from collections.abc import Generator
from typing import Any

import pytest
import simpy
from model_prices import make_costs

from models.kernel.kernel import Kernel
from models.kernel.memory_books import OutOfMemory
from models.memory.address_space import AddressSpace
from models.operations.steps import Release, perform
from models.schemes.hugetlb import HUGE_PAGE_BYTES
from models.schemes.registry import make_scheme
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.tasks import Task

Activity = Generator[simpy.Event, Any, Any]
FORK_NS = 100_000 + 2 * 300 + 23 * 1024


def make_kernel(scheme: str = "classic", cores: int = 4, memory_bytes: int | None = None) -> Kernel:
    costs = make_costs()
    machine = Machine(cores, {"fork": {"fork": 1.0}}, rule=Wait(10**9), switch_ns=0)
    return Kernel(machine, make_scheme(scheme, costs), memory_bytes)


def test_a_whole_life() -> None:
    kernel = make_kernel()
    clock = kernel.machine.clock
    task = kernel.machine.task("program")
    moments = []

    def live() -> Activity:
        mm = kernel.start_program()
        area = mm.map(1024)
        yield from kernel.populate(task, mm, area)
        moments.append(clock.now)
        child = yield from kernel.fork(task, mm)
        moments.append(clock.now)
        assert kernel.touch(mm, [0]).by_kind() == {"cow_copy": 1}
        yield from kernel.exit(task, child)
        moments.append(clock.now)
        yield from kernel.unmap(task, mm, area.start_page, 1024)
        moments.append(clock.now)

    clock.process(live())
    clock.run_to_end()
    fill, exit_child = 1024 * 500, 50_000 + 2 * 512 + 21 * 1024 + 110
    # The page copied by the fault before is the parent's only scattered one.
    unmap = 2 * 512 + 1024 * (21 + 110) + 50
    assert moments == [
        fill,
        fill + FORK_NS,
        fill + FORK_NS + exit_child,
        fill + FORK_NS + exit_child + unmap,
    ]
    assert task.cpu_ns == moments[-1]
    (memory,) = kernel.books.memories
    assert memory.frames.in_use == memory.tables.live == 0


def test_a_fork_shuts_out_the_faults_of_its_parent_only() -> None:
    kernel = make_kernel()
    clock = kernel.machine.clock
    forking, other = kernel.start_program(), kernel.start_program()
    kernel.scheme.fill(forking, forking.map(1024).start_page, 1024)
    entered = {}

    def fork() -> Activity:
        yield from kernel.fork(kernel.machine.task("forks"), forking)

    def fault(mm: AddressSpace, name: str) -> Activity:
        yield clock.timeout(10)
        yield from kernel.locks.of(mm).acquire("read")
        entered[name] = clock.now
        kernel.locks.of(mm).release("read")

    clock.process(fork())
    clock.process(fault(forking, "same"))
    clock.process(fault(other, "other"))
    clock.run_to_end()
    assert entered == {"other": 10, "same": FORK_NS}
    assert kernel.locks.of(forking).use["write"].held_ns == FORK_NS


def test_forks_of_unrelated_programs_slow_each_other_down() -> None:
    kernel = make_kernel()
    clock = kernel.machine.clock
    ends = []

    def fork(mm: AddressSpace, task: Task) -> Activity:
        yield from kernel.fork(task, mm)
        ends.append(clock.now)

    for number in range(2):
        mm = kernel.start_program()
        kernel.scheme.fill(mm, mm.map(1024).start_page, 1024)
        clock.process(fork(mm, kernel.machine.task(f"program {number}")))
    clock.run_to_end()
    assert ends == [2 * FORK_NS, 2 * FORK_NS]


def test_a_fill_can_be_stretched() -> None:
    kernel = make_kernel()
    clock = kernel.machine.clock
    mm = kernel.start_program()
    area = mm.map(1000)
    task = kernel.machine.task("program")
    clock.process(kernel.populate(task, mm, area, stretch=1.5))
    clock.run_to_end()
    assert clock.now == 750_000
    assert mm.resident_pages == 1000


@pytest.mark.parametrize("scheme", ["classic", "huge"])
def test_a_fill_that_does_not_fit_ends_at_the_page_that_finds_no_room(scheme: str) -> None:
    kernel = make_kernel(scheme, memory_bytes=100 * HUGE_PAGE_BYTES)
    mm = kernel.start_program()
    task = kernel.machine.task("program")
    kernel.machine.clock.process(kernel.populate(task, mm, mm.map(512 * 200)))
    with pytest.raises(OutOfMemory):
        kernel.machine.clock.run_to_end()
    # One huge page more, and the table kept for it.
    more = 4096 if scheme == "classic" else HUGE_PAGE_BYTES + 4096
    assert 100 * HUGE_PAGE_BYTES < kernel.books.peak_bytes <= 100 * HUGE_PAGE_BYTES + more
    per_page_ns = 500 if scheme == "classic" else 80_000 / 512
    filled = mm.resident_pages * per_page_ns
    # A huge page that fits in part is priced by pages.
    assert kernel.machine.clock.now == pytest.approx(filled, abs=512 * 500)


@pytest.mark.parametrize("sharing", ["classic", "on_demand"])
def test_a_sweep_that_does_not_fit_ends_at_the_page_that_finds_no_room(sharing: str) -> None:
    kernel = make_kernel(sharing, memory_bytes=15 * 2**20)
    mm = kernel.start_program()
    area = mm.map(2560)
    kernel.load(mm, area)
    child, _ = perform(kernel.scheme.fork(mm))
    with pytest.raises(OutOfMemory):
        kernel.sweep(child, area.start_page, area.n_pages, writes=True)
    assert kernel.books.peak_bytes <= 15 * 2**20 + 2 * 4096


def test_pure_computation_is_played_too() -> None:
    kernel = make_kernel()
    task = kernel.machine.task("program")
    mm = kernel.start_program()

    def operation() -> Generator[Any, None, str]:
        from_scheme = kernel.scheme.fork(mm)
        yield next(from_scheme)
        yield Release("write", mm)
        return "done"

    results = []

    def live() -> Activity:
        results.append((yield from kernel.play(task, operation())))

    kernel.machine.clock.process(live())
    kernel.machine.clock.run_to_end()
    assert results == ["done"]
