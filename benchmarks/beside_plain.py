"""Each benchmark is measured beside a plain SimPy model in the same run; here they are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console
from rich.table import Table
from scipy.stats import bootstrap

PLAIN = "plain SimPy"
"""The name of what others are compared with."""

RESAMPLES = 2000

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Timed:
    """Measures a program in a benchmark.

    Attributes:
        benchmark: where.
    """

    benchmark: BenchmarkFixture

    def __call__(
        self,
        what: str,
        model: str,
        program: Callable[..., int],
        *,
        rounds: int = 5,
        setup: Callable[[], Any] | None = None,
        at_most_s: float | None = None,
    ) -> None:
        """Run ``program``, which returns how much it did, ``rounds`` times.

        Args:
            what: What is simulated; models of the same are compared.
            model: Who simulates it.
            program: Called with what ``setup`` returns as pytest-benchmark has it.
            rounds: How often.
            setup: Called before each round, not measured.
            at_most_s: The median that is aimed at (docs/performance.md).
        """
        self.benchmark.group = what
        work = self.benchmark.pedantic(program, rounds=rounds, setup=setup)
        self.benchmark.extra_info.update(model=model, work=work, at_most_s=at_most_s)


@pytest.fixture
def timed(benchmark: BenchmarkFixture) -> Timed:
    """To measure something beside others."""
    return Timed(benchmark)


def ratio(plain_s: Times, ours_s: Times) -> tuple[float, float, float]:
    """How many times faster the second is: the ratio of the medians, and its 95 % interval.

    Args:
        plain_s: [rounds], seconds for a unit of work.
        ours_s: [rounds], the same.
    """

    def of_medians(plain: Times, ours: Times, axis: int) -> Times:
        quotient: Times = np.median(plain, axis=axis) / np.median(ours, axis=axis)
        return quotient

    interval = bootstrap(
        (plain_s, ours_s), of_medians, n_resamples=RESAMPLES, method="percentile", rng=1
    ).confidence_interval
    estimate = float(np.median(plain_s) / np.median(ours_s))
    return estimate, float(interval.low), float(interval.high)


def _seconds(value: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Print medians, least times, work per second, and how many times faster than plain SimPy."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for measured in config._benchmarksession.benchmarks:  # type: ignore[attr-defined] # the plugin's
        if "model" in measured.extra_info:
            groups[measured.group].append(measured)
    if not groups:
        return
    table = Table("what", "model", "median", "least", "aim", "work", "per second", "faster", "95 %")
    for what, models in groups.items():
        plain_s = None
        for measured in sorted(models, key=lambda one: one.extra_info["model"] != PLAIN):
            info = measured.extra_info
            times_s = np.array(measured.stats.data)
            each_s = times_s / info["work"]
            aim = "" if info["at_most_s"] is None else _seconds(info["at_most_s"])
            compared = ["", ""]
            if info["model"] == PLAIN:
                plain_s = each_s
            elif plain_s is not None:
                estimate, low, high = ratio(plain_s, each_s)
                compared = [f"{estimate:,.3g}", f"{low:,.3g} to {high:,.3g}"]
            median = float(np.median(times_s))
            rate = f"{info['work'] / median:,.3g}"
            work = f"{info['work']:,}"
            both = (_seconds(median), _seconds(float(times_s.min())))
            table.add_row(what, info["model"], *both, aim, work, rate, *compared)
    Console(width=160).print(table)
