"""What can be asked of the Redis program."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, WithJsonSchema, model_validator

from sim.arrays import IntArray
from sim.configuration import Configuration
from sim.units import (
    SPAN_FORMAT,
    Bytes,
    Count,
    Duration,
    Rate,
    Ratio,
    TimePerByte,
    parse_duration,
    read_by,
)
from workloads.programs.redis.cadence import Cadence, cadence_of
from workloads.programs.redis.objects import memory_of_key
from workloads.programs.redis.snapshot_config import SECOND_NS, Snapshot
from workloads.programs.shared.replay import ReplayedTrace
from workloads.running.demands import MOST_BYTES
from workloads.running.simulated_time import check_length
from workloads.traces.commands.resp import request_bytes

DEFAULT_SERVICE_NS, MEASURED_PIPELINE = 677, 2000
"""Of table 4's load, three connections with pipelines of so many (docs/decisions.md)."""

Connections = Annotated[
    Count, Field(ge=1, le=10_000, description="how many connections clients have")
]


class ClosedLoop(Configuration):
    """Clients that keep ``pipeline`` requests outstanding per connection, as memtier does."""

    kind: Literal["closed"]
    connections: Connections = 50
    pipeline: Annotated[
        Count, Field(ge=1, le=1_000_000, description="requests outstanding on each connection")
    ] = 1


class OpenLoop(Configuration):
    """Clients that send at their own times, whatever the answers do."""

    kind: Literal["open"]
    rate: Annotated[Rate, Field(le=SECOND_NS, description="of all clients together")]
    arrivals: Annotated[
        Literal["poisson", "fixed"], Field(description="random gaps, or all gaps alike")
    ] = "poisson"
    connections: Connections = 50


class TraceClients(ReplayedTrace):
    """Clients that send the commands of a recorded trace at its times."""


class Keys(Configuration):
    """Which keys SETs write."""

    share: Annotated[
        Ratio,
        Field(gt=0, description="the part of the keys that SETs write, uniformly; 1 for all"),
    ] = 1.0


class ServiceBySize(Configuration):
    """A time to serve a request that grows with the value that it stores or reads."""

    base: Annotated[Duration, Field(gt=0, description="of a request whose value is empty")]
    per_byte: Annotated[TimePerByte, Field(description="for every byte of the value")]


def _warm_up(value: object) -> int | str:
    if value == "mser5":
        return "mser5"
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError("expected a duration such as 5s, or mser5") from None


WarmUp = Annotated[
    int | Literal["mser5"],
    read_by(_warm_up),
    WithJsonSchema({"anyOf": [{"const": 0}, {"type": "string", "format": SPAN_FORMAT}]}),
]


