"""A plain SimPy Redis: one process and one resource request per request, as one would write it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy


def run(outstanding: int, service_ns: int, requests: int) -> list[int]:
    """Latencies of a closed loop of ``outstanding`` clients at one server, until ``requests``."""
    environment = simpy.Environment()
    server = simpy.Resource(environment)
    latencies: list[int] = []

    def client() -> Generator[simpy.Event, Any, None]:
        while len(latencies) < requests:
            sent = environment.now
            with server.request() as turn:
                yield turn
                yield environment.timeout(service_ns)
            latencies.append(int(environment.now - sent))

    for _ in range(outstanding):
        environment.process(client())
    environment.run()
    return latencies
