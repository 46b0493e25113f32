"""Sweeps: closed forms, and the same as page by page."""

import pytest
from memory_inspection import check_empty, check_invariants, map_counts, spell_out
from model_prices import PRICES, make_costs, make_memory

from models.memory.address_space import AddressSpace
from models.operations import sweeping
from models.operations.steps import perform
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme

SLOTS = 6
PAGES = 512 * SLOTS


def forked(scheme: Scheme) -> tuple[AddressSpace, AddressSpace]:
    """A parent with six filled slots, and its child."""
    parent = AddressSpace(make_memory(scheme.costs))
    parent.map(PAGES)
    scheme.fill(parent, 0, PAGES)
    child, _ = perform(scheme.fork(parent))
    return parent, child


def states(mm: AddressSpace) -> list[tuple[bool, bool, bool]]:
    """Of every page in order whether it is writable, scattered, and mapped by others too."""
    mapped_by = map_counts(mm.memory)
    tables = mm.memory.tables
    spelled = [spell_out(mm.memory, tables.content[table]) for table in mm.slot_table.tolist()]
    return [
        (bool(writable), bool(scattered), mapped_by[int(frame)] > 1)
        for entries in spelled
        for writable, scattered, frame in zip(
            entries.writable, entries.scattered, entries.frame, strict=True
        )
    ]


def test_what_a_sweep_costs_in_closed_form() -> None:
    copies = 512 * SLOTS
    sequential = PRICES["fault_copy_cold_ns"] + (copies - 1) * PRICES["fault_copy_sequential_ns"]
    parent, _ = forked(classic := make_scheme("classic", make_costs()))
    assert classic.sweep(parent, 0, PAGES, writes=True) == sequential
    parent, _ = forked(on_demand := make_scheme("on_demand", make_costs()))
    entry_ns = PRICES["entry_copy_ns"] + PRICES["entry_protect_ns"]
    tables_ns = SLOTS * (PRICES["table_copy_ns"] + 512 * entry_ns)
    saved_ns = SLOTS * 511 * PRICES["struct_page_miss_ns"]
    assert on_demand.sweep(parent, 0, PAGES, writes=True) == sequential + tables_ns - saved_ns


@pytest.mark.parametrize("scheme_name", ["classic", "huge", "on_demand"])
@pytest.mark.parametrize("writer", ["parent", "child"])
@pytest.mark.parametrize(
    "parts", [[(0, PAGES)], [(512, 1024), (1536, 512)], [(512, 512), (0, 512)]]
)
def test_a_sweep_is_what_its_touches_are(
    scheme_name: str, writer: str, parts: list[tuple[int, int]]
) -> None:
    scheme = make_scheme(scheme_name, make_costs(movable_stock_frames=700.0))
    spaces = [forked(scheme), forked(scheme)]
    swept, touched = (space[writer == "child"] for space in spaces)
    for start, count in parts:
        cost_ns = scheme.sweep(swept, start, count, writes=True)
        assert cost_ns == scheme.touch(touched, range(start, start + count)).total_ns
    assert swept.memory.counts == touched.memory.counts
    assert swept.memory.frames.stock.outstanding == touched.memory.frames.stock.outstanding
    for ours, theirs in zip(*spaces, strict=True):
        assert states(ours) == states(theirs)
    for parent, child in spaces:
        check_invariants(parent.memory, [parent, child])
    again_ns = scheme.sweep(swept, 0, PAGES, writes=True)
    assert again_ns == scheme.touch(touched, range(PAGES)).total_ns
    for parent, child in spaces:
        perform(scheme.exit(child))
        perform(scheme.exit(parent))
        check_empty(parent.memory)


def test_whole_slots_are_resolved_at_once_where_that_is_the_same() -> None:
    for name in ("classic", "on_demand"):
        scheme = make_scheme(name, make_costs())
        parent, child = forked(scheme)
        assert sweeping.slots_copied_whole(parent, 0, PAGES) is not None
        assert sweeping.slots_copied_whole(parent, 1, 512) is None
        scheme.sweep(parent, 0, 512, writes=True)
        assert sweeping.slots_copied_whole(parent, 0, PAGES) is None  # the first is written
        assert sweeping.slots_copied_whole(child, 512, 512) is not None
        perform(scheme.exit(child))
        assert sweeping.slots_copied_whole(parent, 512, 512) is None  # nobody else maps them


def test_reads_of_present_pages_cost_nothing() -> None:
    for name in ("classic", "huge", "on_demand"):
        scheme = make_scheme(name, make_costs())
        parent, child = forked(scheme)
        assert scheme.sweep(parent, 0, PAGES, writes=False) == 0
        assert scheme.sweep(child, 0, PAGES, writes=False) == 0
