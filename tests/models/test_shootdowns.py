"""What it costs to tell the cores that run a process: fork, munmap, mprotect, mremap, DONTNEED."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy
from model_prices import PRICES, make_costs

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.operations.steps import Operation
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait

Activity = Generator[simpy.Event, Any, Any]
Act = Callable[[Scheme, AddressSpace], Operation[Any]]
LONG_NS = 10**9
BEGIN_NS = 100
CORES = 5

OPERATIONS: dict[str, Act] = {
    "fork": lambda scheme, mm: scheme.fork(mm),
    "munmap": lambda scheme, mm: scheme.unmap(mm, 0, 512),
    "mprotect": lambda scheme, mm: scheme.protect(mm, 0, 512, False),
    "mremap": lambda scheme, mm: scheme.move(mm, 0, 512, 4096),
    "DONTNEED": lambda scheme, mm: scheme.discard(mm, 0, 512),
}


def over_ns(act: Act, *others_ns: int, of_stranger: int = 0) -> int:
    """When an operation is over that begins at `BEGIN_NS`, while other threads compute.

    Args:
        act: what a thread of the process does.
        others_ns: for how long each of the others computes, from 0 on.
        of_stranger: how many threads of another process run beside them.
    """
    machine = Machine(CORES, {}, rule=Wait(LONG_NS), switch_ns=0)
    kernel = Kernel(machine, make_scheme("classic", make_costs()))
    mm, stranger = kernel.start_program(), kernel.start_program()
    mm.map(1024, at=0)
    kernel.scheme.fill(mm, 0, 1024)
    ended: list[int] = []

    def operate() -> Activity:
        yield machine.clock.timeout(BEGIN_NS)
        yield from kernel.play(kernel.thread("operates", mm), act(kernel.scheme, mm))
        ended.append(machine.clock.now)

    def compute(of: AddressSpace, time_ns: int) -> Activity:
        yield from kernel.thread("computes", of).run(compute_ns=time_ns)

    for time_ns in others_ns:
        machine.clock.process(compute(mm, time_ns))
    for _ in range(of_stranger):
        machine.clock.process(compute(stranger, LONG_NS))
    machine.clock.process(operate())
    machine.clock.run_to_end()
    return ended[0]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("threads", [1, 3])
def test_each_other_core_that_runs_the_process_is_told_once(name: str, threads: int) -> None:
    act = OPERATIONS[name]
    told_ns = over_ns(act, *[LONG_NS] * threads) - over_ns(act)
    assert told_ns == threads * PRICES["tlb_shootdown_ns"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_cores_that_run_another_process_are_not_told(name: str) -> None:
    act = OPERATIONS[name]
    assert over_ns(act, of_stranger=3) == over_ns(act)
    assert over_ns(act, LONG_NS, of_stranger=2) == over_ns(act, LONG_NS)


def test_who_is_told_waits_for_nobody_and_works_on() -> None:
    """A core is told while it computes: the time is the teller's."""
    act = OPERATIONS["fork"]
    alone_ns = over_ns(act)
    assert over_ns(act, alone_ns + 1) == over_ns(act, LONG_NS)


@pytest.mark.parametrize(("later_ns", "told"), [(-1, 0), (0, 1), (1, 1)])
def test_a_core_that_becomes_idle_at_that_moment_is_told(later_ns: int, told: int) -> None:
    """Which of two events of one nanosecond comes first must not decide what it costs.

    A core that was idle before is not told: it keeps the address space, and flushes before it
    goes on (lazy TLB).
    """
    act = OPERATIONS["fork"]
    alone_ns = over_ns(act)
    for others in ([alone_ns + later_ns], [LONG_NS, alone_ns + later_ns]):
        expected = told + len(others) - 1
        assert over_ns(act, *others) - alone_ns == expected * PRICES["tlb_shootdown_ns"]
