"""Points of a run against each other, pair by pair: differences, ratios, and what they show."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from results.metrics.lower_bounds import lower_bounds
from results.metrics.names import UnknownMetricError, asked_for
from results.metrics.statistics import Interval, paired_difference, paired_ratio
from results.metrics.summary import Number, of_repetitions
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.run_table import PROGRAM, run_table, shown_metrics
from sim.measures.metrics import Better, Metric, Unit

DEFAULT_BASELINE = "classic"


class CompareError(ValueError):
    """It cannot be compared like this; the message is one line."""


@dataclass(frozen=True)
class Comparison:
    """One metric of a point beside that of the baseline's point.

    Attributes:
        group: the other swept fields, alike at both, as text by dotted path.
        metric: which one.
        value: what the compared field is here, such as ``on_demand``.
        baseline: what it is at the baseline.
        mean: of the metric over the pairs.
        baseline_mean: the baseline's over the same pairs.
        difference: mean less baseline's mean with its interval; None of a single pair.
        ratio: mean over baseline's mean with its interval; None of a single pair, or where the
            baseline's mean may be 0.
        pairs: repetitions that both have.
    """

    group: Mapping[str, str]
    metric: Metric
    value: str
    baseline: str
    mean: float
    baseline_mean: float
    difference: Interval | None
    ratio: Interval | None
    pairs: int

    @property
    def verdict(self) -> str:
        """In words, what the interval of the difference shows."""
        if self.difference is None:
            return "one repetition: no interval"
        if self.difference.low == self.difference.high == 0:
            return "the same"
        if not self.difference.excludes(0):
            return "no difference shown"
        more, less = _words(self.metric)
        return more if self.difference.estimate > 0 else less


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a run, and what was left out.

    Attributes:
        by: the compared field.
        found: by group, then metric, then value.
        notes: in sentences, what could not be compared.
    """

    by: str
    found: Sequence[Comparison]
    notes: Sequence[str]


def compare(
    run: Run,
    by: str = "fork.kind",
    baseline: str | None = None,
    metrics: Sequence[str] | None = None,
    *,
    every: bool = True,
) -> Comparisons:
    """Every point of a run against the one that differs from it in ``by`` only.

    Args:
        run: its points.
        by: dotted path of a swept field.
        baseline: its value that others are compared with; by default ``classic``, or else the
            first one.
        metrics: labels or full names; by default those that a terminal has room for.
        every: all of these, and not only those that say most.

    Raises:
        CompareError: the field is not swept, or a value or metric does not exist.
    """
    others = [path for path in run.swept if path != by]
    values = list(dict.fromkeys(label[by] for label in run.labels if by in label))
    if len(values) < 2:
        swept = f", such as {', '.join(run.swept)}" if run.swept else "; this run sweeps none"
        raise CompareError(f"{by}: expected a field with several values{swept}")
    if baseline is None:
        baseline = DEFAULT_BASELINE if DEFAULT_BASELINE in values else values[0]
    if baseline not in values:
        raise CompareError(f"{baseline!r}: expected a value of {by}: {', '.join(values)}")
    wanted = _wanted(run, metrics, every=every)
    groups: dict[tuple[tuple[str, str], ...], dict[str, dict[str | None, Record]]] = {}
    for record, label in zip(run.records, run.labels, strict=True):
        if by in label:
            group = tuple((path, label[path]) for path in others if path in label)
            groups.setdefault(group, {})[label[by]] = dict(record.by_program())
    found: list[Comparison] = []
    notes = []
    for group, members in groups.items():
        if baseline not in members:
            where = " ".join(f"{path}={value}" for path, value in group) or "here"
            notes.append(f"{where}: no point with {by}={baseline} to compare with")
            continue
        for program, base in members[baseline].items():
            label = {**dict(group), **({} if program is None else {PROGRAM: program})}
            rivals = {value: own[program] for value, own in members.items() if program in own}
            found += _of_group(label, wanted, baseline, base, rivals)
    notes += _of_unfinished(run, {comparison.metric for comparison in found})
    return Comparisons(by, found, [*notes, *_by_chance(found)])


def _of_unfinished(run: Run, metrics: Collection[Metric]) -> Iterator[str]:
    """Which metrics are compared that are lower bounds in some points."""
    least = {
        name
        for record in run.records
        for _, own in record.by_program()
        for recording in own.repetitions
        for name in lower_bounds(recording)
    }
    headings = sorted(metric.heading for metric in metrics if metric.name in least)
    if headings:
        yield (
            f"{', '.join(headings)}: at least what is shown where a snapshot had not ended; "
            "run longer"
        )


def _wanted(run: Run, asked: Sequence[str] | None, *, every: bool) -> list[Metric]:
    table = run_table(run.records, run.labels)
    if asked is None:
        return shown_metrics(table) if every else list(table.headlines)
    try:
        return asked_for(asked, table.metrics)
    except UnknownMetricError as error:
        raise CompareError(str(error)) from None


def _of_group(
    group: Mapping[str, str],
    metrics: Sequence[Metric],
    baseline: str,
    base: Record,
    rivals: Mapping[str, Record],
) -> Iterator[Comparison]:
    own = _by_name(base)
    samples = {value: _by_name(record) for value, record in rivals.items() if value != baseline}
    for metric in metrics:
        name = metric.name
        for value, sample in samples.items():
            # Repetition i met the same arrivals and keys here and there.
            pairs = [
                (float(here[name]), float(there[name]))
                for here, there in zip(sample, own, strict=False)
                if name in here and name in there
            ]
            if pairs:
                yield _comparison(group, metric, value, baseline, pairs)


def _by_name(record: Record) -> list[dict[str, Number]]:
    """The metrics of each repetition."""
    return [
        {metric.name: value for metric, value in values.items()}
        for values in of_repetitions(record)
    ]


def _comparison(
    group: Mapping[str, str],
    metric: Metric,
    value: str,
    baseline: str,
    pairs: Sequence[tuple[Number, Number]],
) -> Comparison:
    here, there = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Comparison(
        group=group,
        metric=metric,
        value=value,
        baseline=baseline,
        mean=math.fsum(here) / len(pairs),
        baseline_mean=math.fsum(there) / len(pairs),
        difference=paired_difference(here, there),
        ratio=paired_ratio(here, there),
        pairs=len(pairs),
    )


def _words(metric: Metric) -> tuple[str, str]:
    """What a metric that is larger is called, and one that is smaller."""
    match metric.unit:
        case Unit.NANOSECONDS if metric.better is Better.MORE:
            return "longer", "shorter"
        case Unit.NANOSECONDS:
            return "slower", "faster"
        case Unit.PER_SECOND if metric.better is not Better.LESS:
            return "faster", "slower"
        case Unit.COUNT:
            return "more", "fewer"
        case _:
            return "more", "less"


def _by_chance(found: Sequence[Comparison]) -> Iterator[str]:
    """That among many intervals some do not hold."""
    known = sum(c.difference is not None and c.difference.half_width > 0 for c in found)
    if known >= 20:
        yield (
            f"each interval holds with 95%: of {known} verdicts about {known / 20:.0f} may be "
            "chance where there is no difference"
        )
