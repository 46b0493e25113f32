"""A load that a Redis was measured under, and the same simulated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from experiments.calibration.measured_rows import MeasuredRow
from experiments.validation.measured_machine import setup_of
from models.costs.profile import Profile
from sim.configuration import read_back
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.program import Redis
from workloads.programs.redis.snapshot_config import SECOND_NS
from workloads.running.demands import MOST_BYTES

COLUMNS = ("dataset_gib", "workload", "pipeline", "loop", "rate_req_per_s")
"""What a row says of its load."""

SETS = {"idle": 0.0, "get": 0.0, "mix": 0.5, "set": 1.0}
"""The share of SETs of each workload."""
LOOPS = ("none", "closed", "open")

CONNECTIONS, KEY_BYTES, VALUE_BYTES = 50, 15, 1024
"""Of rows that do not say so."""

_QUIET_NS = SECOND_NS
"""Served before the first snapshot, between two, and after the last one."""
_MOST_SNAPSHOTS = 3
_MOST_REQUESTS = 500_000_000
"""Some minutes."""


class RedisLoad(NamedTuple):
    """What rows of one load say of themselves.

    Attributes:
        dataset_gib: what was loaded.
        workload: one of `SETS`.
        pipeline: requests in flight on each connection of a closed loop.
        loop: one of `LOOPS`.
        rate: requests a second of an open loop.
        connections: of all clients.
        key_bytes: length of a key.
        value_bytes: length of a value.
    """

    dataset_gib: float
    workload: str
    pipeline: int
    loop: str
    rate: float
    connections: int
    key_bytes: int
    value_bytes: int

    @classmethod
    def of(cls, row: MeasuredRow) -> RedisLoad:
        """That of a row.

        Raises:
            InputError: a cell is not what it should be.
        """
        loop = row.word("loop", LOOPS)
        return cls(
            row.number("dataset_gib", least=2**-30, most=MOST_BYTES / 2**30),
            row.word("workload", SETS),
            row.count("pipeline", least=loop == "closed"),
            loop,
            row.number("rate_req_per_s", least=float(loop == "open")),
            row.count("connections", CONNECTIONS, least=1),
            row.count("key_bytes", KEY_BYTES, least=1),
            row.count("value_bytes", VALUE_BYTES),
        )

    @property
    def fields(self) -> dict[str, str | int | float]:
        """What tables tell of it."""
        told: dict[str, str | int | float] = {
            "dataset_gib": self.dataset_gib,
            "workload": self.workload,
            "loop": self.loop,
        }
        if self.loop == "closed":
            told["pipeline"] = self.pipeline
        if self.loop == "open":
            told["rate_req_per_s"] = self.rate
        return told

    @property
    def dataset_bytes(self) -> int:
        """What was loaded, where no row says what that took."""
        return round(self.dataset_gib * 2**30)

    @property
    def set_share(self) -> float:
        """The share of SETs."""
        return SETS[self.workload]

    @property
    def in_flight(self) -> int:
        """Requests in flight in a closed loop."""
        return self.connections * self.pipeline

    def config(
        self,
        dataset_bytes: int,
        service_ns: float,
        saves: Sequence[int] = (),
        served_ns: int = _QUIET_NS,
    ) -> RedisConfig:
        """The same load, simulated.

        Args:
            dataset_bytes: what the data set takes.
            service_ns: of a request, without page faults.
            saves: how long each snapshot's child saves; one follows the other.
            served_ns: how long clients send where nothing is saved.

        Raises:
            ValueError: that cannot be simulated.
        """
        save_ns = max(1, min(saves, default=1))
        longest_ns = served_ns + len(saves) * (save_ns + _QUIET_NS)
        requests = self.rate * longest_ns / SECOND_NS
        if self.loop == "closed":
            requests = longest_ns / max(1, round(service_ns))
        if requests > _MOST_REQUESTS:
            raise ValueError(f"{requests:,.0f} requests: expected at most {_MOST_REQUESTS:,}")
        starts = [_QUIET_NS + number * (save_ns + _QUIET_NS) for number in range(len(saves))]
        asked: dict[str, Any] = {
            "kind": Redis.name,
            "dataset": dataset_bytes,
            "clients": self._clients(),
            "set_ratio": self.set_share,
            "key_bytes": self.key_bytes,
            "value_bytes": self.value_bytes,
            "service": max(1, round(service_ns)),
            "duration": served_ns if not saves else starts[-1] + save_ns + _QUIET_NS,
            "cycles": 0,
        }
        if saves:
            rate = max(1, dataset_bytes * SECOND_NS // save_ns)
            asked["snapshot"] = {"at": starts, "save_rate": rate}
        return read_back(RedisConfig, asked)

    def _clients(self) -> dict[str, Any]:
        if self.loop == "open":
            return {
                "kind": "open",
                "rate": self.rate,
                "arrivals": "fixed",
                "connections": self.connections,
            }
        return {"kind": "closed", "connections": self.connections, "pipeline": self.pipeline}


def snapshots(save_ns: int, number: int) -> list[int]:
    """So many saves of one length, as many as are simulated."""
    return [save_ns] * min(max(number, 1), _MOST_SNAPSHOTS)


def simulated(config: RedisConfig, profile: Profile) -> Recording:
    """What comes of a load."""
    return Redis().run(config, setup_of(profile))


def together(recording: Recording, names: Sequence[str]) -> Histogram:
    """Distributions of a recording in one; those that it does not have are empty."""
    whole = Histogram()
    for name in names:
        whole.merge(recording.histograms.get(name, Histogram()))
    return whole
