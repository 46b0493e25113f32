"""Micro-benchmarks: the fork loop of the paper's Figure 1, the first write of its table 1."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.address_space import AddressSpace
from models.costs import Costs
from models.counts import Counts
from models.kernel import Kernel
from models.rehearsal import Rehearsal, RehearsedKernel, rehearse
from models.schemes import make_scheme
from models.schemes.base import Scheme
from sim.clock import Activity
from sim.cores import Task
from sim.quantities import Bytes, Duration
from sim.recording import Histogram, Recording
from sim.streams import Streams
from workloads.program import Program, play
from workloads.setup import Setup

NAME = "microbench"
PAGE_BYTES = 4096


class SizeRange(BaseModel):
    """Sizes from ``first`` to ``last``, both included."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    first: Annotated[Bytes, Field(ge=PAGE_BYTES)]
    last: Annotated[Bytes, Field(ge=PAGE_BYTES, le=2**45)]
    step: Annotated[Bytes, Field(ge=PAGE_BYTES)]

    def sizes(self) -> list[int]:
        """The sizes, in bytes."""
        return list(range(self.first, self.last + 1, self.step))


Size = Annotated[Bytes, Field(ge=PAGE_BYTES, le=2**45)]


class Config(BaseModel):
    """Programs that do nothing but fill memory and fork, one or several at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal["microbench"]
    program: Annotated[
        Literal["fork_loop", "first_write"],
        Field(
            description="fork_loop: map, fill, fork, child exits, wait, unmap, next size; "
            "first_write: the child's first write, in the middle of the region"
        ),
    ] = "fork_loop"
    sizes: Annotated[list[Size], Field(min_length=1, max_length=10_000)] | SizeRange
    instances: Annotated[
        int, Field(ge=1, le=256, description="how many such programs run, unsynchronised")
    ] = 1
    start_spread: Annotated[
        Duration, Field(description="each instance starts at a random moment within this time")
    ] = 0
    start_gap: Annotated[
        Duration, Field(description="and each this much later than the one before it")
    ] = 0

    def size_list(self) -> list[int]:
        """The sizes, in bytes, in the order they are tried."""
        return self.sizes.sizes() if isinstance(self.sizes, SizeRange) else self.sizes


class _Instance:
    """One instance of the program: a process of its own that works through all sizes."""

    def __init__(self, config: Config, kernel: Kernel, streams: Streams, number: int) -> None:
        self._config = config
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self._number = number
        self._task = kernel.machine.task(f"microbench-{number}")
        self.mm = kernel.start_program()
        self._jitter = streams.generator(f"workload/microbench/fill/{number}")
        self._start = streams.generator(f"workload/microbench/start/{number}")
        self.forks: list[tuple[int, int, int]] = []
        self.first_writes: list[int] = []

    def live(self) -> Activity:
        """The process: Figure 1's loop."""
        late_ns = self._number * self._config.start_gap
        spread_ns = round(self._start.random() * self._config.start_spread)
        yield self._clock.timeout(late_ns + spread_ns)
        for size_bytes in self._config.size_list():
            yield from self._one_size(size_bytes)

    def _one_size(self, size_bytes: int) -> Activity:
        region = self.mm.map(_pages(size_bytes))
        # A fill of the same memory never takes quite the same time: that is what makes
        # instances drift apart (DESIGN 3).
        pace = 1 + self._kernel.scheme.costs.fill_jitter * self._jitter.standard_normal()
        yield from self._kernel.populate(self._task, self.mm, region, stretch=max(pace, 0.0))
        asked_ns = self._clock.now
        child = yield from self._kernel.fork(self._task, self.mm)
        self.forks.append((size_bytes, self._number, self._clock.now - asked_ns))
        task = self._kernel.machine.task(f"{self._task.name}-child")
        middle = region.start_page + region.n_pages // 2
        yield self._clock.process(self._child(task, child, middle))
        yield from self._kernel.unmap(self._task, self.mm, region.start_page, region.n_pages)

    def _child(self, task: Task, mm: AddressSpace, page: int) -> Activity:
        """The child: exits at once, or after one write."""
        if self._config.program == "first_write":
            faults = self._kernel.touch(mm, np.array([page]), True)
            cost_ns = int(faults.cost_ns.sum())
            self.first_writes.append(cost_ns)
            yield from task.run(compute_ns=cost_ns)
        yield from self._kernel.exit(task, mm)


def _totals(instances: list[_Instance]) -> dict[str, int]:
    """What the memories of all instances counted."""
    total = Counts()
    for instance in instances:
        total.add(instance.mm.memory.counts)
    return total.as_dict()


def run(config: Config, setup: Setup) -> Recording:
    """`start`, alone on a machine."""
    if config.program == "first_write":
        kernel = setup.kernel()
    else:
        # Every repetition does the same to memory; only the machine makes them differ.
        pages = tuple(_pages(size_bytes) for size_bytes in config.size_list())
        scheme, rounds = _rehearsed(setup.scheme, setup.profile.costs, pages)
        kernel = RehearsedKernel(setup.machine(), scheme, rounds)
    (result,) = play(kernel, start(config, kernel, setup.streams()))
    return result


@lru_cache(maxsize=8)
def _rehearsed(
    name: str, costs: Costs, sizes_pages: tuple[int, ...]
) -> tuple[Scheme, dict[int, Rehearsal]]:
    scheme = make_scheme(name, costs)
    return scheme, rehearse(scheme, sizes_pages)


def _pages(size_bytes: int) -> int:
    return -(-size_bytes // PAGE_BYTES)


def start(config: Config, kernel: Kernel, streams: Streams) -> Program:
    """All instances; a row of ``forks`` per instance and size, in that order."""
    instances = [_Instance(config, kernel, streams, n) for n in range(config.instances)]
    return Program(
        [instance.live() for instance in instances], lambda: _recording(instances, kernel)
    )


def _recording(instances: list[_Instance], kernel: Kernel) -> Recording:
    rows = np.array([row for i in instances for row in i.forks], np.int64).reshape(-1, 3)
    recording = Recording(
        counters={"forks": len(rows), **_totals(instances)},
        series={
            "forks": {
                name: rows[:, column]
                for column, name in enumerate(("size_bytes", "instance", "fork_ns"))
            }
        },
        levels={"duration_ns": kernel.machine.clock.now},
    )
    fork_ns = recording.histograms["fork_ns"] = Histogram()
    fork_ns.add(rows[:, 2])
    first_writes = [cost_ns for instance in instances for cost_ns in instance.first_writes]
    if first_writes:
        fault_ns = recording.histograms["fault_ns"] = Histogram()
        fault_ns.add(np.array(first_writes, np.int64))
    return recording
