"""Figures can be read: texts apart and on the canvas, no empty panel, large letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from run_folders import label, point, sweep
from run_samples import SCHEMES, forks, histogram, record, redis

from results.figures import caption, run
from results.figures.sweep import SweepPlot, draw
from results.records.record import Record
from results.records.run_folder import Run
from sim.measures.common_metrics import EXTRA_MEMORY, LATENCY
from sim.measures.metrics import Distribution, Unit
from sim.measures.recording import Recording

PHONE_PIXELS = 400
LEAST_PIXELS = 6.9
P99 = LATENCY.percentile("p99", 99)

TEN = (
    "classic", "classic6", "classic6 64KiB", "classic6 huge", "huge", "hugetlb", "on_demand",
    "on_demand head", "on_demand patchset", "async",
)  # fmt: skip


def phased(kind: str, during_ns: int) -> Record:
    """Requests in four phases, and in one where none came."""
    values = {
        "fork": [during_ns * 9],
        "first_second": [during_ns] * 9 + [during_ns * 4],
        "during": list(range(during_ns, during_ns + 100)),
        "between": [20_000] * 1000,
        "after": [],
    }
    known = {
        Distribution(f"latency_ns/{phase}", Unit.NANOSECONDS, label=phase): histogram(found)
        for phase, found in values.items()
    }
    everything = histogram([ns for found in values.values() for ns in found])
    recording = Recording().add(histograms={LATENCY: everything, **known})
    return record({"workload": {"kind": "redis"}, "fork": {"kind": kind}}, recording)


def ten_forks() -> Run:
    records, labels = [], []
    for number, fork in enumerate(TEN):
        for size in (1, 8, 64):
            made = point("classic" if number < 5 else "on_demand", size, 3)
            records.append(made)
            labels.append({**label(made), "fork.kind": fork})
    return Run(Path("runs/x"), records, labels)


def of_ten() -> Figure | None:
    made = ten_forks()
    wanted = SweepPlot("workload.dataset", [P99, EXTRA_MEMORY], "fork.kind")
    return draw(wanted, made.records, made.labels, "an-experiment")


FIGURES = {
    "latencies": lambda: run.draw([redis(kind) for kind in SCHEMES], name="latencies"),
    "twelve": lambda: run.draw([redis("classic")] * 12, [{"seed": str(n)} for n in range(12)]),
    "phases": lambda: run.draw_phases([phased("classic", 10**8), phased("async", 10**5)]),
    "run with phases": lambda: run.draw([phased("classic", 10**8), phased("async", 10**5)]),
    "forks": lambda: run.draw([forks("classic"), forks("on_demand")]),
    "sweep": lambda: run.draw(sweep().records, sweep().labels, "a-sweep"),
    "ten forks": of_ten,
}


@pytest.fixture(params=FIGURES)
def figure(request: pytest.FixtureRequest) -> Figure:
    made = FIGURES[request.param]()
    assert made is not None
    made.draw_without_rendering()
    return made


def texts(figure: Figure) -> list[Text]:
    """All texts that are seen."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    found += [figure._supxlabel] if figure._supxlabel else []  # type: ignore[attr-defined]
    for axes in figure.axes:
        found += [axes.title, axes._left_title, axes._right_title]  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            found.append(axis.label)
            found += [tick.label1 for tick in axis._update_ticks()]  # type: ignore[union-attr]
    return [text for text in dict.fromkeys(found) if text.get_text().strip()]


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    return [(text.get_text(), text.get_window_extent()) for text in texts(figure)]


def test_no_two_texts_overlap(figure: Figure) -> None:
    for (one, box), (other, beside) in combinations(boxes(figure), 2):
        width = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        height = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert width <= 1 or height <= 1, (one, other)


def test_no_text_leaves_the_canvas(figure: Figure) -> None:
    canvas = figure.bbox
    for text, box in boxes(figure):
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= canvas.width + 1, text
        assert box.y1 <= canvas.height + 1, text


def test_letters_are_large_enough_on_a_phone(figure: Figure) -> None:
    for text in texts(figure):
        pixels = float(text.get_fontsize()) / 72 * PHONE_PIXELS / figure.get_figwidth()
        assert pixels >= LEAST_PIXELS, text.get_text()


