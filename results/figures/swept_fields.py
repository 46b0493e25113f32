"""Swept fields as axes: their values in a unit that people read, and which one a figure is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from results.records.fork_labels import FORK
from results.records.record import Record
from sim.units import DURATIONS, RATES, SIZES, parse_bytes, parse_duration, parse_rate

TINY = 0.1
"""Fewer of a unit than this are told in a smaller one."""

FEWEST = 3
"""Values from which on a numeric field is worth a curve."""

_PARSERS: tuple[tuple[Callable[[object], float], Sequence[tuple[float, str]]], ...] = (
    (parse_bytes, [(SIZES[unit], unit) for unit in ("TiB", "GiB", "MiB", "KiB")]),
    (parse_duration, [(DURATIONS[unit], unit) for unit in ("s", "ms", "us")]),
    (parse_rate, [(RATES[unit], unit) for unit in ("M/s", "k/s", "/s")]),
)


@dataclass(frozen=True)
class SweptField:
    """One field over the points.

    Attributes:
        path: of the field.
        values: per point; of a field with text or no value somewhere, its label.
        numeric: whether they are numbers.
        unit: of the numbers, or empty.
        size: what amounts in base units were divided by.
    """

    path: str
    values: Sequence[float | str]
    numeric: bool
    unit: str = ""
    size: float = 1.0

    @property
    def name(self) -> str:
        """What the field is called in a figure: ``dataset (GiB)``."""
        return f"{name_of(self.path)} ({self.unit})" if self.unit else name_of(self.path)


def name_of(path: str) -> str:
    """The last part of a path, with the one before where that says too little."""
    parts = path.split(".")
    return " ".join(parts[-2:] if parts[-1] == "kind" else parts[-1:]).replace("_", " ")


def axis(path: str, records: Sequence[Record], labels: Sequence[Mapping[str, str]]) -> SweptField:
    """The field's values at every point, numbers in the largest unit in which none is tiny."""
    found = [record.at(path) for record in records]
    texts = [label.get(path, "-") for label in labels]
    numbers = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(found):
        return SweptField(path, texts, numeric=False)
    return axis_of(path, texts, numbers)


def axis_of(path: str, texts: Sequence[str], numbers: Sequence[float]) -> SweptField:
    """A numeric field, by its values as they were written and in base units."""
    for parse, units in _PARSERS:
        if all(map(partial(_is_quantity, parse), texts, numbers)):
            least = min((number for number in numbers if number > 0), default=0.0)
            fitting = (u for u in units if max(numbers) >= u[0] and least >= TINY * u[0])
            size, unit = next(fitting, units[-1])
            values = [number / size for number in numbers]
            return SweptField(path, values, numeric=True, unit=unit, size=size)
    return SweptField(path, [float(number) for number in numbers], numeric=True)


def _is_quantity(parse: Callable[[object], float], text: str, number: float) -> bool:
    """Whether the text has a unit of this kind: a bare number could be of any, ``1m`` of two."""
    if not text[-1:].isalpha():
        return False
    try:
        return parse(text) == number
    except ValueError:
        return False


def best_x(records: Sequence[Record], labels: Sequence[Mapping[str, str]]) -> str | None:
    """The numeric field with the most values, of which a figure shows the curve; None if few."""
    paths = dict.fromkeys(path for label in labels for path in label)
    counts: dict[str, int] = {}
    for path in paths:
        if path.partition(".")[0] not in ("seed", "repetitions"):
            found = axis(path, records, labels)
            counts[path] = len(set(found.values)) if found.numeric else 0
    best = max(counts, key=lambda path: counts[path], default=None)
    return best if best is not None and counts[best] >= FEWEST else None


def best_hue(x: str, labels: Sequence[Mapping[str, str]]) -> str | None:
    """The field that colours tell apart: the fork, or else that with the fewest values."""
    values: dict[str, set[str]] = {}
    for label in labels:
        for path, text in label.items():
            values.setdefault(path, set()).add(text)
    others = {path: len(found) for path, found in values.items() if path != x and len(found) > 1}
    if FORK in others:
        return FORK
    return min(others, key=lambda path: others[path], default=None)
