"""The figure of a run shows what was recorded, in files with the same bytes every time."""

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from run_samples import SCHEMES, faults, forks, histogram, record, redis

from results.figures import run, style
from results.figures.fork_panel import fork_curve
from results.figures.latency_panels import percentile_curve
from results.figures.rate_panel import rates_of
from results.records.record import Record
from sim.measures.common_metrics import DURATION, EXECUTED, LATENCY, SNAPSHOT_FORKS
from sim.measures.metrics import Pauses
from sim.measures.recording import Recording, Table
from workloads.programs.afl.program import EXECUTION
from workloads.programs.script import _took
from workloads.programs.sqlite import PHASES

LATENCIES = [redis(kind) for kind in SCHEMES]
FORKS = [forks("classic"), forks("classic", instances=3), forks("on_demand")]


@settings(deadline=None)
@given(st.lists(st.integers(0, 2047), min_size=1, max_size=500))
def test_the_percentile_curve_is_the_sorted_list(values: list[int]) -> None:
    nines, found = percentile_curve(histogram(values))
    ordered = sorted(values)
    assert nines[0] == 1
    assert found[0] in (ordered[0], ordered[-1])
    assert found[-1] == ordered[-1]
    assert list(found) == sorted(found)
    for n, value in zip(nines[:-1], found[:-1], strict=True):
        below = sum(v < value for v in ordered)
        upto = sum(v <= value for v in ordered)
        share = 1 - 1 / n
        assert below - 1e-6 <= share * len(values) <= upto + 1e-6


def test_the_fork_curve_is_the_mean_of_instances_and_repetitions() -> None:
    sizes, mean_ns = fork_curve(forks("classic", instances=3, repetitions=2, sizes=3))
    assert list(sizes) == [2**29, 2**30, 3 * 2**29]
    assert list(mean_ns) == [7.5e6, 15e6, 22.5e6]
    assert fork_curve(record({}, Recording()))[0].size == 0


@pytest.mark.figures
@pytest.mark.parametrize("records", [LATENCIES, FORKS, [faults("classic", 2300)]])
def test_three_files_with_the_same_bytes_again(tmp_path: Path, records: list[Record]) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, font_size in zip(folders, (10.0, 23.0), strict=True):
        folder.mkdir()
        with mpl.rc_context({"font.size": font_size}):  # a user's own settings change nothing
            files = run.write(records, folder / "figure")
        assert [file.name for file in files] == ["figure.png", "figure.svg", "figure.pdf"]
    for file in folders[0].iterdir():
        assert file.read_bytes() == (folders[1] / file.name).read_bytes()


def test_latencies_have_a_panel_of_percentiles_and_one_over_time() -> None:
    figure = run.draw(LATENCIES)
    assert figure is not None
    percentiles, over_time = figure.axes
    assert percentiles.get_xlabel() == "percentile"
    labels = [line.get_label() for line in percentiles.lines]
    assert labels == ["Fork", "Fork, huge pages", "On-demand-fork"]
    assert np.max(percentiles.lines[0].get_ydata()) == 8.4
    marked = [line for line in over_time.lines if line.get_marker() == "|"]
    assert [np.asarray(line.get_xdata()).tolist() for line in marked] == [[1, 2, 3, 4]] * 3
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Fork", "Fork, huge pages", "On-demand-fork", "snapshot"]


def test_other_swept_fields_differ_in_the_style_of_the_line() -> None:
    figure = run.draw(
        LATENCIES[:2] * 2,
        [
            {"fork.kind": kind, "workload.dataset": size}
            for size in ("1GiB", "2GiB")
            for kind in ("classic", "huge")
        ],
    )
    assert figure is not None
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == [
        "Fork, dataset 1GiB", "Fork, huge pages, dataset 1GiB",
        "Fork, dataset 2GiB", "Fork, huge pages, dataset 2GiB",
    ]  # fmt: skip
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--", "--"]
    assert lines[0].get_color() == lines[2].get_color() != lines[1].get_color()


def test_of_many_points_twelve_are_drawn_and_the_figure_says_so() -> None:
    labels = [{"seed": str(n)} for n in range(20)]
    figure = run.draw([LATENCIES[0]] * 20, labels)
    assert figure is not None
    assert len(figure.axes[0].lines) == 12
    assert figure.legends[0].get_title().get_text() == "12 of 20 points"


