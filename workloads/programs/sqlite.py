"""SQLite: unit tests on an in-memory database, each in a child of the initialised process."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from models.costs.laws import Costs
from models.kernel.kernel import Kernel
from sim.configuration import Configuration
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.cause_sums import CauseSums
from sim.measures.common_metrics import DURATION, FORK_TIME, time_of
from sim.measures.histogram import Histogram
from sim.measures.metrics import Group, Metric, Unit
from sim.measures.recording import Recording
from sim.units import Bytes, Count, Duration, Ratio
from workloads.programs.shared.fork_server import ForkServer
from workloads.programs.shared.trace_file import TraceFile
from workloads.running.demands import HELD, LOADED, MOST_BYTES, ROWS, SHARED, Demand
from workloads.running.faults import faults_since_loading
from workloads.running.pages import PAGE_BYTES, SLOT_BYTES
from workloads.running.program import Program
from workloads.running.setup import Setup
from workloads.running.simulated_time import check_length
from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.text import trace_error
from workloads.traces.registry import open_as
from workloads.workload import Scope, Workload, check_fit

_OF_TEST = 200
"""Bytes that are held of a test."""

TOTAL = time_of("total", tail="p99")
PHASES = (FORK_TIME, time_of("test"), TOTAL)
_ONCE = np.ones(1, np.int64)
"""What is told of a test: columns of its row, and a distribution each."""

TESTS = Metric("tests", group=Group.DETAILS)
INITIALISATION = Metric(
    "initialisation_ns", Unit.NANOSECONDS, label="initialisation", group=Group.DETAILS
)


class UnitTest(Configuration):
    """A kind of test."""

    name: Annotated[str, Field(min_length=1, max_length=64, description="what it is called")]
    run: Annotated[Duration, Field(gt=0, description="time the test runs, without page faults")]
    pages: Annotated[
        Count, Field(ge=0, le=10**6, description="pages of the database that it writes")
    ]


class TestLog(TraceFile):
    """Tests of a log of test cases, run under Fork: their run times and page faults."""

    faults_elsewhere: Annotated[
        int,
        Field(ge=0, description="how many of a test's faults lie outside the database"),
    ] = 0


class SqliteConfig(Configuration):
    """A test-suite that initialises a database once and forks for every test."""

    kind: Literal["sqlite"]
    database: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES, description="memory of the database")
    ]
    scattered: Annotated[
        Ratio | None,
        Field(description="share of its frames that are scattered; default: a fresh fill"),
    ] = None
    initialisation: Annotated[
        Duration, Field(description="time to load the database, before the first test")
    ] = 0
    tests: Annotated[
        list[UnitTest] | None, Field(min_length=1, max_length=10_000, description="a suite's tests")
    ] = None
    log: Annotated[TestLog | None, Field(description="tests that were logged, instead")] = None
    rounds: Annotated[
        Count, Field(ge=1, le=10**6, description="how often the tests are gone through")
    ] = 1

    @model_validator(mode="after")
    def _of_one_source(self) -> Self:
        if (self.tests is None) == (self.log is None):
            raise ValueError("expected either tests or a log")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        once_ns = sum(test.run for test in self.tests or ())
        check_length("initialisation and all tests", self.initialisation + self.rounds * once_ns)
        return self


class Case(NamedTuple):
    """A test that is run: which one, for how long without page faults, writing how many pages."""

    number: int
    run_ns: int
    pages: int


def cases_of(config: SqliteConfig, costs: Costs) -> list[Case]:
    """The tests in the order in which they are run; those of a log are numbered as they appear.

    Raises:
        TraceError: the log cannot be used, or a test was faster than its page faults are.
    """
    if config.log is None:
        tests = enumerate(config.tests or ())
        return [Case(number, test.run, test.pages) for number, test in tests]
    trace = open_as(CaseTrace, config.log.path, config.log.reading)
    pages = np.maximum(trace.faults - config.log.faults_elsewhere, 0)
    pages[trace.faults == MISSING] = 0
    run_ns = trace.run_ns - np.rint(pages * costs.fault_copy_cold_ns).astype(np.int64)
    if run_ns.min() < 0:
        worst = int(run_ns.argmin())
        raise trace_error(
            config.log.path,
            1,
            1,
            f"test {worst + 1}, {trace.cases[trace.case_id[worst]]!r}, ran "
            f"{trace.run_ns[worst] / 1e3:g} us with {pages[worst]} page faults in the database",
            f"at least {pages[worst] * costs.fault_copy_cold_ns / 1e3:g} us, what they take "
            "under Fork",
        )
    return [
        Case(*row)
        for row in zip(trace.case_id.tolist(), run_ns.tolist(), pages.tolist(), strict=True)
    ]


class Suite:
    """The process that holds the database and runs the tests one after the other."""

    def __init__(self, config: SqliteConfig, kernel: Kernel, streams: Streams) -> None:
        self._config = config
        self._clock = kernel.machine.clock
        self._cases = cases_of(config, kernel.scheme.costs)
        self.server = ForkServer(kernel, "sqlite", config.database, config.scattered)
        self._pages = streams.generator("workload/sqlite/pages")
        self._executions = array("q")
        self._causes = CauseSums()

    def live(self) -> Activity:
        """Initialise, then test."""
        yield from self.server.task.run(compute_ns=self._config.initialisation)
        for _ in range(self._config.rounds):
            for case in self._cases:
                pages = self.server.random_pages(self._pages, case.pages)
                execution = yield from self.server.execute(case.run_ns, pages)
                times = (execution.fork_ns, execution.run_ns, execution.total_ns)
                self._executions.extend((case.number, *times))
                at_ns, total_ns = np.array([[self._clock.now], [execution.total_ns]])
                self._causes.add(at_ns, total_ns, _ONCE, execution.causes_ns)

    def recording(self) -> Recording:
        """Forking and testing phases apart."""
        columns = np.array(self._executions, np.int64).reshape(-1, 1 + len(PHASES))
        series = dict(zip(("test", *(of.name for of in PHASES)), columns.T, strict=True))
        histograms = {of: Histogram() for of in PHASES}
        for of, histogram in histograms.items():
            histogram.add(series[of.name])
        return Recording().add(
            histograms=histograms,
            counters={TESTS: len(columns), **faults_since_loading(self.server.loaded)},
            series={TESTS.name: series},
            causes={TOTAL: self._causes},
            levels={DURATION: self._clock.now, INITIALISATION: self._config.initialisation},
        )


class Sqlite(Workload):
    """SQLite: unit tests on an in-memory database, each in a child of the initialised process."""

    name = "sqlite"
    Config = SqliteConfig
    scope = Scope(
        "A process loads a database into memory once; for each test it forks a child, which "
        "writes pages of the database at random, runs and exits. Forking and testing are told "
        "apart. Tests may be those of a log.",
        "Queries, files and locks: a test is a time and the pages that it writes.",
    )
    example = (
        "{kind: sqlite, database: 1GiB, tests: [{name: insert, run: 2ms, pages: 50}, "
        "{name: select, run: 500us, pages: 2}], rounds: 100}"
    )
    trace = CaseTrace

    def start(self, config: SqliteConfig, kernel: Kernel, streams: Streams) -> Program:
        """The suite; a row of ``tests`` per test, in order (``test``: its number)."""
        suite = Suite(config, kernel, streams)
        return Program([suite.live()], suite.recording, at_once=1)

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`; a log says itself how many tests there are."""
        tests, database = config["tests"], config["database"]
        yield Demand(LOADED, "database", database)
        if tests is None:
            yield Demand(SHARED, "database", database)
        else:
            most = max(test["pages"] for test in tests)
            yield Demand(SHARED, "tests", min(most * SLOT_BYTES, database))
            yield Demand(ROWS, "rounds", config["rounds"] * len(tests))
            yield Demand(HELD, "rounds", _OF_TEST * config["rounds"] * len(tests))

    def check(self, config: SqliteConfig, setup: Setup) -> None:
        """Look whether the log can be run on the machine, so often, in a time that is counted."""
        cases = cases_of(config, setup.profile.costs)
        once_ns = sum(case.run_ns for case in cases)
        check_fit(("rounds",), "to run the log", config.initialisation + config.rounds * once_ns)
        tests = config.rounds * len(cases)
        if config.log is not None and tests * _OF_TEST > HELD.most:
            what = f"{config.rounds} rounds of its tests, {tests:,}"
            raise trace_error(config.log.path, 1, 1, what, f"at most {HELD.most // _OF_TEST:,}")
