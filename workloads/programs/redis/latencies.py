"""Latencies of a server's requests, and what they were spent on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.operations.causes import parts_of
from sim.arrays import IntArray, Sparse
from sim.machine.causes import WORK, Cause
from sim.machine.ledger import History
from sim.machine.scheduler import Scheduler
from sim.machine.spans import FAULT
from sim.machine.tasks import Burst, Task
from sim.measures.by_cause import Amounts, ByCause, times
from sim.measures.common_metrics import LATENCY, SERVED
from sim.measures.phases import Phases
from sim.measures.recording import Recording
from sim.measures.timeline import Timeline
from sim.measures.warmup import SteadyLatency
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.requests import Basis, Iterations, Replies
from workloads.programs.shared.causes import OTHERS
from workloads.programs.shared.phases import add_phases

WINDOW_NS = 100_000_000
"""Length of a window of the latency timeline."""
_KEPT = 4096
"""Pieces of the past, before it is looked which are still needed."""


class Latencies:
    """From when requests are sent to their answers, by what the server did meanwhile.

    That is its history: what in it is nothing else was service, of the request or of others. So
    causes add up to latencies by themselves, if only no service is longer than what is left.

    Args:
        config: of the server.
        scheduler: of its machine.
        task: the server.

    Attributes:
        phases: of the server's forks.
    """

    def __init__(self, config: RedisConfig, scheduler: Scheduler, task: Task) -> None:
        self._scheduler = scheduler
        self._task = task
        self._history = task.ledger.history = History()
        self._kept = _KEPT
        self.phases = Phases()
        self._forks = config.snapshot is not None
        self._steady = SteadyLatency(config.warmup, config.duration, self.phases)
        self._timeline = Timeline(WINDOW_NS)
        self._queue_answered_ns = 0
        self._stood_for = 0

    def fault(
        self,
        ahead: Iterations[Basis],
        count: int,
        burst: Burst | None = None,
        began_ns: int | None = None,
    ) -> None:
        """Take down the page faults of iterations that were served.

        Args:
            ahead: the iterations.
            count: how many of them were served.
            burst: as which the only one was; None if they were as they were looked at.
            began_ns: when that one began.
        """
        if not len(ahead.faults):
            return
        faults = ahead.faults.until(int(ahead.writes_end[count - 1]))
        if not len(faults):
            return
        iteration, into_ns = ahead.faults_at(count)
        self.phases.fault(int(ahead.start_ns[iteration[-1]]) if began_ns is None else began_ns)
        parts, spans = list(parts_of(faults)), self._scheduler.spans
        if burst is None:
            starts_ns = ahead.start_ns[iteration] + into_ns
            self._history.extend(starts_ns, starts_ns + faults.cost_ns)
            for part in parts:
                from_ns = starts_ns[part.faults] + part.from_ns
                self._history.extend_cause(part.cause, from_ns, from_ns + part.ns)
                if spans is not None:
                    spans.attribute(self._task, from_ns, from_ns + part.ns, part.cause)
                    spans.each(self._task, FAULT, part.cause, from_ns, from_ns + part.ns)
        else:
            for part in parts:
                from_ns = into_ns[part.faults] + part.from_ns
                for start_ns, length_ns in zip(from_ns.tolist(), part.ns.tolist(), strict=True):
                    for stretch in burst.stretches_ns(start_ns, start_ns + length_ns):
                        self._history.add(*stretch, part.cause)
                    if spans is not None:
                        one = {part.cause: 1}
                        spans.attribute_burst(burst, [(part.cause, length_ns)], start_ns, one)
        self._scheduler.attribute(self._task, {part.cause: int(part.ns.sum()) for part in parts})

    def begin(self, at_ns: int) -> None:
        """What was answered so far is left out."""
        self._steady.begin(at_ns)
        self._stood_for = 0

    def add(
        self, replies: Replies, oldest_ns: Callable[[], int], stands_for: IntArray | int = 1
    ) -> None:
        """Count requests as answered; all that was done up to the last is in the history.

        Args:
            replies: the answers, at least one.
            oldest_ns: before when nobody was sent who waits now.
            stands_for: as how many requests each counts, or every one of them.
        """
        at_ns, latency_ns, weights = replies.at_ns, replies.latency_ns, replies.weights
        if (returned_ns := self.phases.queue_of_ns) is not None:
            if len(of_queue := np.flatnonzero(at_ns - latency_ns < returned_ns)):
                self._queue_answered_ns = int(at_ns[of_queue[-1]])
            if oldest_ns() >= returned_ns:
                self.phases.empty(self._queue_answered_ns)
        self._timeline.add(at_ns, latency_ns, weights)
        causes_ns = self._causes_of(replies)
        if not isinstance(stands_for, int) or stands_for != 1:
            self._stood_for += int((weights * (stands_for - np.sign(stands_for))).sum())
            weights = weights * stands_for
            causes_ns = times(causes_ns, stands_for)
        self._steady.add(at_ns, latency_ns, weights, causes_ns)

    def _causes_of(self, replies: Replies) -> ByCause:
        """What requests were spent on, those of a row together."""
        at_ns, latency_ns, weights = replies.at_ns, replies.latency_ns, replies.weights
        if len(at_ns) == 1:
            return self._of_one(replies)
        causes_ns: dict[Cause, Amounts] = {}
        rest_ns = latency_ns * weights - replies.own_ns
        for cause, (rows, ns, count) in self._history.between(at_ns - latency_ns, at_ns).items():
            spent_ns = ns * weights[rows]
            causes_ns[cause] = Sparse(rows, spent_ns, count)
            rest_ns[rows] -= spent_ns
        causes_ns[WORK] = replies.own_ns
        causes_ns[OTHERS] = rest_ns
        return causes_ns

    def _of_one(self, replies: Replies) -> dict[Cause, int]:
        """The causes of a single row, in plain numbers, up to now."""
        latency_ns, weight = replies.latency_ns.item(), replies.weights.item()
        causes_ns = self._history.since(replies.at_ns.item() - latency_ns)
        rest_ns = latency_ns - sum(causes_ns.values())
        causes_ns = {cause: ns * weight for cause, ns in causes_ns.items()}
        causes_ns[WORK] = own_ns = replies.own_ns.item()
        causes_ns[OTHERS] = rest_ns * weight - own_ns
        return causes_ns

    def forget(self, oldest_ns: int) -> None:
        """Nobody waits that was sent before that moment."""
        self._history.forget_before(oldest_ns)
        self._kept = max(2 * len(self._history), _KEPT)

    @property
    def many(self) -> bool:
        """Whether it is time to `forget`."""
        return len(self._history) > self._kept

    def recording(self, now_ns: int) -> tuple[int, Recording]:
        """How much is cut as warm-up (ns), and what is left, up to now."""
        warmup_ns, by_phase = self._steady.cut_sums()
        sums = by_phase.whole()
        recording = Recording().add(
            histograms={LATENCY: sums.latencies},
            series={"timeline": self._timeline.columns()},
            causes={LATENCY: sums},
            by_second={LATENCY: sums.by_second},
        )
        if self._stood_for:
            recording.add(levels={SERVED: sums.latencies.count - self._stood_for})
        if self._forks:
            add_phases(recording, by_phase, self.phases, warmup_ns, now_ns)
        return warmup_ns, recording
