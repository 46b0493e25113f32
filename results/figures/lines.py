"""How the points of a run differ in a drawing: colour by fork, style of line by the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.figures import style
from results.records.fork_labels import FORK
from results.records.labels import labels_of
from results.records.record import Record

_MOST_LINES = 12
_LINESTYLES: tuple[Any, ...] = (
    "-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (1, 4))
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One point of the run, as it is drawn."""

    record: Record
    label: str
    colour: str
    linestyle: Any


def lines_of(records: Sequence[Record], labels: Sequence[Mapping[str, str]] | None) -> list[Line]:
    """The first twelve points as lines; arguments as for `results.tables.run_table.run_table`."""
    labels = labels_of(records) if labels is None else labels
    kinds = [
        label.get(FORK, str(record.at(FORK))) for record, label in zip(records, labels, strict=True)
    ]
    colours = style.colours_for(kinds)
    rests = [
        ", ".join(
            f"{path.rpartition('.')[2]} {label}" for path, label in of_point.items() if path != FORK
        )
        for of_point in labels
    ]
    numbers = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
    several = len(colours) > 1
    lines = []
    for record, kind, rest in zip(records, kinds, rests, strict=True):
        number = numbers[rest]
        palette = style.palette_from(colours[kind])
        rounds = number // len(_LINESTYLES)
        colour = style.lighter(colours[kind], rounds) if several else palette[number % len(palette)]
        label = ", ".join(filter(None, [style.name_of_fork(kind), rest]))
        lines.append(Line(record, label, colour, _LINESTYLES[number % len(_LINESTYLES)]))
    return lines[:_MOST_LINES]


def dot(points: int) -> dict[str, Any]:
    """What makes a line of a single point visible."""
    return {"marker": "o", "markersize": 3} if points == 1 else {}
