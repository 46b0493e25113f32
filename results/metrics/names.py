"""Which metric is meant by what people ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.measures.metrics import Group, Metric

_UNITS = ("ns", "us", "ms", "s", "per_s", "bytes")
_MANY = (Group.CAUSES, Group.PHASES)
"""Groups of too many metrics to name them all."""


def resolve(asked: str, known: Iterable[Metric]) -> Metric | None:
    """The metric that is ``asked`` for, or None if none of the ``known`` is meant.

    A full name means itself; otherwise the label counts, with or without a unit (``p99``,
    ``p99_ms``, ``fork_mean``, ``throughput``).
    """
    named: dict[str, Metric] = {}
    labelled: dict[str, Metric] = {}
    with_unit: dict[str, Metric] = {}
    for metric in known:
        named.setdefault(metric.name, metric)
        labelled.setdefault(metric.label, metric)
        for unit in _UNITS:
            with_unit.setdefault(f"{metric.label}_{unit}", metric)
    return named.get(asked) or labelled.get(asked) or with_unit.get(asked)


class UnknownMetricError(ValueError):
    """Nobody has a metric of this name; the message is one line."""


def asked_for(names: Iterable[str], known: Sequence[Metric]) -> list[Metric]:
    """The metrics that are asked for, see `resolve`.

    Raises:
        UnknownMetricError: one of them is not known.
    """
    metrics = []
    for name in names:
        metric = resolve(name, known)
        if metric is None:
            few = (metric.label for metric in known if metric.group not in _MANY)
            wanted = ", ".join(dict.fromkeys(few))
            raise UnknownMetricError(f"{name}: no such metric: expected one of {wanted}")
        metrics.append(metric)
    return metrics
