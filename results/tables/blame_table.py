"""What is to blame in a run, point by point: sentences, a table on a terminal, JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from results.metrics import formatting
from results.metrics.blame import BLAMED_FORK, KNOWN_BLAMED, BandBlame, Blame, Blamed, blames
from results.records.fork_labels import FORK
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.run_table import PROGRAM
from sim.measures.phases import Phase
from sim.printable import printable

_LEAST_SHARE = 0.005
"""What has less of every band is shown together with others like it."""
_REST = "rest"
_GAP = "  "


@dataclass(frozen=True)
class BlameRow:
    """What is to blame at one point, of one program of it.

    Attributes:
        id: the record's.
        group: what tells it from others besides the field that is looked at, as text.
        value: what that field is here.
        blame: what its latencies were spent on.
    """

    id: str
    group: Mapping[str, str]
    value: str
    blame: Blame

    @property
    def name(self) -> str:
        """What tells it from others, that field first."""
        return " ".join([self.value, *self.group.values()])

    def sentence(self, band: BandBlame) -> str:
        """``99.9-100 %: 97 % of the latency is waiting behind fork``."""
        largest = band.by_share
        of = self.blame.of
        what = "latency" if of.of_requests else f"{of.label or of.name} time"
        if not largest:
            return f"{band.band}: the {what} is nothing"
        share = formatting.share(band.share(largest[0])).replace("%", " %")
        return f"{band.band}: {share} of the {what} is {largest[0].words}"


@dataclass(frozen=True)
class BlameTable:
    """What is to blame in a run.

    Attributes:
        by: the field whose values stand beside each other.
        rows: one per point, program and distribution.
    """

    by: str
    rows: Sequence[BlameRow]

    @property
    def blamed(self) -> list[Blamed]:
        """What took time anywhere, own service last."""
        met = {
            one: None
            for row in self.rows
            for band in row.blame.bands
            for one, time in band.times_ns.items()
            if time
        }
        *known, own = KNOWN_BLAMED
        shown = [one for one in known if one in met]
        shown += [one for one in met if one not in KNOWN_BLAMED]
        return [*shown, *([own] if own in met else [])]

    @property
    def notes(self) -> Iterator[str]:
        """What there is to say of all."""
        if BLAMED_FORK not in self.blamed:
            yield "nobody waited behind a fork"


def blame_table(run: Run, by: str | None = None, phase: Phase | None = None) -> BlameTable:
    """What is to blame at each point of a run.

    Args:
        run: its points.
        by: a swept field; by default the fork if it is swept, or else the first field that is.
        phase: as for `blames`.
    """
    by = by or (FORK if FORK in run.swept or not run.swept else run.swept[0])
    rows = [
        BlameRow(record.id, _group(label, by, program, blame, own), _value(label, by, record), blame)
        for record, label in zip(run.records, run.labels, strict=True)
        for program, own in record.by_program()
        for blame in blames(own, phase)
    ]
    return BlameTable(by, rows)


def _value(label: Mapping[str, str], by: str, record: Record) -> str:
    return label.get(by, str(record.at(by, "-")))


def _group(
    label: Mapping[str, str], by: str, program: str | None, blame: Blame, own: Record
) -> dict[str, str]:
    rest = {path: text for path, text in label.items() if path != by}
    if program is not None:
        rest[PROGRAM] = program
    if len(blames(own)) > 1:
        rest["of"] = blame.of.label
    return rest


def print_blame(table: BlameTable, console: Console) -> None:
    """Print a table for each point and a sentence on its longest latencies, within the width.

    Where shares have no room beside each other, those of a band follow it, the largest first.
    """
    width = console.width if console.is_terminal else 100_000
    shown = _shown(table)
    for row in table.rows:
        _print(row.name, console, style="bold")
        grid = _grid(row, shown)
        lines = _laid_out(grid)
        if max(map(cell_len, lines)) > width:
            lines = list(_listed(row, width))
        for line in lines:
            _print(line, console)
        console.print()
    for row in table.rows:
        for line in _wrapped(f"{row.name}: {row.sentence(row.blame.longest)}", width):
            _print(line, console)
    for note in table.notes:
        _print(f"note: {note}", console)


def _shown(table: BlameTable) -> list[Blamed]:
    """What has a column: half a percent of some band at least."""
    return [
        one
        for one in table.blamed
        if any(band.share(one) >= _LEAST_SHARE for row in table.rows for band in row.blame.bands)
    ]


def _grid(row: BlameRow, shown: Sequence[Blamed]) -> list[list[str]]:
    """Headings, then a row per band: requests, mean and shares."""
    few = any(sum(map(band.share, shown)) < 1 - _LEAST_SHARE for band in row.blame.bands)
    headings = ["", "requests", "mean", *(one.heading for one in shown), *([_REST] * few)]
    return [headings, *([*_cells(band, shown, few=few)] for band in row.blame.bands)]


def _cells(band: BandBlame, shown: Sequence[Blamed], *, few: bool) -> Iterator[str]:
    yield from (band.band, formatting.count(band.requests), formatting.duration(band.mean_ns))
    shares = [band.share(one) for one in shown]
    if few:
        shares.append(max(0.0, 1 - sum(shares)) if band.latency_ns else 0.0)
    yield from (share_cell(share) for share in shares)


def share_cell(share: float) -> str:
    """A share as a table has it: ``97%``, ``<1%``, nothing of none."""
    if share == 0:
        return "-"
    return "<1%" if share < 0.01 else f"{100 * share:.0f}%"


def _laid_out(grid: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose headings take as many lines as they have words."""
    headings, *rows = ([printable(cell) for cell in row] for row in grid)
    words = [heading.split(" ") for heading in headings]
    height = max(map(len, words))
    top = [list(line) for line in zip(*([""] * (height - len(w)) + w for w in words), strict=True)]
    widths = [max(map(cell_len, column)) for column in zip(*top, *rows, strict=True)]
    stroke = ["-" * width for width in widths]
    return [_line(cells, widths) for cells in (*top, stroke, *rows)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    name = first[0] + " " * (first[1] - cell_len(first[0]))
    return _GAP.join([name, *(" " * (w - cell_len(c)) + c for c, w in others)]).rstrip()


def _listed(row: BlameRow, width: int) -> Iterator[str]:
    for band in row.blame.bands:
        yield f"{band.band}, mean {formatting.duration(band.mean_ns)}:"
        parts = [
            f"{share_cell(band.share(one))} {one.heading}"
            for one in band.by_share
            if band.share(one) >= _LEAST_SHARE
        ]
        yield from (f"  {line}" for line in _wrapped(", ".join(parts), width - 2))


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines that end between words."""
    lines = [""]
    for word in printable(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _print(line: str, console: Console, style: str | None = None) -> None:
    console.print(printable(line), style=style, highlight=False, markup=False, soft_wrap=True)


def to_json(table: BlameTable) -> dict[str, Any]:
    """Plain data: by what, and an object per row; times in nanoseconds, which add up exactly."""
    return {
        "by": table.by,
        "blame": [
            {
                "id": row.id,
                "value": row.value,
                "group": dict(row.group),
                "of": row.blame.of.name,
                "bands": [
                    {
                        "band": band.band,
                        "requests": band.requests,
                        "latency_ns": band.latency_ns,
                        "spent_ns": {one.heading: band.times_ns[one] for one in band.by_share},
                        "sentence": row.sentence(band),
                    }
                    for band in row.blame.bands
                ],
            }
            for row in table.rows
        ],
        "notes": list(table.notes),
    }
