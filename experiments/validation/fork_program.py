"""Processes that fill memory and fork it twice, over and over, started together."""

from __future__ import annotations

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from workloads.running.setup import Setup

REPETITIONS = range(5, 21)
"""How often memory is filled: several processes drift apart, so that forks meet what others do."""


class _ForkingLoop:
    """One of them; its children exit at once."""

    def __init__(
        self, kernel: Kernel, streams: Streams, number: int, n_pages: int, repetitions: int
    ) -> None:
        self._kernel = kernel
        self._task = kernel.machine.task(f"fork-{number}")
        self._mm = kernel.start_program()
        self._n_pages = n_pages
        self._repetitions = repetitions
        self._jitter = streams.generator(f"validation/fill/{number}")
        self.forks_ns: list[tuple[int, int]] = []

    def live(self) -> Activity:
        """Map, fill, fork and wait twice, unmap, and again."""
        jitter = self._kernel.scheme.costs.fill_jitter
        for _ in range(self._repetitions):
            if self._n_pages:
                region = self._mm.map(self._n_pages)
                pace = max(1 + jitter * self._jitter.standard_normal(), 0.0)
                yield from self._kernel.populate(self._task, self._mm, region, stretch=pace)
            first_ns = yield from self._fork()
            next_ns = yield from self._fork()
            self.forks_ns.append((first_ns, next_ns))
            if self._n_pages:
                yield from self._kernel.unmap(
                    self._task, self._mm, region.start_page, region.n_pages
                )

    def _fork(self) -> Activity:
        """Fork and wait for the child; returns how long the fork took."""
        clock = self._kernel.machine.clock
        asked_ns = clock.now
        child = yield from self._kernel.fork(self._task, self._mm)
        forked_ns = clock.now - asked_ns
        yield self._kernel.process(child, self._child(child))
        return forked_ns

    def _child(self, mm: AddressSpace) -> Activity:
        task = self._kernel.machine.task(f"{self._task.name}-child")
        yield from self._kernel.start(task, mm)
        yield from self._kernel.exit(task, mm)


def forks_ns(
    setup: Setup, n_pages: int, processes: int, repetitions: int = REPETITIONS[0]
) -> tuple[list[int], list[int]]:
    """How long forks block those who call them.

    Args:
        setup: the machine.
        n_pages: what each process fills.
        processes: how many there are at once.
        repetitions: how often; as near to it as `REPETITIONS` has it.

    Returns:
        The first fork after filling of every process and repetition, and the next one of each.
    """
    kernel, streams = setup.kernel(), setup.streams()
    times = min(max(repetitions, REPETITIONS[0]), REPETITIONS[-1])
    all_ = [_ForkingLoop(kernel, streams, number, n_pages, times) for number in range(processes)]
    clock = kernel.machine.clock
    clock.run(until=clock.all_of([clock.process(one.live()) for one in all_]))
    clock.check()
    forks = [pair for one in all_ for pair in one.forks_ns]
    return [first for first, _ in forks], [following for _, following in forks]
