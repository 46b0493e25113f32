"""AFL: fuzzers that fork a child per input from a deferred fork server."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.kernel import Kernel
from sim.clock import Activity
from sim.quantities import Bytes, Duration, Ratio
from sim.recording import Histogram, Recording
from sim.streams import Streams
from workloads.fork_server import PAGE_BYTES, ForkServer
from workloads.program import Program, play
from workloads.setup import Setup

NAME = "afl"
WINDOW_NS = 5 * 10**9
"""AFL writes a line of plot_data about every five seconds."""


class SlowInputs(BaseModel):
    """Inputs that take much longer than others: long paths, hangs until the time-out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    share: Annotated[Ratio, Field(description="share of the inputs that are slow")]
    run: Annotated[Duration, Field(gt=0, description="the mean time such an input runs longer")]


class Fuzzing(BaseModel):
    """What all fuzzing with a fork server has in common."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    target: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=2**45, description="memory of the initialised target")
    ]
    scattered: Annotated[
        Ratio | None,
        Field(description="share of the target's frames that are scattered; default: fresh fill"),
    ] = None
    run: Annotated[Duration, Field(gt=0, description="time an input runs, without page faults")]
    pages: Annotated[
        int, Field(ge=0, le=10**6, description="pages of the target that an input writes")
    ] = 2
    overhead: Annotated[
        Duration, Field(description="the fuzzer's own work per input: mutate, compare coverage")
    ] = 100_000
    slow: SlowInputs | None = None
    instances: Annotated[int, Field(ge=1, le=256, description="fuzzers at once")] = 1
    duration: Annotated[Duration, Field(gt=0, description="how long they fuzz")]


class Config(Fuzzing):
    """AFL on a program with a large initialised state, through its fork server."""

    kind: Literal["afl"]


class Fuzzer:
    """One instance: its fork server's loop over inputs."""

    def __init__(self, config: Fuzzing, kernel: Kernel, streams: Streams, number: int) -> None:
        self._config = config
        self._clock = kernel.machine.clock
        self.server = ForkServer(kernel, f"afl-{number}", config.target, config.scattered)
        self._pages = streams.generator(f"workload/afl/pages/{number}")
        self._slow = streams.generator(f"workload/afl/slow/{number}")
        self.ends_ns: list[int] = []
        self.fork_ns: list[int] = []
        self.total_ns: list[int] = []

    def live(self) -> Activity:
        """Fuzz until the time is over; an input that is running then is finished."""
        while self._clock.now < self._config.duration:
            pages = self.server.random_pages(self._pages, self._config.pages)
            began_ns = self._clock.now
            execution = yield from self.server.execute(self._run_ns(), pages)
            yield from self.server.task.run(compute_ns=self._config.overhead)
            self.ends_ns.append(self._clock.now)
            self.fork_ns.append(execution.fork_ns)
            self.total_ns.append(self._clock.now - began_ns)

    def _run_ns(self) -> int:
        slow = self._config.slow
        run_ns = self._config.run
        if slow is not None and self._slow.random() < slow.share:
            run_ns += round(slow.run * self._slow.standard_exponential())
        return run_ns


def start(config: Fuzzing, kernel: Kernel, streams: Streams) -> Program:
    """All instances: fuzz, and say how many inputs were executed when."""
    fuzzers = [Fuzzer(config, kernel, streams, number) for number in range(config.instances)]
    return Program(
        [fuzzer.live() for fuzzer in fuzzers],
        lambda: recording(config, fuzzers, kernel.machine.clock.now),
    )


def run(config: Fuzzing, setup: Setup) -> Recording:
    """`start`, alone on a machine."""
    kernel = setup.kernel()
    (result,) = play(kernel, start(config, kernel, setup.streams()))
    return result


def recording(config: Fuzzing, fuzzers: list[Fuzzer], elapsed_ns: int) -> Recording:
    """The executions of all instances together."""
    executions, forks = Histogram(), Histogram()
    faults: dict[str, int] = {}
    for fuzzer in fuzzers:
        executions.add(np.array(fuzzer.total_ns, np.int64))
        forks.add(np.array(fuzzer.fork_ns, np.int64))
        counts = fuzzer.server.mm.memory.counts - fuzzer.server.loaded
        for kind, count in counts.faults_by_kind().items():
            faults[f"faults/{kind}"] = faults.get(f"faults/{kind}", 0) + count
    ends_ns = np.concatenate([np.array(fuzzer.ends_ns, np.int64) for fuzzer in fuzzers])
    ended = np.bincount(ends_ns // WINDOW_NS, minlength=-(-config.duration // WINDOW_NS))
    return Recording(
        histograms={"execution_ns": executions, "fork_ns": forks},
        counters={"executions": executions.count, **faults},
        series={
            "executions": {
                "t_ns": np.arange(len(ended), dtype=np.int64) * WINDOW_NS,
                "executions": ended.astype(np.int64),
            }
        },
        levels={
            "duration_ns": elapsed_ns,
            "throughput_per_s": executions.count * 10**9 // max(elapsed_ns, 1),
        },
    )
