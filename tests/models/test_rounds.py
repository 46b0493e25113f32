"""Rounds of a fork server that are repeated are those that would be performed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model_prices import make_costs, make_memory

from models.kernel.meeting import MOST_PAGES
from models.kernel.rounds import Repertoire, Rounds
from models.memory.address_space import AddressSpace
from models.operations.steps import perform
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme
from sim.arrays import IntArray

pytestmark = pytest.mark.histories

SLOTS = 5
PAGES = SLOTS * 512 - 100  # the last table is partly empty
SCHEMES: dict[str, tuple[str, dict[str, Any]]] = {
    "classic": ("classic", {}),
    "huge": ("huge", {}),
    "on_demand": ("on_demand", {}),
    "on_demand, head": ("on_demand", {"variant": "head"}),
    "on_demand, patchset": ("on_demand", {"variant": "patchset"}),
    "async": ("async", {}),
    "classic6": ("classic6", {}),
    "classic6, folios": ("classic6", {"folio_pages": 16}),
    "classic6, huge": ("classic6", {"huge": True}),
    "hugetlb": ("hugetlb", {}),
}
PAGE = st.integers(0, PAGES - 1) | st.sampled_from([0, 1, 2, 511, 512, 513])


def loaded(scheme: Scheme, share: float | None) -> AddressSpace:
    mm = AddressSpace(make_memory(scheme.costs))
    mm.map(PAGES)
    scheme.fill(mm, 0, PAGES, scattered_share=share)
    return mm


def one_by_one(scheme: Scheme, mm: AddressSpace, pages: IntArray) -> tuple[int, int, int]:
    """Times of fork, faults and exit of a round."""
    child, forked = perform(scheme.fork(mm))
    perform(scheme.start(child))
    faults = scheme.touch(child, pages, True)
    _, left = perform(scheme.exit(child))
    return forked.work_ns, faults.total_ns, left.work_ns


def said_of_slots(mm: AddressSpace) -> dict[str, list[int]]:
    """What the tables of an address space say, as far as rounds go by it."""
    memory = mm.memory
    tables = mm.slot_table[mm.slots_with_tables()]
    content = memory.tables.content[tables]
    said = {
        name: getattr(memory.contents, name)[content].tolist()
        for name in ("kind", "multiplicity", "present", "zero", "writable", "scattered")
    }
    said |= {
        name: getattr(memory.tables, name)[tables].tolist() for name in ("references", "owner")
    }
    said["open"] = mm.slot_writable.tolist()
    said["frames"] = [memory.frames.stock.outstanding, memory.tables.stock.outstanding]
    said["rss"] = [mm.accounted_pages]
    return said


@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=60, deadline=None)
@example(rounds=[[10, 11, 10, 12], [10, 11, 10, 13]], share=0.0)
@given(
    # Few pages of some sorts, so that rounds are alike but for one thing.
    rounds=st.tuples(st.integers(0, 6), st.sampled_from([PAGE, st.integers(9, 13)])).flatmap(
        lambda sort: st.lists(
            st.lists(sort[1], min_size=sort[0], max_size=sort[0]), min_size=1, max_size=40
        )
    ),
    share=st.sampled_from([None, 0.0, 0.3, 1.0]),
)
def test_a_round_is_what_its_operations_are(
    name: str, rounds: list[list[int]], share: float | None
) -> None:
    costs = make_costs(movable_stock_frames=900.0, unmovable_stock_frames=3.0)
    scheme = make_scheme(SCHEMES[name][0], costs, **SCHEMES[name][1])
    known: Repertoire = {}
    # Twice the same, so that there is something to repeat; and another server, that knows them.
    pages = np.array(rounds * 2, np.int64).reshape(2 * len(rounds), -1)
    for order in (pages, pages[::-1]):
        ours, theirs = loaded(scheme, share), loaded(scheme, share)
        expect_rounds(Rounds(scheme, ours, known), scheme, ours, theirs, order)


def expect_rounds(
    played: Rounds, scheme: Scheme, ours: AddressSpace, theirs: AddressSpace, pages: IntArray
) -> None:
    """Play rounds of one server and perform those of another, and expect the same of both."""
    following = 0
    while following < len(pages):
        ahead = played.foresee(pages[following:])
        for number in range(len(ahead)):
            expected = one_by_one(scheme, theirs, pages[following + number])
            times = (ahead.fork_ns, ahead.fault_ns, ahead.exit_ns)
            assert tuple(int(each[number]) for each in times) == expected
        played.repeat(ahead, len(ahead))
        following += len(ahead)
        assert ours.memory.counts == theirs.memory.counts
        if following < len(pages):
            this = played.play(pages[following])
            expected = one_by_one(scheme, theirs, pages[following])
            assert (this.fork.work_ns, this.fault_ns, this.exit.work_ns) == expected
            assert ours.memory.counts == theirs.memory.counts
            following += 1
        assert said_of_slots(ours) == said_of_slots(theirs)


def test_where_faults_copy_no_table_what_else_it_maps_is_all_the_same() -> None:
    performed = {}
    for name in ("classic", "on_demand"):
        scheme = make_scheme(name, make_costs(movable_stock_frames=900.0))
        rounds = Rounds(scheme, loaded(scheme, None))
        for page in (0, 512, 1024):  # first in their tables, of which each has fewer scattered
            rounds.play(np.array([page]))
        performed[name] = rounds.performed
    # One that starts and one that follows; under On-demand-fork each copies another table.
    assert performed == {"classic": 2, "on_demand": 3}


@pytest.mark.parametrize("name", ["classic", "classic6", "huge", "async"])
def test_servers_that_are_alike_know_the_same_rounds(name: str) -> None:
    scheme = make_scheme(name, make_costs())
    known: Repertoire = {}
    servers = [Rounds(scheme, loaded(scheme, 0.0), known) for _ in range(3)]
    for page in (700, 701, 80):
        for rounds in servers:
            rounds.play(np.array([page]))
    assert servers[0].performed > 0
    assert [rounds.performed for rounds in servers[1:]] == [0, 0]


def test_servers_that_are_not_alike_do_not() -> None:
    scheme = make_scheme("classic", make_costs())
    known: Repertoire = {}
    for share in (0.0, 0.5):
        rounds = Rounds(scheme, loaded(scheme, share), known)
        rounds.play(np.array([7]))
        assert rounds.performed == 1


@pytest.mark.parametrize("name", SCHEMES)
def test_most_rounds_are_repeated(name: str) -> None:
    scheme = make_scheme(SCHEMES[name][0], make_costs(), **SCHEMES[name][1])
    rounds = Rounds(scheme, loaded(scheme, 0.5))
    random = np.random.default_rng(1)
    for _ in range(500):
        rounds.play(random.integers(0, PAGES, 2))
    assert rounds.performed < 60


def test_first_writes_below_shared_tables_are_repeated() -> None:
    scheme = make_scheme("on_demand", make_costs())
    mm = AddressSpace(make_memory(scheme.costs))
    mm.map(100 * 512)
    scheme.fill(mm, 0, 100 * 512, scattered_share=0.0)
    rounds = Rounds(scheme, mm)
    for slot in range(100):
        rounds.play(np.array([512 * slot + 7]))
    # The first fork alone closes slots; the next copies a table that is like all others.
    assert rounds.performed == 2


def test_rounds_of_many_pages_are_performed() -> None:
    scheme = make_scheme("classic", make_costs())
    rounds = Rounds(scheme, loaded(scheme, 0.0))
    pages = np.arange(MOST_PAGES + 1)
    for _ in range(3):
        rounds.play(pages)
    assert rounds.performed == 3
    assert not len(rounds.foresee(pages[np.newaxis]))
