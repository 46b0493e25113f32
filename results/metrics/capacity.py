"""Up to which value of a field limits are met: what was tried, and what that says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from results.metrics.limits import MetricLimit, Verdict, verdicts
from results.records.record import Record


class Wanted(StrEnum):
    """Which value that meets the limits is looked for."""

    LARGEST = "largest"
    SMALLEST = "smallest"


class FieldValue(NamedTuple):
    """A value of the field.

    Attributes:
        amount: in base units, above zero.
        data: as the YAML has it.
    """

    amount: float
    data: int | float | str


@dataclass(frozen=True)
class Probe:
    """What became of a value.

    Attributes:
        value: which.
        met: whether it meets the limits; of repetitions their means do.
        each: of each repetition, whether it does.
        verdicts: on its programs and limits.
        record: what came out.
    """

    value: FieldValue
    met: bool
    each: Sequence[bool]
    verdicts: Sequence[Verdict] = ()
    record: Record | None = None

    @property
    def strain(self) -> float:
        """How much is used of what the limits allow, of the one that is nearest; 0 if unknown."""
        return max((verdict.strain for verdict in self.verdicts), default=0.0)

    @classmethod
    def of(cls, value: FieldValue, record: Record, limits: Sequence[MetricLimit]) -> Probe:
        """What a record says; every program must meet all limits that it has the metrics of."""
        found = verdicts(record, limits)
        met = bool(found) and all(verdict.met for verdict in found)
        each = [all(passed) for passed in zip(*(verdict.passed for verdict in found), strict=True)]
        return cls(value, met, each or [False], found, record)


@dataclass
class Found:
    """What a search has found.

    Attributes:
        wanted: what was looked for.
        best: the last value that meets the limits; None if none does, even at the end.
        beyond: the next one, which misses them; None if none does, up to the end.
        probes: all values that were tried, in their order.
        refused: whether the field does not take the values behind the last.
    """

    wanted: Wanted
    best: Probe | None
    beyond: Probe | None
    probes: list[Probe] = field(default_factory=list)
    refused: bool = False

    @property
    def interval(self) -> tuple[Probe | None, Probe | None] | None:
        """Where repetitions differ: the last value that all meet, the first that all miss.

        Either is None if no value is; no interval if no value has repetitions that differ.
        """
        if all(len(set(probe.each)) == 1 for probe in self.probes):
            return None
        ordered = onward(self.probes, self.wanted)
        all_meet = [probe for probe in ordered if all(probe.each)]
        all_miss = [probe for probe in ordered if not any(probe.each)]
        return (all_meet[-1] if all_meet else None, all_miss[0] if all_miss else None)

    @property
    def contradictions(self) -> list[tuple[Probe, Probe]]:
        """Pairs that are not as a monotone field has them: one that misses, one behind it meets."""
        ordered = onward(self.probes, self.wanted)
        return [
            (one, other)
            for place, one in enumerate(ordered)
            if not one.met
            for other in ordered[place + 1 :]
            if other.met
        ]


def onward(probes: Iterable[Probe], wanted: Wanted) -> list[Probe]:
    """From those that should meet the limits to those that should not."""
    ordered = sorted(probes, key=lambda probe: probe.value.amount)
    return ordered if wanted is Wanted.LARGEST else ordered[::-1]


@dataclass(frozen=True)
class CapacityLine:
    """One of the lines along which a field is searched, such as a fork.

    Attributes:
        label: its values by dotted path as text.
        found: what was found; None if a point could not be simulated.
        failure: why.
    """

    label: Mapping[str, str]
    found: Found | None
    failure: str = ""

    @property
    def name(self) -> str:
        """What tells it from others."""
        return " ".join(self.label.values())


@dataclass(frozen=True)
class Capacity:
    """What a search has found.

    Attributes:
        field: dotted path of the field.
        limits: what must be met.
        lines: in their order.
    """

    field: str
    limits: Sequence[MetricLimit]
    lines: Sequence[CapacityLine]
