"""Published against simulated, cell by cell."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from results.paper.item import Basis, PaperItem
from results.paper.reference import published
from results.tables.csv_text import csv_text

COLUMNS = ("item", "cell", "unit", "published", "simulated", "ratio", "basis")


@dataclass(frozen=True)
class Deviation:
    """One published cell beside the simulated one.

    Attributes:
        item: the figure or table.
        cell: ``SCHEME/QUANTITY``.
        unit: of both values.
        published: the paper's value.
        simulated: ours, or None if no record answers the cell.
        basis: whether constants were fitted to the cell or predict it.
        tolerance: relative error beyond which it is a miss.
        why: why it misses, if that is known; empty otherwise.
        note: what is to be said beside its error if it misses; mostly empty.
    """

    item: str
    cell: str
    unit: str
    published: float
    simulated: float | None
    basis: Basis
    tolerance: float
    why: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Simulated over published."""
        return None if self.simulated is None else self.simulated / self.published

    @property
    def error(self) -> float | None:
        """Relative error, 0 for a perfect cell."""
        return None if self.ratio is None else self.ratio - 1

    @property
    def misses(self) -> bool:
        """Whether the cell is off by more than its tolerance, or has no value at all."""
        return self.error is None or abs(self.error) > self.tolerance


def deviations(item: PaperItem, simulated: Mapping[str, float]) -> list[Deviation]:
    """Every published cell of ``item`` beside its simulated value, in the paper's order."""
    notes = item.notes(simulated)
    return [
        Deviation(
            item=item.name,
            cell=cell.name,
            unit=cell.unit,
            published=cell.published,
            simulated=simulated.get(cell.name),
            basis=item.basis(cell.name),
            tolerance=item.tolerance(cell.name),
            why=item.why(cell.name),
            note=notes.get(cell.name, ""),
        )
        for cell in published.cells(item.name)
    ]


def to_csv(found: Sequence[Deviation]) -> str:
    """One row per published cell, in `COLUMNS`; a cell without a value has two empty fields."""
    rows: list[Sequence[str]] = [COLUMNS]
    for d in found:
        simulated = "" if d.simulated is None else f"{d.simulated:.6g}"
        ratio = "" if d.ratio is None else f"{d.ratio:.4f}"
        rows.append([d.item, d.cell, d.unit, f"{d.published:g}", simulated, ratio, d.basis])
    return csv_text(rows)


def lines(found: Sequence[Deviation], most_listed: int) -> Iterator[str]:
    """The cells of one item as a table, or if these are many its curves; then the misses."""
    if len(found) <= most_listed:
        yield "| cell | published | simulated | error | basis |"
        yield "|---|---:|---:|---:|---|"
        for d in found:
            simulated = "none" if d.simulated is None else f"{_number(d.simulated)} {d.unit}"
            yield (
                f"| {d.cell} | {d.published:g} {d.unit} | {simulated} | {percent(d.error)} "
                f"| {d.basis} |"
            )
    else:
        yield "| curve | basis | cells | mean error | median error | worst error | misses |"
        yield "|---|---|---:|---:|---:|---:|---:|"
        for curve, chosen in _by_curve(found).items():
            yield f"| {curve} | {chosen[0].basis} | {summarised(chosen)} |"
    yield from _misses(found)


def _number(value: float) -> str:
    """Four digits, or as many as stand before the point."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def _misses(found: Sequence[Deviation]) -> Iterator[str]:
    """A line for every reason under which cells of one curve or scheme miss."""
    grouped: dict[tuple[str, str], list[Deviation]] = {}
    for d in found:
        if d.misses:
            curve = d.cell.rpartition("/")[0]
            reason = "No record answers it." if d.simulated is None else d.why
            grouped.setdefault((curve, reason), []).append(d)
    if grouped:
        yield ""
    for (_, why), missed in grouped.items():
        cells = missed[0].cell if len(missed) == 1 else f"{missed[0].cell} to {missed[-1].cell}"
        number = "" if len(missed) == 1 else f" ({len(missed)} cells)"
        errors = [d for d in missed if d.error is not None]
        size = ""
        if errors:
            worst = max(errors, key=size_of_error)
            where = "" if len(missed) == 1 else f"up to {worst.cell} "
            note = f", {worst.note}" if worst.note else ""
            size = f" {where}{percent(worst.error)}{note}, tolerance {worst.tolerance:.0%}."
        yield f"* **Miss** {cells}{number}:{size} {why or 'Not explained.'}"


def _by_curve(found: Sequence[Deviation]) -> dict[str, list[Deviation]]:
    curves: dict[str, list[Deviation]] = {}
    for d in found:
        curves.setdefault(d.cell.rpartition("/")[0], []).append(d)
    return curves


def summarised(found: Sequence[Deviation]) -> str:
    """Five cells of a table's row: number, mean and median size of the error, worst, misses."""
    known = [d for d in found if d.error is not None]
    misses = sum(d.misses for d in found)
    if not known:
        return f"{len(found)} | - | - | - | {misses}"
    sizes = [size_of_error(d) for d in known]
    mean, median = statistics.fmean(sizes), statistics.median(sizes)
    worst = max(known, key=size_of_error)
    worst_text = f"{percent(worst.error)} ({worst.cell})"
    return f"{len(found)} | {mean:.1%} | {median:.1%} | {worst_text} | {misses}"


def size_of_error(deviation: Deviation) -> float:
    """How far a cell is off, either way; 0 without a value."""
    return abs(deviation.error or 0.0)


def percent(error: float | None) -> str:
    """A signed relative error."""
    return "-" if error is None else f"{error:+.1%}"
