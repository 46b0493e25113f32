"""What an experiment asks of Redis that will not happen, or that does not fit together."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sim.configuration import read_back
from workloads.programs.redis.config import DEFAULT_SERVICE_NS, MEASURED_PIPELINE
from workloads.programs.redis.demands import length_ns
from workloads.programs.redis.snapshot_config import SECOND_NS, Snapshot

SHORTEST_PIPELINE = 100
"""In shorter ones reading and answering count, some us for all that an iteration serves."""


def remarks(config: Mapping[str, Any]) -> Iterator[str]:
    """The sentences, each about a field.

    Args:
        config: a Redis's configuration as plain data.
    """
    yield from _service(config)
    if config["snapshot"] is not None:
        snapshot = _read(json.dumps(config["snapshot"]))
        save_ns = config["dataset"] * SECOND_NS // snapshot.save_rate
        end_ns = length_ns(config)
        yield from _whole_cycles(config, end_ns)
        yield from _commands(snapshot, end_ns, save_ns)
        yield from _rules(snapshot, config, end_ns)


@lru_cache(maxsize=64)
def _read(dumped: str) -> Snapshot:
    """Many points have the same."""
    return read_back(Snapshot, json.loads(dumped))


def _service(config: Mapping[str, Any]) -> Iterator[str]:
    """That the default is of another load."""
    clients = config["clients"]
    if config["service"] != DEFAULT_SERVICE_NS or clients.get("pipeline", 1) >= SHORTEST_PIPELINE:
        return
    yield (
        f"service: {DEFAULT_SERVICE_NS} ns is a request's share in pipelines of "
        f"{MEASURED_PIPELINE:,}; without pipelines 12 to 17 us were measured, with 16 in one 4 us "
        "(on another machine): set service"
    )


def _whole_cycles(config: Mapping[str, Any], end_ns: int | None) -> Iterator[str]:
    """That it runs longer than was said."""
    if config["duration"] is not None and end_ns is not None and end_ns > config["duration"]:
        yield (
            f"duration: {_s(config['duration'])} has no {config['cycles']} whole cycles of "
            f"snapshots after the first: it runs for {_s(end_ns)} and results are of these "
            "(cycles: 0 for the duration as it is)"
        )


def _commands(snapshot: Snapshot, end_ns: int | None, save_ns: int) -> Iterator[str]:
    """Times that do not come, and those that fall into a save."""
    listed_ns = [at_ns for at_ns in snapshot.at if end_ns is None or at_ns < end_ns]
    late = snapshot.at[len(listed_ns) :]
    if late and end_ns is not None:
        yield (
            f"snapshot.at: {_s(late[0])} is not before the end, {_s(end_ns)}: "
            f"{len(late)} of {len(snapshot.at)} snapshots will not be taken"
        )
    refused = 0 if snapshot.scheduled else _refused(listed_ns, save_ns)
    if refused:
        yield (
            f"snapshot.at: a save takes at least {_s(save_ns)}: {refused} of "
            f"{len(snapshot.at)} snapshots will be refused"
        )
    every_ns, field = snapshot.period_ns, "period" if snapshot.every is None else "every"
    if every_ns is None:
        return
    if snapshot.every is not None and end_ns is not None and every_ns >= end_ns:
        yield f"snapshot.every: {_s(every_ns)} is not before the end, {_s(end_ns)}"
    elif save_ns > every_ns and not snapshot.scheduled:
        taken = save_ns // every_ns + 1
        yield (
            f"snapshot.{field}: a save takes at least {_s(save_ns)}: at most 1 of {taken} is taken"
        )


def _refused(listed_ns: list[int], save_ns: int) -> int:
    """How many fall into the save of one before, if saves begin when asked and take so long."""
    refused, until_ns = 0, 0
    for at_ns in listed_ns:
        if at_ns < until_ns:
            refused += 1
        else:
            until_ns = at_ns + save_ns
    return refused


def _rules(snapshot: Snapshot, config: Mapping[str, Any], end_ns: int | None) -> Iterator[str]:
    """That no rule can be met."""
    if not snapshot.rules or end_ns is None:
        return
    most = _most_written(config, end_ns)
    if not any(rule.after < end_ns and rule.after_changes <= most for rule in snapshot.rules):
        written = "" if most == math.inf else f", in which at most {most:,.0f} keys are written"
        yield f"snapshot: no save rule is met before the end, {_s(end_ns)}{written}"


def _most_written(config: Mapping[str, Any], end_ns: int) -> float:
    """More keys than this are not written, but for a chance of one in 10^20 and less."""
    clients = config["clients"]
    if clients["kind"] == "trace":
        return math.inf
    if config["set_ratio"] == 0:
        return 0
    if clients["kind"] != "open":
        return math.inf
    mean = clients["rate"] * end_ns / SECOND_NS * config["set_ratio"]
    return float(math.ceil(mean + 10 * math.sqrt(mean) + 10))


def _s(ns: float) -> str:
    return f"{ns / SECOND_NS:g} s"
