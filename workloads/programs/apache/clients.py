"""What all clients have in common: a start, an end, and the latencies they saw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from sim.arrays import IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.clock import NEVER_NS, Clock
from sim.measures.by_cause import of_rows
from sim.measures.phased_sums import PhasedSums
from sim.measures.phases import Phases
from workloads.programs.apache.causes import NO_WORKER
from workloads.programs.apache.listening import Acceptor, ListenQueue
from workloads.programs.apache.looks import Looks

_TOGETHER = 4096
"""Requests of batches that are counted together, so that each batch costs little."""


class Clients(ABC):
    """The clients of one server.

    Attributes:
        queue: where they connect; closed when all of them have their last response.
        phases: of the forks since they began to send.
        began_ns: when they began to send.
        ended_ns: when the last response was sent.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queue = ListenQueue(clock)
        self.phases = Phases()
        self._sums = PhasedSums(self.phases)
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
            self._take_in(self.clock.now)

    def latencies(self) -> PhasedSums:
        """From when requests were sent until their responses, by phase and cause, all so far."""
        self._take_in_plain()
        self._take_in(before_ns=NEVER_NS)
        return self._sums

    def _take_in(self, before_ns: int) -> None:
        """Count responses that come before a moment: of later ones the phase is not known yet."""
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
        at_ns, latency_ns = np.concatenate(ends_ns), np.concatenate(latencies_ns)
        if (at_ns[1:] < at_ns[:-1]).any():
            order = np.argsort(at_ns, kind="stable")
            at_ns, latency_ns = at_ns[order], latency_ns[order]
            by_cause = {cause: spent_ns[order] for cause, spent_ns in by_cause.items()}
        known = int(np.searchsorted(at_ns, before_ns))
        if known:
            now = slice(known)
            weights = np.ones(known, np.int64)
            self._sums.add(at_ns[now], latency_ns[now], weights, of_rows(by_cause, now))
        if known < len(at_ns):
            later = slice(known, None)
            rest = {cause: spent_ns[later] for cause, spent_ns in by_cause.items()}
            self._waiting.append((at_ns[later], latency_ns[later], rest))

    @abstractmethod
    def _begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        """Connect for the first time."""
