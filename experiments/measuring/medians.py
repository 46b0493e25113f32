"""What raw rows say in short: medians of time a page, of faults, copies and fills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.measuring.tables import COLUMNS, COPIES, FAULTS, FORKS, PROCESSOR
from results.metrics import formatting
from sim.arrays import FloatArray

PAGE_BYTES = 4096
TABLE_SPAN = 2**21
"""Bytes of addresses that one page table translates."""

QUARTERS = (25, 50, 75)
ENOUGH = 3
"""Rows of a size; larger sizes with fewer are not told."""

PER_PAGE = "ns per 4 KiB"
EACH = "ns"

_OF_FORKS = (
    ("first fork", "fork_ns", range(1, 2)),
    ("next fork", "fork_ns", range(2, 100)),
    ("exit of a child", "child_start_to_wait_return_ns", range(1, 100)),
    ("fill", "touch_all_ns", range(1, 2)),
    ("unmap", "munmap_ns", range(2, 3)),
)
"""What is told of forks: its words, its column, and of which forks of a mapping."""

_REFERENCES = ("write_present",)
"""Accesses without a fault, which show what the clock adds."""

_OF_KERNELS = (("copy", "4096"), ("clear", "2097152"))
"""What kernels do at faults."""


@dataclass(frozen=True)
class Median:
    """The median of some measurements.

    Attributes:
        what: was measured, in words.
        unit: of the numbers.
        count: of rows.
        lower: the first quarter ends here.
        median: the half.
        upper: the third.
        p99: of single events, the median of 99th percentiles; None where there are none.
        size_bytes: of forks, of which memory; the largest that was measured often enough.
        is_headline: whether a short table has it.
    """

    what: str
    unit: str
    count: int
    lower: float
    median: float
    upper: float
    p99: float | None = None
    size_bytes: int | None = None
    is_headline: bool = True


def medians_of(rows: Mapping[str, Sequence[Sequence[str]]]) -> list[Median]:
    """Medians and quarters of what a measurement's tables have, in their order."""
    return [*_forks(rows), *_faults(rows), *_copies(rows), *_processor(rows)]


def _dicts(rows: Mapping[str, Sequence[Sequence[str]]], table: str) -> Iterator[dict[str, str]]:
    return (dict(zip(COLUMNS[table], cells, strict=True)) for cells in rows.get(table, ()))


def _forks(rows: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[Median]:
    """Of each mode a large size, less what an empty process takes (or the smallest size)."""
    values: dict[tuple[str, str, str], dict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in _dicts(rows, FORKS):
        for words, column, turns in _OF_FORKS:
            if int(row["fork_no_after_touch"]) in turns:
                key = (row["mode"], row["instances"], words)
                values[key][int(row["size_bytes"])].append(float(row[column]))
    empty = {words: values.get(("4k", "1", words), {}).get(0) for words, _, _ in _OF_FORKS}
    if empty["first fork"]:
        yield _median("fork of an empty process", EACH, empty["first fork"])
    for (mode, instances, words), by_size in values.items():
        sizes = sorted(size for size in by_size if size)
        base = empty[words] or by_size[sizes[0]] if sizes else None
        base_bytes = 0 if empty[words] or not sizes else sizes[0]
        if base is None or not sizes or sizes[-1] == base_bytes:
            continue
        enough = [size for size in sizes[1:] if len(by_size[size]) >= ENOUGH]
        largest = enough[-1] if enough else sizes[-1]
        pages = (largest - base_bytes) // PAGE_BYTES
        unit = PER_PAGE
        if mode == "4k_sparse":
            pages, unit = (largest - base_bytes) // TABLE_SPAN, "ns per table of one page"
        each = (np.array(by_size[largest]) - np.median(base)) / pages
        beside = "" if instances == "1" else f", {instances} processes at once"
        brief = (instances == "1" and mode != "4k_sparse") or words == "first fork"
        yield _median(
            f"{words} ({mode}{beside})", unit, each, size_bytes=largest, is_headline=brief
        )


def _faults(rows: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[Median]:
    values: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in _dicts(rows, FAULTS):
        key = row["scenario"], row["order"], row["prewarmed"]
        values[key].append((row["p50_ns"], row["p99_ns"]))
    for (scenario, order, prewarmed), both in values.items():
        p50, p99 = ([float(cell) for cell in cells if cell] for cells in zip(*both, strict=True))
        memory = "" if prewarmed == "1" else ", touched first"
        yield _median(
            f"{scenario} ({order}{memory})",
            EACH,
            p50,
            p99=float(np.median(p99)) if p99 else None,
            is_headline=scenario not in _REFERENCES and (order == "seq") and prewarmed == "1",
        )


def _copies(rows: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[Median]:
    values: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for row in _dicts(rows, COPIES):
        key = row["op"], row["unit_bytes"], row["locality"], row["impl"]
        values[key].append(float(row["ns_per_op"]))
    for (op, unit, locality, program), each in values.items():
        yield _median(
            f"{op} {formatting.size(int(unit))} ({locality}, {program})",
            EACH,
            each,
            is_headline=(op, unit) in _OF_KERNELS and locality == "cold_seq",
        )


def _processor(rows: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[Median]:
    switches = []
    lost = []
    for row in _dicts(rows, PROCESSOR):
        share = float(row["total_ns"]) / float(row["events"]) if row["events"] != "0" else 0.0
        if row["what"] == "context_switch":
            switches.append(share)
        elif row["what"] == "gap":
            lost.append(100 * float(row["total_ns"]) / float(row["elapsed_ns"]))
    if switches:
        yield _median("context switch", EACH, switches)
    if lost:
        yield _median("gaps of a busy loop", "% of time", lost)


def _median(
    what: str,
    unit: str,
    values: Sequence[float] | FloatArray,
    *,
    p99: float | None = None,
    size_bytes: int | None = None,
    is_headline: bool = True,
) -> Median:
    lower, median, upper = np.percentile(np.asarray(values, float), QUARTERS).tolist()
    return Median(what, unit, len(values), lower, median, upper, p99, size_bytes, is_headline)
