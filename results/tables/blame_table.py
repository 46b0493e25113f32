"""What is to blame in a run, point by point: sentences, a table on a terminal, JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from results.metrics import formatting
from results.metrics.blame import BLAMED_FORK, KNOWN_BLAMED, BandBlame, Blame, Blamed, blames
from results.records.fork_labels import FORK
from results.records.run_folder import Run
from results.tables.grid import Grid, print_grid
from results.tables.run_table import PROGRAM
from results.tables.words import print_words
from sim.measures.cause_sums import LATENCY_COLUMN, REQUESTS_COLUMN
from sim.measures.common_metrics import REQUESTS
from sim.measures.phases import Phase
from sim.printable import printable

_LEAST_SHARE = 0.005
"""What has less of every band is not told by itself."""
_REST = "rest"


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
        phase: of which phase of forks all is; None of the whole run.
    """

    by: str
    rows: Sequence[BlameRow]
    phase: Phase | None = None

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
    def shown(self) -> list[Blamed]:
        """What has half a percent of some band at least."""
        return [
            one
            for one in self.blamed
            if any(band.share(one) >= _LEAST_SHARE for r in self.rows for band in r.blame.bands)
        ]

    @property
    def notes(self) -> Iterator[str]:
        """What there is to say of all."""
        if self.phase is None and BLAMED_FORK not in self.blamed:
            yield "nobody waited behind a fork"
        elif BLAMED_FORK in self.shown and any(row.blame.of.of_requests for row in self.rows):
            yield "who waits in the queue that a fork has left waits behind other requests"


def blame_table(run: Run, by: str | None = None, phase: Phase | None = None) -> BlameTable:
    """What is to blame at each point of a run.

    Args:
        run: its points.
        by: a swept field; by default the fork if it is swept, or else the first field that is.
        phase: as for `blames`.
    """
    by = by or (FORK if FORK in run.swept or not run.swept else run.swept[0])
    rows = [
        BlameRow(
            record.id,
            _group(label, by, program, blame.of.label if len(found) > 1 else None),
            label.get(by, str(record.at(by, "-"))),
            blame,
        )
        for record, label in zip(run.records, run.labels, strict=True)
        for program, own in record.by_program()
        for found in [blames(own, phase)]
        for blame in found
    ]
    return BlameTable(by, rows, phase)


def _group(
    label: Mapping[str, str], by: str, program: str | None, of: str | None
) -> dict[str, str]:
    """The other fields, the program and the distribution, where there are several."""
    rest = {path: text for path, text in label.items() if path != by}
    return rest | {name: text for name, text in ((PROGRAM, program), ("of", of)) if text}


def print_blame(table: BlameTable, console: Console) -> None:
    """Print the bands of each point with their shares, and a sentence on its longest latencies."""
    shown = table.shown
    for row in table.rows:
        console.print(printable(row.name), style="bold", highlight=False, markup=False)
        print_grid(blame_grid(row, shown), console)
        console.print()
    for row in table.rows:
        print_words(f"{row.name}: {row.sentence(row.blame.longest)}", console)
    for note in table.notes:
        print_words(f"note: {note}", console)


def blame_grid(row: BlameRow, shown: Sequence[Blamed]) -> Grid:
    """A row per band: requests, mean, and the shares of what is shown; last that of the rest."""
    bands = row.blame.bands
    rest = any(b.latency_ns and sum(map(b.share, shown)) < 1 - _LEAST_SHARE for b in bands)
    named = [*(one.heading for one in shown), *([_REST] * rest)]
    headings = ["band", REQUESTS.heading, "mean", *named]
    return Grid([headings, *([*_cells(band, shown, rest=rest)] for band in bands)])


def _cells(band: BandBlame, shown: Sequence[Blamed], *, rest: bool) -> Iterator[str]:
    yield from (band.band, formatting.count(band.requests), formatting.duration(band.mean_ns))
    shares = [band.share(one) for one in shown]
    if rest:
        shares.append(max(0.0, 1 - sum(shares)) if band.latency_ns else 0.0)
    yield from map(_share_cell, shares)


def _share_cell(share: float) -> str:
    """``97%``, ``<1%``, nothing of none."""
    if share <= 0:
        return "-"
    return "<1%" if share < 0.01 else f"{100 * share:.0f}%"


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
                        REQUESTS_COLUMN: band.requests,
                        LATENCY_COLUMN: band.latency_ns,
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
