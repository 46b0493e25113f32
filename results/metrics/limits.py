"""Limits on metrics (`slo`): whether a record meets them, and by how much it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from results.metrics import formatting
from results.metrics.excess import Excess, excess
from results.metrics.lower_bounds import lower_bounds
from results.metrics.summary import Number, Summary, of_repetitions, summaries
from results.records.record import Record
from sim.measures.common_metrics import KILLED
from sim.measures.metrics import Better, Metric
from sim.measures.recording import Recording


@dataclass(frozen=True)
class MetricLimit:
    """What a metric's values must not leave.

    Attributes:
        metric: which.
        bound: in the metric's unit; values may be this one.
    """

    metric: Metric
    bound: Number

    @property
    def at_least(self) -> bool:
        """Whether values must be as much, as of a throughput; else they must be no more."""
        return self.metric.better is Better.MORE

    def holds(self, value: Number) -> bool:
        """Whether a value is within."""
        return value >= self.bound if self.at_least else value <= self.bound

    @property
    def words(self) -> str:
        """Itself: ``p99.9 at most 10 ms``."""
        side = "at least" if self.at_least else "at most"
        return f"{self.metric.heading} {side} {formatting.of_metric(self.metric, self.bound)}"


class LimitOutcome(StrEnum):
    """What is known of a limit."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"
    """Met as far as the run went, which ended before the metric had its last value."""
    KILLED = "killed"
    """The program did not live to the end of the run, so nothing is met."""


@dataclass(frozen=True)
class Verdict:
    """Whether a program of a record meets a limit.

    Attributes:
        limit: the limit.
        program: its name in a mix, see `Record.by_program`.
        summary: the metric over the repetitions.
        outcome: of their mean.
        passed: of each repetition, whether it meets the limit; one without the metric does.
        excess: of a statistic of a histogram, what was above.
    """

    limit: MetricLimit
    program: str | None
    summary: Summary
    outcome: LimitOutcome
    passed: Sequence[bool]
    excess: Excess | None

    @property
    def met(self) -> bool:
        """Whether the limit is met for certain."""
        return self.outcome is LimitOutcome.MET

    @property
    def strain(self) -> float:
        """How much is used of what the limit allows: above 1 it is missed.

        Of a percentile it is the share of requests above, of those that may be: that changes
        smoothly with what causes them, where the percentile itself jumps. Else it is the value,
        compared with the bound. 0 if there is nothing to compare.
        """
        percent = self.limit.metric.rank
        if self.excess is not None and 0 < percent < _ALL_PERCENT:
            return self.excess.share / (1 - percent / _ALL_PERCENT)
        mean, bound = float(self.summary.mean), float(self.limit.bound)
        over, under = (bound, mean) if self.limit.at_least else (mean, bound)
        return over / under if over > 0 and under > 0 else 0.0


_ALL_PERCENT = 100


def verdicts(record: Record, limits: Sequence[MetricLimit]) -> list[Verdict]:
    """Of each program that has a limit's metric, and each limit, whether it is met."""
    found = []
    for program, own in record.by_program():
        known, each = summaries(own), of_repetitions(own)
        for limit in limits:
            if (summary := known.get(limit.metric.name)) is not None:
                outcomes = [
                    _outcome(limit, values.get(summary.metric), recording)
                    for values, recording in zip(each, own.repetitions, strict=True)
                ]
                found.append(
                    Verdict(
                        limit,
                        program,
                        summary,
                        _of_all(limit, summary, outcomes),
                        [one is LimitOutcome.MET for one in outcomes],
                        None if limit.at_least else excess(own, summary.metric, limit.bound),
                    )
                )
    return found


def _of_all(limit: MetricLimit, summary: Summary, outcomes: Sequence[LimitOutcome]) -> LimitOutcome:
    """That of the mean over all repetitions."""
    if LimitOutcome.KILLED in outcomes:
        return LimitOutcome.KILLED
    if not limit.holds(summary.mean):
        return LimitOutcome.MISSED
    return LimitOutcome.OPEN if LimitOutcome.OPEN in outcomes else LimitOutcome.MET


def _outcome(limit: MetricLimit, value: Number | None, recording: Recording) -> LimitOutcome:
    """That of one repetition."""
    if recording.counters.get(KILLED.name):
        return LimitOutcome.KILLED
    if value is not None and not limit.holds(value):
        return LimitOutcome.MISSED
    is_open = not limit.at_least and limit.metric.name in lower_bounds(recording)
    return LimitOutcome.OPEN if is_open else LimitOutcome.MET
