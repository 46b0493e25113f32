"""From execution rates that were measured to the time that inputs run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.kernel.kernel import Kernel
from models.schemes.registry import make_scheme
from sim.arrays import IntArray
from workloads.programs.afl.config import Fuzzing, MeasuredRates
from workloads.programs.shared.fork_server import ForkServer
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.reading.text import trace_error
from workloads.traces.registry import open_as


def measured_run_times(
    config: Fuzzing, measured: MeasuredRates, kernel: Kernel
) -> tuple[Callable[[IntArray], IntArray], int]:
    """The time that inputs must have run to be executed as fast as was measured.

    Of the time of an execution as measured, all that a round takes under the fork of then is
    taken off: fork, page faults, the child's start and exit, the fuzzer's own work.

    Returns:
        From numbers of inputs to their run times in ns (after the last one measured the first
        follows again), and how long was measured in ns.

    Raises:
        TraceError: the file cannot be used, or its rates leave no time to run.
    """
    trace = open_as(ExecutionTrace, measured.path, measured.reading)
    executions, elapsed_ns = _stretches(trace)
    if not executions.size:
        raise trace_error(measured.path, 1, 1, "nothing was executed", "rows with executions")
    round_ns = _round_ns(config, measured.fork, kernel)
    run_ns = np.rint(elapsed_ns / executions).astype(np.int64) - round_ns
    if run_ns.min() < 1:
        fastest = float((executions / elapsed_ns).max()) * 1e9
        raise trace_error(
            measured.path,
            1,
            1,
            f"{fastest:.4g} executions a second leave an input no time to run",
            f"at most {1e9 / round_ns:.4g}, what forking {config.target / 2**20:.4g} MiB under "
            f"{measured.fork} allows",
        )
    ends = executions.cumsum()

    def run_times(numbers: IntArray) -> IntArray:
        times_ns: IntArray = run_ns[np.searchsorted(ends, numbers % ends[-1], side="right")]
        return times_ns

    return run_times, trace.duration_ns


def _stretches(trace: ExecutionTrace) -> tuple[IntArray, IntArray]:
    """Stretches of the trace in which something was executed: how much, and in what time (ns)."""
    executions, elapsed_ns = trace.stretches()
    ends_ns = elapsed_ns.cumsum()
    # A stretch without executions belongs to the next execution; so does what takes no time.
    last = np.flatnonzero((executions > 0) & (ends_ns > 0))
    return executions[last], np.diff(ends_ns[last], prepend=0)


def _round_ns(config: Fuzzing, fork: str, kernel: Kernel) -> int:
    """What an execution takes under a fork besides its run, once the first ones are past."""
    of_then = Kernel(kernel.machine, make_scheme(fork, kernel.scheme.costs))
    server = ForkServer(of_then, "measured", config.target, config.scattered)
    pages = np.linspace(0, server.heap.n_pages - 1, config.pages).astype(np.int64)
    return server.round_ns(server.heap.start_page + pages) + config.overhead
