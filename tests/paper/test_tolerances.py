"""What the simulation must hold of the paper's numbers; a miss here is a broken model."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from experiments.commands.paper import points_of
from experiments.execution.simulation import simulate
from experiments.language.catalogue import catalogue
from experiments.planning.points import Point
from experiments.planning.resolution import WholeSource
from results.paper.comparison.deviations import deviations
from results.paper.comparison.rankings import orders
from results.paper.reference import published
from results.paper.registry import ITEMS
from results.records.record import Record

pytestmark = pytest.mark.evaluation


def once(point: Point, repetitions: int = 1) -> Record:
    """The point's record with fewer repetitions than the paper's run has."""
    source = WholeSource({**point.config, "repetitions": repetitions})
    return simulate(replace(point, source=source))


@cache
def records_of(item: str, repetitions: int = 1) -> tuple[Record, ...]:
    return tuple(once(point, repetitions) for point in points_of(item, catalogue()))


def failed_conditions(item: str, repetitions: int = 1) -> list[str]:
    """What must hold of the item and does not."""
    records = records_of(item, repetitions)
    conditions = ITEMS[item].conditions(ITEMS[item].collect(records), records)
    assert conditions
    return [condition.text for condition in conditions if not condition.holds]


@cache
def errors(item: str, repetitions: int = 1) -> dict[str, float]:
    """Relative error of each cell."""
    simulated = ITEMS[item].collect(records_of(item, repetitions))
    reference = published.values(item)
    assert set(simulated) >= set(reference)
    return {cell: simulated[cell] / value - 1 for cell, value in reference.items() if value}


@pytest.mark.parametrize("curve", ["fork", "fork_huge", "on_demand"])
def test_figure_7(curve: str) -> None:
    found = np.array([e for cell, e in errors("fig07").items() if cell.startswith(f"{curve}/")])
    assert found.size == 100
    assert np.abs(found).mean() <= 0.02
    assert np.abs(found).max() <= 0.06


def test_figure_2() -> None:
    found = errors("fig02", 5)
    concurrent = np.array([e for cell, e in found.items() if "concurrent3" in cell])
    assert concurrent.size == 100
    assert np.abs(concurrent).mean() <= 0.06
    assert abs(found["fork/concurrent3/1GB"]) <= 0.05


def test_figure_8() -> None:
    assert failed_conditions("fig08") == []


def test_figure_9() -> None:
    found = errors("fig09")
    assert abs(found["fork/mean"]) <= 0.005  # what the layout was taken from
    assert abs(found["on_demand/mean"]) <= 0.25


def test_figure_10() -> None:
    found = errors("fig10")
    assert abs(found["fork/mean"]) <= 0.005  # what the run times were taken from
    assert abs(found["fork/mean_scattered"]) <= 0.005
    assert abs(found["on_demand/mean"]) <= 0.30
    assert abs(found["on_demand/mean_scattered"]) <= 0.15


def test_table_1() -> None:
    assert all(abs(error) <= 0.05 for error in errors("table1").values())


def test_table_3() -> None:
    found = errors("table3", 2)
    assert abs(found["on_demand/forking"]) <= 0.25
    assert abs(found["on_demand/testing"]) <= 0.15
    for quantity in ("forking", "testing"):  # what the setup was taken from
        assert abs(found[f"fork/{quantity}"]) <= 0.005


def test_table_2() -> None:
    assert all(abs(error) <= 0.005 for error in errors("table2", 2).values())


@pytest.mark.parametrize("table", ["table6", "table7"])
def test_tables_6_and_7(table: str) -> None:
    assert failed_conditions(table) == []  # no fork wins
    for cell, error in errors(table).items():
        if cell.startswith("fork/"):
            assert abs(error) <= (0.15 if cell == "fork/max" else 0.08), cell


REPETITIONS = {"fig02": 5, "table3": 2, "table5": 5, "table6": 5, "table7": 5}
NOT_AS_PUBLISHED = {
    ("table4", "p50"): "only a tie",
    ("table4", "p90"): "only a tie",
    ("table4", "p95"): "only a tie",
    ("table4", "p99"): "only a tie",
    ("table4", "p99.9"): "only a tie",
    ("table6", "max"): "no tie",
}
"""The orders that are not reproduced: the report tells them, too."""

MISSES = {
    "fig02": {"fork/concurrent3/0.5GB"},
    "table4": {"on_demand/p99.9", "on_demand/p99.99"},
    "table5": {"fork/std", "on_demand/std"},
    "table6": {"on_demand/max"},
    "table7": {"on_demand/p50"},
}
"""The cells beyond their tolerance."""


@pytest.mark.parametrize("item", [name for name in ITEMS if name not in ("fig04", "fig08")])
def test_what_is_not_as_published_is_known(item: str) -> None:
    simulated = ITEMS[item].collect(records_of(item, REPETITIONS.get(item, 1)))
    found = orders(ITEMS[item], simulated)
    wrong = {(o.item, o.quantity): o.verdict for o in found if o.verdict != "right"}
    assert wrong == {key: value for key, value in NOT_AS_PUBLISHED.items() if key[0] == item}
    missed = {d.cell for d in deviations(ITEMS[item], simulated) if d.misses}
    assert missed == MISSES.get(item, set())


def test_table_5() -> None:
    found = errors("table5", 5)
    assert abs(found["fork/mean"]) <= 0.20
    assert abs(found["on_demand/mean"]) <= 0.20


def test_table_4() -> None:
    found = errors("table4")
    for percentile in ("p50", "p90", "p95", "p99", "p99.9"):
        assert abs(found[f"fork/{percentile}"]) <= 0.20
    assert abs(found["fork/p99.99"]) <= 0.30
    scale = 1 + found["on_demand/p50"]
    # Beyond, On-demand-fork misses (`MISSES`).
    for percentile in ("p90", "p95", "p99", "p99.9"):
        assert abs((1 + found[f"on_demand/{percentile}"]) / scale - 1) <= 0.30
