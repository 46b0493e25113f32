"""Reader of logs of test cases that run against one data base: a file of cells, a row a test.

Columns are found by their names: `test` (what it does; also `test_name`, `test_case`, `testcase`);
its run time (`test_ns`, `run_time_us`, `duration_ms`, `Duration (s)` ...; without a unit, if
somebody says which); `child_minflt`, `minflt`, `faults` or
`pages`, what it touched (minor faults of the child that ran it). Others are left alone, and
named in the trace's notes. Rows are in
the order in which the tests ran.
"""

from __future__ import annotations

from array import array

import numpy as np

from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, account
from workloads.traces.reading.columns import MISSING, Ids, frozen
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.naming import Column, Columns, roles_of
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

SQLITE_TESTS = About(
    "test, its run time (`run_time_ms`, `Duration (s)`), its page faults (`faults`, `minflt`)",
    "columns of other names, which are named",
    "a test may take no time, and no more than a day",
)

LONGEST_NS = 86400 * 10**9
"""A longer run of a test is taken for a mistake in the unit."""

COLUMNS: Columns = {
    "test": Column(("test", "test_name", "test_case", "testcase")),
    "run": Column(
        ("run", "run_time", "test_time", "duration", "elapsed", "time", "test"), time=True
    ),
    "faults": Column(("child_minflt", "minflt", "faults", "pages"), number=True),
}


def fits_sqlite_tests(names: list[str]) -> bool:
    """Whether columns of these names make such a trace."""
    return {"test", "run"} <= roles_of(COLUMNS, names, "s").keys()


def looks_like_sqlite_tests(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a log of test cases."""
    names = names_in(first_bytes.lstrip().partition(b"\n")[0])
    return {"test", "run"} <= roles_of(COLUMNS, names).keys()


def read_sqlite_tests(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> CaseTrace:
    """Read a log of test cases, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of its columns; if names are given in place of the header's, the first line is
            still taken for a header if there is no number where the run time should be. And the
            unit of a run time whose name has none.

    Raises:
        TraceError: As `account` does; a line is damaged that lacks what the header promises,
            or that is the first and names no columns.
    """
    rows = _CaseColumns(fields)
    accounting = account(path, limits, "test", rows.take)
    return CaseTrace(
        case_id=frozen(rows.case_id, np.int32),
        run_ns=frozen(rows.run_ns, np.int64),
        faults=frozen(rows.faults, np.int64),
        cases=rows.cases.names(),
        accounting=accounting,
        notes=rows.header.notes,
    )


class _CaseColumns:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.case_id = array("i")
        self.run_ns = array("q")
        self.faults = array("q")
        self.cases = Ids()
        self.header = Header(COLUMNS, ("test", "run"), fields)

    def take(self, line: bytes) -> str | None:
        header = self.header
        if not line.strip():
            return BLANK
        if header.is_header(line):
            return HEADER
        cells = header.cells(line)
        run_ns, _ = header.time(line, cells, "run", "run time")
        if run_ns > LONGEST_NS:
            raise header.error(line, "run", "run time", "less than a day")
        faults = header.whole(line, cells, "faults", 2**40, "number of faults")
        if not (test := header.cell(cells, "test")):
            raise header.error(line, "test", "test", "its name")
        self.case_id.append(self.cases.of(test))
        self.run_ns.append(run_ns)
        self.faults.append(MISSING if faults is None else faults)
        return None
