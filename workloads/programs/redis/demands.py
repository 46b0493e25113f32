"""What a Redis takes: data, keys that clients are ahead with, requests that wait, windows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sim.configuration import read_back
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.latencies import WINDOW_NS
from workloads.programs.redis.snapshot_config import SECOND_NS
from workloads.running.demands import HELD, LOADED, ROWS, SHARED, Demand
from workloads.running.pages import PAGE_BYTES, SLOT_BYTES

_OF_CONNECTION, _OF_PAGE_AHEAD, _OF_WAITING, _OF_REPLY, _OF_WINDOW = 25_000, 24, 96, 90, 200
"""Bytes that are held of each."""
_PLACES = 3
"""Where a SET writes: an entry, an object, a value."""


def demands_of(config: Mapping[str, Any]) -> Iterator[Demand]:
    """What a configuration (plain data) takes, see `Workload.demands`."""
    clients, duration_ns = config["clients"], length_ns(config)
    fastest_ns = _fastest_ns(config["service"])
    yield Demand(LOADED, "dataset", config["dataset"])
    if config["snapshot"] is not None:
        yield Demand(SHARED, "dataset", _shared_bytes(config, fastest_ns))
    if clients["kind"] == "closed":
        ahead = _OF_PAGE_AHEAD * (config["value_bytes"] // PAGE_BYTES)
        yield Demand(HELD, "clients", clients["connections"] * (_OF_CONNECTION + ahead))
    if clients["kind"] == "open":
        faster = clients["rate"] - SECOND_NS / fastest_ns
        waiting = max(0, math.ceil(faster * (duration_ns or 0) / SECOND_NS))
        yield Demand(HELD, "clients", _OF_WAITING * waiting)
    yield Demand(HELD, "service", _OF_REPLY * (WINDOW_NS // fastest_ns))
    if duration_ns is not None:
        windows = -(-duration_ns // WINDOW_NS)
        if clients["kind"] == "open":  # those without requests have no row
            windows = min(windows, math.ceil(clients["rate"] * duration_ns / SECOND_NS))
        yield Demand(ROWS, "duration", windows)
        yield Demand(HELD, "duration", _OF_WINDOW * windows)


def length_ns(config: Mapping[str, Any]) -> int | None:
    """How long a configuration (plain data) is expected to run; None of a trace sent whole."""
    if config["snapshot"] is None or config["clients"]["kind"] == "trace":
        duration_ns: int | None = config["duration"]
        return duration_ns
    return read_back(RedisConfig, config).length_ns


def _shared_bytes(config: Mapping[str, Any], fastest_ns: int) -> int:
    """What SETs may write, each place in 2 MiB of its own; all of it if a trace says which."""
    dataset: int = config["dataset"]
    clients, duration_ns = config["clients"], length_ns(config)
    if clients["kind"] == "trace":
        return dataset
    requests = (duration_ns or 0) / fastest_ns
    if clients["kind"] == "open":
        requests = min(requests, clients["rate"] * (duration_ns or 0) / SECOND_NS)
    sets: int = math.ceil(requests * config["set_ratio"])
    of_a_set = _PLACES * SLOT_BYTES + int(config["value_bytes"])
    return min(dataset, sets * of_a_set)


def _fastest_ns(service: int | Mapping[str, Any]) -> int:
    return service if isinstance(service, int) else int(service["base"])