class RedisConfig(Configuration):
    """A Redis server that answers clients and forks to save snapshots."""

    kind: Literal["redis"]
    dataset: Annotated[
        Bytes, Field(ge=4096, le=MOST_BYTES, description="memory that the data occupies")
    ]
    clients: Annotated[
        ClosedLoop | OpenLoop | TraceClients,
        Field(discriminator="kind", description="who sends requests, and when"),
    ]
    set_ratio: Annotated[Ratio, Field(description="share of SETs; a trace has its own")] = 1 / 11
    keys: Annotated[Keys, Field(description="which keys SETs write")] = Keys()
    key_bytes: Annotated[
        Bytes, Field(ge=1, le=2**20, description="length of a key; a trace has its own")
    ] = 15
    value_bytes: Annotated[
        Bytes, Field(le=2**29, description="length of a value; a trace has its own")
    ] = 32
    service: Annotated[
        Annotated[Duration, Field(gt=0)] | ServiceBySize,
        Field(description="time to serve one request, without its page faults"),
    ] = DEFAULT_SERVICE_NS
    scattered: Annotated[
        Ratio | None,
        Field(description="share of the heap's frames that are scattered; default: a fresh fill"),
    ] = None
    snapshot: Annotated[
        Snapshot | None,
        Field(description="when it forks to save, and how long that takes; default: never"),
    ] = None
    duration: Annotated[
        Duration | None,
        Field(
            description="how long clients send; by default a trace is sent whole, and who forks "
            "regularly runs for whole cycles"
        ),
    ] = None
    cycles: Annotated[
        Count,
        Field(
            le=10_000,
            description="how many whole cycles of snapshots, from one to the next, are run at "
            "least after the first, and latencies are of these; 0: the duration as it is",
        ),
    ] = 3
    sampled: Annotated[
        bool,
        Field(
            description="of whole cycles, longer and longer stretches after a fork are told from a "
            "part of their requests"
        ),
    ] = True

    warmup: Annotated[
        WarmUp | None,
        Field(
            description="what latencies and throughput leave out: a time from the start, or mser5 "
            "(White 1997); counters and series have it"
        ),
    ] = None

    @model_validator(mode="after")
    def _warms_up(self) -> RedisConfig:
        if self.warmup == "mser5" and self.clients.kind == "trace":
            raise ValueError("expected a duration as the warmup of a trace, which is not steady")
        if isinstance(self.warmup, int) and self.duration and self.warmup >= self.duration:
            raise ValueError("expected a warmup shorter than the duration")
        return self

    @model_validator(mode="after")
    def _needs_an_end(self) -> RedisConfig:
        if self.duration is None and self.clients.kind != "trace" and not self.in_cycles:
            raise ValueError(
                "expected a duration above 0, which only a trace and whole cycles of snapshots "
                "(every, period, or a save rule that is met, under a load that can be served) can "
                "do without"
            )
        if self.duration == 0:
            raise ValueError("expected a duration above 0")
        if self.in_cycles and self.warmup is not None:
            raise ValueError(
                "expected no warmup beside whole cycles, whose first is left out (cycles: 0 for "
                "the duration as it is)"
            )
        return self

    @model_validator(mode="after")
    def _holds_a_key(self) -> RedisConfig:
        if (least := memory_of_key(self.key_bytes, self.value_bytes)) > self.dataset:
            raise ValueError(f"expected a dataset that holds a key, which takes {least} bytes")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> RedisConfig:
        clients, sent_for_ns = self.clients, self.length_ns or 0
        service_ns = self.usual_service_ns
        if isinstance(clients, ClosedLoop):
            at_once_ns = clients.connections * clients.pipeline * service_ns
            check_length("duration, and what waits then", sent_for_ns + at_once_ns)
        elif isinstance(clients, OpenLoop):
            served_ns = clients.rate * sent_for_ns / SECOND_NS * service_ns
            check_length("to serve all requests", max(sent_for_ns, served_ns))
        else:
            check_length("duration", sent_for_ns)
        return self

    @property
    def writes_per_s(self) -> float:
        """Keys that are written a second, if the server keeps up; of a trace 0."""
        clients = self.clients
        if isinstance(clients, OpenLoop):
            return clients.rate * self.set_ratio
        return (
            0 if isinstance(clients, TraceClients) else self.set_ratio * 1e9 / self.usual_service_ns
        )

    @property
    def _used_share(self) -> float:
        """How much of its time the server serves an open loop, without page faults and forks."""
        rate = self.clients.rate if isinstance(self.clients, OpenLoop) else 0
        return rate * self.usual_service_ns / SECOND_NS

    @property
    def save_ns(self) -> int:
        """How long a child saves."""
        rate = self.snapshot.save_rate if self.snapshot is not None else 1
        return self.dataset * SECOND_NS // rate

    @property
    def cadence(self) -> Cadence | None:
        """How regularly it forks; None if it does not, or if only its load decides."""
        if self.snapshot is None:
            return None
        return cadence_of(self.snapshot, self.save_ns, self.writes_per_s)

    @property
    def in_cycles(self) -> bool:
        """Whether it is run for whole cycles of snapshots.

        A trace ends when it ends, and under a load that is more than the server can do no cycle is
        like another. Of save rules only the load says how long a cycle is: they are run as long as
        was said, if anything was.
        """
        if not self.cycles or self.clients.kind == "trace" or self.cadence is None:
            return False
        if isinstance(self.clients, OpenLoop) and self._used_share >= 1:
            return False
        return self.duration is None or (
            self.snapshot is not None and self.snapshot.period_ns is not None
        )

    @property
    def length_ns(self) -> int | None:
        """How long it is expected to run; None of a trace that is sent whole."""
        if self.in_cycles and self.cadence is not None:
            return max(self.duration or 0, self.cadence.length_ns(self.cycles))
        return self.duration

    def service_ns(self, value_bytes: IntArray) -> IntArray:
        """How long requests are served whose values are so long; int64 [n]."""
        service = self.service
        if not isinstance(service, ServiceBySize):
            return np.full(len(value_bytes), service, np.int64)
        of_bytes: IntArray = np.rint(service.per_byte * value_bytes).astype(np.int64)
        return of_bytes + service.base

    @property
    def usual_service_ns(self) -> int:
        """`service_ns` of a request whose value has the configured length."""
        return int(self.service_ns(np.array([self.value_bytes]))[0])

    @property
    def get_bytes(self) -> int:
        """Size of a GET as sent (RESP)."""
        return request_bytes([len("GET"), self.key_bytes])

    @property
    def set_bytes(self) -> int:
        """Size of a SET as sent (RESP)."""
        return request_bytes([len("SET"), self.key_bytes, self.value_bytes])
