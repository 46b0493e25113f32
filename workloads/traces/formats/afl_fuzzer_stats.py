"""Reader of `fuzzer_stats`, the summary that AFL and AFL++ keep of a run: `key : value` lines.

AFL++ writes `run_time` in seconds; AFL leaves it to be told from `start_time` and `last_update`.
What else is read has the same name in both. It makes a trace of one row.

Sources: write_stats_file in AFL 2.57b's afl-fuzz.c and in AFL++'s src/afl-fuzz-stats.c.
"""

from __future__ import annotations

import re
from array import array

import numpy as np

from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.cells import decimal, whole
from workloads.traces.reading.columns import frozen
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

_LINE = re.compile(rb"[ \t]*([A-Za-z_][A-Za-z0-9_ ]{0,63}?)[ \t]*:(.*?)[\r\n]*", re.DOTALL)
_FIRST_LINE = re.compile(rb"\s*start_time\s*:\s*[0-9]+\s*$", re.MULTILINE)
_SECONDS = ("start_time", "last_update", "run_time")
_LARGEST_SECONDS = 2**63 // 10**9


def looks_like_fuzzer_stats(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a fuzzer_stats."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_fuzzer_stats(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> ExecutionTrace:
    """Read a fuzzer_stats, plain or compressed; every key is a record, the trace has one row.

    Raises:
        TraceError: As `account` does; a line is damaged that is no `key : value`, repeats a key, or
            lacks the number that its key promises. Or a key is missing that the rate needs.
    """
    values: dict[str, int | float] = {}
    seen: set[str] = set()

    def take(line: bytes) -> str | None:
        if not line.strip():
            return BLANK
        match = _LINE.fullmatch(line)
        if match is None:
            raise LineError(1, "bad line", "'key : value'")
        key, value = match[1].decode(), match[2].strip()
        if key in seen:
            raise LineError(1, "repeated key", f"{key} once")
        number = _number(key, value)
        if number is None:
            raise LineError(match.start(2) + 1, f"bad {key}", "a number that is not negative")
        seen.add(key)
        values[key] = number
        return None

    accounting = account(path, limits, "key", take)

    def value(key: str) -> int | float:
        if key not in values:
            raise trace_error(path, accounting.lines + 1, 1, f"no {key}", f"a line '{key} : ...'")
        return values[key]

    rate, executions = float(value("execs_per_sec")), int(value("execs_done"))
    if "run_time" in values:
        seconds = int(values["run_time"])
    else:
        seconds = int(value("last_update")) - int(value("start_time"))
        if seconds < 0:
            what = "last_update lies before start_time"
            raise trace_error(path, accounting.lines, 1, what, "a run that ends after it starts")
    return ExecutionTrace(
        time_ns=frozen(array("q", [seconds * 10**9]), np.int64),
        execs_per_s=frozen(array("d", [rate]), np.float64),
        executions=frozen(array("q", [executions]), np.int64),
        accounting=accounting,
    )


def _number(key: str, value: bytes) -> int | float | None:
    """The value of a key that is read here, 0 for any other; None if it is not a number."""
    if key == "execs_per_sec":
        return None if decimal(value, 2) is None else float(value)
    if key in _SECONDS:
        return whole(value, _LARGEST_SECONDS)
    return whole(value, 2**63) if key == "execs_done" else 0
