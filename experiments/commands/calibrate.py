"""``forksim calibrate paper``: fit a machine profile to the paper's micro-benchmarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.calibration.evaluation_machine import NAME, Measure, fitted, table4_heap
from experiments.calibration.profile_file import write_profile
from experiments.calibration.published_curves import curves
from experiments.commands.printing import Output, print_json, say
from models.calibration.fits import Fit
from models.costs.profile import list_profiles, load_profile
from results.records.whole_file import write_whole
from results.tables.grid import Grid, print_grid
from sim.arrays import FloatArray

COMMAND = "forksim calibrate paper --out FILE"
TOLD_EVERY = 10
"""Evaluations of the fit between two lines on stderr."""


def main(out: str | None, *, as_json: bool) -> int:
    """Fit the profile of the paper's machine, print residuals, write it to ``out`` if given; 0."""
    found = fitted(told)
    profile = found.profile
    fits = (found.fork, found.contention, table4_heap(profile))
    if as_json:
        print_json({"target": "paper", "machine": profile.name, **_object(fits)})
    else:
        print_grid(_summary(fits), Output())
    if out is not None:
        residuals = {**found.fork.residuals, **found.contention.residuals}
        write_profile(Path(out), profile.model_dump(exclude_none=True), COMMAND)
        write_whole(Path(out).with_suffix(".residuals.csv"), _csv(residuals).encode("utf-8"))
        say(f"wrote {out}", err=True)
    if NAME in list_profiles():
        same = load_profile(NAME) == profile
        say(f"the bundled {NAME} is {'the same' if same else 'another one'}", err=True)
    return 0


def told(measure: Measure, published_ns: FloatArray) -> Measure:
    """``measure`` with a line on stderr for every `TOLD_EVERY` calls: a fit takes minutes."""
    errors: list[float] = []

    def measured(values: Mapping[str, float]) -> FloatArray:
        curve = measure(values)
        errors.append(float(np.mean(np.abs(curve / published_ns - 1))))
        if len(errors) % TOLD_EVERY == 0:
            best = f"mean error {min(errors):.2%} at best"
            say(f"figure 2 simulated {len(errors)} times, {best}", err=True)
        return curve

    return measured


def _summary(fits: Sequence[Fit]) -> Grid:
    rows = [["parameter or curve", "value", "+- (95 %)", "mean error", "worst error"]]
    for fit in fits:
        for name, value in fit.values.items():
            width = fit.half_widths.get(name)
            rows.append([name, f"{value:.6g}", "-" if width is None else f"{width:.3g}", "-", "-"])
        for name, errors in fit.residuals.items():
            mean, worst = _errors(errors)
            rows.append([name, "-", "-", f"{mean:.2%}", f"{worst:.2%}"])
    return Grid(rows)


def _object(fits: Sequence[Fit]) -> dict[str, Any]:
    values = {name: value for fit in fits for name, value in fit.values.items()}
    widths = {name: width for fit in fits for name, width in fit.half_widths.items()}
    errors = {name: _errors(one) for fit in fits for name, one in fit.residuals.items()}
    return {
        "values": {
            name: {"value": value, "half_width": widths.get(name)} for name, value in values.items()
        },
        "curves": {
            name: {"mean_error": mean, "worst_error": worst}
            for name, (mean, worst) in errors.items()
        },
    }


def _errors(relative: FloatArray) -> tuple[float, float]:
    """The mean and the worst of relative errors."""
    return float(np.abs(relative).mean()), float(np.abs(relative).max())


def _csv(residuals: Mapping[str, FloatArray]) -> str:
    size_gib = curves("fig07")[0]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["curve", "size_gib", "relative_error"])
    for name, errors in residuals.items():
        writer.writerows(
            [name, f"{size:g}", f"{e:.6f}"] for size, e in zip(size_gib, errors, strict=True)
        )
    return stream.getvalue()
