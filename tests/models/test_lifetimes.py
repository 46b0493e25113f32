"""Nothing outlives what it belongs to: locks, states, processes."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
import simpy
from model_prices import make_costs

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.schemes.registry import SCHEMES, make_scheme
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait

Activity = Generator[simpy.Event, Any, Any]
ROUNDS = 1000
SETTLED = 20
"""Rounds after which pools of rows have grown as far as they will."""

VARIANTS = [
    (name, options)
    for name, scheme in sorted(SCHEMES.items())
    for options in scheme.variants
    if scheme.isolates
]


def objects() -> Counter[str]:
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.get_objects())


def a_life(kernel: Kernel, mm: AddressSpace, at: int) -> Activity:
    """Map, write, fork, threads of both fault, change areas, exit: at the same place every time."""
    task = kernel.machine.task("parent")
    vma = mm.map(1024, at=at)
    yield from kernel.access(task, mm, [at, at + 600])
    child = yield from kernel.fork(task, mm)
    ended = kernel.process(child, a_child(kernel, child, at))
    yield from kernel.access(task, mm, [at + 1])
    yield ended
    yield from kernel.unmap(task, mm, vma.start_page, vma.n_pages)


def a_child(kernel: Kernel, mm: AddressSpace, at: int) -> Activity:
    task = kernel.thread("child", mm)
    yield from kernel.start(task, mm)
    yield from kernel.access(task, mm, [at + 600])
    yield from kernel.exit(task, mm)
    kernel.end_thread(task)


@pytest.mark.histories
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_thousand_lives_leave_as_many_objects_as_twenty(name: str, options: Any) -> None:
    arguments = SCHEMES[name].Options.model_validate(options).arguments()
    machine = Machine(4, {}, rule=Wait(10**9), switch_ns=0)
    kernel = Kernel(machine, make_scheme(name, make_costs(), **arguments))
    mm = kernel.start_program()
    mm.map(512, at=2**18)  # so that slots stay as many

    def live(rounds: int) -> None:
        for _ in range(rounds):
            machine.clock.process(a_life(kernel, mm, 0))
            machine.clock.run_to_end()

    live(SETTLED)
    # Notes on memory over time are kept, up to a number; they are tuples of numbers.
    before = objects()
    live(ROUNDS)
    # One thing that outlived each life would be there a thousand times; caches come once.
    more = {kind: count for kind, count in (objects() - before).items() if count > ROUNDS // 2}
    assert more.keys() <= {"tuple"}, more
    assert len(mm.vmas) == 1
    assert list(mm.family) == [mm.number]
