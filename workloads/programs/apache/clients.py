"""What all clients have in common: a start, an end, and the latencies they saw."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import Clock
from sim.measures.histogram import Histogram
from workloads.programs.apache.listening import ListenQueue


class Clients(ABC):
    """The clients of one server.

    Attributes:
        queue: where they connect; closed when all of them have their last response.
        began_ns: when they began to send.
        ended_ns: when the last response was sent.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queue = ListenQueue(clock)
        self._latencies_ns = [np.zeros(0, np.int64)]
        self.began_ns = 0
        self.ended_ns = 0

    def begin(self) -> None:
        """Start to send."""
        self.began_ns = self.ended_ns = self.clock.now
        self._begin()

    def note(self, sent_ns: IntArray, ends_ns: IntArray) -> None:
        """Some responses: when their requests were sent, and when they came (int64 [n] both)."""
        if len(ends_ns):
            self._latencies_ns.append(ends_ns - sent_ns)
            self.ended_ns = max(self.ended_ns, int(ends_ns[-1]))

    def latencies(self) -> Histogram:
        """From when a request was sent until its response, for all responses so far."""
        histogram = Histogram()
        histogram.add(np.concatenate(self._latencies_ns))
        return histogram

    @abstractmethod
    def _begin(self) -> None:
        """Connect for the first time."""
