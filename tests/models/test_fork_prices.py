"""Fork and its aftermath at their closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_inspection import check_empty
from model_prices import make_costs, make_memory

from models.faults.batch import Faults
from models.faults.candidates import first_accesses
from models.memory.address_space import AddressSpace
from models.memory.areas import SegmentationFault
from models.memory.physical import PhysicalMemory
from models.operations.causes import FORK, TEARDOWN
from models.operations.steps import Acquire, Flush, Release, Work, perform
from models.schemes.base import Scheme
from models.schemes.classic import Classic
from models.schemes.registry import SCHEMES, make_scheme, register

TIB_PAGES = 2**28
ISOLATING = [name for name, scheme in SCHEMES.items() if scheme.isolates]
SIZES = [0, 1, 511, 512, 513, 1024, 262_144, 13_107_200, TIB_PAGES]


def filled(name: str, n_pages: int) -> tuple[Scheme, PhysicalMemory, AddressSpace]:
    costs = make_costs()
    memory = make_memory(costs)
    scheme = make_scheme(name, costs)
    mm = AddressSpace(memory)
    if n_pages:
        perform(scheme.populate(mm, mm.map(n_pages)))
    return scheme, memory, mm


def fork_ns(scheme: Scheme, mm: AddressSpace) -> int:
    return perform(scheme.fork(mm))[1].work_ns


@pytest.mark.parametrize("n", SIZES)
def test_classic_fork_pays_per_page_and_less_the_second_time(n: int) -> None:
    scheme, memory, mm = filled("classic", n)
    tables_ns = 300 * -(-n // 512)
    assert fork_ns(scheme, mm) == 100_000 + tables_ns + 23 * n
    assert fork_ns(scheme, mm) == 100_000 + tables_ns + 20 * n
    assert memory.tables.live == 3 * -(-n // 512)
    assert memory.counts.ptes_copied == 2 * n


@pytest.mark.parametrize("n", SIZES)
def test_on_demand_fork_pays_per_table(n: int) -> None:
    scheme, memory, mm = filled("on_demand", n)
    assert fork_ns(scheme, mm) == 90_000 + 24 * -(-n // 512)
    assert memory.tables.live == -(-n // 512)
    assert memory.counts.ptes_copied == 0


@pytest.mark.parametrize("n", SIZES)
def test_huge_fork_pays_per_huge_page_and_per_page_of_the_rest(n: int) -> None:
    scheme, memory, mm = filled("huge", n)
    assert fork_ns(scheme, mm) == 110_000 + 180 * (n // 512) + (
        300 * (n % 512 > 0) + 23 * (n % 512)
    )
    assert memory.tables.live == 2 * -(-n // 512)
    assert memory.frames.in_use == n


@pytest.mark.parametrize("name", ISOLATING)
@pytest.mark.parametrize("n", SIZES)
def test_nothing_is_left_after_all_exits(name: str, n: int) -> None:
    scheme, memory, mm = filled(name, n)
    child, _ = perform(scheme.fork(mm))
    perform(scheme.exit(mm))
    assert memory.frames.in_use == n
    assert child.resident_pages == n
    perform(scheme.exit(child))
    check_empty(memory)


@pytest.mark.parametrize("n", SIZES)
def test_exit_pays_for_what_it_removes(n: int) -> None:
    scheme, _, mm = filled("classic", n)
    child, _ = perform(scheme.fork(mm))
    tables_ns = 512 * -(-n // 512)
    assert perform(scheme.exit(child))[1].work_ns == 50_000 + tables_ns + 21 * n
    assert perform(scheme.exit(mm))[1].work_ns == 50_000 + tables_ns + 21 * n + 110 * n
    scheme, _, mm = filled("on_demand", n)
    child, _ = perform(scheme.fork(mm))
    assert perform(scheme.exit(child))[1].work_ns == 50_000 + tables_ns + 7 * n
    assert perform(scheme.exit(mm))[1].work_ns == 50_000 + tables_ns + 21 * n + 110 * n


def scattered_fork_ns(name: str, n_pages: int, **stocks: float) -> int:
    costs = make_costs(**stocks)
    memory = make_memory(costs)
    scheme = make_scheme(name, costs)
    mm = AddressSpace(memory)
    perform(scheme.populate(mm, mm.map(n_pages)))
    return fork_ns(scheme, mm)


def test_scattered_frames_cost_extra() -> None:
    # 1000 (1 - exp(-1.024)) = 640.8; 10 (1 - exp(-0.2)) = 1.8
    assert scattered_fork_ns("classic", 1024, movable_stock_frames=1000.0) == (
        100_000 + 2 * 300 + 23 * 1024 + 50 * 641
    )
    assert scattered_fork_ns("on_demand", 1024, unmovable_stock_frames=10.0) == (
        90_000 + 24 * 2 + 48 * 2
    )
    assert scattered_fork_ns("classic", 1024, unmovable_stock_frames=10.0) == (
        100_000 + 2 * 300 + 23 * 1024
    )


def test_a_layout_can_be_given_instead_of_the_law() -> None:
    scheme, _, mm = filled("classic", 0)
    perform(scheme.populate(mm, mm.map(1024), scattered_share=0.25))
    assert fork_ns(scheme, mm) == 100_000 + 2 * 300 + 23 * 1024 + 50 * 256


def one_fault(scheme: Scheme, mm: AddressSpace, page: int = 0, *, write: bool = True) -> Faults:
    faults = scheme.touch(mm, [page], writes=write)
    assert len(faults) == 1
    return faults


def test_fault_prices() -> None:
    classic, _, mm = filled("classic", 512)
    child, _ = perform(classic.fork(mm))
    assert one_fault(classic, mm).total_ns == 2300
    assert one_fault(classic, child).total_ns == 700
    area = mm.map(512)
    assert one_fault(classic, mm, area.start_page).total_ns == 900
    assert one_fault(classic, mm, area.start_page + 1, write=False).total_ns == 600

    on_demand, _, mm = filled("on_demand", 512)
    child, _ = perform(on_demand.fork(mm))
    copying = one_fault(on_demand, mm)
    assert copying.total_ns == 2300 + 300 + 512 * 23
    assert copying.by_kind() == {"cow_copy": 1, "table_copy": 1}
    assert one_fault(on_demand, child).total_ns == 800 + 700
    child, _ = perform(on_demand.fork(mm))
    # The child never wrote, so that only one page of its table is writable and must be protected;
    # that page is also the one that a fault has scattered.
    assert one_fault(on_demand, mm).total_ns == 2300 + 300 + 512 * 20 + 3 + 50

    huge, _, mm = filled("huge", 512)
    child, _ = perform(huge.fork(mm))
    assert one_fault(huge, mm, 7).total_ns == 200_000
    assert one_fault(huge, child, 8).total_ns == 1000
    assert len(huge.touch(mm, range(512))) == 0


def test_order_of_steps() -> None:
    scheme, _, mm = filled("classic", 1024)
    _, forked = perform(scheme.fork(mm))
    assert forked.steps == (
        Acquire("write", mm),
        Work(100_000 + 2 * 300 + 23 * 1024, "fork", FORK),
        Flush(mm),
        Release("write", mm),
    )
    _, unmapped = perform(scheme.unmap(mm, 0, 256))
    assert unmapped.steps == (
        Acquire("write", mm),
        Flush(mm),
        Release("write", mm),
        Acquire("read", mm),
        Work((1 + 21) * 256, "zap", TEARDOWN),  # half a table is looked at
        Release("read", mm),
    )


def test_fork_changes_nothing_before_its_work_is_done() -> None:
    scheme, memory, mm = filled("classic", 1024)
    operation = scheme.fork(mm)
    next(operation)
    assert isinstance(next(operation), Work)
    assert memory.tables.live == 2
    assert len(scheme.classify(mm, [0])) == 0
    assert next(operation) == Flush(mm)
    assert next(operation) == Release("write", mm)
    assert memory.tables.live == 4
    assert len(scheme.classify(mm, [0])) == 1


def test_many_forks_do_not_grow_the_memory() -> None:
    for name in ISOLATING:
        scheme, memory, mm = filled(name, 1100)
        sizes = set()
        for number in range(100):
            child, _ = perform(scheme.fork(mm))
            perform(scheme.start(child))
            scheme.touch(mm, [number % 1100, 1050])
            scheme.touch(child, [(7 * number) % 1100])
            perform(scheme.exit(child))
            if number >= 50:
                sizes.add(
                    (memory.tables.capacity, memory.contents.capacity, memory.frames.block_capacity)
                )
        assert len(sizes) == 1
        assert memory.frames.in_use == 1100


def test_accesses_that_are_not_allowed() -> None:
    scheme, memory, mm = filled("classic", 512)
    readable = mm.map(10, writable=False)
    for pages, writes in (([0, readable.start_page], True), ([5, 99_999], False), ([-1], False)):
        before = memory.counts.copy()
        try:
            scheme.touch(mm, pages, writes)
        except SegmentationFault:
            assert memory.counts == before
        else:
            raise AssertionError("the access was allowed")
    assert scheme.touch(mm, [readable.start_page], False).by_kind() == {
        "zero_map": 1,
        "table_alloc": 1,
    }


def test_shared_memory_is_seen_by_all_and_freed_with_its_last_area() -> None:
    for name in ISOLATING:
        scheme, memory, mm = filled(name, 512)
        area = mm.map(1000, shared=True)
        page = area.start_page
        scheme.touch(mm, [page, page + 600])
        child, _ = perform(scheme.fork(mm))
        perform(scheme.start(child))
        assert scheme.touch(child, [page, page, page + 5], [False, True, True]).by_kind() == {
            "shared_map": 2,
            "table_alloc": 1,
        }
        assert child.frames_at(np.array([page])) == mm.frames_at(np.array([page]))
        assert mm.resident_pages == child.resident_pages == 512
        perform(scheme.unmap(mm, page, 700))
        perform(scheme.exit(mm))
        assert memory.frames.in_use == 512 + 3
        perform(scheme.unmap(child, page, 1000))
        assert memory.frames.in_use == 512
        perform(scheme.exit(child))
        check_empty(memory)


def test_names_of_schemes() -> None:
    isolating = {"classic", "on_demand", "huge", "async", "classic6", "hugetlb"}
    assert set(ISOLATING) == isolating
    assert set(SCHEMES) == {*isolating, "vfork"}
    with pytest.raises(ValueError, match="two fork schemes are named"):
        register(Classic)
    with pytest.raises(ValueError, match="no fork scheme 'clasic'"):
        make_scheme("clasic", make_costs())


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())))
def test_first_accesses(accesses: list[tuple[int, bool]]) -> None:
    """A key's first write, and its first read if nothing wrote before."""
    expected: list[tuple[int, bool]] = []
    read: set[int] = set()
    written: set[int] = set()
    for index, (key, write) in enumerate(accesses):
        if write and key not in written:
            expected.append((index, key in read))
            written.add(key)
        elif not write and key not in written | read:
            expected.append((index, False))
            read.add(key)
    keys = np.array([key for key, _ in accesses], np.int64)
    writes = np.array([write for _, write in accesses], np.bool_)
    indices, after_read = first_accesses(keys, writes)
    assert list(zip(indices.tolist(), after_read.tolist(), strict=True)) == expected
