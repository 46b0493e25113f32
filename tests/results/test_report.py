"""The report says what misses and why, which fork is faster, and sums it all up."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from run_samples import accesses, faults, forks, initialised_unit_tests, redis

from results.paper.comparison import deviations, rankings, sensitivity
from results.paper.comparison.deviations import Deviation
from results.paper.comparison.report import ItemReport, report, summary, to_markdown, write
from results.paper.registry import ITEMS
from results.records.record import Record


def deviation(cell: str, paper: float, simulated: float | None, why: str = "") -> Deviation:
    return Deviation("x", cell, "ms", paper, simulated, "predicted", 0.1, why)


def of(name: str, records: list[Record]) -> ItemReport:
    return report(ITEMS[name], ITEMS[name].collect(records), records)


def test_letter_by_letter() -> None:
    text = to_markdown([of("table1", [faults("classic", 2600), faults("on_demand", 12_147)])])
    assert text.splitlines()[4:] == [
        "| cells | number | median error | worst error | within tolerance |",
        "|---|---:|---:|---:|---:|",
        "| fitted | 2 | 13.0% | +13.0% (table1 fork/mean) | 0 |",
        "| predicted | 1 | 0.4% | -0.4% (table1 on_demand/mean) | 1 |",
        "",
        "* Which of two forks is faster, predicted: 1 of 2 right, 1 not simulated.",
        "* All three forks in their order, predicted: 0 of 1.",
        "* Which of two forks is faster, fitted: 0 of 1 right, 1 not simulated.",
        "",
        "| item | basis | cells | mean error | median error | worst error | misses |",
        "|---|---|---:|---:|---:|---:|---:|",
        "| table1 | fitted | 2 | 13.0% | 13.0% | +13.0% (fork/mean) | 2 |",
        "| table1 | predicted | 1 | 0.4% | 0.4% | -0.4% (on_demand/mean) | 0 |",
        "",
        "## Which fork is faster",
        "",
        "Two values of which the smaller is at least 92% of the larger are a tie.",
        "",
        "### Table 1: worst-case page fault",
        "",
        "| quantity | schemes | faster, published | faster, simulated | |",
        "|---|---|---|---|---|",
        "| mean | fork, fork_huge | fork, 86.3 times | - | unknown |",
        "| mean | fork, on_demand | fork, 5.3 times | fork, 4.67 times | right |",
        "| mean | fork_huge, on_demand | on_demand, 16.3 times | - | unknown |",
        "",
        "* **Miss** fork, fork_huge: unknown at mean. Not explained.",
        "* **Miss** fork_huge, on_demand: unknown at mean. Not explained.",
        "",
        "## Table 1: worst-case page fault",
        "",
        "| cell | published | simulated | error | basis |",
        "|---|---:|---:|---:|---|",
        "| fork/mean | 0.0023 ms | 0.0026 ms | +13.0% | fitted |",
        "| fork_huge/mean | 0.1984 ms | none | - | fitted |",
        "| on_demand/mean | 0.0122 ms | 0.01215 ms | -0.4% | predicted |",
        "",
        "* **Miss** fork/mean: +13.0%, tolerance 5%. Not explained.",
        "* **Miss** fork_huge/mean: No record answers it.",
    ]


def test_misses_of_one_curve_and_reason_share_a_line() -> None:
    curve = [deviation(f"fork/{n}GB", 1.0, 1.0 + n / 4, "It leans.") for n in range(31)]
    lines = to_markdown([ItemReport(ITEMS["fig07"], curve, remarks=["A remark."])]).splitlines()
    assert "| fork | predicted | 31 | 375.0% | 375.0% | +750.0% (fork/30GB) | 30 |" in lines
    assert lines[-3:] == [
        "* **Miss** fork/1GB to fork/30GB (30 cells): up to fork/30GB +750.0%, tolerance 10%."
        " It leans.",
        "",
        "* A remark.",
    ]


def test_a_known_miss_of_table4_is_explained() -> None:
    text = to_markdown([of("table4", [redis("classic"), redis("on_demand")])])
    (line,) = [line for line in text.splitlines() if "**Miss** on_demand/p50" in line]
    assert "What would have to be true: two kernels were measured" in line


def test_an_item_without_published_values_says_so_and_shows_its_conditions() -> None:
    found = of("fig08", [r for r in accesses() if r.at("workload.reads") in (0, 1)])
    lines = to_markdown([found]).splitlines()
    section = lines[lines.index("## Figure 8: fork and access, time saved by On-demand-fork") :]
    assert section[2] == "No values are published for it."
    held = [line for line in section if line.startswith("* Holds: ")]
    assert len(held) == len(found.conditions) == 6
    assert "* Further conditions that hold: 6 of 6." in lines


def test_the_summary_keeps_fitted_and_predicted_orders_apart() -> None:
    curves = of("fig07", [forks(kind) for kind in ("classic", "huge", "on_demand")])
    table = of("table5", [redis("classic"), redis("on_demand")])
    assert [line for line in summary([curves, table]) if line.startswith("*")] == [
        "* Which of two forks is faster, predicted: 1 of 1 right.",
        "* Which of two forks is faster, fitted: 300 of 300 right.",
        "* All three forks in their order, fitted: 100 of 100.",
    ]


def test_large_values_have_no_exponent() -> None:
    lines = to_markdown(
        [of("table2", [initialised_unit_tests("classic", 24 * 10**9)])]
    ).splitlines()
    assert "| fork/initialisation | 24189.4 ms | 24000 ms | -0.8% | fitted |" in lines


def test_files(tmp_path: Path) -> None:
    write([of("table1", [faults("classic", 2300)]), of("table5", [redis("classic")])], tmp_path)
    assert (tmp_path / "deviations.md").read_text().startswith("# Deviations from the paper\n")
    for name, columns, rows in (
        ("deviations", deviations.COLUMNS, 3 + 4),
        ("comparisons", rankings.COLUMNS, 3 + 1),
        ("sensitivities", sensitivity.COLUMNS, 0),
    ):
        lines = (tmp_path / f"{name}.csv").read_text().splitlines()
        assert lines[0] == ",".join(columns)
        assert len(lines) == 1 + rows


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-6, 1e6), st.none() | st.floats(0, 1e9)), min_size=1, max_size=40
    )
)
def test_it_is_made_of_any_numbers(pairs: list[tuple[float, float | None]]) -> None:
    cells = [deviation(f"fork/{n}GB", paper, ours) for n, (paper, ours) in enumerate(pairs)]
    text = to_markdown([ItemReport(ITEMS["fig07"], cells)])
    assert f"| {len(pairs)} |" in text
    assert text.count("**Miss**") <= 2
    assert ("**Miss**" in text) == any(cell.misses for cell in cells)
