"""SQLite: unit tests on an in-memory database, each in a child of the initialised process."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.kernel import Kernel
from sim.clock import Activity
from sim.quantities import Bytes, Duration, Ratio
from sim.recording import Histogram, Recording
from sim.streams import Streams
from workloads.fork_server import PAGE_BYTES, Execution, ForkServer
from workloads.program import Program, play
from workloads.setup import Setup

NAME = "sqlite"


class UnitTest(BaseModel):
    """A kind of test."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=64)]
    run: Annotated[Duration, Field(gt=0, description="time the test runs, without page faults")]
    pages: Annotated[int, Field(ge=0, le=10**6, description="pages of the database that it writes")]


class Config(BaseModel):
    """A test-suite that initialises a database once and forks for every test."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: Literal["sqlite"]
    database: Annotated[Bytes, Field(ge=PAGE_BYTES, le=2**45, description="memory of the database")]
    scattered: Annotated[
        Ratio | None,
        Field(description="share of its frames that are scattered; default: a fresh fill"),
    ] = None
    initialisation: Annotated[
        Duration, Field(description="time to load the database, before the first test")
    ] = 0
    tests: Annotated[list[UnitTest], Field(min_length=1, max_length=10_000)]
    rounds: Annotated[
        int, Field(ge=1, le=10**6, description="how often the tests are gone through")
    ] = 1


class Suite:
    """The process that holds the database and runs the tests one after the other."""

    def __init__(self, config: Config, kernel: Kernel, streams: Streams) -> None:
        self._config = config
        self._clock = kernel.machine.clock
        self.server = ForkServer(kernel, "sqlite", config.database, config.scattered)
        self._pages = streams.generator("workload/sqlite/pages")
        self.executions: list[tuple[int, Execution]] = []

    def live(self) -> Activity:
        """Initialise, then test."""
        yield from self.server.task.run(compute_ns=self._config.initialisation)
        for _ in range(self._config.rounds):
            for number, test in enumerate(self._config.tests):
                pages = self.server.random_pages(self._pages, test.pages)
                execution = yield from self.server.execute(test.run, pages)
                self.executions.append((number, execution))

    def recording(self) -> Recording:
        """Forking and testing phases apart."""
        columns = np.array(
            [(number, e.fork_ns, e.run_ns, e.total_ns) for number, e in self.executions], np.int64
        )
        names = ("test", "fork_ns", "test_ns", "total_ns")
        series = dict(zip(names, columns.T, strict=True))
        histograms = {name: Histogram() for name in names[1:]}
        for name, histogram in histograms.items():
            histogram.add(series[name])
        counts = self.server.mm.memory.counts - self.server.loaded
        faults = {f"faults/{kind}": count for kind, count in counts.faults_by_kind().items()}
        return Recording(
            histograms=histograms,
            counters={"tests": len(columns), **faults},
            series={"tests": series},
            levels={
                "duration_ns": self._clock.now,
                "initialisation_ns": self._config.initialisation,
            },
        )


def start(config: Config, kernel: Kernel, streams: Streams) -> Program:
    """The suite; a row of ``tests`` per test, in order (``test`` numbers ``config.tests``)."""
    suite = Suite(config, kernel, streams)
    return Program([suite.live()], suite.recording)


def run(config: Config, setup: Setup) -> Recording:
    """`start`, alone on a machine."""
    kernel = setup.kernel()
    (result,) = play(kernel, start(config, kernel, setup.streams()))
    return result
