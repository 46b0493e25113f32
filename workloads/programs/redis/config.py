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
        Field(description="how long clients send; by default a trace is sent whole"),
    ] = None

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
        if self.clients.kind != "trace" and not self.duration:
            raise ValueError("expected a duration above 0, which only a trace can do without")
        if self.duration == 0:
            raise ValueError("expected a duration above 0")
        return self

    @model_validator(mode="after")
    def _holds_a_key(self) -> RedisConfig:
        if (least := memory_of_key(self.key_bytes, self.value_bytes)) > self.dataset:
            raise ValueError(f"expected a dataset that holds a key, which takes {least} bytes")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> RedisConfig:
        clients, sent_for_ns = self.clients, self.duration or 0
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
