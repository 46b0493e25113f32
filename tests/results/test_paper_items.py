"""Each item finds its cells in records whose numbers are known, and writes its files."""

from pathlib import Path

import pytest
from run_samples import (
    accesses,
    faults,
    forks,
    fuzzing,
    initialised_unit_tests,
    record,
    redis,
    requests,
    unit_tests,
)

from results.figures import style
from results.paper.comparison.report import report, to_markdown
from results.paper.drawing import rates
from results.paper.items import fig02, table4
from results.paper.reference import published
from results.paper.registry import ITEMS, write_item
from results.records.record import Record
from sim.measures.recording import Recording
from sim.names import by_name

REDIS = [redis(kind) for kind in ("classic", "on_demand")]
RECORDS: dict[str, list[Record]] = {
    "fig02": [forks("classic", repetitions=5), forks("classic", instances=3, repetitions=10)],
    "fig07": [forks(kind) for kind in ("classic", "huge", "on_demand")],
    "fig04": [forks(kind) for kind in ("classic", "huge", "on_demand")],
    "fig08": accesses(),
    "fig09": [fuzzing("classic", 60), fuzzing("on_demand", 180)],
    "fig10": [
        fuzzing(kind, per_s, scattered)
        for kind, per_s in (("classic", 90), ("on_demand", 135))
        for scattered in (0.25, 1.0)
    ],
    "table1": [faults("classic", 2300), faults("huge", 198_400), faults("on_demand", 12_000)],
    "table2": [initialised_unit_tests("classic", 24 * 10**9)],
    "table3": [unit_tests("classic", 8_000_000, 120_000), unit_tests("on_demand", 80_000, 140_000)],
    "table4": [*REDIS, *(redis(kind, share=1.0) for kind in ("classic", "on_demand"))],
    "table5": REDIS,
    "table6": [requests("classic", 34, 285), requests("on_demand", 33, 304)],
    "table7": [requests("classic", 34, 285), requests("on_demand", 33, 304)],
}


def test_every_item_is_registered_under_its_name() -> None:
    figures = [f"fig{number:02}" for number in (2, 4, 7, 8, 9, 10)]
    assert list(ITEMS) == [*figures, *(f"table{number}" for number in range(1, 8))]
    assert all(name == item.name for name, item in ITEMS.items())


def test_two_items_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two items of the paper are named fig02"):
        by_name("items of the paper", [ITEMS["fig02"], ITEMS["fig02"]])


@pytest.mark.parametrize("name", ITEMS)
def test_every_published_cell_is_answered(name: str) -> None:
    cells = ITEMS[name].collect(RECORDS[name])
    missing = {cell.name for cell in published.cells(name)} - set(cells)
    assert missing == set()


def test_fig02_tells_one_program_from_three() -> None:
    cells = ITEMS["fig02"].collect(RECORDS["fig02"])
    assert cells["fork/1GB"] == 5.0
    assert cells["fork/concurrent3/1GB"] == 15.0
    assert cells["fork/60GB"] == 300.0


def test_fig02_takes_five_repetitions_and_shows_the_spread_over_the_rest() -> None:
    first, later = forks("classic", 3).repetitions[0], forks("classic", 3).repetitions[0]
    later.series["forks"]["fork_ns"] = later.series["forks"]["fork_ns"] * 2
    config = {"workload": {"instances": 3}, "fork": {"kind": "classic"}}
    records = [record(config, *[first] * 5, *[later] * 5, later)]
    assert fig02.collect(records)["fork/concurrent3/1GB"] == 15.0
    errors = [cells["fork/concurrent3/1GB"] for cells in fig02.set_errors(records)]
    assert errors == pytest.approx([15 / 22.4325 - 1, 30 / 22.4325 - 1])
    (remark,) = ITEMS["fig02"].remarks({}, records)
    assert remark.startswith("Over 2 sets of 5 seeds")
    assert "error at 1 GB +0.3% (from -33.1% to +33.7%)" in remark


def test_fig02_says_what_the_band_is() -> None:
    item, records = ITEMS["fig02"], RECORDS["fig02"]
    figure = style.drawing(lambda: item.draw(item.collect(records), records))
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["lowest to highest of five runs"]


def test_fig07_speaks_of_the_speed_up() -> None:
    item = ITEMS["fig07"]
    cells = item.collect(RECORDS["fig07"])
    assert (cells["fork/1GB"], cells["fork_huge/1GB"], cells["on_demand/1GB"]) == (5, 0.1, 0.02)
    assert item.remarks(cells, []) == [
        "On-demand-fork is faster than Fork 250 times at 1GB (published: 65) "
        "and 250 times at 50GB (published: 270)."
    ]
    assert item.remarks({}, []) == []


def test_table1_is_the_mean_fault() -> None:
    item = ITEMS["table1"]
    assert item.collect(RECORDS["table1"]) == {
        "fork/mean": 0.0023, "fork_huge/mean": 0.1984, "on_demand/mean": 0.012,
    }  # fmt: skip
    assert [item.basis(f"{s}/mean") for s in ("fork", "fork_huge", "on_demand")] == [
        "fitted", "fitted", "predicted",
    ]  # fmt: skip


