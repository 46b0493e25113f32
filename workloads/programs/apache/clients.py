"""What all clients have in common: a start, an end, and the latencies they saw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from sim.arrays import IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.clock import Clock
from sim.measures.cause_sums import CauseSums
from workloads.programs.apache.causes import NO_WORKER
from workloads.programs.apache.listening import Acceptor, ListenQueue
from workloads.programs.apache.looks import Looks

_TOGETHER = 4096
"""Requests of batches that are counted together, so that each batch costs little."""


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
        self._sums = CauseSums()
        # Of those that waited for nothing but a worker: when, how long, of that served.
        self._plain_ns = array("q")
        self._waiting: list[tuple[IntArray, IntArray, Mapping[Cause, IntArray]]] = []
        self._rows_waiting = 0
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

    def note(
        self, sent_ns: int, taken_ns: int, service_ns: int, besides_ns: Mapping[Cause, int]
    ) -> None:
        """A response comes now to a request that was taken then, served so long, and besides."""
        self.ended_ns = now = self.clock.now
        if besides_ns:
            causes_ns = {NO_WORKER: taken_ns - sent_ns, WORK: service_ns, **besides_ns}
            self._sums.add_one(now, now - sent_ns, causes_ns)
            return
        self._plain_ns.extend((now, now - sent_ns, service_ns))
        if len(self._plain_ns) >= 3 * _TOGETHER:
            self._take_in_plain()

    def _take_in_plain(self) -> None:
        at_ns, latencies_ns, service_ns = np.array(self._plain_ns, np.int64).reshape(-1, 3).T
        del self._plain_ns[:]
        causes_ns = {WORK: service_ns, NO_WORKER: latencies_ns - service_ns}
        self._sums.add(at_ns, latencies_ns, np.ones(len(at_ns), np.int64), causes_ns)

    def note_all(
        self, ends_ns: IntArray, latencies_ns: IntArray, by_cause: Mapping[Cause, IntArray]
    ) -> None:
        """Responses come at these times, after so long, by cause (int64 [n] each)."""
        self.ended_ns = max(self.ended_ns, int(ends_ns.max(initial=0)))
        self._waiting.append((ends_ns, latencies_ns, by_cause))
        self._rows_waiting += len(ends_ns)
        if self._rows_waiting >= _TOGETHER:
            self._take_in()

    def latencies(self) -> CauseSums:
        """From when requests were sent until their responses, by cause, for all so far."""
        self._take_in_plain()
        self._take_in()
        return self._sums

    def _take_in(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        ends_ns, latencies_ns, each = zip(*waiting, strict=True)
        by_cause = {
            cause: np.concatenate(
                [
                    spent[cause] if cause in spent else np.zeros(len(rows), np.int64)
                    for rows, spent in zip(ends_ns, each, strict=True)
                ]
            )
            for cause in dict.fromkeys(chain.from_iterable(each))
        }
        at_ns = np.concatenate(ends_ns)
        weights = np.ones(len(at_ns), np.int64)
        self._sums.add(at_ns, np.concatenate(latencies_ns), weights, by_cause)

    @abstractmethod
    def _begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        """Connect for the first time."""
