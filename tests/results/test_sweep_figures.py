"""Figures of sweeps show the means and intervals of the records, on the axes that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from run_folders import label, point, sweep
from run_samples import MIB, redis

from results.figures import run as run_figure
from results.figures import style, tornado
from results.figures.metric_axis import asked_unit, metric_axis
from results.figures.sweep import SweepPlot, default, draw
from results.figures.swept_fields import axis, best_hue, best_x
from results.metrics.summary import summaries
from results.records.record import Record
from results.records.run_folder import Run
from sim.measures.common_metrics import EXTRA_MEMORY, LATENCY, THROUGHPUT
from sim.measures.metrics import Metric, Unit
from workloads.running.faults import fault_of

P99 = LATENCY.percentile("p99", 99)
MEAN = LATENCY.mean()
BY_SIZE = SweepPlot("workload.dataset", [P99], "fork.kind")


def drawn(wanted: SweepPlot, run: Run) -> Figure:
    figure = draw(wanted, run.records, run.labels)
    assert figure is not None
    return figure


def test_a_line_per_fork_through_the_means_with_their_intervals() -> None:
    run = sweep()
    (place,) = drawn(BY_SIZE, run).axes
    assert place.get_xlabel() == "dataset (GiB)"
    assert place.get_ylabel() == "p99 (us)"
    assert (place.get_xscale(), place.get_yscale()) == ("log", "log")
    lines = [line for line in place.lines if line.get_marker() in set(style.MARKERS)]
    assert len(lines) == 2
    for line, records in zip(lines, (run.records[:4], run.records[4:]), strict=True):
        assert np.asarray(line.get_xdata()).tolist() == [1, 4, 16, 64]
        means = [float(summaries(made)[P99.name].mean) / 1000 for made in records]
        assert np.asarray(line.get_ydata()).tolist() == pytest.approx(means)
    ends = {round(float(y), 6) for bars in place.collections for y in _ends(bars)}
    interval = summaries(run.records[0])[P99.name].interval
    assert interval is not None
    assert {round(interval.low / 1000, 6), round(interval.high / 1000, 6)} <= ends


def _ends(bars: object) -> list[float]:
    segments: Sequence[np.ndarray] = bars.get_segments()  # type: ignore[attr-defined] # a LineCollection
    return [float(y) for segment in segments for y in np.asarray(segment)[:, 1]]


def test_axes_are_as_asked() -> None:
    linear = SweepPlot("workload.dataset", [P99], "fork.kind", frozenset(), "ms")
    (place,) = drawn(linear, sweep()).axes
    assert (place.get_xscale(), place.get_yscale()) == ("linear", "linear")
    assert place.get_ylabel() == "p99 (ms)"
    apart = drawn(SweepPlot("workload.dataset", [P99], None, frozenset("y")), sweep((4, 8)))
    assert [panel.get_title() for panel in apart.axes] == [
        "fork kind classic",
        "fork kind on_demand",
    ]
    place = apart.axes[0]
    assert (place.get_xscale(), place.get_yscale()) == ("linear", "log")


def test_other_fields_have_panels_unless_zipped() -> None:
    records = [
        point(kind, size, cores=cores)
        for cores in (2, 8)
        for kind in ("classic", "on_demand")
        for size in (1, 4, 16)
    ]
    labels = [{**label(made), "machine.cores": str(made.at("machine.cores"))} for made in records]
    figure = drawn(BY_SIZE, Run(Path(), records, labels))
    assert [place.get_title() for place in figure.axes] == ["cores 2", "cores 8"]
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    zipped = sweep()
    labels = [{**own, "seed": own["workload.dataset"]} for own in zipped.labels]
    assert len(drawn(BY_SIZE, Run(Path(), zipped.records, labels)).axes) == 1


def test_a_field_of_names_has_a_place_for_each() -> None:
    (place,) = drawn(SweepPlot("fork.kind", [P99], "workload.dataset"), sweep()).axes
    assert [text.get_text() for text in place.get_xticklabels()] == ["classic", "on_demand"]


def test_a_sweep_is_drawn_over_its_numeric_field_without_being_asked() -> None:
    run = sweep()
    chosen = default(run.records, run.labels)
    assert chosen == SweepPlot("workload.dataset", [LATENCY.percentile("p99.9", 99.9)], "fork.kind")
    figure = run_figure.draw(run.records, run.labels)
    assert figure is not None
    assert figure.axes[0].get_xlabel() == "dataset (GiB)"


@pytest.mark.figures
def test_a_name_with_a_dollar_is_drawn_as_it_is(tmp_path: Path) -> None:
    names = ["a$b", "$x^$", "$\\frac$"]
    records = [point("classic", size, profile=name) for size in (1, 4, 16) for name in names]
    labels = [
        {"workload.dataset": f"{size}GiB", "machine.profile": name}
        for size in (1, 4, 16)
        for name in names
    ]
    files = run_figure.write(records, tmp_path, labels)
    drawn_text = next(file for file in files if file.suffix == ".svg").read_text()
    assert all(name in drawn_text for name in names)
    assert "mathdefault" not in drawn_text


def test_two_values_are_no_curve() -> None:
    run = sweep((1, 4))
    assert default(run.records, run.labels) is None
    figure = run_figure.draw(run.records, run.labels)
    assert figure is not None
    assert figure.axes[0].get_xlabel() == "percentile"
    unswept = [redis("classic"), redis("on_demand")]
    assert best_x(unswept, [{"fork.kind": "classic"}, {"fork.kind": "on_demand"}]) is None


def test_fields_are_numbers_in_the_users_kind_of_unit() -> None:
    run = sweep()
    sizes = axis("workload.dataset", run.records, run.labels)
    assert (sizes.unit, sizes.values[:4]) == ("GiB", [1, 4, 16, 64])
    bare = [{**own, "workload.dataset": "7"} for own in run.labels]
    assert axis("workload.dataset", run.records, bare).unit == ""
    assert not axis("fork.kind", run.records, run.labels).numeric
    assert best_hue("workload.dataset", run.labels) == "fork.kind"
    assert best_hue("fork.kind", run.labels) == "workload.dataset"


def test_a_metric_has_the_unit_of_its_values_or_that_asked_for() -> None:
    assert metric_axis(P99, [2e6, 5e6]).name == "p99 (ms)"
    assert metric_axis(P99, [2e6], "us").values == [2000]
    assert metric_axis(EXTRA_MEMORY, [5 * MIB]).name == "extra memory (MiB)"
    assert metric_axis(fault_of("cow_copy"), [0, 0]).name == "cow copy"
    assert metric_axis(Metric("idle", Unit.SHARE), [0.25]).name == "idle (%)"
    assert metric_axis(Metric("idle", Unit.SHARE), [0.25]).values == [25]


def test_an_axis_has_the_unit_that_was_asked_for_if_the_metric_has_it() -> None:
    assert metric_axis(P99, [2.0], asked_unit("p99_ms")).name == "p99 (ms)"
    assert metric_axis(P99, [2.0], asked_unit("latency_p99_ns")).name == "p99 (ns)"
    assert metric_axis(P99, [2e6], asked_unit("p99")).name == "p99 (ms)"
    assert metric_axis(P99, [2e6], asked_unit("p99_parsecs")).name == "p99 (ms)"
    assert metric_axis(THROUGHPUT, [2.0], asked_unit("throughput_per_s")).name == "throughput (/s)"
    assert metric_axis(THROUGHPUT, [2e3], asked_unit("throughput_per_s")).size == 1e3


def scaled(repetitions: int = 5) -> list[Record]:
    """Values under a constant's factor f are sqrt(f) times as long, for both of two constants."""
    factors = [{}, *({name: f} for name in ("a_ns", "b_ns") for f in (0.8, 1.2))]
    return [
        point(kind, 16, repetitions, scale=given)
        for kind in ("classic", "on_demand")
        for given in factors
    ]


