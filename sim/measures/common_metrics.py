"""Metrics that several programs record, or that results say more of than their value."""

from __future__ import annotations

from sim.measures.metrics import Better, Distribution, Group, Metric, Pauses, Unit
from sim.measures.phases import PHASES, Phase

REQUESTS = Metric("requests", better=Better.MORE, group=Group.LOAD)
THROUGHPUT = Metric(
    "throughput_per_s", Unit.PER_SECOND, Better.MORE, "throughput", Group.LOAD, rank=1
)
"""What a program is for, done per second; a real number."""


def per_second(count: int, elapsed_ns: float) -> float:
    """The rate of what happened ``count`` times in so long, at least a nanosecond."""
    return count * 10**9 / max(elapsed_ns, 1)


DURATION = Metric("duration_ns", Unit.NANOSECONDS, label="duration", group=Group.DETAILS)
"""How long all took."""

WARM_UP = Metric("warmup_ns", Unit.NANOSECONDS, label="warmup", group=Group.DETAILS)
"""How long a start was left out of the latencies and of the throughput."""

LATENCY = Distribution(
    "latency_ns",
    "latency_{}_ns",
    Unit.NANOSECONDS,
    Better.LESS,
    "latency",
    of_requests=True,
    tail="p99.9",
    group=Group.TIMES,
)
"""From when a request was sent to its answer."""


def time_of(label: str, *, tail: str | None = None) -> Distribution:
    """How long something of this name takes; ``tail`` as in `Distribution`."""
    name, each = f"{label}_ns", f"{label}_{{}}_ns"
    return Distribution(
        name, each, Unit.NANOSECONDS, Better.LESS, label, tail=tail, group=Group.TIMES
    )


FORK_TIME = Distribution(
    "fork_ns",
    "fork_{}_ns",
    Unit.NANOSECONDS,
    Better.LESS,
    "fork",
    group=Group.FORKS,
    by_mean=True,
)
"""How long a call of fork keeps its caller."""

SNAPSHOT_FORKS = Pauses("snapshots", FORK_TIME)
"""A row per snapshot."""

SNAPSHOTS_KILLED = Metric("snapshots_killed", better=Better.LESS, group=Group.DETAILS)
"""How many failed because the child was killed."""

SNAPSHOTS_REFUSED = Metric("snapshots_refused", better=Better.LESS, group=Group.DETAILS)
"""How many were asked for while another was running."""

SNAPSHOTS_NOT_REACHED = Metric("snapshots_not_reached", better=Better.LESS, group=Group.DETAILS)
"""How many were asked for at a time that did not come."""

SNAPSHOTS_UNFINISHED = Metric("snapshots_unfinished", better=Better.LESS, group=Group.DETAILS)
"""How many had not ended when the run did."""

CYCLE = Metric("cycle_ns", Unit.NANOSECONDS, label="cycle", group=Group.DETAILS)
"""How long it is from a snapshot to the next, if they come regularly."""

CYCLES = Metric("cycles", group=Group.DETAILS)
"""Of how many whole cycles of snapshots latencies and throughput are."""

SERVED = Metric("requests_served", group=Group.DETAILS)
"""How many requests latencies are of, where some of these stand for others too."""

EXTRA_MEMORY = Metric(
    "extra_memory_bytes_peak", Unit.BYTES, Better.LESS, "extra_memory", Group.MEMORY
)
"""The most that a snapshot took on top."""

EXECUTED = "executions"
"""Series of what a fuzzer executed in windows of time: where they start, and how much."""

STEPS = "steps"
"""Family of the times of a script's steps, whose ranks are the steps' numbers from 1."""

MEMORY_PEAK = Metric("memory_bytes_peak", Unit.BYTES, Better.LESS, "memory", Group.MEMORY)
"""The most that frames and page tables took at once."""

KILLED = Metric("killed_out_of_memory", better=Better.LESS, group=Group.DETAILS)
"""Whether the program was killed for the machine's limit of memory."""

KILLED_AT = Metric("killed_ns", Unit.NANOSECONDS, label="killed", group=Group.DETAILS)
"""When."""

KILLED_AT_USE = Metric("killed_bytes", Unit.BYTES, group=Group.DETAILS)
"""How much memory of the machine was in use then."""


PHASES_SERIES = "phases"
"""Series of the phases of a server's forks, see `Phases.columns`."""


def time_in(phase: Phase) -> Metric:
    """How long a phase was met, of all forks together, after the warm-up."""
    name = f"phase_ns/{phase}"
    return Metric(name, Unit.NANOSECONDS, label=f"time_{phase}", group=Group.PHASES)


def of_phase(metric: Metric, phase: Phase) -> Metric:
    """The same of one phase: ``throughput_during_per_s``."""
    stem, between, rest = metric.name.partition("_")
    return Metric(
        f"{stem}_{phase}{between}{rest}",
        metric.unit,
        metric.better,
        f"{metric.label}_{phase}",
        Group.PHASES,
        metric.family or metric.name,
        PHASES.index(phase),
    )