def test_fig04_shows_two_curves_of_fig07() -> None:
    item = ITEMS["fig04"]
    assert item.experiments == "fig07"
    cells = item.collect(RECORDS["fig07"])
    both = ITEMS["fig07"].collect(RECORDS["fig07"])
    assert cells == {c: ms for c, ms in both.items() if not c.startswith("on_demand/")}
    assert item.remarks(cells, [])[1] == (
        "With huge pages fork is faster 50 times at 1GB and 50 times at 50GB."
    )


def test_a_fuzzers_rate_is_its_executions_over_the_whole_run() -> None:
    cells = ITEMS["fig09"].collect(RECORDS["fig09"])
    assert cells == {"fork/mean": 60.0, "on_demand/mean": 180.0}
    assert {c for c in cells if ITEMS["fig09"].basis(c) == "predicted"} == {"on_demand/mean"}
    (remark,) = ITEMS["fig09"].remarks(cells, RECORDS["fig09"])
    assert remark.startswith("On-demand-fork executes 200.0% more inputs a second than Fork")
    assert remark.endswith("3.00 times as many; published: 227.0% more, 3.27 times as many.")


def test_a_window_cut_short_is_no_point_of_the_curve() -> None:
    times_s, per_s = rates.over_time(rates.Runs("", "mean", [fuzzing("classic", 60)]), "classic")
    assert times_s.tolist() == [2.5, 7.5, 12.5]
    assert per_s.tolist() == [60.0, 60.0, 60.0]


def test_fig10_compares_both_layouts_with_the_one_published_mean() -> None:
    item = ITEMS["fig10"]
    uneven = [fuzzing("on_demand", 100, 0.2), fuzzing("on_demand", 150, 1.0)]
    assert item.collect(uneven) == {"on_demand/mean": 100.0, "on_demand/mean_scattered": 150.0}
    assert item.tolerance("on_demand/mean") == 0.30
    assert item.tolerance("on_demand/mean_scattered") == 0.15


def test_table2_adds_the_phases_of_fork_alone() -> None:
    item = ITEMS["table2"]
    records = [initialised_unit_tests(kind, 24 * 10**9) for kind in ("classic", "on_demand")]
    assert item.collect(records[1:]) == {}
    assert item.collect(records) == pytest.approx({
        "fork/initialisation": 24_000.0, "fork/forking": 12.0, "fork/testing": 0.18,
        "fork/total": 24_012.18,
    })  # fmt: skip


def test_table6_is_the_mean_over_repetitions_of_mean_and_maximum() -> None:
    first, second = requests("classic", 30, 200), requests("classic", 40, 300)
    both = record(first.config, *first.repetitions, *second.repetitions)
    cells = ITEMS["table6"].collect([both])
    assert cells == pytest.approx({"fork/mean": 35.0, "fork/max": 250.0}, rel=1e-4)


def test_table7_is_of_table6s_runs() -> None:
    item = ITEMS["table7"]
    assert item.experiments == "table6"
    cells = item.collect([requests("classic", 30, 228)])
    assert cells == pytest.approx(
        dict.fromkeys((f"fork/p{p}" for p in (50, 75, 90, 99)), 28.0), 1e-3
    )


def test_table3_is_the_mean_test_and_its_total_the_sum() -> None:
    item = ITEMS["table3"]
    cells = item.collect(RECORDS["table3"])
    assert cells == pytest.approx({
        "fork/forking": 12.0, "fork/testing": 0.18, "fork/total": 12.18,
        "on_demand/forking": 0.12, "on_demand/testing": 0.21, "on_demand/total": 0.33,
    })  # fmt: skip
    assert {c for c in cells if item.basis(c) == "predicted"} == {
        f"on_demand/{quantity}" for quantity in ("forking", "testing", "total")
    }


def test_table4_leaves_the_uniform_keys_beside_the_table() -> None:
    item = ITEMS["table4"]
    assert table4.is_uniform(redis("classic", share=1.0))
    assert not table4.is_uniform(redis("classic"))
    cells = item.collect(RECORDS["table4"])
    assert item.collect(REDIS) == cells
    assert cells["fork/p99.99"] == 8.4
    assert cells["fork/p50"] == pytest.approx(0.5, rel=1e-3)
    assert [c for c in cells if item.basis(c) == "fitted"] == ["fork/p50"]


def test_table4_says_how_many_snapshots_there_were() -> None:
    item = ITEMS["table4"]
    remarks = item.remarks(item.collect(REDIS), REDIS)
    assert "Fork takes 4 snapshots in a run." in remarks
    config = {"workload": {"keys": {"share": 0.1}}, "fork": {"kind": "classic"}}
    few = [record(config, *_with_snapshots(1), *_with_snapshots(2))]
    assert item.remarks({}, few) == [
        "Fork takes 1.5 snapshots in a run, too few for their stalls to show at p99.99."
    ]