def test_a_tornado_has_the_change_that_each_factor_makes() -> None:
    found = tornado.tornado(scaled(), MEAN)
    assert found.factors == [0.8, 1.2]
    changes, _, ratios = found.panels
    records = scaled()
    expected = float(summaries(records[2])[MEAN.name].mean) / float(
        summaries(records[0])[MEAN.name].mean
    )
    effect = changes.effects["a_ns", 1.2]
    assert effect.value == pytest.approx(expected)
    assert effect.low <= effect.value <= effect.high
    assert changes.effects["a_ns", 0.8].value < 1 < effect.value
    assert ratios.base == pytest.approx(
        float(summaries(records[5])[MEAN.name].mean) / float(summaries(records[0])[MEAN.name].mean)
    )
    figure = tornado.draw(found)
    assert [place.get_xlabel() for place in figure.axes] == ["change (%)", "change (%)", "ratio"]
    widths = [patch.get_width() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert max(widths) == pytest.approx(100 * (effect.value - 1))


def test_a_tornado_is_the_default_of_a_sweep_of_constants_only() -> None:
    records = scaled(repetitions=1)
    labels = [
        {"fork.kind": made.at("fork.kind"), "machine.scale": str(made.at("machine.scale"))}
        for made in records
    ]
    assert tornado.default(records, labels) is not None
    assert tornado.default(sweep().records, sweep().labels) is None


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (scaled()[1:], "expected a point with every factor 1"),
        ([scaled()[0]], "expected points that scale a constant"),
        ([point("classic", 1, scale={"a_ns": 0.8, "b_ns": 0.8})], "expected one at a time"),
        ([point("classic", 1), point("classic", 4)], "differ in more than machine.scale"),
    ],
)
def test_what_is_no_tornado_is_one_line(records: list[Record], message: str) -> None:
    with pytest.raises(tornado.TornadoError, match=message):
        tornado.tornado(records, P99)


@pytest.mark.figures
def test_files_have_the_same_bytes_again(tmp_path: Path) -> None:
    figures = [drawn(BY_SIZE, sweep((1, 4, 16))) for _ in range(2)]
    files = [
        style.write(figure, tmp_path / f"{n}", ["png", "svg"]) for n, figure in enumerate(figures)
    ]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
