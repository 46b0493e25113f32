"""What is kept of executions: how long they took, and how many ended in each window."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.measures.cause_sums import CauseSums
from sim.measures.histogram import Histogram
from workloads.programs.shared.fork_server import Executions, joined

_TOGETHER = 8192
"""Executions that are taken in together: each alone takes a hundred times as long."""


class Tally:
    """Counts executions of several fuzzers, in any order, so that none need be held.

    Args:
        window_ns: length of a window.

    Attributes:
        executions: from each call of fork to the next, by cause.
        forks: how long each fork kept the parent.
    """

    def __init__(self, window_ns: int) -> None:
        self.executions = CauseSums()
        self.forks = Histogram()
        self._window_ns = window_ns
        self._ended = np.zeros(0, np.int64)
        self._waiting: list[Executions] = []
        self._rows = 0

    def add(self, done: Executions) -> None:
        """Take in executions that are over."""
        if len(done) == 1:
            self._add(done)
        self._waiting.append(done)
        self._rows += len(done)
        if self._rows >= _TOGETHER:
            self._take_in()

    def ended(self, windows: int) -> IntArray:
        """How many ended in each window, of so many at least; int64 [n]."""
        self._take_in()
        missing = max(0, windows - len(self._ended))
        return np.concatenate([self._ended, np.zeros(missing, np.int64)])

    def _add(self, done: Executions) -> None:
        weights = np.ones(len(done), np.int64)
        self.executions.add(done.end_ns, done.total_ns, weights, done.causes_ns)

    def _take_in(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._rows = self._waiting, [], 0
        # Single ones wait in the sums by themselves.
        if blocks := [done for done in waiting if len(done) > 1]:
            self._add(joined(blocks))
        self.forks.add(np.concatenate([done.fork_ns for done in waiting]))
        ends_ns = np.concatenate([done.end_ns for done in waiting])
        ended = np.bincount(ends_ns // self._window_ns, minlength=len(self._ended))
        ended[: len(self._ended)] += self._ended
        self._ended = ended.astype(np.int64)
