"""Threads of one address space that fault, each beside the others."""

from __future__ import annotations

import numpy as np
import plain_models
import pytest
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from models.kernel.kernel import Kernel
from models.operations.steps import perform
from models.schemes.registry import SCHEMES
from sim.arrays import IntArray
from sim.machine.clock import Activity
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
PAGES = 2**16
FAULTS = 1000
THREADS = (2, 8)
MODELS = sorted(set(SCHEMES) - {"vfork", "huge", "hugetlb"})
"""Those whose memory is of 4 KiB pages, and a child's its own."""


def fault(scheme: str, threads: int) -> int:
    """Writes of a forked process's threads, each to pages of its own; how many there were."""
    kernel: Kernel = Setup(PROFILE, cores=16, scheme=scheme).kernel()
    mm = kernel.start_program()
    heap = mm.map(PAGES)
    kernel.load(mm, heap)
    child, _ = perform(kernel.scheme.fork(mm))
    perform(kernel.scheme.start(child))
    pages = np.random.default_rng(1).permutation(PAGES)[:FAULTS].reshape(threads, -1)

    def write(number: int, own: IntArray) -> Activity:
        task = kernel.thread(f"thread-{number}", mm)
        yield from kernel.access(task, mm, own)
        kernel.end_thread(task)

    for number, own in enumerate(pages):
        kernel.machine.clock.process(write(number, own))
    kernel.machine.clock.run_to_end()
    assert mm.counts.faults == PAGES + FAULTS
    return FAULTS


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("model", [PLAIN, *MODELS])
def bench_faults(timed: Timed, model: str, threads: int) -> None:
    what = f"faults of {threads} threads"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.fault(threads, FAULTS))
        return
    aim_s = FAULTS * 100e-6
    timed(what, model, lambda: fault(model, threads), at_most_s=aim_s)
