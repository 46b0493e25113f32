"""``forksim plot``: a picture of a run, its own or one that is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from experiments.commands.finished_run import ending_of, open_run
from experiments.commands.printing import say
from experiments.language.errors import InputError, suggestion
from results.figures import run as run_figure
from results.figures import style, sweep, swept_fields, tornado
from results.figures.caption import caption_of
from results.figures.formats import FORMATS
from results.figures.metric_axis import asked_unit
from results.metrics.names import resolve
from results.metrics.summary import summaries
from results.records.run_folder import Run, RunFolder
from sim.measures.metrics import Metric


def main(
    folder: str,
    *,
    x: str | None,
    y: str | None,
    hue: str | None,
    log: str | None,
    tornado: str | None,
    phases: bool,
    out: str | None,
) -> int:
    """Draw the run in ``folder``; 0.

    Raises:
        InputError: a field or metric does not exist, or there is nothing to draw.
    """
    run = open_run(folder)
    called = RunFolder(run.path).read_name() or ""
    if phases:
        if x or y or hue or log or tornado:
            raise InputError("--phases: expected alone, without other options but --out")
        drawn = run_figure.draw_phases(run.records, run.labels, called)
        if drawn is None:
            raise InputError(f"{folder}: no phases: expected a run that forks while it serves")
        figure, name = drawn, "phases"
    elif tornado is not None:
        if x or y or hue or log:
            raise InputError("--tornado: expected alone, without --x, --y, --hue and --log")
        figure = _tornado(run, tornado, called)
        name = f"tornado-{tornado}"
    elif x or y or hue or log:
        wanted = _sweep(run, x, y, hue, log)
        drawn = sweep.draw(wanted, run.records, run.labels, called)
        if drawn is None:
            raise InputError(f"{folder}: no point has {wanted.metrics[0].name}")
        figure = drawn
        name = f"{'-'.join(metric.label for metric in wanted.metrics)}-over-{wanted.x}"
    else:
        drawn = run_figure.draw(run.records, run.labels, called)
        if drawn is None:
            raise InputError(f"{folder}: nothing to draw by itself: expected --x and --y")
        figure, name = drawn, "figure"
    for file in _write(figure, out, run.path / re.sub(r"[^A-Za-z0-9._-]", "-", name)):
        say(str(file))
    return ending_of(run)


def _sweep(
    run: Run, x: str | None, y: str | None, hue: str | None, log: str | None
) -> sweep.SweepPlot:
    for option, path in (("--x", x), ("--hue", hue)):
        if path is not None and path not in run.swept:
            raise InputError(f"{option}: {path}: not swept{suggestion(path, run.swept)}")
    if not run.swept:
        raise InputError(f"{run.path}: one point only: expected a run that sweeps a field")
    x = x or swept_fields.best_x(run.records, run.labels) or next(p for p in run.swept if p != hue)
    asked = y.split(",") if y else []
    metrics = [_metric(run, "--y", one) for one in asked] or sweep.default_metrics(run.records)
    if not metrics:
        raise InputError("--y: missing: expected a metric of the run")
    if hue is None:
        hue = swept_fields.best_hue(x, run.labels)
    axes = None if log is None else frozenset(filter(None, log.replace("none", "").split(",")))
    if axes is not None and not axes <= {"x", "y"}:
        raise InputError(f"--log: {log!r}: expected x, y, x,y or none")
    return sweep.SweepPlot(x, metrics, hue, axes, asked_unit(asked[0]) if len(asked) == 1 else None)


def _tornado(run: Run, asked: str, called: str) -> Figure:
    metric = _metric(run, "--tornado", asked)
    try:
        return tornado.draw(tornado.tornado(run.records, metric), caption_of(run.records, called))
    except tornado.TornadoError as error:
        raise InputError(f"{run.path}: {error}") from None


def _metric(run: Run, option: str, asked: str) -> Metric:
    own = [own for record in run.records for _, own in record.by_program()]
    found = [summary.metric for record in own for summary in summaries(record).values()]
    known = list(dict.fromkeys(found))
    metric = resolve(asked, known)
    if metric is None:
        nearest = suggestion(asked, (metric.label for metric in known))
        raise InputError(f"{option}: {asked}: no such metric{nearest}")
    return metric


def _write(figure: Figure, out: str | None, stem: Path) -> Sequence[Path]:
    if out is None:
        return style.write(figure, stem)
    file = Path(out)
    ending = file.suffix.removeprefix(".")
    if ending not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"--out: {out}: expected a file ending in one of {known}")
    return style.write(figure, file.with_suffix(""), [ending])
