"""How near a prediction is to come, by quantity, on sizes and loads that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from results.metrics.formatting import share as percent


@dataclass(frozen=True)
class Target:
    """A quantity, and how near its predictions are to come.

    Attributes:
        quantity: what is predicted.
        within: the greatest relative error of a row; None if rows are told and not judged.
        of_rows: the share of the rows that must come so near.
        median: the greatest median of the errors, if there is one.
        as_factor: errors are factors above 1, up or down, less 1.
    """

    quantity: str
    within: float | None
    of_rows: float = 1.0
    median: float | None = None
    as_factor: bool = False

    def error(self, ratio: float) -> float:
        """How far predicted over measured is off."""
        if self.as_factor:
            return max(ratio, 1 / ratio) - 1 if ratio > 0 else float("inf")
        return abs(ratio - 1)

    def row_met(self, ratio: float) -> bool | None:
        """Whether a row comes near enough; None if it is not judged."""
        return None if self.within is None else self.error(ratio) <= self.within

    def met(self, ratios: Sequence[float]) -> bool | None:
        """Whether all of a quantity's rows together come near enough."""
        if self.within is None:
            return None
        near = sum(self.error(ratio) <= self.within for ratio in ratios)
        if near < self.of_rows * len(ratios):
            return False
        return self.median is None or median(map(self.error, ratios)) <= self.median

    @property
    def of_a_row(self) -> str:
        """The target of a row in words."""
        if self.within is None:
            return "-"
        return f"factor {1 + self.within:g}" if self.as_factor else percent(self.within)

    @property
    def of_all(self) -> str:
        """The target of all rows in words."""
        if self.within is None:
            return "-"
        parts = []
        if self.median is not None:
            text = f"factor {1 + self.median:g}" if self.as_factor else percent(self.median)
            parts.append(f"median {text}")
        if self.of_rows:
            whose = "all" if self.of_rows == 1 else percent(self.of_rows)
            parts.append(f"{whose} within {self.of_a_row}")
        return ", ".join(parts)


FORK = Target("fork, 4 KiB pages", 0.30, of_rows=0.8, median=0.10)
FORK_HUGE = Target("fork, transparent huge pages", 0.25)
FORK_HUGETLB = Target("fork, hugetlb pages", None)
FORKS_AT_ONCE = Target("fork, 4 KiB pages, several at once", 0.30, of_rows=0.8, median=0.10)
FORKS_AT_ONCE_HUGE = Target("fork, huge pages, several at once", 0.25)
FORK_AND_TOUCH = Target("fork and touch", 0.20)
TEST_TOTAL = Target("SQLite test in total", 0.15)
EXECUTION_RATE = Target("AFL executions", 0.15)
COPIED_GIVEN_SETS = Target("pages copied, given the SETs", 0.05)
COPIED_GIVEN_FEW_SETS = Target("pages copied, given the SETs, fewer than one per five pages", 0.12)
COPIED_GIVEN_TIME = Target("pages copied, given the save's duration", 0.10)
REDIS_FORK = Target("Redis's fork as it tells it", None)
FIRST_SECOND = Target("open loop, first second after BGSAVE", 0.20)
LONGEST_STALL = Target("longest stall", 0.30)
MEDIAN_LATENCY = Target("p50 of a phase", 0.5, of_rows=0.0, median=0.5, as_factor=True)
