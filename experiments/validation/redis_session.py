"""Rows of a measured Redis, of both its files: its loads, their own work, and each simulated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from statistics import median
from typing import NamedTuple

from experiments.calibration.measured_rows import MeasuredRow, grouped, median_of
from experiments.forks.trial import Trial
from experiments.validation.measured_machine import setup_of
from experiments.validation.redis_load import RedisLoad, simulated, snapshots
from models.costs.profile import Profile
from models.schemes.base import Scheme
from sim.measures.recording import Recording
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.snapshot_config import SECOND_NS
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES, pages_of

ASSUMED_SERVICE_NS = 14_000
"""Of a request without pipelines where no closed loop tells it: 12 to 17 us were measured."""
ASSUMED_SAVE_RATE = 256 * 2**20
"""Bytes a second of a child's save where no snapshot was measured: the program's own default."""

WITHOUT, DURING = "no_bgsave", "during_snapshot"
"""Phases of rows, as the files name them: a run without snapshots, and while a child saves."""


class Told(NamedTuple):
    """A value, and where it comes from."""

    value: float
    basis: str


class RedisSession:
    """What was measured of a Redis, and its loads simulated, each once.

    Args:
        events: rows of snapshots.
        latencies: rows of latencies by phase.
        profile: the machine's.
    """

    def __init__(
        self, events: Sequence[MeasuredRow], latencies: Sequence[MeasuredRow], profile: Profile
    ) -> None:
        self.profile = profile
        self.events = dict(grouped(events, RedisLoad.of))
        self.phases = dict(grouped(latencies, lambda row: (RedisLoad.of(row), row.cells["phase"])))
        self._runs: dict[RedisLoad, Recording] = {}

    def dataset_bytes(self, load: RedisLoad) -> int:
        """What the data set takes."""
        if load not in self.events:
            return load.dataset_bytes
        return round(
            median_of(self.events[load], "used_memory_bytes", least=PAGE_BYTES, most=MOST_BYTES)
        )

    def service(self, load: RedisLoad) -> Told | None:
        """How long a request is served, without page faults; None if nothing tells.

        A closed loop's requests in flight over its latency without snapshots are its throughput
        (Little's law). An open loop's requests take as long as those of a closed loop beside it.
        """
        loops = [
            other
            for other, phase in self.phases
            if phase == WITHOUT
            and other.loop == "closed"
            and (other.pipeline == max(load.pipeline, 1) or other == load)
        ]
        if load.loop == "open" and not loops:
            return Told(ASSUMED_SERVICE_NS, "service assumed")
        if not loops:
            return None

        def unlike(other: RedisLoad) -> tuple[bool, bool, float]:
            size = abs(other.dataset_gib - load.dataset_gib)
            return other != load, other.workload != load.workload, size

        nearest = min(loops, key=unlike)
        mean_ns = median_of(self.phases[nearest, WITHOUT], "mean_ns")
        whose = "" if nearest == load else "closed loop's "
        return Told(mean_ns / nearest.in_flight, f"{whose}{WITHOUT}")

    def save_ns(self, load: RedisLoad) -> Told:
        """How long the child saves: as long as was measured, less its fork and its exit."""
        if load not in self.events:
            whole = SECOND_NS * load.dataset_bytes / ASSUMED_SAVE_RATE
            return Told(whole, "save rate assumed")
        lasted_ns = median_of(self.events[load], "snapshot_duration_ns")
        forked = self._forked(load)
        return Told(max(lasted_ns - sum(forked), 1.0), "duration")

    def fork_ns(self, load: RedisLoad) -> float:
        """How long the fork of the loaded data set blocks the server."""
        if load.loop == "none":
            return self._forked(load)[0]
        run = self.run(load)
        return (
            self._forked(load)[0]
            if run is None
            else median(run.series["snapshots"]["fork_ns"].tolist())
        )

    def config(self, load: RedisLoad, service_ns: float, saves: Sequence[int] = ()) -> RedisConfig:
        """See `RedisLoad.config`.

        Raises:
            InputError: that cannot be simulated.
        """
        try:
            return load.config(self.dataset_bytes(load), service_ns, saves)
        except ValueError as error:
            rows = self.events.get(load) or next(
                rows for (of, _), rows in self.phases.items() if of == load
            )
            raise rows[0].refused(error) from None

    def run(self, load: RedisLoad) -> Recording | None:
        """The load simulated with as many snapshots as were measured; None if it is not known."""
        service = self.service(load)
        if load.loop == "none" or service is None:
            return None
        if load not in self._runs:
            number = len(self.events.get(load, ()))
            saves = snapshots(round(self.save_ns(load).value), number)
            config = self.config(load, service.value, saves)
            self._runs[load] = simulated(config, self.profile)
        return self._runs[load]

    @cached_property
    def _scheme(self) -> Scheme:
        return setup_of(self.profile).fork()

    def _forked(self, load: RedisLoad) -> tuple[float, float]:
        """A fork of the freshly loaded data set and the exit of a child, in ns."""
        trial = Trial(self._scheme)
        n_pages = pages_of(self.dataset_bytes(load))
        trial.fill(trial.map(n_pages).start_page, n_pages)
        return trial.fork().ns, trial.exit().ns
