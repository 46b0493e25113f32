"""Reader of `fuzzer_stats`, the summary that AFL and AFL++ keep of a run: `key : value` lines.

AFL++ writes `run_time` in seconds; AFL leaves it to be told from `start_time` and `last_update`.
What else is read has the same name in both. A key may be there again with the same value, as
LibAFL writes `start_time`; a rate that is `inf` or `nan` is missing. It makes a trace of one row.

Sources: write_stats_file in AFL 2.57b's afl-fuzz.c and in AFL++'s src/afl-fuzz-stats.c.
"""

from __future__ import annotations

import re

from workloads.traces.kinds.execution_trace import ExecutionColumns, ExecutionTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.cells import rate, whole
from workloads.traces.reading.columns import Times
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

FUZZER_STATS = About(
    "`execs_done`, `execs_per_sec`, `run_time` (or `start_time` and `last_update`)",
    "everything else",
    "a key may be there again with the same value",
)

_LINE = re.compile(rb"[ \t]*([A-Za-z_][A-Za-z0-9_ ]{0,63}?)[ \t]*:(.*?)[\r\n]*", re.DOTALL)
_FIRST_LINE = re.compile(rb"\s*start_time\s*:\s*[0-9]+\s*$", re.MULTILINE)
_WHOLE = ("start_time", "last_update", "run_time", "execs_done")
REPEATED = "repeated"
"""Why a line is skipped that says again what one above it says."""
_LARGEST_SECONDS = 2**63 // 10**9


def looks_like_fuzzer_stats(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a fuzzer_stats."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_fuzzer_stats(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> ExecutionTrace:
    """Read a fuzzer_stats, plain or compressed; every key is a record, the trace has one row.

    Raises:
        TraceError: As `account` does; a line is damaged that is no `key : value`, gives a key
            another value than a line above, or lacks the number that its key promises. Or a key is
            missing that the rate needs.
    """
    values: dict[str, int | float] = {}
    seen: dict[str, bytes] = {}

    def take(line: bytes) -> str | None:
        if not line.strip():
            return BLANK
        match = _LINE.fullmatch(line)
        if match is None:
            raise LineError(1, "bad line", "'key : value'")
        key, value = match[1].decode(), match[2].strip()
        if key in seen:
            if seen[key] != value:
                raise LineError(1, "repeated key", f"{key} once, or the same again")
            return REPEATED
        number = _number(key, value)
        if number is None:
            raise LineError(match.start(2) + 1, f"bad {key}", "a number that is not negative")
        seen[key] = value
        values[key] = number
        return None

    accounting = account(path, limits, "key", take)

    def value(key: str) -> int | float:
        if key not in values:
            raise trace_error(path, accounting.lines + 1, 1, f"no {key}", f"a line '{key} : ...'")
        return values[key]

    execs_per_s, executions = float(value("execs_per_sec")), int(value("execs_done"))
    if "run_time" in values:
        seconds = int(values["run_time"])
    else:
        seconds = int(value("last_update")) - int(value("start_time"))
        if seconds < 0:
            what = "last_update lies before start_time"
            raise trace_error(path, accounting.lines, 1, what, "a run that ends after it starts")
    if seconds >= _LARGEST_SECONDS:
        expected = f"a run of less than {_LARGEST_SECONDS} seconds"
        raise trace_error(path, accounting.lines, 1, f"a run of {seconds} seconds", expected)
    columns = ExecutionColumns(Times(start_ns=0))
    columns.add(seconds * 10**9, execs_per_s=execs_per_s, executions=executions)
    return columns.trace(accounting)


def _number(key: str, value: bytes) -> int | float | None:
    """The value of a key that is read here, 0 for any other; None if it is not a number."""
    if key == "execs_per_sec":
        return rate(value)
    return whole(value, 2**63) if key in _WHOLE else 0
