"""Fits of the cost model's constants to published curves, with residuals and intervals.

The forward models are the laws of `models.costs.laws` and `models.memory.frame_stock` written for
arrays of sizes; a test holds the two against each other. Everything is deterministic: the same
curves give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares, minimize

from models.costs.laws import Costs
from models.memory.entries import ENTRIES_PER_TABLE
from sim.arrays import FloatArray

PAGES_PER_GIB = 262144
TABLES_PER_GIB = 512
START = {
    "fork_base_ns": 6e4,
    "fork_huge_base_ns": 7e4,
    "entry_ns": 19.0,
    "scattered_ns": 49.0,
    "movable_stock_frames": 2.5e4,
    "unmovable_stock_frames": 8e3,
    "huge_entry_ns": 180.0,
    "huge_deposit_scattered_ns": 20.0,
}
"""The eight parameters of figure 7 and where the search begins."""
CONTENTION_START = {"fork": 1.22, "fill": 0.5, "zap": 0.7, "fill_jitter": 8e-4}
"""What a fork suffers from each other stream, and the relative jitter of a fill: figure 2."""
CONTENTION_STEP = {"fork": 0.05, "fill": 0.05, "zap": 0.1, "fill_jitter": 4e-4}


@dataclass(frozen=True)
class Fit:
    """The outcome of a fit.

    Attributes:
        values: by parameter.
        half_widths: half of the 95 % interval of each, from the curvature at the optimum; empty if
            the method gives none.
        residuals: by curve, the relative error of the model at each size.
    """

    values: dict[str, float]
    half_widths: dict[str, float]
    residuals: dict[str, FloatArray]


def scattered(outstanding: FloatArray, stock: float) -> FloatArray:
    """Scattered frames among so many outstanding ones (`models.memory.frame_stock.FrameStock`)."""
    frames: FloatArray = -stock * np.expm1(-outstanding / stock)
    return frames


def fork_curves(values: Mapping[str, float], size_gib: FloatArray) -> dict[str, FloatArray]:
    """Fork time in ns of a process with one fresh region of each size, by fork (figure 7)."""
    pages, tables = size_gib * PAGES_PER_GIB, size_gib * TABLES_PER_GIB
    entry_ns, scattered_ns = values["entry_ns"], values["scattered_ns"]
    table_stock = values["unmovable_stock_frames"]
    # With huge pages the parent's deposited tables have used the stock up before the child's.
    deposits = scattered(2 * tables, table_stock) - scattered(tables, table_stock)
    return {
        "fork": values["fork_base_ns"]
        + entry_ns * pages
        + scattered_ns * scattered(pages, values["movable_stock_frames"]),
        "fork_huge": values["fork_huge_base_ns"]
        + values["huge_entry_ns"] * tables
        + values["huge_deposit_scattered_ns"] * deposits,
        "on_demand": values["fork_base_ns"]
        + entry_ns * tables
        + scattered_ns * scattered(tables, table_stock),
    }


def fit_fork_curves(size_gib: FloatArray, published_ns: Mapping[str, FloatArray]) -> Fit:
    """Fit the fork laws to figure 7's three curves at once.

    Least squares of relative errors over all cells, a size weighing with its root: half-way
    between every size and every octave counting alike. (Counting every size alike lets 0.5 GB,
    one point in a hundred, miss by more than 6 %.)
    """
    names = list(START)
    weights = size_gib**-0.25

    def errors(logarithms: FloatArray) -> dict[str, FloatArray]:
        values = dict(zip(names, np.exp(logarithms), strict=True))
        modelled = fork_curves(values, size_gib)
        return {name: modelled[name] / published_ns[name] - 1 for name in published_ns}

    def weighted(logarithms: FloatArray) -> FloatArray:
        return np.concatenate([weights * error for error in errors(logarithms).values()])

    start = np.log(np.array([START[name] for name in names]))
    found = least_squares(weighted, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    variance = 2 * found.cost / (found.fun.size - start.size)
    jacobian: FloatArray = np.asarray(found.jac, np.float64)
    deviations = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)) * variance)
    values = {name: float(value) for name, value in zip(names, np.exp(found.x), strict=True)}
    return Fit(
        values,
        {n: float(1.96 * d) * values[n] for n, d in zip(names, deviations, strict=True)},
        errors(found.x),
    )


def fit_contention(
    measure: Callable[[Mapping[str, float]], FloatArray], published_ns: FloatArray
) -> Fit:
    """Fit how memory streams slow a fork to figure 2's concurrent curve.

    ``measure`` runs the program with given parameters (those of `CONTENTION_START`) and returns
    the mean fork time at each size. The first size is left out of the objective: it depends on how
    the instances were started. Nelder-Mead, because a simulation has no gradient.
    """
    names = list(CONTENTION_START)
    start = np.array([CONTENTION_START[name] for name in names])
    steps = np.array([CONTENTION_STEP[name] for name in names])

    def error(parameters: FloatArray) -> FloatArray:
        values = dict(zip(names, np.abs(parameters), strict=True))
        relative: FloatArray = measure(values) / published_ns - 1
        return relative

    def objective(parameters: FloatArray) -> float:
        return float(np.mean(error(parameters)[1:] ** 2))

    simplex = np.vstack([start, start + np.diag(steps)])
    found = minimize(
        objective,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": 120, "xatol": 1e-6, "fatol": 1e-7},
    )
    values = dict(zip(names, (float(value) for value in np.abs(found.x)), strict=True))
    return Fit(values, {}, {"concurrent3": error(found.x)})


@dataclass(frozen=True)
class Heap:
    """How a snapshotting program's heap lies and is used.

    Attributes:
        scattered: share of its frames that are scattered after loading.
        written: share of it that is written between two snapshots; copy-on-write scatters it.
    """

    scattered: float
    written: float


def heap_of_snapshots(costs: Costs, n_pages: int, mean_ns: float, std_ns: float) -> Heap:
    """The heap whose first five classic forks have this mean and sample standard deviation.

    The first fork meets the heap as loaded, every entry writable. The later ones are alike: the
    written share has been copied, so it is scattered and must be write-protected again, and the
    rest still is protected. Of five values of which four are alike and one lower by d, the sample
    standard deviation is d / sqrt(5) and the mean lies 0.8 d above the lower one.

    Raises:
        ValueError: no share between 0 and 1 gives these forks.
    """
    rise_ns = std_ns * 5**0.5
    first_ns = mean_ns - 0.8 * rise_ns
    protect_ns, extra_ns = n_pages * costs.entry_protect_ns, n_pages * costs.entry_scattered_ns
    tables_ns = -(-n_pages // ENTRIES_PER_TABLE) * costs.table_copy_ns
    fresh_ns = costs.fork_base_ns + tables_ns + n_pages * costs.entry_copy_ns + protect_ns
    scattered_share = (first_ns - fresh_ns) / extra_ns
    written = (rise_ns + protect_ns) / (protect_ns + extra_ns * (1 - scattered_share))
    if not (0 <= scattered_share <= 1 and 0 <= written <= 1):
        raise ValueError(f"no heap has forks of {mean_ns} +- {std_ns} ns")
    return Heap(scattered_share, written)
