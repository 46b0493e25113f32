"""``forksim calibrate host``: measure this machine into a folder, and tell the medians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from experiments.commands.printing import Output, note, print_json, say
from experiments.language.errors import InputError
from experiments.measuring.knobs import read_knobs
from experiments.measuring.measure import Measured, MeasuringError, check_machine, measure
from experiments.measuring.medians import Median, medians_of
from results.metrics import formatting
from results.tables.grid import Grid, print_grid
from sim.units import parse_bytes

NAME = "host"
SECONDS = 60.0
MOST_UNASKED = 8 * 2**30
"""Memory that is taken if nobody says how much, or half of what there is."""


def main(out: str | None, *, seconds: float | None, memory: str | None, as_json: bool) -> int:
    """Measure, write the folder, print medians; 0."""
    try:
        measured = measure(
            Path(out or NAME),
            seconds=SECONDS if seconds is None else seconds,
            memory_bytes=_memory(memory),
            progress=lambda line: say(line, err=True),
        )
    except MeasuringError as error:
        raise InputError(f"calibrate host: {error}") from None
    medians = medians_of(measured.rows)
    if as_json:
        print_json(
            {
                "target": "host",
                "folder": str(measured.folder),
                "language": measured.language,
                "seconds": measured.seconds,
                "gate": measured.gate.as_dict(),
                "shortcomings": list(measured.shortcomings),
                "medians": [asdict(one) for one in medians],
            }
        )
    else:
        print_grid(_table(medians), Output())
    _tell(measured)
    return 0


def _memory(text: str | None) -> int:
    if text is not None:
        try:
            return parse_bytes(text)
        except ValueError as error:
            raise InputError(f"--memory {text}: {error}") from None
    knobs = read_knobs()
    check_machine(knobs)
    return min(MOST_UNASKED, (knobs.room_bytes or 2 * MOST_UNASKED) // 2)


def _table(medians: Sequence[Median]) -> Grid:
    rows = [["what", "memory", "unit", "median", "quarters", "p99", "rows"]]
    for one in medians:
        if one.is_headline:
            p99 = "-" if one.p99 is None else _number(one.p99)
            memory = "-" if one.size_bytes is None else formatting.size(one.size_bytes)
            row = [
                one.what,
                memory,
                one.unit,
                _number(one.median),
                _quarters(one),
                p99,
                str(one.count),
            ]
            rows.append(row)
    return Grid(rows, names=3)


def _quarters(one: Median) -> str:
    return f"{_number(one.lower)} .. {_number(one.upper)}"


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _tell(measured: Measured) -> None:
    for remark in (*measured.gate.remarks, *measured.shortcomings):
        note(remark)
    say(f"wrote {measured.folder} in {measured.seconds:.0f} s", err=True)
