"""Every published cell has its row, and the report says what misses and why."""

import csv
import io

from run_samples import faults, forks, redis

from results.paper.comparison.deviations import COLUMNS, Deviation, deviations, to_csv
from results.paper.reference import published
from results.paper.registry import ITEMS


def deviation(cell: str, paper: float, simulated: float | None, why: str = "") -> Deviation:
    return Deviation("x", cell, "ms", paper, simulated, "predicted", 0.1, why)


def test_csv_letter_by_letter() -> None:
    item = ITEMS["table1"]
    records = [faults("classic", 2415), faults("on_demand", 12_147)]
    assert to_csv(deviations(item, item.collect(records))) == (
        "item,cell,unit,published,simulated,ratio,basis\n"
        "table1,fork/mean,ms,0.0023,0.002415,1.0500,fitted\n"
        "table1,fork_huge/mean,ms,0.1984,,,fitted\n"
        "table1,on_demand/mean,ms,0.0122,0.012147,0.9957,predicted\n"
    )


def test_a_cell_at_its_tolerance_is_no_miss() -> None:
    assert not deviation("a/b", 2.0, 2.1999).misses
    assert deviation("a/b", 2.0, 2.2001).misses
    assert deviation("a/b", 2.0, None).misses


def test_one_row_per_published_cell_and_the_stated_columns() -> None:
    records = {
        "fig02": [forks("classic"), forks("classic", 3)],
        "fig07": [forks("classic", sizes=10)],
        "table5": [redis("classic")],
    }
    found = [d for n, r in records.items() for d in deviations(ITEMS[n], ITEMS[n].collect(r))]
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert tuple(rows[0]) == COLUMNS
    expected = [(name, cell.name) for name in records for cell in published.cells(name)]
    assert [(row["item"], row["cell"]) for row in rows] == expected
    assert {row["basis"] for row in rows} <= {"fitted", "predicted"}
    for row in rows:
        if row["simulated"]:
            ratio = float(row["simulated"]) / float(row["published"])
            assert abs(float(row["ratio"]) - ratio) < 1e-4 * max(1, ratio)
