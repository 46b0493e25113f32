"""Latencies after the warm-up: the start of a run, while queues and memory are still unusual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from sim.arrays import IntArray
from sim.measures.by_cause import ByCause, of_rows
from sim.measures.histogram import Histogram, total_of
from sim.measures.phased_sums import PhasedSums
from sim.measures.phases import Phases

BATCH = 5
"""Observations that MSER-5 averages."""

WINDOWS = 500
"""Windows of a run whose mean latencies are MSER-5's observations."""

WarmUp: TypeAlias = int | Literal["mser5"] | None
"""Nanoseconds to cut, the rule that says how many, or nothing to cut."""


def mser5(observations: npt.NDArray[np.float64]) -> int:
    """How many of the first observations to leave out.

    Of the means Z of n batches of five, so many, d, are left out that the mean of the rest is most
    certain: ``sum((Z[i] - mean of the rest)^2) / (n - d)^2`` over i from d on is least. Only d up
    to half of n is looked at, because the last few batches agree by chance (White, Simulation 69,
    1997; White, Cobb and Spratt, WSC 2000).

    Args:
        observations: float64 [k] in order of time.

    Returns:
        A multiple of 5; 0 of fewer than two batches.
    """
    count = len(observations) // BATCH
    if count < 2:
        return 0
    means = observations[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    # Around any number near them, sums of squares lose no digits that matter.
    means = means - means.mean()
    left = np.arange(count, 0, -1)
    sums = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum(means[::-1] ** 2)[::-1]
    certainty = np.maximum(squares - sums**2 / left, 0.0) / left**2
    return BATCH * int(np.argmin(certainty[: count // 2 + 1]))


@dataclass
class _Window:
    """What MSER-5 needs to know of a window, and where its samples are kept."""

    kept: PhasedSums
    count: int = 0
    total: int = 0


class SteadyLatency:
    """The samples after the warm-up and their causes, summed as they come.

    Samples must come in order of time. With a rule the windows of each batch keep sums of their
    own until it is known which to leave out, so that nothing is simulated twice.

    Args:
        warm_up: what to cut.
        duration_ns: how long the run is meant to be; only a rule needs it.
        phases: by which they are summed; one if nothing is said.
    """

    def __init__(
        self,
        warm_up: WarmUp = None,
        duration_ns: int | None = None,
        phases: Phases | None = None,
    ) -> None:
        self._phases = phases or Phases()
        self._from_ns = warm_up if isinstance(warm_up, int) else 0
        self._kept = PhasedSums(self._phases)
        self._window_ns = 0
        if warm_up == "mser5":
            if duration_ns is None:
                raise ValueError("MSER-5 needs to know how long the run is")
            self._window_ns = -(-duration_ns // WINDOWS)
        self._batches: list[PhasedSums] = []
        self._windows: dict[int, _Window] = {}

    def begin(self, at_ns: int) -> None:
        """What was recorded so far, up to now, was warm-up."""
        self._from_ns = at_ns
        self._phases.undecided.clear()
        self._kept = PhasedSums(self._phases)

    def add(
        self, times_ns: IntArray, values: IntArray, weights: IntArray, by_cause: ByCause
    ) -> None:
        """Record ``values[i]``, ``weights[i]`` times, at ``times_ns[i]`` (all int64 [n], n > 0).

        Args:
            times_ns: when.
            values: the latencies.
            weights: how often.
            by_cause: what they were spent on, see `CauseSums.add`.
        """
        if not self._window_ns:
            if int(times_ns[0]) < self._from_ns:
                first = int(np.searchsorted(times_ns, self._from_ns))
                if first == len(times_ns):
                    return
                times_ns, values, weights = times_ns[first:], values[first:], weights[first:]
                by_cause = of_rows(by_cause, slice(first, None))
            self._kept.add(times_ns, values, weights, by_cause)
            return
        windows = times_ns // self._window_ns
        starts = np.flatnonzero(np.append(True, windows[1:] != windows[:-1]))
        for start, end in zip(starts, [*starts[1:], len(windows)], strict=True):
            rows = slice(start, end)
            count = int(weights[rows].sum())
            if count:
                window = self._window(int(windows[start]))
                window.count += count
                window.total += total_of(values[rows], weights[rows])
                window.kept.add(
                    times_ns[rows], values[rows], weights[rows], of_rows(by_cause, rows)
                )

    def _window(self, number: int) -> _Window:
        if number not in self._windows:
            if len(self._windows) % BATCH == 0:
                self._batches.append(PhasedSums(self._phases))
            self._windows[number] = _Window(self._batches[-1])
        return self._windows[number]

    def cut(self) -> tuple[int, Histogram]:
        """How much is cut (ns) and the histogram of what was recorded from then on."""
        cut_ns, steady = self.cut_sums()
        return cut_ns, steady.whole().latencies

    def cut_sums(self) -> tuple[int, PhasedSums]:
        """How much is cut (ns), and the sums by phase and cause of what came from then on."""
        if not self._window_ns:
            return self._from_ns, self._kept
        numbers = list(self._windows)
        means = np.array([window.total / window.count for window in self._windows.values()])
        first = mser5(means)
        steady = PhasedSums(self._phases)
        for batch in self._batches[first // BATCH :]:
            steady.merge(batch)
        return (numbers[first] * self._window_ns if first else 0), steady
