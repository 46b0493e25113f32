"""What phases, causes and limits cost: a Redis with them beside one that keeps latencies alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bench_redis import OPEN, TABLE_4, requests
from beside_plain import Timed

from sim.arrays import IntArray
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from workloads.programs.redis import server
from workloads.programs.redis.latencies import Latencies
from workloads.programs.redis.requests import Replies

WITHOUT = "latencies alone"
WITH = "with phases, causes and limits"
AT_MOST = 1.15
"""Times of a run without that one with them may take (docs/performance.md)."""


class Bare(Latencies):
    """Takes down how long requests took, and nothing else."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._task.ledger.history = None
        self._bare = Histogram()

    def fault(self, *_: Any) -> None:
        """Nothing."""

    def add(
        self, replies: Replies, oldest_ns: Callable[[], int], stands_for: IntArray | int = 1
    ) -> None:
        """Count requests as answered."""
        self._timeline.add(replies.at_ns, replies.latency_ns, replies.weights)
        self._bare.add(replies.latency_ns, replies.weights * stands_for)

    def forget(self, oldest_ns: int) -> None:
        """Nothing."""

    @property
    def many(self) -> bool:
        """Never."""
        return False

    def recording(self, now_ns: int) -> tuple[int, Recording]:
        """Latencies and their timeline."""
        recording = Recording().add(histograms={LATENCY: self._bare})
        return 0, recording.add(series={"timeline": self._timeline.columns()})


@pytest.mark.parametrize("program", ["closed loop", "open loop"])
@pytest.mark.parametrize("model", [WITHOUT, WITH])
def bench_answers(timed: Timed, model: str, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis under On-demand-fork."""
    if model == WITHOUT:
        monkeypatch.setattr(server, "Latencies", Bare)
    fields = TABLE_4 if program == "closed loop" else OPEN
    timed(f"phases and causes, {program}", model, lambda: requests("on_demand", fields))
