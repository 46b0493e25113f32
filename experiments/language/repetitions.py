"""How often a point is repeated: a number, or until its means are precise enough."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field, model_validator

from experiments.language.errors import InputError, suggestion
from results.metrics.names import resolve
from results.metrics.statistics import mean_interval
from results.metrics.summary import Number, measured
from sim.configuration import Configuration
from sim.measures.metrics import Metric
from sim.measures.recording import Recording
from sim.units import Ratio

MOST = 1_000

Sample: TypeAlias = dict[Metric, list[Number]]
"""The values of each metric of a program, one per repetition that has it."""


class UntilPrecise(Configuration):
    """Repeat until the 95 % interval of every mean is narrow enough.

    Stopping at the first precise enough look makes the intervals slightly too narrow (Law,
    Simulation Modeling and Analysis, 9.4.1), the more so the smaller ``min``.
    """

    until: Annotated[
        dict[str, Annotated[Ratio, Field(gt=0)]],
        Field(
            min_length=1,
            description="half-widths relative to the means, by metric, such as {p99: 2%}",
        ),
    ]
    min: Annotated[int, Field(ge=2, le=MOST, description="repetitions at least")] = 5
    max: Annotated[int, Field(ge=2, le=MOST, description="repetitions at most")] = 50

    @model_validator(mode="after")
    def _least_before_most(self) -> UntilPrecise:
        if self.min > self.max:
            raise ValueError(f"expected max of at least min, {self.min}")
        return self


Repetitions = Annotated[int, Field(ge=1, le=MOST)] | UntilPrecise


def at_most(wanted: int | Mapping[str, Any]) -> int:
    """The largest number of repetitions that a configuration's ``repetitions`` may lead to."""
    return wanted if isinstance(wanted, int) else int(wanted["max"])


def repeat(
    wanted: int | Mapping[str, Any], repetition: Callable[[int], Recording]
) -> list[Recording]:
    """The recordings of as many repetitions as are wanted.

    Args:
        wanted: the configuration's ``repetitions``, as plain data.
        repetition: the recording of the repetition with this number, from 0.

    Raises:
        InputError: a metric to be made precise does not exist.
    """
    if isinstance(wanted, int):
        return [repetition(number) for number in range(wanted)]
    recordings: list[Recording] = []
    samples: dict[str | None, Sample] = {}
    while len(recordings) < wanted["max"]:
        recordings.append(repetition(len(recordings)))
        _add(samples, recordings[-1])
        if len(recordings) >= wanted["min"] and _precise(samples.values(), wanted["until"]):
            break
    return recordings


def _add(samples: dict[str | None, Sample], recording: Recording) -> None:
    """Take in a repetition: of each program of a mix, or of the one alone."""
    for program, own in recording.parts.items() or [(None, recording)]:
        sample = samples.setdefault(program, {})
        for metric, value in measured(own).items():
            sample.setdefault(metric, []).append(value)


def _precise(programs: Collection[Sample], until: Mapping[str, float]) -> bool:
    """Whether every mean asked for is precise enough, in every program that has it.

    Raises:
        InputError: no program has one of the metrics.
    """
    precise = True
    for asked, target in until.items():
        having = [sample[metric] for sample in programs if (metric := resolve(asked, sample))]
        if not having:
            known = dict.fromkeys(metric.label for sample in programs for metric in sample)
            raise InputError(f"repetitions.until.{asked}: no such metric{suggestion(asked, known)}")
        intervals = map(mean_interval, having)
        precise &= all(found is not None and found.relative <= target for found in intervals)
    return precise
