"""Wall time of one fork, by scheme and size of the process."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from models.address_space import AddressSpace
from models.memory import PhysicalMemory
from models.profile import load_profile
from models.schemes import make_scheme
from models.steps import perform

COSTS = load_profile("epyc-7302p-linux-5.6").costs
PAGES_PER_GIB = 262_144


@pytest.mark.parametrize("size_gib", [1, 50, 1024])
@pytest.mark.parametrize("scheme_name", ["classic", "huge", "on_demand"])
def bench_fork(benchmark: BenchmarkFixture, scheme_name: str, size_gib: int) -> None:
    scheme = make_scheme(scheme_name, COSTS)
    parent = AddressSpace(PhysicalMemory(COSTS.movable_stock_frames, COSTS.unmovable_stock_frames))
    perform(scheme.populate(parent, parent.map(size_gib * PAGES_PER_GIB)))

    def leave(child: AddressSpace | None = None) -> None:
        if child is not None:
            perform(scheme.exit(child))

    children: list[AddressSpace] = []

    def setup() -> None:
        while children:
            leave(children.pop())

    benchmark.pedantic(
        lambda: children.append(perform(scheme.fork(parent))[0]), setup=setup, rounds=20
    )
