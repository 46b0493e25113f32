"""The distributions of a run: a histogram for each point, program and quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from results.records.record import Record
from sim.measures.histogram import Histogram
from sim.measures.metrics import Distribution


@dataclass(frozen=True)
class PointDistribution:
    """One quantity of a program of a point, all repetitions together.

    Attributes:
        point: what tells the point from others, and its program; empty of a single one.
        of: the quantity.
        histogram: its values, at least one.
    """

    point: str
    of: Distribution
    histogram: Histogram

    @property
    def name(self) -> str:
        """A name for a file, without its ending; blanks and strokes are hyphens."""
        whole = " ".join(filter(None, [self.point, self.of.name]))
        return "".join(c if c.isalnum() or c in "._" else "-" for c in whole)


def distributions(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]]
) -> Iterator[PointDistribution]:
    """Every distribution of some points.

    Args:
        records: one per point.
        labels: per record, what tells it from others.
    """
    for record, label in zip(records, labels, strict=True):
        for program, own in record.by_program():
            point = " ".join([*label.values(), *filter(None, [program])])
            for of, histogram in _merged(own).items():
                yield PointDistribution(point, of, histogram)


def _merged(record: Record) -> dict[Distribution, Histogram]:
    found: dict[Distribution, Histogram] = {}
    for recording in record.repetitions:
        for name, histogram in recording.histograms.items():
            of = recording.declared.distribution(name)
            if histogram.count:
                found.setdefault(of, Histogram()).merge(histogram)
    return found
