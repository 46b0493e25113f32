"""Metrics, as whoever records them declares them: what they are called, their unit, their place.

Tables, axes and comparisons read these declarations; a name says nothing to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Unit(StrEnum):
    """What a recorded number counts."""

    NANOSECONDS = "ns"
    BYTES = "bytes"
    PER_SECOND = "per_s"
    COUNT = "count"
    SHARE = "share"


class Better(StrEnum):
    """Which of two values of a metric one would rather have."""

    LESS = "less"
    MORE = "more"
    NEITHER = "neither"


class Group(StrEnum):
    """Where a metric stands in a table, the first columns first."""

    LOAD = "load"
    """How much was done, and how fast."""
    TIMES = "times"
    """How long it took those who waited for it."""
    SIZES = "sizes"
    """Forks by the size of the process; some round sizes are shown on a terminal."""
    FORKS = "forks"
    """How often was forked, and for how long."""
    FAULTS = "faults"
    """What page faults did; on a terminal only what happened at all."""
    MEMORY = "memory"
    """What was taken of the machine's memory."""
    OTHER = "other"
    """What has no place of its own."""
    DETAILS = "details"
    """What is in files only, not on a terminal."""
    PHASES = "phases"
    """Of the requests that met one phase of a fork; on a terminal only if asked for."""
    CAUSES = "causes"
    """What latencies were spent on, by band of percentiles; in files only."""


@dataclass(frozen=True)
class Metric:
    """One number of a repetition.

    Attributes:
        name: in records and files, in full: ``latency_p99_ns``.
        unit: of its values.
        better: which values are.
        label: what people call it and ask for: ``p99``; its name if nothing is said.
        group: where it stands in a table.
        family: in the group, those of a family stand together, families by their names.
        rank: in the family; the same rank is put in order by the names.
    """

    name: str
    unit: Unit = Unit.COUNT
    better: Better = Better.NEITHER
    label: str = ""
    group: Group = Group.OTHER
    family: str = ""
    rank: float = 0.0

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name)

    @property
    def heading(self) -> str:
        """The label as words: ``fork mean``."""
        return self.label.replace("_", " ")

    @property
    def place(self) -> tuple[int, str, float, str]:
        """Sorts metrics into the columns of a table."""
        return list(Group).index(self.group), self.family, self.rank, self.name


@dataclass(frozen=True)
class Distribution:
    """A recorded quantity of which percentiles, the largest value and the mean are metrics.

    Attributes:
        name: of the histogram, or of a column of a series: ``latency_ns``.
        each: the metrics' names, with ``{}`` for what of it they are: ``latency_{}_ns``.
        unit: of its values.
        better: which values are.
        label: what people call the quantity: ``latency``; if nothing is said its metrics are
            called by their names.
        of_requests: whether it is how long those waited whom a program serves; percentiles of that
            are called ``p99``, those of another quantity ``fork_p99``.
        tail: the percentile that the figure of a sweep shows without being asked: ``p99.9``.
        group: where the metrics stand that a terminal shows.
        by_mean: whether these are mean and maximum, and not percentiles and maximum.
        part: which part of a larger distribution it is, see `within`; of a whole one nothing.
    """

    name: str
    each: str
    unit: Unit = Unit.COUNT
    better: Better = Better.NEITHER
    label: str = ""
    of_requests: bool = False
    tail: str | None = None
    group: Group = Group.OTHER
    by_mean: bool = False
    part: str = ""

    def within(self, part: str) -> Distribution:
        """What of it falls into a part, such as a phase: ``latency_during_p99_ns``."""
        each = self.each.replace("{}", f"{part}_{{}}")
        name, group = f"{self.name}/{part}", Group.PHASES
        return replace(self, name=name, each=each, tail=None, group=group, part=part)

    def named(self, statistic: str) -> str:
        """The name of one of its metrics, such as its ``p99``."""
        return self.each.replace("{}", statistic)

    def percentile(self, statistic: str, percent: float) -> Metric:
        """Its ``p99.9``, at 99.9 percent."""
        group = Group.DETAILS if self.by_mean else self.group
        return self._metric(statistic, group, self.name, percent)

    def maximum(self) -> Metric:
        """Its largest value."""
        return self._metric("max", self.group, self.name, 100.0)

    def mean(self) -> Metric:
        """Its mean."""
        if self.by_mean:
            return self._metric("mean", self.group, self.name, 0.0)
        if self.part:
            return self._metric("mean", self.group, self.name, 0.0)
        return self._metric("mean", Group.DETAILS, "", 0.0)

    def of_size(self, size: str, rank: float) -> Metric:
        """Its mean where the process had this ``size``, one of several."""
        label = f"{self.label}_{size}" if self.label else ""
        name, group = f"{self.name}/{size}", Group.SIZES
        return Metric(name, self.unit, self.better, label, group, self.name, rank)

    def spent(self, band: str, rank: float, cause: str) -> Metric:
        """What of its mean over a band of percentiles is spent on a cause."""
        return self._metric(f"{band}_by_{cause}", Group.CAUSES, self.name, rank)

    @property
    def causes(self) -> str:
        """The name of the series of its causes: a row per band."""
        return f"causes/{self.name}"

    @property
    def slowest(self) -> str:
        """The name of the series of its largest values: a row each, with their causes."""
        return f"slowest/{self.name}"

    @property
    def by_second(self) -> str:
        """The name of the series of how many of its values there were in each second."""
        return f"by_second/{self.name}"

    def _metric(self, statistic: str, group: Group, family: str, rank: float) -> Metric:
        label = f"{self.label}_{statistic}" if self.label else ""
        if self.of_requests:
            label = f"{statistic}_{self.part}" if self.part else statistic
        return Metric(
            self.named(statistic),
            self.unit,
            self.better,
            label,
            group,
            family,
            rank,
        )


@dataclass(frozen=True)
class Pauses:
    """Values of a distribution that a series keeps one by one, a row each.

    Attributes:
        series: its name.
        of: the distribution; its name is the column's.
        by: the column with the size of the process; where it has several, each has a mean of its
            own, and percentiles over all mean nothing.
    """

    series: str
    of: Distribution
    by: str | None = None


@dataclass(frozen=True)
class Caused:
    """What of a distribution's values has one cause: a column of its `causes` and `slowest`.

    Attributes:
        of: the distribution.
        cause: its name, which is the column's.
        label: what people call it, as what somebody waits behind or for.
    """

    of: Distribution
    cause: str
    label: str

    @property
    def name(self) -> str:
        """Unlike that of all others."""
        return f"{self.of.name}/{self.cause}"
