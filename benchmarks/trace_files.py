"""Long files of some formats of traces, for those who read one."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np

from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.registry import Reading

_START_S = 1_600_000_000
_AGENTS = (
    "curl/7.88.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari",
)
_PROGRESS = (
    "# relative_time, cycles_done, cur_item, corpus_count, pending_total, pending_favs, map_size, "
    "saved_crashes, saved_hangs, max_depth, execs_per_sec, total_execs, edges_found\n"
)

_Writer = Callable[[int, int, int], str]
"""A line, by its number and two random numbers."""


def _csv(n: int, key: int, size: int) -> str:
    op = "get" if size % 11 else "set"
    return f"{_START_S + n * 1e-4:.6f},key:{key:012},{op},{size},10.0.0.{size % 50}\n"


def _cached(n: int, key: int, size: int) -> str:
    op = "get" if size % 11 else "set"
    return f"{n // 10_000},CXmJ.(XkBRYR5kp.ekvW.vYBt{key},30,{size},{size % 50},{op},600\n"


def _requested(n: int, key: int, size: int) -> str:
    moment = datetime.datetime.fromtimestamp(_START_S + n // 500, datetime.UTC)
    query = f"?q={n}" if size % 10 == 0 else ""
    request = f'"GET /page/{key % 5000}.html{query} HTTP/1.1"'
    when = moment.strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'10.0.0.{size % 50} - - [{when}] {request} 200 {size} "-" "{_AGENTS[n % 2]}" {size}\n'


def _progressed(n: int, key: int, size: int) -> str:
    queue = f"{n // 1000}, {key % 300}, {n // 50}, {size % 77}, 3, 4.{size % 90:02}%, 0, 0, 7"
    return f"{5 * n}, {queue}, {1000 + size}.{size % 100:02}, {5003 * n}, {n // 99}\n"


_CUSTOM = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'
FILES: dict[str, tuple[str, _Writer, Fields]] = {
    "CSV": ("time_s,key,op,value_bytes,connection\n", _csv, NOTHING_SAID),
    "Twitter": ("", _cached, NOTHING_SAID),
    "access log": ("", _requested, NOTHING_SAID),
    "access log, service in the last field": ("", _requested, Fields(unit="us")),
    "access log, log_format": ("", _requested, Fields(log_format=_CUSTOM)),
    "plot_data": (_PROGRESS, _progressed, NOTHING_SAID),
}
"""By what people call them: the header, a line, and what is said of their columns."""


def write_trace(path: Path, name: str, lines: int) -> Reading:
    """Write a file of a format with so many lines behind its header; how it is to be read."""
    random = np.random.default_rng(1)
    header, line, fields = FILES[name]
    with path.open("w") as stream:
        stream.write(header)
        for begin in range(0, lines, 100_000):
            count = min(100_000, lines - begin)
            keys = random.integers(0, 200_000, count).tolist()
            sizes = random.integers(1, 4000, count).tolist()
            numbers = range(begin, begin + count)
            stream.writelines(map(line, numbers, keys, sizes))
    return Reading(fields=fields)
