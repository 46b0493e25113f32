"""Rows of `sqlite_fork_tests.csv`: tests on a database in memory, each in a forked child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from experiments.calibration.measured_rows import MeasuredRow, grouped, median_of, spread_of
from experiments.language.errors import InputError, Position
from experiments.validation.measured_machine import setup_of
from experiments.validation.prediction import Prediction
from experiments.validation.targets import TEST_TOTAL
from models.costs.profile import Profile
from sim.configuration import read_back
from sim.measures.metrics import Unit
from workloads.programs.sqlite import TESTS, TOTAL, Sqlite, SqliteConfig
from workloads.running.pages import PAGE_BYTES

FILE = "sqlite_fork_tests.csv"
COLUMNS = (
    "db_target_bytes",
    "sqlite_memory_used_bytes",
    "rss_bytes",
    "test",
    "test_ns",
    "total_ns",
    "child_minflt",
)

_ROUNDS = 3
"""The first fork finds entries that must be protected; the median is of those after it."""


def predictions(rows: Sequence[MeasuredRow], profile: Profile) -> list[Prediction]:
    """Of each test on each database but the smallest, from its call of fork to its child's end.

    The smallest database says how long a test works by itself, and what the process has besides
    its database that a fork does not copy. How many more pages it writes on a larger one is taken
    from the rows.

    Raises:
        InputError: a test was not run on the smallest database, or cannot be simulated.
    """
    return list(_predictions(rows, profile))


def _predictions(rows: Sequence[MeasuredRow], profile: Profile) -> Iterator[Prediction]:
    databases = dict(grouped(rows, lambda row: row.count("db_target_bytes")))
    if len(databases) < 2:
        return
    smallest = databases.pop(min(databases))
    own = dict(grouped(smallest, _test))
    others_bytes = median_of(smallest, "rss_bytes") - median_of(
        smallest, "sqlite_memory_used_bytes"
    )
    for database, tests in databases.items():
        heap = max(PAGE_BYTES, round(median_of(tests, "rss_bytes") - max(others_bytes, 0)))
        for test, alike in grouped(tests, _test):
            if test not in own:
                where = Position(alike[0].source, alike[0].line)
                what = f"test {test!r} was not run on the smallest database: expected it there too"
                raise InputError.at(where, what)
            faults = median_of(alike, "child_minflt") - median_of(own[test], "child_minflt")
            run_ns = max(1, round(median_of(own[test], "test_ns")))
            yield Prediction(
                what="test in total",
                fields={"db_target_bytes": database, "test": test},
                measured=median_of(alike, "total_ns"),
                predicted=_total_ns(profile, heap, alike[0], run_ns, max(round(faults), 0)),
                unit=Unit.NANOSECONDS,
                target=TEST_TOTAL,
                basis="test_ns on the smallest, own faults",
                spread=spread_of(alike, "total_ns"),
            )


def _test(row: MeasuredRow) -> str:
    return row.cells["test"]


def _total_ns(
    profile: Profile, heap_bytes: int, row: MeasuredRow, run_ns: int, pages: int
) -> float:
    """From the call of fork until the child is gone, of a test that a row names."""
    asked: dict[str, Any] = {
        "kind": Sqlite.name,
        "database": heap_bytes,
        "tests": [{"name": _test(row)[:64] or "test", "run": run_ns, "pages": pages}],
        "rounds": _ROUNDS,
    }
    try:
        config = read_back(SqliteConfig, asked)
    except ValueError as error:
        raise row.refused(error) from None
    told = Sqlite().run(config, setup_of(profile)).series[TESTS.name]
    return float(median(told[TOTAL.name].tolist()[1:]))
