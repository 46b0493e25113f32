"""AFL as experiments run it: fuzzers that fork a child per input from a deferred fork server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from models.kernel.kernel import Kernel
from sim.arrays import IntArray
from sim.machine.causes import Cause
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.common_metrics import (
    DURATION,
    EXECUTED,
    FORK_TIME,
    THROUGHPUT,
    per_second,
    time_of,
)
from sim.measures.metrics import Better, Group, Metric
from sim.measures.recording import Recording
from workloads.programs.afl.config import AflConfig, Fuzzing
from workloads.programs.afl.inputs import BLOCK, Inputs
from workloads.programs.afl.measured import measured_run_times
from workloads.programs.afl.tally import Tally
from workloads.programs.shared.fork_server import Executions, ForkServer
from workloads.running.demands import LOADED, ROWS, SHARED, Demand
from workloads.running.faults import faults_since_loading
from workloads.running.pages import SLOT_BYTES
from workloads.running.program import Program
from workloads.running.setup import Setup
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.workload import Scope, Workload

WINDOW_NS = 5 * 10**9
"""AFL writes a line of plot_data about every five seconds."""

FEWEST_TOGETHER = 8

FUZZER = Cause("fuzzer", "the fuzzer's own work")
"""Between two executions."""

EXECUTIONS = Metric("executions", better=Better.MORE, group=Group.DETAILS)
EXECUTION = time_of("execution")
"""From one call of fork to the next."""


class Fuzzer:
    """One instance: its fork server's loop over inputs.

    Attributes:
        server: its fork server.
    """

    def __init__(
        self,
        config: Fuzzing,
        kernel: Kernel,
        inputs: Callable[[ForkServer], Inputs],
        duration_ns: int,
        number: int,
        *,
        tally: Tally,
    ) -> None:
        self._clock = kernel.machine.clock
        self._overhead_ns = config.overhead
        self._duration_ns = duration_ns
        self.server = ForkServer(kernel, f"afl-{number}", config.target, config.scattered)
        self._inputs = inputs(self.server)
        self._tally = tally

    def live(self) -> Activity:
        """Fuzz until the time is over; an input that is running then is finished."""
        together = FEWEST_TOGETHER
        while self._clock.now < self._duration_ns:
            run_ns, pages = self._inputs.ahead(together)
            done = yield from self.server.execute_together(
                run_ns, pages, (self._overhead_ns, FUZZER), self._duration_ns
            )
            if not len(done):
                done = yield from self._execute(int(run_ns[0]), pages[0])
            # The more go together, the more it is worth to look ahead.
            together = BLOCK if len(done) == len(run_ns) else FEWEST_TOGETHER
            self._inputs.done(len(done))
            self._tally.add(done)

    def _execute(self, run_ns: int, pages: IntArray) -> Activity:
        began_ns = self._clock.now
        execution = yield from self.server.execute(run_ns, pages)
        before_ns = self.server.task.ledger.spent()
        yield from self.server.task.run(compute_ns=self._overhead_ns, cause=FUZZER)
        now = self._clock.now
        causes_ns = dict(execution.causes_ns)
        for cause, ns in self.server.task.ledger.spent().items():
            if after_ns := ns - before_ns.get(cause, 0):
                causes_ns[cause] = causes_ns.get(cause, 0) + after_ns
        times = (execution.fork_ns, now - began_ns, now)
        fork_ns, total_ns, end_ns = np.array(times, np.int64)[:, np.newaxis]
        each = {cause: np.array([ns]) for cause, ns in causes_ns.items()}
        return Executions(fork_ns, total_ns, end_ns, each)


class ForkServerFuzzing(Workload):
    """Fuzzers that fork a child per input."""

    trace = ExecutionTrace

    def start(self, config: Fuzzing, kernel: Kernel, streams: Streams) -> Program:
        """All instances: fuzz, and say how many inputs were executed when."""
        if config.rates is not None:
            run_ns, measured_ns = measured_run_times(config, config.rates, kernel)
        else:
            run_ns, measured_ns = _always(config.run or 0), 0
        duration_ns = config.duration or measured_ns

        def inputs_of(number: int) -> Callable[[ForkServer], Inputs]:
            return lambda server: Inputs(config, server.heap, run_ns, streams, number)

        tally = Tally(WINDOW_NS)
        fuzzers = [
            Fuzzer(config, kernel, inputs_of(number), duration_ns, number, tally=tally)
            for number in range(config.instances)
        ]
        return Program(
            [fuzzer.live() for fuzzer in fuzzers],
            lambda: _recording(duration_ns, fuzzers, tally, kernel.machine.clock.now),
            at_once=config.instances,  # of each its server or a child
        )

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`."""
        instances, target = config["instances"], config["target"]
        yield Demand(LOADED, "target", instances * target)
        yield Demand(SHARED, "pages", instances * min(config["pages"] * SLOT_BYTES, target))
        if config["duration"] is not None:
            yield Demand(ROWS, "duration", -(-config["duration"] // WINDOW_NS))

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """See `Workload.most_at_once`; of each fuzzer its server or a child."""
        return int(config["instances"])

    def check(self, config: Fuzzing, setup: Setup) -> None:
        """Look whether the rates can have been measured on the machine."""
        if config.rates is not None:
            measured_run_times(config, config.rates, setup.kernel())


class Afl(ForkServerFuzzing):
    """AFL: fuzzers that fork a child per input from a deferred fork server."""

    name = "afl"
    Config = AflConfig
    scope = Scope(
        "Each fuzzer has a fork server that holds the target in memory; for every input it forks "
        "a child, which writes pages of the target at random, runs and exits; then the fuzzer "
        "works on the next input. Rates may be those that a real one wrote down.",
        "Coverage, mutation and queue (one time an input), persistent mode, crashes, and what the "
        "instances synchronise over files.",
    )
    example = "{kind: afl, target: 1GiB, run: 175us, pages: 2, duration: 2s}"


def _always(run_ns: int) -> Callable[[IntArray], IntArray]:
    return lambda numbers: np.full(len(numbers), run_ns, np.int64)


def _recording(duration_ns: int, fuzzers: list[Fuzzer], tally: Tally, elapsed_ns: int) -> Recording:
    """The executions of all instances together."""
    ended = tally.ended(-(-duration_ns // WINDOW_NS))
    count = tally.executions.latencies.count
    faults = faults_since_loading(*(fuzzer.server.loaded for fuzzer in fuzzers))
    return Recording().add(
        histograms={EXECUTION: tally.executions.latencies, FORK_TIME: tally.forks},
        causes={EXECUTION: tally.executions},
        counters={EXECUTIONS: count, **faults},
        series={
            EXECUTED: {
                "t_ns": np.arange(len(ended), dtype=np.int64) * WINDOW_NS,
                "executions": ended,
            }
        },
        levels={DURATION: elapsed_ns, THROUGHPUT: per_second(count, elapsed_ns)},
    )
