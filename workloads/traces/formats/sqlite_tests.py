"""Reader of logs of test cases that run against one data base: a CSV with a header, a row a test.

Columns are found by their names: `test` (what it does); `test_ns`, its run time (also `run_` and
`run_time_` for `test_`, and `_us`, `_ms`, `_s` for `_ns`); `child_minflt`, `minflt`, `faults` or
`pages`, what it touched (minor faults of the child that ran it). Others are left alone, and
named in the trace's notes. Rows are in
the order in which the tests ran.
"""

from __future__ import annotations

from array import array

import numpy as np

from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.cells import (
    cell_column,
    cell_error,
    decimal,
    decimal_at,
    not_read,
    split_cells,
    whole_at,
)
from workloads.traces.reading.columns import MISSING, Ids, frozen
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

LONGEST_NS = 86400 * 10**9
"""A longer run of a test is taken for a mistake in the unit."""
_RUN_NAMES = (b"run", b"run_time", b"test_time", b"duration")
_RUN_TIMES = {
    name + b"_" + unit.encode(): places
    for name in (b"test", *_RUN_NAMES)
    for unit, places in PLACES.items()
}
_FAULTS = (b"child_minflt", b"minflt", b"faults", b"pages")


def looks_like_sqlite_tests(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a log of test cases."""
    names = _names(first_bytes.lstrip().partition(b"\n")[0])
    return b"test" in names and any(name in _RUN_TIMES for name in names)


def read_sqlite_tests(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> CaseTrace:
    """Read a log of test cases, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of all columns in their order, in place of the header's; the first line is
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
        notes=not_read(rows.unread),
    )


def _names(line: bytes) -> list[bytes]:
    try:
        return [cell.lower() for cell in split_cells(line)]
    except LineError:
        return []


class _CaseColumns:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.case_id = array("i")
        self.run_ns = array("q")
        self.faults = array("q")
        self.cases = Ids()
        self._header: list[bytes] = []
        self._given = [name.lower().encode() for name in fields.names]
        self._run_times = dict(_RUN_TIMES)
        if fields.unit is not None:
            self._run_times |= dict.fromkeys(_RUN_NAMES, PLACES[fields.unit])
        self._test = self._run = self._faults = MISSING
        self._places = 0

    @property
    def unread(self) -> list[str]:
        """Names of columns that nothing is known of."""
        known = {self._test, self._run, self._faults}
        return [
            name.decode("utf-8", "backslashreplace")
            for number, name in enumerate(self._header)
            if number not in known
        ]

    def take(self, line: bytes) -> str | None:
        if not line.strip():
            return BLANK
        if not self._header:
            self._take_header(self._given or _names(line))
            if not self._given or self._is_header(line):
                return HEADER
        self._take_row(line)
        return None

    def _is_header(self, line: bytes) -> bool:
        cells = split_cells(line)
        return len(cells) == len(self._header) and decimal(cells[self._run], 0) is None

    def _take_header(self, names: list[bytes]) -> None:
        run = next((name for name in names if name in self._run_times), None)
        if b"test" not in names or run is None:
            raise LineError(1, "bad header", "names of columns, 'test' and 'test_ns' among them")
        self._header = names
        self._test, self._run, self._places = (
            names.index(b"test"),
            names.index(run),
            self._run_times[run],
        )
        faults = next((name for name in _FAULTS if name in names), None)
        self._faults = names.index(faults) if faults else MISSING

    def _take_row(self, line: bytes) -> None:
        cells = split_cells(line)
        if len(cells) != len(self._header):
            expected = f"{len(self._header)} cells, as the header names, got {len(cells)}"
            raise LineError(cell_column(line, len(cells)), "cells missing or too many", expected)
        run_ns = decimal_at(line, cells, self._run, self._places, "run time")
        if run_ns > LONGEST_NS:
            raise cell_error(line, self._run, "run time", "less than a day")
        faults = MISSING
        if self._faults != MISSING and cells[self._faults]:
            faults = whole_at(line, cells, self._faults, 2**40, "number of faults")
        if not cells[self._test]:
            raise cell_error(line, self._test, "test", "its name")
        self.case_id.append(self.cases.of(cells[self._test]))
        self.run_ns.append(run_ns)
        self.faults.append(faults)