def _with_snapshots(count: int) -> tuple[Recording]:
    series = redis("classic").repetitions[0].series["snapshots"]
    return (Recording(series={"snapshots": {"fork_ns": series["fork_ns"][:count]}}),)


def test_table4_scales_on_demand_fork_to_the_published_median() -> None:
    simulated = {f"on_demand/{p}": 2 * v for p, v in _published_on_demand().items()}
    assert table4.scaled_errors(simulated) == pytest.approx(
        dict.fromkeys(["p90", "p95", "p99", "p99.9", "p99.99"], 0.0)
    )


def test_table4_says_the_scaled_error_where_on_demand_fork_misses() -> None:
    item = ITEMS["table4"]
    simulated = {c: v for c, v in published.values("table4").items() if c != "on_demand/p50"}
    simulated["on_demand/p50"] = published.values("table4")["on_demand/p50"] * 1.1
    simulated["on_demand/p99.99"] *= 1.1 * 1.2
    simulated["fork/p90"] *= 2
    text = to_markdown([report(item, simulated, [])])
    misses = [line for line in text.splitlines() if "**Miss** " in line and "/p" in line]
    assert [line.partition(". ")[0].partition("%,")[0] for line in misses] == [
        "* **Miss** fork/p90: +100.0",
        "* **Miss** on_demand/p99.99: +32.0",
    ]
    assert "on_demand/p99.99: +32.0%, +20.0% scaled by the p50s, tolerance 30%." in misses[1]
    assert "scaled" not in misses[0]


def _published_on_demand() -> dict[str, float]:
    found = published.values("table4")
    return {c.partition("/")[2]: v for c, v in found.items() if c.startswith("on_demand/")}


def test_table5_is_mean_and_sample_deviation_of_all_snapshots() -> None:
    series = redis("classic").repetitions[0].series["snapshots"]["fork_ns"]
    one = Recording(series={"snapshots": {"fork_ns": series * 0 + 1_000_000}})
    other = Recording(series={"snapshots": {"fork_ns": series * 0 + 3_000_000}})
    cells = ITEMS["table5"].collect([record({"fork": {"kind": "classic"}}, one, other)])
    assert cells == {"fork/mean": 2.0, "fork/std": pytest.approx((8 / 7) ** 0.5)}


@pytest.mark.figures
@pytest.mark.parametrize("name", ITEMS)
def test_files_are_written_and_have_the_same_bytes_again(tmp_path: Path, name: str) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        write_item(ITEMS[name], RECORDS[name], folder)
    names = sorted(file.name for file in folders[0].iterdir() if file.is_file())
    assert names == [f"{name}.csv", f"{name}.pdf", f"{name}.png", f"{name}.svg"]
    for file in names:
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes()


@pytest.mark.figures
@pytest.mark.parametrize("name", ITEMS)
def test_an_item_without_records_is_drawn_empty(tmp_path: Path, name: str) -> None:
    found = write_item(ITEMS[name], [], tmp_path)
    assert len(found.deviations) == len(published.cells(name))
    assert all(deviation.simulated is None for deviation in found.deviations)
    assert not found.conditions


@pytest.mark.parametrize(("name", "heading", "row"), [
    ("fig02", "size_gb,fork_concurrent3_published_ms,fork_concurrent3_simulated_ms,"
     "fork_published_ms,fork_simulated_ms", "1,22.4325,15,6.5413,5"),
    ("fig07", "size_gb,fork_published_ms,fork_simulated_ms,fork_huge_published_ms,"
     "fork_huge_simulated_ms,on_demand_published_ms,on_demand_simulated_ms",
     "1,6.5413,5,0.1789,0.1,0.0998,0.02"),
    ("table1", "scheme,published_ms,simulated_ms", "on_demand,0.0122,0.012"),
    ("table4", "scheme,percentile,published_ms,simulated_ms,simulated_uniform_keys_ms",
     "fork,99.99,16.255,8.4,8.4"),
    ("table5", "scheme,quantity,published_ms,simulated_ms", "on_demand,mean,0.12,0.12"),
    ("table6", "scheme,quantity,published_us,simulated_us", "on_demand,max,304,304"),
    ("fig04", "size_gb,fork_published_ms,fork_simulated_ms,fork_huge_published_ms,"
     "fork_huge_simulated_ms", "1,6.5413,5,0.1789,0.1"),
    ("fig08", "reads,struct_page_miss_ns,accessed_percent,saved_percent", "0,profile,0,99.6"),
    ("fig09", "scheme,curve,t_s,executions_per_s", "on_demand,simulated,7.5,180"),
    ("fig10", "scheme,curve,t_s,executions_per_s", "fork,all scattered,12.5,90"),
])  # fmt: skip
def test_the_csv_holds_the_data_behind_the_figure(name: str, heading: str, row: str) -> None:
    item = ITEMS[name]
    rows = [",".join(cells) for cells in item.data(item.collect(RECORDS[name]), RECORDS[name])]
    assert rows[0] == heading
    assert row in rows