@pytest.mark.parametrize("records", [[], [record({}, Recording(counters={"requests": 1}))]])
def test_without_anything_to_draw_nothing_is_written(tmp_path: Path, records: list[Record]) -> None:
    assert run.write(records, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.figures
@pytest.mark.parametrize("values", [[0], [0] * 50, [5], [1000] * 1000, [0, 10**12]])
def test_extreme_latencies_are_drawn(tmp_path: Path, values: list[int]) -> None:
    recording = Recording().add(
        histograms={LATENCY: histogram(values)},
        series={"timeline": {"t_ns": np.array([0]), "max_ns": np.array([max(values)])}},
    )
    assert len(run.write([record({"fork": {"kind": "new_scheme"}}, recording)], tmp_path)) == 3


def test_an_empty_timeline_and_an_empty_histogram_are_no_panels() -> None:
    empty = np.zeros(0, np.int64)
    recording = Recording().add(
        histograms={LATENCY: histogram([])},
        series={"timeline": dict.fromkeys(("t_ns", "requests", "p99_ns", "max_ns"), empty)},
    )
    assert run.draw([record({"fork": {"kind": "classic"}}, recording)]) is None


def spread(axes: Axes) -> float:
    low, high = axes.get_ylim()
    return high / low


@pytest.mark.figures
@pytest.mark.parametrize(
    ("values", "windows"),
    [
        ([1_500_000] * 1000, [1_500_000] * 5),
        ([1_500_000 + n for n in range(1000)], [1_500_000, 1_500_001]),
        ([700_000, 710_000], [710_000]),
        ([700_000], [700_000]),
    ],
)
@pytest.mark.parametrize("starts", [None, [], [0]])
def test_latencies_close_together_and_short_runs_keep_their_axes(
    tmp_path: Path, values: list[int], windows: list[int], starts: list[int] | None
) -> None:
    at = np.arange(len(windows), dtype=np.int64) * 10**9
    series: dict[str | Pauses, Table] = {"timeline": {"t_ns": at, "max_ns": np.array(windows)}}
    if starts is not None:
        begun = np.array(starts, np.int64)
        series[SNAPSHOT_FORKS] = {"start_ns": begun, "fork_ns": begun + 1}
    recording = Recording().add(histograms={LATENCY: histogram(values)}, series=series)
    sample = record({"fork": {"kind": "classic"}}, recording)
    figure = run.draw([sample])
    assert figure is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        style.write(figure, tmp_path / "figure")
    for axes in figure.axes:
        assert spread(axes) >= 4
        left, right = axes.get_xlim()
        assert right - left >= 1
        assert len([t for t in axes.get_yticks() if np.prod(np.array(axes.get_ylim()) - t) < 0]) > 1
        area = axes.get_position()
        assert area.width > 0.3
        assert area.height * figure.get_figheight() > 1.1
        (line,) = [line for line in axes.lines if line.get_clip_on()]  # snapshots stand above
        assert np.size(line.get_xdata()) > 1 or line.get_marker() == "o"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("snapshot" in legend) == bool(starts)


@pytest.mark.parametrize(
    "labels",
    [
        [{"seed": str(n)} for n in range(12)],
        [{"workload.clients.connections": str(n), "workload.dataset": "1GiB"} for n in range(12)],
    ],
)
@pytest.mark.parametrize("kinds", [["classic"], ["classic", "on_demand"]])
def test_twelve_lines_differ_and_their_legend_leaves_them_room(
    labels: list[dict[str, str]], kinds: list[str]
) -> None:
    samples = [redis(kinds[n % len(kinds)]) for n in range(12)]
    figure = run.draw(samples, labels)
    assert figure is not None
    figure.draw_without_rendering()
    lines = figure.axes[0].lines
    looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}  # type: ignore[attr-defined] # stubs lack it # get_linestyle names all dashes alike
    assert len(looks) == 12
    for axes in figure.axes:
        assert axes.get_position().height * figure.get_figheight() > 1.4


def test_other_sizes_of_forks_and_their_legend_leave_room() -> None:
    figure = run.draw([forks("classic", sizes=2, instances=n) for n in range(1, 9)])
    assert figure is not None
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().height * figure.get_figheight() > 1.4


def suite(kind: str, total_ns: list[int]) -> Record:
    """Tests that take so long altogether, of which the fork takes 7 us."""
    values = {"fork_ns": [7_000] * len(total_ns), "total_ns": total_ns}
    histograms = {of: histogram(values[of.name]) for of in PHASES if of.name in values}
    return record({"fork": {"kind": kind}}, Recording().add(histograms=histograms))


def test_of_a_test_suite_what_the_tests_take_is_drawn() -> None:
    figure = run.draw([suite("classic", [3_000_000, 9_000_000]), suite("huge", [2_000_000])])
    assert figure is not None
    (axes,) = figure.axes
    assert axes.get_ylabel() == "total (ms)"
    assert [float(np.max(line.get_ydata())) for line in axes.lines] == [9, 2]


def fuzzing(kind: str, counts: list[int], elapsed_ns: int, execution_ns: int = 10**6) -> Record:
    """Executions in windows of five seconds."""
    starts = np.arange(len(counts), dtype=np.int64) * 5 * 10**9
    recording = Recording().add(
        histograms={EXECUTION: histogram([execution_ns] * sum(counts))},
        series={EXECUTED: {"t_ns": starts, "executions": np.array(counts, np.int64)}},
        levels={DURATION: elapsed_ns},
    )
    return record({"fork": {"kind": kind}}, recording)


