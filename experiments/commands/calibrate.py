"""``forksim calibrate``: fit a machine profile to the paper's micro-benchmarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from experiments.calibration.evaluation_machine import NAME, Measure, fitted, table4_heap
from experiments.calibration.published_curves import curves
from experiments.commands.printing import say
from models.calibration.fits import Fit
from models.costs.profile import Profile, list_profiles, load_profile
from results.records.whole_file import write_whole
from sim.arrays import FloatArray

TOLD_EVERY = 10
"""Evaluations of the fit between two lines on stderr."""


def main(target: str, out: str | None) -> int:
    """Fit the profile for ``target``, print residuals, write it to ``out`` if given; 0."""
    del target  # there is one so far
    found = fitted(told)
    profile = found.profile
    Console(width=100).print(_summary(found.fork, found.contention, table4_heap(profile)))
    if out is not None:
        residuals = {**found.fork.residuals, **found.contention.residuals}
        write_whole(Path(out), _yaml(profile).encode("utf-8"))
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


def _summary(*fits: Fit) -> Table:
    table = Table(title="Fits", title_justify="left")
    for heading in ("parameter or curve", "value", "+- (95 %)", "mean error", "worst error"):
        table.add_column(heading, justify="left" if heading.startswith("parameter") else "right")
    for fit in fits:
        for name, value in fit.values.items():
            width = fit.half_widths.get(name)
            table.add_row(name, f"{value:.6g}", "" if width is None else f"{width:.3g}")
        for name, errors in fit.residuals.items():
            absolute = np.abs(errors)
            table.add_row(name, "", "", f"{absolute.mean():.2%}", f"{absolute.max():.2%}")
    return table


def _yaml(profile: Profile) -> str:
    yaml = YAML()
    yaml.width = 10_000  # a constant a line, whatever its source says
    data = profile.model_dump()
    for group in (data["constants"], *data["contention"].values()):
        for name in group:
            constant = yaml.map(**group[name])
            constant.fa.set_flow_style()
            group[name] = constant
    stream = io.StringIO()
    stream.write("# Written by `forksim calibrate paper --out FILE`; do not edit.\n")
    yaml.dump(data, stream)
    return stream.getvalue()


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
