"""The published cells of every item, as the numbers to compare a simulation with."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Cell:
    """One published number.

    Attributes:
        name: ``SCHEME/QUANTITY``, for example ``on_demand/p99.99`` or ``fork/concurrent3/1GB``.
        unit: of the number.
        published: the number.
    """

    name: str
    unit: str
    published: float


@cache
def cells(item: str) -> tuple[Cell, ...]:
    """The published cells of ``item``, in the item's own order; none of a figure without values.

    Raises:
        KeyError: nothing is published under that name.
    """
    return tuple(_ITEMS[item]())


def values(item: str) -> dict[str, float]:
    """The published numbers of ``item`` by cell."""
    return {cell.name: cell.published for cell in cells(item)}


@cache
def rates(item: str) -> dict[str, tuple[list[float], list[float]]]:
    """The published executions per second over time (s) of a fuzzer's figure, by scheme.

    Raises:
        KeyError: ``item`` has no such curves.
    """
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for row in _rows(_RATES[item]):
        times_s, per_s = curves.setdefault(_SERIES[row["series"]], ([], []))
        times_s.append(float(row["t_s"]))
        per_s.append(float(row["execs_per_s"]))
    return curves


_RATES = {"fig09": "fig09_afl.csv", "fig10": "fig10_triforce.csv"}
_SERIES = {"fork": "fork", "odf": "on_demand"}
"""The schemes' names in cells by those in the files of rates."""


@cache
def _paper() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("paper.yaml").read_text("utf-8")
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return data


@cache
def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _curves(file: str, names: dict[str, str]) -> Iterator[Cell]:
    """The cells of a CSV with a row per size; ``names`` gives each column's cells a prefix."""
    for column, name in names.items():
        for row in _rows(file):
            yield Cell(f"{name}/{float(row['size_gb']):g}GB", "ms", float(row[column]))


def _fig02() -> Iterator[Cell]:
    columns = {"sequential_ms": "fork", "concurrent3x_ms": "fork/concurrent3"}
    return _curves("fig02_fork_time.csv", columns)


def _fig07() -> Iterator[Cell]:
    columns = {"fork_ms": "fork", "fork_huge_ms": "fork_huge", "odf_ms": "on_demand"}
    return _curves("fig07_fork_schemes.csv", columns)


def _nothing() -> Iterator[Cell]:
    return iter(())


def _fig09() -> Iterator[Cell]:
    means = _paper()["figure_9_afl_sqlite"]["mean_execs_per_s"]
    for scheme in ("fork", "on_demand"):
        yield Cell(f"{scheme}/mean", "1/s", means[scheme])


def _fig10() -> Iterator[Cell]:
    # One pair of numbers is published; it is compared with two layouts of the frames.
    means = _paper()["figure_10_triforce_afl"]["mean_execs_per_s"]
    for quantity in ("mean", "mean_scattered"):
        for scheme in ("fork", "on_demand"):
            yield Cell(f"{scheme}/{quantity}", "1/s", means[scheme])


def _table1() -> Iterator[Cell]:
    table = _paper()["table_1_worst_case_fault_ms"]
    names = {"fork": "fork", "fork_huge_pages": "fork_huge", "on_demand": "on_demand"}
    for key, name in names.items():
        yield Cell(f"{name}/mean", "ms", table[key])


def _table2() -> Iterator[Cell]:
    for quantity, value in _paper()["table_2_sqlite_initialisation_ms"].items():
        yield Cell(f"fork/{quantity}", "ms", value)


def _table3() -> Iterator[Cell]:
    table = _paper()["table_3_sqlite_unit_tests_ms"]
    for scheme in ("fork", "on_demand"):
        for quantity, value in table[scheme].items():
            yield Cell(f"{scheme}/{quantity}", "ms", value)


def _table4() -> Iterator[Cell]:
    table = _paper()["table_4_redis_latency_ms"]
    for scheme in ("fork", "on_demand"):
        for percentile, value in zip(table["percentile"], table[scheme], strict=True):
            yield Cell(f"{scheme}/p{percentile:g}", "ms", value)


def _table5() -> Iterator[Cell]:
    table = _paper()["table_5_redis_fork_ms"]
    for scheme in ("fork", "on_demand"):
        for quantity in ("mean", "std"):
            yield Cell(f"{scheme}/{quantity}", "ms", table[scheme][quantity])


def _table6() -> Iterator[Cell]:
    table = _paper()["table_6_apache_us"]
    for scheme in ("fork", "on_demand"):
        for quantity in ("mean", "max"):
            yield Cell(f"{scheme}/{quantity}", "us", table[scheme][quantity])


def _table7() -> Iterator[Cell]:
    table = _paper()["table_7_apache_percentiles_us"]
    for scheme in ("fork", "on_demand"):
        for percentile, value in zip(table["percentile"], table[scheme], strict=True):
            yield Cell(f"{scheme}/p{percentile:g}", "us", value)


_ITEMS: dict[str, Callable[[], Iterator[Cell]]] = {
    "fig02": _fig02,
    "fig04": _nothing,
    "fig07": _fig07,
    "fig08": _nothing,
    "fig09": _fig09,
    "fig10": _fig10,
    "table1": _table1,
    "table2": _table2,
    "table3": _table3,
    "table4": _table4,
    "table5": _table5,
    "table6": _table6,
    "table7": _table7,
}
