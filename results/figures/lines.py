"""How the points of a run differ in a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.figures import style
from results.figures.style import Look
from results.records.fork_labels import FORK
from results.records.labels import labels_of
from results.records.record import Record

_MOST_LINES = 12
_WIDEST, _THINNEST = 2.0, 0.9
"""Points of the first line and of the last: where lines coincide, each shows below the next."""

_MARKED_EVERY = 0.17
"""Of a panel's diagonal, how far a line goes from a marker to the next."""


@dataclass(frozen=True)
class Line:
    """One point of the run, as it is drawn.

    Attributes:
        record: what is drawn of it.
        label: in the legend.
        look: colour, line and marker.
        rank: its place among the lines of the figure, from 0 for the first to 1 for the last.
    """

    record: Record
    label: str
    look: Look
    rank: float = 0.0

    def drawn(self, points: int, *, thin: float = 1.0) -> dict[str, Any]:
        """Arguments of ``Axes.plot`` for so many ``points``.

        Markers stand at other places of each line, so that coinciding ones show both.
        """
        marks = {} if points <= 1 else {"markevery": (_MARKED_EVERY * self.rank, _MARKED_EVERY)}
        width = _WIDEST + (_THINNEST - _WIDEST) * self.rank
        return {
            **self.look.of_marker,
            **marks,
            "linestyle": self.look.linestyle,
            "linewidth": thin * width,
            "label": self.label,
            "zorder": 2 + self.rank / 2,
        }


def lines_of(records: Sequence[Record], labels: Sequence[Mapping[str, str]] | None) -> list[Line]:
    """The first twelve points as lines; arguments as for `results.tables.run_table.run_table`.

    Forks differ in colour, line and marker. Where other fields differ too, forks have colours and
    markers, and these fields the lines; where there is one fork only, they have all three.
    """
    labels = labels_of(records) if labels is None else labels
    kinds = [
        label.get(FORK, str(record.at(FORK))) for record, label in zip(records, labels, strict=True)
    ]
    rests = [
        ", ".join(
            f"{path.rpartition('.')[2]} {label}" for path, label in of_point.items() if path != FORK
        )
        for of_point in labels
    ]
    drawn = list(zip(records, kinds, rests, strict=True))[:_MOST_LINES]
    looks = _looks([kind for _, kind, _ in drawn], [rest for _, _, rest in drawn])
    last = max(1, len(drawn) - 1)
    return [
        Line(
            record,
            ", ".join(filter(None, [style.name_of_fork(kind), rest])),
            looks[kind, rest],
            number / last,
        )
        for number, (record, kind, rest) in enumerate(drawn)
    ]


def _looks(kinds: Sequence[str], rests: Sequence[str]) -> dict[tuple[str, str], Look]:
    """How each fork with each of the other fields' values is drawn."""
    of_forks = style.looks_for(kinds)
    numbers = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
    if len(numbers) == 1:
        return {(kind, rest): of_forks[kind] for kind in of_forks for rest in numbers}
    looks = {}
    for kind, own in of_forks.items():
        palette = style.palette_from(own.colour)
        for rest, number in numbers.items():
            rounds, place = divmod(number, len(style.LINESTYLES))
            colour = style.shade(own.colour, rounds)
            marker = own.marker
            if len(of_forks) == 1:
                colour = palette[number % len(palette)]
                marker = style.MARKERS[number % len(style.MARKERS)]
            looks[kind, rest] = Look(colour, style.LINESTYLES[place], marker, rounds > 0)
    return looks
