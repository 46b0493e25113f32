"""Which fork is faster: pairs, ties, and what becomes of a wrong order."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.paper.comparison.rankings import COLUMNS, TIE, Order, lines, of_three, orders, to_csv
from results.paper.reference import published
from results.paper.registry import ITEMS


def order(paper: float, ours: float | None, *, rate: bool = False, why: str = "") -> Order:
    return Order("x", "p50", "fork", "on_demand", paper, ours, rate, "predicted", why)


def test_less_time_or_a_higher_rate_is_faster() -> None:
    assert order(2.0, 2.0).faster(2.0) == "on_demand"
    assert order(2.0, 2.0, rate=True).faster(2.0) == "fork"
    assert order(2.0, 2.0).faster(0.5) == "fork"


def test_a_tie_is_at_most_8_percent_of_the_larger() -> None:
    assert order(1, 1).faster(0.9201) == order(1, 1).faster(1 / 0.9201) == "tie"
    assert order(1, 1).faster(0.9199) == "fork"
    assert order(1, 1).faster(1 / 0.9199) == "on_demand"


@pytest.mark.parametrize(
    ("paper", "ours", "verdict"),
    [
        (2.0, 1.2, "right"),
        (1.02, 0.98, "right"),
        (2.0, 1.01, "only a tie"),
        (1.01, 2.0, "no tie"),
        (2.0, 0.5, "opposite"),
        (2.0, None, "unknown"),
    ],
)
def test_verdicts(paper: float, ours: float | None, verdict: str) -> None:
    assert order(paper, ours).verdict == verdict


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_a_verdict_does_not_depend_on_which_scheme_stands_first(paper: float, ours: float) -> None:
    if any(abs(min(r, 1 / r) - (1 - TIE)) < 1e-9 for r in (paper, ours)):
        return
    assert order(paper, ours).verdict == order(1 / paper, 1 / ours).verdict


@pytest.mark.parametrize(
    ("name", "pairs", "threes"),
    [
        ("fig02", 100, 0), ("fig04", 0, 0), ("fig07", 300, 100), ("fig08", 0, 0), ("fig09", 1, 0),
        ("fig10", 1, 0), ("table1", 3, 1), ("table2", 0, 0), ("table3", 3, 0), ("table4", 6, 0),
        ("table5", 1, 0), ("table6", 2, 0), ("table7", 4, 0),
    ],
)  # fmt: skip
def test_the_published_values_are_in_their_own_order(name: str, pairs: int, threes: int) -> None:
    found = orders(ITEMS[name], published.values(name))
    assert len(found) == pairs
    assert all(one.verdict == "right" for one in found)
    assert of_three(found) == dict.fromkeys((one.quantity for one in found[: 3 * threes]), True)


def test_apaches_forks_are_a_tie_in_the_paper() -> None:
    for name in ("table6", "table7"):
        found = orders(ITEMS[name], {})
        assert [one.faster(one.published) for one in found] == ["tie"] * len(found)
        assert {one.verdict for one in found} == {"unknown"}


def test_one_scheme_out_of_order_spoils_the_order_of_three() -> None:
    simulated = published.values("table1") | {"on_demand/mean": 0.3}
    found = orders(ITEMS["table1"], simulated)
    assert [one.verdict for one in found] == ["right", "right", "opposite"]
    assert of_three(found) == {"mean": False}


def test_csv_letter_by_letter() -> None:
    found = orders(ITEMS["fig09"], {"fork/mean": 63, "on_demand/mean": 60})
    assert to_csv(found) == (
        "item,quantity,first,second,published_ratio,simulated_ratio,published_faster,"
        "simulated_faster,verdict\n"
        "fig09,mean,fork,on_demand,0.305825,1.05,on_demand,tie,only a tie\n"
    )
    assert tuple(csv.DictReader(io.StringIO(to_csv(found))).fieldnames or ()) == COLUMNS


def test_a_wrong_order_is_a_miss_with_its_reason() -> None:
    simulated = published.values("table4") | {"on_demand/p50": 4.32}
    shown = list(lines(orders(ITEMS["table4"], simulated), most_listed=24))
    assert "| p50 | fork, on_demand | on_demand, 1.12 times | tie | only a tie |" in shown
    (miss,) = [line for line in shown if "**Miss**" in line]
    assert miss.startswith("* **Miss** fork, on_demand: only a tie at p50. The published median")


def test_curves_have_a_line_per_pair() -> None:
    simulated = {cell: ms * 2 for cell, ms in published.values("fig02").items()}
    simulated["fork/concurrent3/50GB"] = simulated["fork/50GB"] / 2
    shown = list(lines(orders(ITEMS["fig02"], simulated), most_listed=24))
    assert shown[2].startswith("| fork, fork/concurrent3 | 99 of 100 sizes | 2.")
    assert "fork, fork/concurrent3: opposite at 50GB." in shown[-1]
