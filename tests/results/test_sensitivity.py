"""What a constant does to a cell, and how far it would have to move: exact for linear times."""

from collections.abc import Mapping

import pytest
from run_samples import PAUSES_NS, record, redis_recording

from results.paper.comparison.deviations import Deviation, deviations
from results.paper.comparison.sensitivity import FACTOR, Sensitivity, lines, sensitivities, to_csv
from results.paper.registry import ITEMS
from results.records.record import Record


def cell(paper: float, simulated: float, unit: str = "ms") -> Deviation:
    return Deviation("x", "on_demand/mean", unit, paper, simulated, "predicted", 0.1)


def time_of(constant: float) -> float:
    return 3.0 + 2.0 * constant


def test_a_linear_time_meets_the_paper_where_it_says() -> None:
    found = Sensitivity(cell(9.0, time_of(1)), "c", time_of(1), time_of(FACTOR))
    assert found.elasticity == pytest.approx(2 / 5)
    assert found.factor_needed == pytest.approx(3.0)
    assert time_of(found.factor_needed or 0) == pytest.approx(9.0)


def test_a_rate_is_one_over_a_linear_time() -> None:
    simulated, after = 1 / time_of(1), 1 / time_of(FACTOR)
    found = Sensitivity(cell(1 / 4.0, simulated, "1/s"), "c", simulated, after)
    assert found.elasticity == pytest.approx(-2 / 5)
    assert found.factor_needed == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("paper", "after"),
    [
        (2.9, time_of(FACTOR)),  # below zero
        (3.3, time_of(FACTOR)),  # a seventh
        (20.0, time_of(FACTOR)),  # more than five times
        (9.0, time_of(1) * 1.001),  # hardly moves the cell
    ],
)
def test_no_move_of_it_alone(paper: float, after: float) -> None:
    found = Sensitivity(cell(paper, time_of(1)), "c", time_of(1), after)
    assert found.factor_needed is None
    assert "| no move of it alone |" in list(lines([found]))[-1]


def test_a_cell_of_zero_has_no_elasticity() -> None:
    found = Sensitivity(cell(0.42, 0.0), "c", 0.0, 0.0)
    assert (found.elasticity, found.factor_needed) == (None, None)
    assert list(lines([found]))[-1] == (
        "| on_demand/mean | c | cell is zero | no move of it alone |"
    )


def test_cells_within_their_tolerance_are_left_to_the_csv() -> None:
    found = [Sensitivity(cell(5.2, 5.0), "c", 5.0, time_of(FACTOR))]
    assert list(lines(found)) == []
    assert (
        to_csv(found) == "item,cell,constant,elasticity,factor_needed\nx,on_demand/mean,c,0.4,1.1\n"
    )


def short(pause_ns: int, scale: Mapping[str, float]) -> Record:
    machine = {"scale": dict(scale)}
    config = {
        "machine": machine,
        "workload": {"keys": {"share": 0.1}},
        "fork": {"kind": "on_demand"},
    }
    return record(config, redis_recording(pause_ns))


def test_records_are_told_apart_by_what_they_scale() -> None:
    item = ITEMS["table5"]
    pause_ns = PAUSES_NS["on_demand"]
    varied = [
        short(pause_ns, {}),
        short(round(1.1 * pause_ns), {"table_share_ns": FACTOR}),
        short(pause_ns, {"entry_copy_ns": FACTOR}),
    ]
    found = sensitivities(item, deviations(item, {"on_demand/mean": 0.1}), varied)
    means = {s.constant: s for s in found if s.deviation.cell == "on_demand/mean"}
    assert list(means) == ["table_share_ns", "entry_copy_ns"]
    assert means["table_share_ns"].elasticity == pytest.approx(0.5)
    assert means["table_share_ns"].factor_needed == pytest.approx(1 + (0.12 / 0.1 - 1) / 0.5)
    assert means["entry_copy_ns"].elasticity == 0


def test_without_short_runs_there_is_nothing_to_say() -> None:
    item = ITEMS["table5"]
    assert sensitivities(item, deviations(item, {"on_demand/mean": 0.1}), []) == []
