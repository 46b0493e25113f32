"""The micro-benchmarks as experiments run them: all instances, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from models.costs.laws import Costs
from models.kernel.kernel import Kernel
from models.memory.counts import Counts
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme
from models.schemes.rehearsed import Rehearsal, Rehearsed, rehearse
from sim.arrays import IntArray
from sim.machine.streams import Streams
from sim.measures.common_metrics import DURATION, FORK_TIME, time_of
from sim.measures.histogram import Histogram
from sim.measures.metrics import Group, Metric, Pauses
from sim.measures.recording import Recording
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.instance import Instance
from workloads.running.demands import HELD, LOADED, ROWS, Demand
from workloads.running.faults import everything_counted
from workloads.running.pages import pages_of
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.workload import Scope, Workload

_OF_ROW = 300
"""Bytes that are held of a fork or of a step of its parent."""

FORKS = Metric("forks", group=Group.DETAILS)
FORKS_BY_SIZE = Pauses("forks", FORK_TIME, by="size_bytes")
FAULT = time_of("fault", tail="p99")
"""How long the child's first write takes."""
ACCESS = time_of("access")
"""From the call of fork until all of the region was accessed."""


class Microbench(Workload):
    """Micro-benchmarks: the paper's fork loop, first write after a fork, access to all of it."""

    name = "microbench"
    Config = MicrobenchConfig
    scope = Scope(
        "Programs that fill memory of some size and fork: the loop of the paper's figure 1, the "
        "child's first write, or a walk of the parent through all of it.",
        "Everything else that programs do.",
    )
    example = "{kind: microbench, sizes: {first: 512MiB, last: 4GiB, step: 512MiB}}"

    def start(self, config: MicrobenchConfig, kernel: Kernel, streams: Streams) -> Program:
        """All instances; a row of ``forks`` per instance and size, in that order."""
        instances = [Instance(config, kernel, streams, n) for n in range(config.instances)]
        return Program(
            [instance.live() for instance in instances], lambda: _recording(instances, kernel)
        )

    def run(self, config: MicrobenchConfig, setup: Setup) -> Recording:
        """See `Workload.run`."""
        if config.program == "fork_loop":
            # Every repetition does the same to memory; only the machine makes them differ.
            pages = tuple(pages_of(size_bytes) for size_bytes in config.size_list())
            options = tuple(sorted(setup.fork_options().items()))
            scheme, rounds = _rehearsed(setup.scheme, options, setup.profile.costs, pages)
            kernel = Kernel(setup.machine(), Rehearsed(scheme, rounds))
        else:
            kernel = setup.kernel()
        (recording,) = play(kernel, self.start(config, kernel, setup.streams()))
        return recording

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`."""
        sizes, instances = config["sizes"], config["instances"]
        if isinstance(sizes, Mapping):
            sizes = range(sizes["first"], sizes["last"] + 1, sizes["step"])
        yield Demand(LOADED, "sizes", instances * max(sizes))
        rows, step = instances * len(sizes), config["buffer"]
        if config["program"] == "fork_and_access":
            rows += instances * sum(1 + size // step for size in sizes)
        yield Demand(ROWS, "sizes", rows)
        yield Demand(HELD, "sizes", _OF_ROW * rows)

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """See `Workload.most_at_once`."""
        return int(config["instances"])

    def children_exit_at_once(self, config: Mapping[str, Any]) -> bool:
        """See `Workload.children_exit_at_once`."""
        return bool(config["program"] == "fork_loop")


@lru_cache(maxsize=8)
def _rehearsed(
    name: str, options: tuple[tuple[str, Any], ...], costs: Costs, sizes_pages: tuple[int, ...]
) -> tuple[Scheme, dict[int, Rehearsal]]:
    scheme = make_scheme(name, costs, **dict(options))
    return scheme, rehearse(scheme, sizes_pages)


def _recording(instances: list[Instance], kernel: Kernel) -> Recording:
    forks = _table(("size_bytes", "instance", FORK_TIME.name), [i.forks for i in instances])
    recording = Recording().add(
        histograms={FORK_TIME: _histogram(forks[FORK_TIME.name])},
        counters={FORKS: len(forks[FORK_TIME.name]), **everything_counted(_total(instances))},
        series={FORKS_BY_SIZE: forks},
        levels={DURATION: kernel.machine.clock.now},
    )
    first_writes = [cost_ns for instance in instances for cost_ns in instance.first_writes]
    if first_writes:
        recording.add(histograms={FAULT: _histogram(np.array(first_writes, np.int64))})
    accesses = [instance.accesses for instance in instances]
    if any(accesses):
        columns = ("size_bytes", "instance", "accessed_bytes", "elapsed_ns")
        table = _table(columns, accesses)
        whole = table["elapsed_ns"][table["accessed_bytes"] == table["size_bytes"]]
        recording.add(histograms={ACCESS: _histogram(whole)}, series={"access": table})
    return recording


def _histogram(values: IntArray) -> Histogram:
    histogram = Histogram()
    histogram.add(values)
    return histogram


def _table(columns: tuple[str, ...], rows: list[list[tuple[int, ...]]]) -> dict[str, IntArray]:
    """The rows of all instances, one after the other, by column."""
    cells = np.array([row for some in rows for row in some], np.int64).reshape(-1, len(columns))
    return dict(zip(columns, cells.T, strict=True))


def _total(instances: list[Instance]) -> Counts:
    """What the memories of all instances counted."""
    total = Counts()
    for instance in instances:
        total.add(instance.mm.memory.counts)
    return total
