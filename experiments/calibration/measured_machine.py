"""A folder of micro-benchmarks of a machine, as its profile is fitted to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from experiments.calibration.measured_rows import MeasuredRow, read_rows
from experiments.language.errors import InputError, Position
from models.calibration.estimates import Repetitions
from models.calibration.measured import MeasuredTimes
from sim.arrays import FloatArray
from workloads.running.pages import PAGE_BYTES

HUGE_BYTES = 2 * 2**20
FORKS, FAULTS, COPIES, TOUCHED = (
    "fork_micro.csv",
    "fault_latency_percentiles.csv",
    "copy_bandwidth.csv",
    "fork_touch.csv",
)
"""The files, of which the first must be there."""
NEWER, OLDER = "6.12", "5.6"
"""Releases that stand for those after and before 5.8."""
_COLUMNS = {
    FORKS: (
        "mode",
        "size_bytes",
        "instances",
        "fork_no_after_touch",
        "fork_ns",
        "child_start_to_wait_return_ns",
        "touch_all_ns",
        "munmap_ns",
    ),
    FAULTS: ("scenario", "concurrency", "order", "p50_ns"),
    COPIES: ("op", "impl", "unit_bytes", "locality", "threads", "ns_per_op"),
    TOUCHED: ("mode", "size_bytes", "fork_ns"),
}
_CLEARED = ("clear", "rep_stosb")
_COPIED = ("copy", "memcpy")
"""What is done how, as a program does it."""


def read_times(folder: Path, up_to_bytes: int | None = None) -> MeasuredTimes:
    """What a folder's files say, those that are there.

    Args:
        folder: where they lie.
        up_to_bytes: leave out forks of more memory.

    Raises:
        InputError: the forks are not there, or a file is wrong.
    """
    if not (folder / FORKS).exists():
        raise InputError.at(Position(str(folder)), f"no {FORKS}: expected at least this file")
    rows = {name: read_rows(folder / name, _COLUMNS[name]) for name in _files(folder)}
    forks = [row for row in rows[FORKS] if _fits(row, up_to_bytes)]
    touched = [row for row in rows.get(TOUCHED, []) if _fits(row, up_to_bytes)]
    return MeasuredTimes(
        **_of_forks(forks),
        aged_fork=_times(_of(touched, "4k"), "fork_ns", PAGE_BYTES),
        faults=_by_name(rows.get(FAULTS, []), _fault, "p50_ns"),
        copies=_by_name(rows.get(COPIES, []), _copy, "ns_per_op"),
    )


def assumed_kernel(times: MeasuredTimes) -> str:
    """A kernel whose faults on huge pages are as those that were measured.

    Since 5.8 the first write below a huge page that a fork shares splits it; before, it copied
    2 MiB, which takes longer than clearing them (mechanisms.md 2).
    """
    written, cleared = (times.faults.get(one) for one in ("thp_cow_first4k/seq", "thp_zero/seq"))
    if written is None or cleared is None or np.median(written) < np.median(cleared):
        return NEWER
    return OLDER


def _files(folder: Path) -> list[str]:
    return [name for name in _COLUMNS if (folder / name).exists()]


def _fits(row: MeasuredRow, up_to_bytes: int | None) -> bool:
    return up_to_bytes is None or row.count("size_bytes") <= up_to_bytes


def _of(
    rows: Sequence[MeasuredRow],
    mode: str,
    *,
    instances: int | None = None,
    number: int | None = None,
) -> list[MeasuredRow]:
    """Rows of a mode, of so many processes at once, of the first fork (1) or others (2)."""
    return [
        row
        for row in rows
        if row.cells["mode"] == mode
        and (instances is None or row.count("instances") == instances)
        and (number is None or min(row.count("fork_no_after_touch"), 2) == number)
    ]


def _times(rows: Sequence[MeasuredRow], column: str, unit_bytes: int) -> Repetitions:
    """A column by how many units there were; cells of 0 or nothing were not measured."""
    found: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row.cells[column].strip() and (ns := row.number(column)):
            found[row.count("size_bytes") // unit_bytes].append(ns)
    return {units: np.array(each) for units, each in sorted(found.items())}


def _of_forks(rows: Sequence[MeasuredRow]) -> dict[str, Repetitions]:
    """What the forks' file tells, by the field of `MeasuredTimes`."""
    alone = _of(rows, "4k", instances=1)
    huge = _of(rows, "thp", instances=1)
    first, following = (_of(alone, "4k", number=number) for number in (1, 2))
    filled = [row for row in first if row.count("size_bytes")]
    found = {
        "first_fork": _times(first, "fork_ns", PAGE_BYTES),
        "next_fork": _times(following, "fork_ns", PAGE_BYTES),
        "child": _times(alone, "child_start_to_wait_return_ns", PAGE_BYTES),
        "unmap": _times(following, "munmap_ns", PAGE_BYTES),
        "fill": _times(filled, "touch_all_ns", PAGE_BYTES),
        "huge_fork": _times(huge, "fork_ns", HUGE_BYTES),
        "huge_fill": _times(huge, "touch_all_ns", HUGE_BYTES),
        "hugetlb_fork": _times(_of(rows, "hugetlb", instances=1), "fork_ns", HUGE_BYTES),
        "pair_first_fork": _times(_of(rows, "4k", instances=2, number=1), "fork_ns", PAGE_BYTES),
    }
    assert set(found) <= {field.name for field in fields(MeasuredTimes)}  # noqa: S101 - as named
    return found


def _by_name(
    rows: Sequence[MeasuredRow], named: Callable[[MeasuredRow], str | None], column: str
) -> Mapping[str, FloatArray]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if (name := named(row)) is not None and row.cells[column].strip():
            found[name].append(row.number(column))
    return {name: np.array(each) for name, each in found.items()}


def _fault(row: MeasuredRow) -> str | None:
    """Scenario and order of faults of one thread, in memory that the host has backed before."""
    if row.cells["concurrency"] != "single" or row.cells.get("prewarmed", "1") == "0":
        return None
    return f"{row.cells['scenario']}/{row.cells['order']}"


def _copy(row: MeasuredRow) -> str | None:
    """What one thread copies or clears, between pages of 4 KiB if that is said."""
    cells = row.cells
    if cells["threads"] != "1" or cells.get("user_mapping", "4k") != "4k":
        return None
    if (cells["op"], cells["impl"]) not in (_CLEARED, _COPIED):
        return None
    return f"{cells['op']}/{cells['unit_bytes']}/{cells['locality']}"
