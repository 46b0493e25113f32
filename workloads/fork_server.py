"""A fork server: a process that forks a child for every piece of work, and waits for it.

What AFL's fork server does per input and a test-suite per test: fork, the child computes and
writes pages, exits, and the parent collects it (waitpid) before the next one.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from models.address_space import AddressSpace, Vma
from models.kernel import Kernel
from sim.clock import Activity
from sim.cores import Task
from sim.recording import IntArray

PAGE_BYTES = 4096


@dataclass(frozen=True)
class Execution:
    """One child's life, in nanoseconds.

    Attributes:
        fork_ns: how long the fork kept the parent.
        run_ns: from the child's first instruction to its exit, page faults included.
        total_ns: from the call of fork until the parent has collected the child.
    """

    fork_ns: int
    run_ns: int
    total_ns: int


class ForkServer:
    """The parent: an address space with one filled heap.

    Args:
        kernel: the machine's kernel.
        name: names its tasks.
        heap_bytes: size of the heap.
        scattered: share of its frames that are scattered; None for a fresh fill.
    """

    def __init__(self, kernel: Kernel, name: str, heap_bytes: int, scattered: float | None) -> None:
        self.task = kernel.machine.task(name)
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self.mm = kernel.start_program()
        self.heap: Vma = self.mm.map(-(-heap_bytes // PAGE_BYTES))
        kernel.load(self.mm, self.heap, scattered_share=scattered)
        self.loaded = self.mm.memory.counts.copy()

    def random_pages(self, generator: np.random.Generator, count: int) -> IntArray:
        """``count`` pages of the heap, each drawn uniformly."""
        return self.heap.start_page + generator.integers(0, self.heap.n_pages, count)

    def execute(self, compute_ns: int, pages: IntArray) -> Generator[simpy.Event, Any, Execution]:
        """Fork a child that writes ``pages`` and computes, and wait until it is gone."""
        asked_ns = self._clock.now
        child = yield from self._kernel.fork(self.task, self.mm)
        fork_ns = self._clock.now - asked_ns
        run_ns = yield self._clock.process(self._child(child, compute_ns, pages))
        return Execution(fork_ns, run_ns, self._clock.now - asked_ns)

    def _child(self, mm: AddressSpace, compute_ns: int, pages: IntArray) -> Activity:
        task: Task = self._kernel.machine.task(f"{self.task.name}-child")
        began_ns = self._clock.now
        faults = self._kernel.touch(mm, pages, True)
        yield from task.run(compute_ns=compute_ns + faults.total_ns)
        run_ns = self._clock.now - began_ns
        yield from self._kernel.exit(task, mm)
        return run_ns