def test_no_panel_is_empty(figure: Figure) -> None:
    for axes in figure.axes:
        assert any(np.size(line.get_xdata()) for line in axes.lines)
        assert axes.get_position().height * figure.get_figheight() > 1.1


def test_a_caption_says_what_was_run(figure: Figure) -> None:
    assert figure._supxlabel is not None  # type: ignore[attr-defined] # stubs lack it
    assert "repetition" in figure._supxlabel.get_text()  # type: ignore[attr-defined]


def test_ten_forks_differ_in_line_or_marker_and_stand_beside_each_other() -> None:
    figure = of_ten()
    assert figure is not None
    figure.draw_without_rendering()
    (axes, _) = figure.axes
    lines = [
        line
        for line in axes.lines
        if np.size(line.get_xdata()) == 3 and line.get_linestyle() != "None"
    ]
    assert len(lines) == len(TEN)
    looks = {(str(line._dash_pattern), line.get_marker()) for line in lines}  # type: ignore[attr-defined]
    assert len(looks) == len(TEN)
    firsts = [float(line.get_transform().transform((1, 1))[0]) for line in lines]
    assert all(after - before > 0.5 for before, after in pairwise(firsts))


def test_the_caption_has_every_part() -> None:
    config = {
        "machine": {"profile": "m", "cores": 2},
        "workload": {"kind": "redis"},
        "seed": 7,
        "fork": {"kind": "classic"},
    }
    made = record(config, Recording(), Recording())
    versions = {"versions": {"forksim": "1.2"}}
    records = [replace(made, provenance=versions)]
    assert caption.caption_of(records, "x") == (
        "x: redis, m, 2 cores, seed 7, 2 repetitions, forksim 1.2"
    )
    assert caption.caption_of([record({}, Recording())]) == "1 repetition"
    mixed = {
        "workload": {"kind": "mix", "programs": {"a": {"kind": "redis"}, "b": {"kind": "afl"}}}
    }
    assert caption.caption_of([record(mixed, Recording())]).startswith("mix and redis and afl")


def test_phases_have_a_place_each_and_forks_stand_beside_each_other() -> None:
    figure = run.draw_phases([phased("classic", 10**8), phased("async", 10**5)])
    assert figure is not None
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert names == ["fork", "first\nsecond", "during", "between"]  # nothing came after
    ranges, marks = _ranges(axes), _marks(axes)
    assert len(ranges) == len(marks) == 8
    unit = marks[0][1] / (9 * 10**8)
    for (at, low, high), (x, middle) in zip(ranges, marks, strict=True):
        assert at == x
        assert low <= middle <= high
    first = [(x, y) for x, y in marks if -0.5 < x < 0.5]
    assert [round(y / unit) for _, y in first] == [9 * 10**8, 9 * 10**5]
    assert first[0][0] < 0 < first[1][0]


def _ranges(axes: Axes) -> list[tuple[float, float, float]]:
    found = [np.asarray(line.get_xydata()) for line in axes.lines]
    return [(float(a[0, 0]), float(a[0, 1]), float(a[1, 1])) for a in found if len(a) == 2]


def _marks(axes: Axes) -> list[tuple[float, float]]:
    found: Sequence[np.ndarray] = [np.asarray(line.get_xydata()) for line in axes.lines]
    return [(float(a[0, 0]), float(a[0, 1])) for a in found if len(a) == 1]


def test_a_run_without_phases_has_no_such_panel() -> None:
    assert run.draw_phases([redis("classic")]) is None


def test_what_has_no_such_metric_is_left_out_and_said() -> None:
    made = sweep()
    only = SweepPlot("workload.dataset", [P99, LATENCY.percentile("p98", 98)], "fork.kind")
    figure = draw(only, made.records, made.labels, "x")
    assert figure is not None
    assert len(figure.axes) == 1
    assert figure._supxlabel.get_text().replace("\n", " ").endswith("Nothing to draw: p98")  # type: ignore[attr-defined]
