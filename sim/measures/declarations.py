"""The declarations of a recording: what each of its numbers is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from sim.measures.metrics import Better, Caused, Distribution, Group, Metric, Pauses, Unit

Declaration: TypeAlias = Metric | Distribution | Pauses | Caused


@dataclass(frozen=True)
class Declarations:
    """What is declared of a recording, by name.

    Attributes:
        metrics: its counters and levels.
        distributions: its histograms, and columns of its series.
        pauses: its series of which something is a metric.
        causes: what of its distributions has which cause.
    """

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    pauses: Mapping[str, Pauses] = field(default_factory=dict)
    causes: Mapping[str, Caused] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Iterable[Declaration]) -> Declarations:
        """These declarations.

        Raises:
            ValueError: two of them declare one name in different ways.
        """
        metrics: dict[str, Metric] = {}
        distributions: dict[str, Distribution] = {}
        pauses: dict[str, Pauses] = {}
        causes: dict[str, Caused] = {}
        for one in declared:
            if isinstance(one, Metric):
                _add(metrics, one.name, one)
            elif isinstance(one, Distribution):
                _add(distributions, one.name, one)
            else:
                _add(distributions, one.of.name, one.of)
                if isinstance(one, Pauses):
                    _add(pauses, one.series, one)
                else:
                    _add(causes, one.name, one)
        return cls(metrics, distributions, pauses, causes)

    def __or__(self, other: Declarations) -> Declarations:
        """Both, see `of`."""
        return self if other == self else Declarations.of([*self, *other])

    def __iter__(self) -> Iterator[Declaration]:
        yield from self.metrics.values()
        yield from self.distributions.values()
        yield from self.pauses.values()
        yield from self.causes.values()

    def metric(self, name: str) -> Metric:
        """The metric of this name; of one that nobody declared, a plain count under its name."""
        return self.metrics.get(name) or Metric(name)

    def distribution(self, name: str) -> Distribution:
        """The distribution of this name; of one that nobody declared, one of plain counts."""
        return self.distributions.get(name) or _undeclared(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, in one order; what is as usual is left out."""
        data: dict[str, Any] = {
            "metrics": [_plain(self.metrics[name]) for name in sorted(self.metrics)],
            "distributions": [
                _plain(self.distributions[name]) for name in sorted(self.distributions)
            ],
            "pauses": [_plain(self.pauses[name]) for name in sorted(self.pauses)],
        }
        if self.causes:
            data["causes"] = [_plain(self.causes[name]) for name in sorted(self.causes)]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Declarations:
        """The inverse of `to_dict`.

        Raises:
            LookupError: it is not what some were written as.
            TypeError: see above.
            ValueError: see above.
        """
        metrics = [Metric(**_with_enums(one)) for one in data["metrics"]]
        distributions = [Distribution(**_with_enums(one)) for one in data["distributions"]]
        known = cls.of(distributions).distributions
        pauses = [Pauses(**{**_with_enums(one), "of": known[one["of"]]}) for one in data["pauses"]]
        causes = [
            Caused(**{**_with_enums(one), "of": known[one["of"]]}) for one in data.get("causes", [])
        ]
        return cls.of([*metrics, *distributions, *pauses, *causes])


_Named = TypeVar("_Named", Metric, Distribution, Pauses, Caused)
_ENUMS: Mapping[str, type[StrEnum]] = {"unit": Unit, "better": Better, "group": Group}
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "rank": (int, float),
    "of_requests": bool,
    "by_mean": bool,
}
"""What is no text."""


def _add(known: dict[str, _Named], name: str, one: _Named) -> None:
    if known.setdefault(name, one) != one:
        raise ValueError(f"'{name}' is declared in two ways: {known[name]} and {one}")


def _plain(one: Declaration) -> dict[str, Any]:
    values = {item.name: (getattr(one, item.name), item.default) for item in fields(one)}
    found = {name: value for name, (value, usual) in values.items() if value != usual}
    if isinstance(one, Metric) and one.label == one.name:
        del found["label"]
    if isinstance(one, Pauses | Caused):
        found["of"] = one.of.name
    return found


def _with_enums(data: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in data.items():
        if not isinstance(value, _KINDS.get(key, str)):
            raise TypeError(f"{key}: {value!r}")
    return {key: _ENUMS[key](value) if key in _ENUMS else value for key, value in data.items()}


def _undeclared(name: str) -> Distribution:
    """A distribution of plain counts, whose metrics are called as if its name ended in a unit.

    So they were called before they were declared: ``latency_p99_ns`` of ``latency_ns``.
    """
    stem, _, unit = name.rpartition("_")
    return Distribution(name, f"{stem}_{{}}_{unit}")
