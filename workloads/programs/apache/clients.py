"""What all clients have in common: a start, an end, and the latencies they saw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import Clock
from sim.measures.histogram import Histogram
from workloads.programs.apache.listening import Acceptor, ListenQueue
from workloads.programs.apache.looks import Looks


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
        self._latencies_ns = array("q")
        self.began_ns = 0
        self.ended_ns = 0

    def begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        """Start to send, to the workers that there are, and that there will be after looks."""
        self.began_ns = self.ended_ns = self.clock.now
        self._begin(workers, looks)

    @property
    def looks_ahead(self) -> bool:
        """Whether a worker that begins at once knows when its responses will have been sent.

        So it is if it has a core to itself, and nobody can kill it meanwhile.
        """
        return False

    def note(self, sent_ns: int) -> None:
        """A response comes now, to a request that was sent then."""
        self.ended_ns = now = self.clock.now
        self._latencies_ns.append(now - sent_ns)

    def note_all(self, latencies_ns: IntArray) -> None:
        """Responses come after these times (int64 [n]), and another one not before them."""
        self._latencies_ns.frombytes(latencies_ns.tobytes())

    def latencies(self) -> Histogram:
        """From when a request was sent until its response, for all responses so far."""
        histogram = Histogram()
        histogram.add(np.array(self._latencies_ns, np.int64))
        return histogram

    @abstractmethod
    def _begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        """Connect for the first time."""
