"""Ordinary files are taken in columns, and not by falling back on their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workloads.traces.reading.block_lines import BlockLines
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.registry import Reading, read_trace

LINES = 1000
DAY = "23/Nov/2026"
COMBINED = '10.0.0.1 - - [%s:07:25:%02d +0000] "GET /%d?q HTTP/1.1" 200 %d "-" "Mozilla/5 (X11; U)"'


def combined(n: int) -> str:
    return COMBINED % (DAY, n // 20, n % 7, n)


FILES: dict[str, tuple[str, Callable[[int], str], Fields]] = {
    "csv": ("time_s,key,op,size,client", lambda n: f"{n}.{n:06},k{n % 9},set,{n},c", NOTHING_SAID),
    "csv of dates": (
        "time\tkey",
        lambda n: f"2026-11-23T07:{n // 60:02}:{n % 60:02}.5Z\tk",
        NOTHING_SAID,
    ),
    "csv at a rate": ("key, op", lambda n: f"k{n}, get", Fields(rate=100.0)),
    "csv with its columns by number": (
        "1,17,k",
        lambda n: f"{n},17,k",
        Fields(places=(("time_ms", 1), ("key", 3))),
    ),
    "twitter": ("0,a,1,2,3,get,0", lambda n: f"{n},a,{n % 9},1,2,3,set,0", NOTHING_SAID),
    "access log": (combined(0), combined, NOTHING_SAID),
    "access log, last field": (
        combined(0) + " 7",
        lambda n: f"{combined(n)} {n}",
        Fields(unit="us"),
    ),
    "access log, a field of several": (
        combined(0) + " 0.5 x",
        lambda n: f"{combined(n)} 0.{n:03} x",
        Fields(names=("referer", "agent", "service_s")),
    ),
    "apache's format": (
        combined(0) + " 7",
        lambda n: f"{combined(n)} {n}",
        Fields(log_format='%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'),
    ),
    "nginx's format": (
        '1795418704.123 200 "/a" 0.004 -',
        lambda n: f'1795418704.{n:03} 200 "/a?b" 0.{n:03} 0.{n:03}',
        Fields(log_format='$msec $status "$request_uri" $request_time $upstream_response_time'),
    ),
    "requests": (
        "time_s;status;path;bytes;service_ms",
        lambda n: f"{n}.5;200;/p{n % 9};{n};{n}.25",
        NOTHING_SAID,
    ),
    "requests by their lines": (
        "time_s,status,request",
        lambda n: f"{n},404,GET /p{n % 9}?q HTTP/1.1",
        NOTHING_SAID,
    ),
    "plot_data": (
        "# unix_time, cycles_done, execs_per_sec, total_execs",
        lambda n: f"{17 + n}, 0, {n}.25, {n * 5003}, 7",
        NOTHING_SAID,
    ),
    "progress": ("time_s,execs_per_s", lambda n: f"{n},{n}.5", NOTHING_SAID),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", FILES)
def test_few_lines_are_looked_at_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, end: str
) -> None:
    first, line, fields = FILES[name]
    path = tmp_path / "trace"
    path.write_text("".join(f"{one}{end}" for one in (first, *map(line, range(1, LINES)))))
    in_columns = 0
    taken = BlockLines.taken

    def counted(self: BlockLines, *how: object) -> Iterator[int | bytes]:
        nonlocal in_columns
        for piece in taken(self, *how):  # type: ignore[arg-type]
            in_columns += piece if isinstance(piece, int) else 0
            yield piece

    monkeypatch.setattr(BlockLines, "taken", counted)
    _, trace = read_trace(path, Reading(fields=fields))
    assert trace.accounting.lines == LINES
    assert in_columns >= LINES - 2
