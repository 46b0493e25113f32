"""``forksim calibrate``: fit a machine profile to the paper's micro-benchmarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from models.calibration.fits import Fit, fit_contention, fit_fork_curves, heap_of_snapshots
from models.calibration.paper import calibrated_profile
from models.costs.profile import Profile, list_profiles, load_profile
from models.kernel.kernel import Kernel
from models.schemes.registry import make_scheme
from models.schemes.rehearsed import Rehearsed, rehearse
from results.paper.reference import published
from sim.arrays import FloatArray
from sim.machine.machine import Machine
from sim.machine.streams import Streams
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench
from workloads.running.pages import PAGE_BYTES
from workloads.running.program import play

Measure: TypeAlias = Callable[[Mapping[str, float]], FloatArray]
"""Parameters of a fit to the curve that they give, in ns at each size."""

NAME = "epyc-7302p-linux-5.6"
DESCRIPTION = "AMD EPYC 7302P, 16 cores, Linux 5.6.19: the machine of the On-demand-fork evaluation"
CORES = 16
RUNS = 10
"""Runs of three instances whose mean is fitted; seeded apart from every experiment."""
SEED = 0
TOLD_EVERY = 10
"""Evaluations of the fit between two lines on stderr."""
HEAP_BYTES = 996 * 2**20
"""The data set of table 4's Redis."""
CONCURRENT = {
    "kind": "microbench",
    "sizes": {"first": "0.5GiB", "last": "60GiB", "step": "0.5GiB"},
    "instances": 3,
    "start_spread": "2ms",
}
"""The program of figure 2's concurrent curve, as experiments/paper runs it."""


def main(target: str, out: str | None) -> int:
    """Fit the profile for ``target``, print residuals, write it to ``out`` if given; 0."""
    del target  # there is one so far
    fork = fit_fork_curves(*_curves("fig07"))
    draft = _profile(fork, Fit({"fork": 0, "fill": 0, "zap": 0, "fill_jitter": 0}, {}, {}))
    concurrent = _curves("fig02")[1]["fork/concurrent3"]
    contention = fit_contention(told(_Concurrent(draft), concurrent), concurrent)
    profile = _profile(fork, contention)
    residuals = {**fork.residuals, **contention.residuals}
    Console(width=100).print(_summary(fork, contention, table4_heap(profile)))
    if out is not None:
        Path(out).write_text(_yaml(profile), encoding="utf-8")
        Path(out).with_suffix(".residuals.csv").write_text(_csv(residuals), encoding="utf-8")
        click.echo(f"wrote {out}", err=True)
    if NAME in list_profiles():
        same = load_profile(NAME) == profile
        click.echo(f"the bundled {NAME} is {'the same' if same else 'another one'}", err=True)
    return 0


def told(measure: Measure, published_ns: FloatArray) -> Measure:
    """``measure`` with a line on stderr for every `TOLD_EVERY` calls: a fit takes minutes."""
    errors: list[float] = []

    def measured(values: Mapping[str, float]) -> FloatArray:
        curve = measure(values)
        errors.append(float(np.mean(np.abs(curve / published_ns - 1))))
        if len(errors) % TOLD_EVERY == 0:
            best = f"mean error {min(errors):.2%} at best"
            click.echo(f"figure 2 simulated {len(errors)} times, {best}", err=True)
        return curve

    return measured


def table4_heap(profile: Profile) -> Fit:
    """How table 4's heap lies and is used, from the Fork snapshots of table 5."""
    forks = published.values("table5")
    heap = heap_of_snapshots(
        profile.costs,
        HEAP_BYTES // PAGE_BYTES,
        forks["fork/mean"] * 1e6,
        forks["fork/std"] * 1e6,
    )
    values = {"table4 heap: scattered": heap.scattered, "table4 heap: written": heap.written}
    return Fit(values, {}, {})


def _curves(item: str) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Sizes in GiB (the paper's GB) and the item's published curves in ns."""
    curves: dict[str, list[float]] = {}
    sizes: dict[str, None] = {}
    for cell, value in published.values(item).items():
        name, _, size = cell.rpartition("/")
        curves.setdefault(name, []).append(value * 1e6)
        sizes[size.removesuffix("GB")] = None
    size_gib = np.array([float(size) for size in sizes])
    return size_gib, {name: np.array(values) for name, values in curves.items()}


def _profile(fork: Fit, contention: Fit) -> Profile:
    faults = {
        scheme: published.values("table1")[f"{scheme}/mean"] for scheme in ("fork", "fork_huge")
    }
    return calibrated_profile(NAME, DESCRIPTION, fork, contention, faults)


class _Concurrent:
    """Figure 2's concurrent curve as simulated with given contention."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._config = MicrobenchConfig.model_validate(CONCURRENT)
        sizes_pages = [size // PAGE_BYTES for size in self._config.size_list()]
        self._rounds = rehearse(make_scheme("classic", profile.costs), sizes_pages)

    def __call__(self, values: Mapping[str, float]) -> FloatArray:
        costs = replace(self._profile.costs, fill_jitter=values["fill_jitter"])
        weights = {"fork": {stream: values[stream] for stream in ("fork", "fill", "zap")}}
        runs = []
        for run in range(RUNS):
            machine = Machine(
                CORES,
                weights,
                slice_ns=round(costs.time_slice_ns),
                switch_ns=round(costs.context_switch_ns),
            )
            kernel = Kernel(machine, Rehearsed(make_scheme("classic", costs), self._rounds))
            program = Microbench().start(self._config, kernel, Streams(SEED, run))
            forks = play(kernel, program)[0].series["forks"]
            runs.append(forks["fork_ns"].reshape(self._config.instances, -1))
        sizes = len(_curves("fig02")[0])
        curve: FloatArray = np.concatenate(runs)[:, :sizes].mean(axis=0)
        return curve


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
    size_gib = _curves("fig07")[0]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["curve", "size_gib", "relative_error"])
    for name, errors in residuals.items():
        writer.writerows(
            [name, f"{size:g}", f"{e:.6f}"] for size, e in zip(size_gib, errors, strict=True)
        )
    return stream.getvalue()
