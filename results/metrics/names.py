"""Which metric is meant by what people ask for."""

from __future__ import annotations

from collections.abc import Iterable

from sim.measures.metrics import Metric

_UNITS = ("ns", "us", "ms", "s", "per_s", "bytes")


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
