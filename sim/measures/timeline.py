"""Latency over time: a few numbers per window, kept as the simulation goes."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray

COLUMNS = ("t_ns", "requests", "p50_ns", "p99_ns", "max_ns")


class Timeline:
    """Median, 99th percentile and maximum of weighted samples per window of time.

    Samples must come in order of time, so that a window can be closed (and its samples forgotten)
    as soon as a later one begins.

    Args:
        window_ns: length of a window.
    """

    def __init__(self, window_ns: int) -> None:
        if window_ns < 1:
            raise ValueError("a window has a length")
        self._window_ns = window_ns
        self._open: list[tuple[IntArray, IntArray, IntArray]] = []
        self._newest = 0
        self._closed: list[IntArray] = []

    def add(self, times_ns: IntArray, values: IntArray, weights: IntArray) -> None:
        """Record ``values[i]``, ``weights[i]`` times, at ``times_ns[i]`` (all int64 [n], n > 0)."""
        self._open.append((times_ns // self._window_ns, values, weights))
        window = int(times_ns[-1]) // self._window_ns
        if window > self._newest:
            self._close_before(window)
            self._newest = window

    def columns(self) -> dict[str, IntArray]:
        """The table so far, one row per window that has samples: `COLUMNS`, times at its start."""
        self._close_before(np.iinfo(np.int64).max)
        table = np.concatenate(self._closed, axis=1) if self._closed else np.zeros((5, 0), np.int64)
        return dict(zip(COLUMNS, table, strict=True))

    def _close_before(self, window: int) -> None:
        if not self._open:
            return
        windows, values, weights = (np.concatenate(part) for part in zip(*self._open, strict=True))
        split = int(np.searchsorted(windows, window))
        self._open = [(windows[split:], values[split:], weights[split:])]
        if split:
            self._closed.append(self._rows(windows[:split], values[:split], weights[:split]))

    def _rows(self, windows: IntArray, values: IntArray, weights: IntArray) -> IntArray:
        order = np.lexsort((values, windows))
        windows, values, weights = windows[order], values[order], weights[order]
        ends = np.flatnonzero(np.append(windows[1:] != windows[:-1], True))
        cumulated = np.cumsum(weights)
        before = np.append(0, cumulated[ends[:-1]])
        requests = cumulated[ends] - before
        # The integer rank ceil(q n), as in `Histogram.quantile`.
        medians = values[np.searchsorted(cumulated, before + (requests + 1) // 2)]
        tails = values[np.searchsorted(cumulated, before + -(-99 * requests // 100))]
        rows: IntArray = np.stack(
            [windows[ends] * self._window_ns, requests, medians, tails, values[ends]]
        )
        return rows
