"""One process of a micro-benchmark, which works through all sizes."""

from __future__ import annotations

import numpy as np

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.operations.causes import FAULTS
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.machine.tasks import Task
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.running.pages import PAGE_BYTES, pages_of


class Instance:
    """One instance of the program: a process of its own that works through all sizes."""

    def __init__(
        self, config: MicrobenchConfig, kernel: Kernel, streams: Streams, number: int
    ) -> None:
        self._config = config
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self._number = number
        self._task = kernel.machine.task(f"microbench-{number}")
        self.mm = kernel.start_program()
        self._jitter = streams.generator(f"workload/microbench/fill/{number}")
        self._start = streams.generator(f"workload/microbench/start/{number}")
        self.forks: list[tuple[int, ...]] = []
        self.first_writes: list[int] = []
        self.accesses: list[tuple[int, ...]] = []

    def live(self) -> Activity:
        """The process: the sizes one after the other."""
        late_ns = self._number * self._config.start_gap
        spread_ns = round(self._start.random() * self._config.start_spread)
        yield self._clock.timeout(late_ns + spread_ns)
        for size_bytes in self._config.size_list():
            yield from self._one_size(size_bytes)

    def _one_size(self, size_bytes: int) -> Activity:
        region = self.mm.map(pages_of(size_bytes))
        # A fill of the same memory never takes quite the same time: that is what makes
        # instances drift apart.
        pace = 1 + self._kernel.scheme.costs.fill_jitter * self._jitter.standard_normal()
        yield from self._kernel.populate(self._task, self.mm, region, stretch=max(pace, 0.0))
        asked_ns = self._clock.now
        child = yield from self._kernel.fork(self._task, self.mm)
        self.forks.append((size_bytes, self._number, self._clock.now - asked_ns))
        if self._config.program == "fork_and_access":
            yield from self._access(region, size_bytes, asked_ns)
        task = self._kernel.machine.task(f"{self._task.name}-child")
        middle = region.start_page + region.n_pages // 2
        yield self._kernel.process(child, self._child(task, child, middle))
        yield from self._kernel.unmap(self._task, self.mm, region.start_page, region.n_pages)

    def _child(self, task: Task, mm: AddressSpace, page: int) -> Activity:
        """The child: exits at once, or after one write."""
        yield from self._kernel.start(task, mm)
        if self._config.program == "first_write":
            faults = self._kernel.touch(mm, np.array([page]), True)
            cost_ns = int(faults.cost_ns.sum())
            self.first_writes.append(cost_ns)
            self._kernel.attribute(task, faults, (yield from task.run(compute_ns=cost_ns)))
        yield from self._kernel.exit(task, mm)

    def _access(self, region: Vma, size_bytes: int, asked_ns: int) -> Activity:
        """Go through the region by memcpys, from it or into it; the child sleeps meanwhile."""
        whole, step = region.n_pages, pages_of(self._config.buffer)
        self.accesses.append((size_bytes, self._number, 0, self._clock.now - asked_ns))
        for number, first in enumerate(range(0, whole, step)):
            pages = min(step, whole - first)
            fault_ns = self._kernel.sweep(
                self.mm, region.start_page + first, pages, writes=not self._reads(number)
            )
            copy_ns = round(pages * self._kernel.scheme.costs.copy_page_ns)
            yield from self._task.run(compute_ns=fault_ns, memory_ns=copy_ns, stream="copy")
            self._kernel.machine.scheduler.attribute(self._task, {FAULTS: fault_ns})
            accessed = min((first + pages) * PAGE_BYTES, size_bytes)
            self.accesses.append((size_bytes, self._number, accessed, self._clock.now - asked_ns))

    def _reads(self, number: int) -> bool:
        """Whether a memcpy reads the region: as evenly spread as the share allows."""
        share = self._config.reads
        return int((number + 1) * share) > int(number * share)
