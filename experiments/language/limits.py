"""Limits as the YAML and the command line say them: ``slo: {p99.9: 10ms}``, ``--slo`` of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from experiments.language.amounts import readings
from experiments.language.document import Data, Document, parse
from experiments.language.errors import InputError, Position, shown, suggestion
from results.metrics.limits import MetricLimit
from results.metrics.names import resolve
from sim.measures.metrics import Group, Metric, Unit
from sim.units import parse_bytes, parse_count, parse_duration, parse_rate, parse_ratio

SLO = "slo"
OPTION = "--slo"


def _amount(value: Any) -> Any:
    if not readings(value):
        raise ValueError("expected an amount such as 10ms, 40GiB, 20k/s or 1000")
    return value


Amount = Annotated[Any, AfterValidator(_amount), WithJsonSchema({"type": ["number", "string"]})]
Limits = Annotated[
    dict[str, Amount],
    Field(
        description="limits by metric, such as {p99.9: 10ms, memory: 40GiB, throughput: 20k/s}: "
        "what the results must not leave; what is simulated does not depend on them"
    ),
]


def _count(value: object) -> float:
    counted = parse_count(value)
    if not isinstance(counted, int | float):
        raise ValueError("expected a number")  # noqa: TRY004 - told as those of other units
    return counted


_READERS: Mapping[Unit, Callable[[object], float]] = {
    Unit.NANOSECONDS: parse_duration,
    Unit.BYTES: parse_bytes,
    Unit.PER_SECOND: parse_rate,
    Unit.COUNT: _count,
    Unit.SHARE: parse_ratio,
}


_SELDOM = (Group.FAULTS, Group.PHASES, Group.DETAILS, Group.CAUSES)
"""Places of metrics that few have limits for, and that are many."""


def with_limits(document: Document, options: Sequence[str]) -> Document:
    """A copy of an experiment with every ``metric=amount`` of some options among its limits.

    Raises:
        InputError: an option is none.
    """
    changed = document.copy()
    for ordinal, option in enumerate(options, 1):
        start = Position(OPTION, ordinal)
        name, equals, text = option.partition("=")
        if not equals or not name.strip():
            raise InputError.at(start, f"{shown(option)}: expected a limit such as p99.9=10ms")
        value = parse(text, Position(OPTION, ordinal, len(name) + 2), (SLO, name))
        changed.assign((SLO, name.strip()), value, start)
    return changed


def limits_of(document: Document, known: Collection[Metric]) -> list[MetricLimit]:
    """The limits of an experiment.

    Args:
        document: the experiment.
        known: the metrics that its results have.

    Raises:
        InputError: they are none, one is of no such metric, or its amount of another unit.
    """
    asked: Data = document.data.get(SLO) or {}
    if not isinstance(asked, dict):
        raise InputError.at(document.position((SLO,)), f"{SLO}: {shown(asked)}: expected a mapping")
    return [_limit(document, name, value, known) for name, value in asked.items()]


def _limit(document: Document, name: str, value: Data, known: Collection[Metric]) -> MetricLimit:
    metric = resolve(name, known)
    if metric is None:
        near = get_close_matches(name, [metric.label for metric in known], n=1)
        labels = near or [metric.label for metric in known if metric.group not in _SELDOM]
        position = document.position((SLO, name), of_key=True)
        raise InputError.at(position, f"{SLO}.{name}: no such metric{suggestion(name, labels)}")
    try:
        bound = _READERS[metric.unit](value)
    except ValueError as error:
        position = document.position((SLO, name))
        raise InputError.at(position, f"{SLO}.{name}: {shown(value)}: {error}") from None
    return MetricLimit(metric, bound)
