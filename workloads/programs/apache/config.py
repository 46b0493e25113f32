"""What can be asked of the Apache program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.configuration import Configuration
from sim.units import Bytes, Count, Duration, Ratio
from workloads.programs.shared.replay import ReplayedTrace
from workloads.programs.shared.service_time import Service, ServiceTime
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES, pages_of
from workloads.running.simulated_time import check_length

SECOND_NS = 10**9


class ClosedLoop(Configuration):
    """Connections that send the next request when they have the response, as wrk's do."""

    kind: Literal["closed"]
    connections: Annotated[
        Count, Field(ge=1, le=10_000, description="how many connections clients have")
    ] = 4
    threads: Annotated[
        int, Field(ge=1, le=4096, description="threads of the client, which share the connections")
    ] = 1
    work: Annotated[
        Duration, Field(description="time a thread computes on a response before the next request")
    ] = 0

    @model_validator(mode="after")
    def _busy_threads(self) -> ClosedLoop:
        if self.threads > self.connections:
            raise ValueError("expected at least as many connections as threads")
        return self


class TraceClients(ReplayedTrace):
    """Clients that send the requests of an access log at its times, a connection each."""


class ApacheConfig(Configuration):
    """An Apache web server with a pool of forked workers (prefork MPM), and its clients."""

    kind: Literal["apache"]
    parent: Annotated[
        Bytes,
        Field(ge=PAGE_BYTES, le=MOST_BYTES, description="memory of the parent that forks"),
    ] = 7 * 2**20
    scattered: Annotated[
        Ratio | None,
        Field(description="share of its frames that are scattered; default: a fresh fill"),
    ] = None
    workers: Annotated[
        int, Field(ge=1, le=4096, description="workers forked at the start (StartServers)")
    ] = 5
    spare: Annotated[
        int, Field(ge=0, le=4096, description="idle workers kept (MinSpareServers); 0: no new ones")
    ] = 5
    max_workers: Annotated[
        int, Field(ge=1, le=4096, description="workers at most (MaxRequestWorkers)")
    ] = 256
    clients: Annotated[
        ClosedLoop | TraceClients,
        Field(discriminator="kind", description="who sends requests, and when"),
    ]
    requests_per_connection: Annotated[
        int,
        Field(
            ge=1, le=10**9, description="before it closes (MaxKeepAliveRequests); 1: no keep-alive"
        ),
    ] = 100
    service: Annotated[
        Service,
        Field(
            description="time to serve a request, without page faults, or its quantiles such as "
            "{p0: 25us, p50: 35us, p100: 60us}; a trace may have its own",
            json_schema_extra={"default": "35us"},
        ),
    ] = ServiceTime.constant(35_000)
    first_pages: Annotated[
        int,
        Field(
            ge=0, le=10**6, description="the parent's pages that a worker's first request writes"
        ),
    ] = 100
    duration: Annotated[
        Annotated[Duration, Field(gt=0)] | None,
        Field(description="how long clients send; default: 1 s, a trace whole"),
    ] = None

    @property
    def parent_pages(self) -> int:
        """Pages of the parent's heap."""
        return pages_of(self.parent)

    @property
    def sending_ns(self) -> int | None:
        """How long clients send; None if until the trace's end."""
        if self.duration is None and isinstance(self.clients, ClosedLoop):
            return SECOND_NS
        return self.duration

    @model_validator(mode="after")
    def _fits(self) -> ApacheConfig:
        if self.first_pages > self.parent_pages:
            raise ValueError(f"expected first_pages up to the parent's {self.parent_pages}")
        if self.workers > self.max_workers:
            raise ValueError("expected max_workers of at least workers")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> ApacheConfig:
        waiting_ns = 0
        if isinstance(self.clients, ClosedLoop):
            longest_ns = self.service.quantiles_ns[-1] + self.clients.work
            waiting_ns = self.clients.connections * longest_ns
        check_length("duration, and what waits then", (self.sending_ns or 0) + waiting_ns)
        return self
