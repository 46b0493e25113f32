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
    """The published cells of ``item``, in the item's own order.

    Raises:
        KeyError: nothing is published under that name.
    """
    return tuple(_ITEMS[item]())


def values(item: str) -> dict[str, float]:
    """The published numbers of ``item`` by cell."""
    return {cell.name: cell.published for cell in cells(item)}


@cache
def _paper() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("paper.yaml").read_text("utf-8")
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return data


def _curves(file: str, names: dict[str, str]) -> Iterator[Cell]:
    """The cells of a CSV with a row per size; ``names`` gives each column's cells a prefix."""
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    for column, name in names.items():
        for row in rows:
            yield Cell(f"{name}/{float(row['size_gb']):g}GB", "ms", float(row[column]))


def _fig02() -> Iterator[Cell]:
    columns = {"sequential_ms": "fork", "concurrent3x_ms": "fork/concurrent3"}
    return _curves("fig02_fork_time.csv", columns)


def _fig07() -> Iterator[Cell]:
    columns = {"fork_ms": "fork", "fork_huge_ms": "fork_huge", "odf_ms": "on_demand"}
    return _curves("fig07_fork_schemes.csv", columns)


def _table1() -> Iterator[Cell]:
    table = _paper()["table_1_worst_case_fault_ms"]
    names = {"fork": "fork", "fork_huge_pages": "fork_huge", "on_demand": "on_demand"}
    for key, name in names.items():
        yield Cell(f"{name}/mean", "ms", table[key])


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


_ITEMS: dict[str, Callable[[], Iterator[Cell]]] = {
    "fig02": _fig02,
    "fig07": _fig07,
    "table1": _table1,
    "table3": _table3,
    "table4": _table4,
    "table5": _table5,
}