@pytest.mark.parametrize(
    ("counts", "elapsed_ns", "ends_s", "rates"),
    [
        ([50, 100], 10 * 10**9, [5, 10], [10, 20]),
        ([50, 60], 8 * 10**9, [5, 8], [10, 20]),
        # An execution that ends 2 ms after the end is not 500 a second.
        ([50, 100, 1], 10_002_000_000, [5, 10.002], [10, 101 / 5.002]),
        ([40], 2 * 10**9, [2], [20]),
        ([0], 0, [1e-9], [0]),
    ],
)
def test_rates_over_time_are_counts_by_the_time_they_took(
    counts: list[int], elapsed_ns: int, ends_s: list[float], rates: list[float]
) -> None:
    found = rates_of(fuzzing("classic", counts, elapsed_ns))
    assert found[0].tolist() == ends_s
    assert found[1].tolist() == pytest.approx(rates)


def test_of_fuzzers_executions_a_second_are_drawn_and_what_each_takes() -> None:
    figure = run.draw([fuzzing("classic", [50, 100], 10**10), fuzzing("huge", [10], 10**9)])
    assert figure is not None
    rates, percentiles = figure.axes
    assert rates.get_ylabel() == "executions (/s)"
    assert rates.get_ylim()[0] == 0
    assert [np.asarray(line.get_ydata()).tolist() for line in rates.lines] == [
        [10, 10, 20],
        [10, 10],
    ]
    assert [np.asarray(line.get_xdata()).tolist() for line in rates.lines] == [[0, 5, 10], [0, 1]]
    assert percentiles.get_ylabel() == "execution (ms)"


def script(kind: str, took_ns: list[int]) -> Record:
    """Steps of these times: a fork, a group, and discards."""
    steps = [{"do": "fork", "who": "P", "into": "C"}, {"together": []}]
    steps += [{"do": "discard", "who": "C", "at": 9, "pages": 3}] * (len(took_ns) - 2)
    levels = {_took(f"{n:03}", n): ns for n, ns in enumerate(took_ns, 1)}
    config = {"fork": {"kind": kind}, "workload": {"kind": "script", "steps": steps}}
    return record(config, Recording().add(levels=levels), Recording().add(levels=levels))


def test_of_a_script_the_steps_that_took_time_are_drawn_in_order() -> None:
    figure = run.draw([script("classic", [70_000, 0, 3_000, 0]), script("huge", [500, 0, 0, 40])])
    assert figure is not None
    (axes,) = figure.axes
    assert axes.get_xlabel() == "time (us)"
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "1 P fork C",
        "3 C discard 9+3",
        "4 C discard 9+3",
    ]
    assert [np.asarray(line.get_xdata()).tolist() for line in axes.lines] == [
        [70, 3, 0],
        [0.5, 0, 0.04],
    ]
    low, high = axes.get_xlim()
    assert low < 0
    assert high > 70
    assert axes.get_ylim() == (2.5, -0.5)


def test_of_many_steps_the_longest_are_drawn_and_the_figure_says_so() -> None:
    figure = run.draw([script("classic", [1000 * (n % 50 + 1) for n in range(100)])])
    assert figure is not None
    (axes,) = figure.axes
    assert len(axes.get_yticks()) == 30
    assert axes.get_title(loc="right") == "30 of 100 steps"
    assert min(np.asarray(axes.lines[0].get_xdata())) == 36
    figure.draw_without_rendering()
    assert axes.get_position().height * figure.get_figheight() > 30 * 0.13


def test_steps_of_no_time_are_no_figure() -> None:
    assert run.draw([script("classic", [0, 0, 0])]) is None


@pytest.mark.figures
def test_figures_of_steps_and_of_rates_are_written(tmp_path: Path) -> None:
    for records in ([script("classic", [5, 0, 7])], [fuzzing("classic", [1], 10**9)]):
        assert len(run.write(records, tmp_path)) == 3


@pytest.mark.parametrize(
    "table", [{}, {"t_ns": []}, {"t_ns": [], "executions": []}, {"t_ns": [0], "other": [1]}]
)
def test_a_record_without_windows_has_no_rates_over_time(table: dict[str, list[int]]) -> None:
    columns = {name: np.array(values, np.int64) for name, values in table.items()}
    recording = Recording().add(
        histograms={EXECUTION: histogram([1000] * 3)}, series={EXECUTED: columns}
    )
    figure = run.draw([record({"fork": {"kind": "classic"}}, recording)])
    assert figure is not None
    assert [axes.get_ylabel() for axes in figure.axes] == ["execution (us)"]
