"""One fork, by scheme and size of the process, and random accesses before and after it."""

from __future__ import annotations

import numpy as np
import plain_models
import pytest
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from models.memory.address_space import AddressSpace
from models.memory.physical import PhysicalMemory
from models.operations.steps import perform
from models.schemes.base import Scheme
from models.schemes.registry import SCHEMES, make_scheme

COSTS = load_profile("epyc-7302p-linux-5.6").costs
PAGES_PER_GIB = 262_144
TOUCHES = 1_000_000
AT_MOST_S = {50: 1e-3, 1024: 20e-3}


def loaded(name: str, size_gib: int) -> tuple[Scheme, AddressSpace]:
    """A scheme and a process with so much memory filled."""
    scheme = make_scheme(name, COSTS)
    parent = AddressSpace(PhysicalMemory(COSTS.movable_stock_frames, COSTS.unmovable_stock_frames))
    perform(scheme.populate(parent, parent.map(size_gib * PAGES_PER_GIB)))
    return scheme, parent


@pytest.mark.parametrize("size_gib", [1, 50, 1024])
@pytest.mark.parametrize("model", [PLAIN, *SCHEMES])
def bench_fork(timed: Timed, model: str, size_gib: int) -> None:
    what = f"fork of {size_gib} GiB (pages; plain: of 1 GiB)"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.fork(PAGES_PER_GIB))
        return
    scheme, parent = loaded(model, size_gib)
    children: list[AddressSpace] = []

    def leave() -> None:
        while children:
            perform(scheme.exit(children.pop()))

    def fork() -> int:
        children.append(perform(scheme.fork(parent))[0])
        return size_gib * PAGES_PER_GIB

    timed(what, model, fork, rounds=20, setup=leave, at_most_s=AT_MOST_S.get(size_gib))


@pytest.mark.parametrize("when", ["before a fork", "after a fork, at first", "after a fork, again"])
@pytest.mark.parametrize("model", [PLAIN, *SCHEMES])
def bench_touch(timed: Timed, model: str, when: str) -> None:
    what = f"a million random writes {when}"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.touch(8 * PAGES_PER_GIB, 100_000))
        return
    scheme, parent = loaded(model, 8)
    pages = np.random.default_rng(1).integers(0, 8 * PAGES_PER_GIB, TOUCHES)
    children: list[AddressSpace] = []

    def prepare() -> None:
        while children:
            perform(scheme.exit(children.pop()))
        if when != "before a fork":
            children.append(perform(scheme.fork(parent))[0])
        if when == "after a fork, again":
            scheme.touch(parent, pages, True)

    def touch() -> int:
        scheme.touch(parent, pages, True)
        return TOUCHES

    aim = 0.6 if when == "after a fork, at first" else 0.1
    timed(what, model, touch, rounds=3, setup=prepare, at_most_s=aim)
