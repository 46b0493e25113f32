"""Published against simulated, cell by cell: a CSV for programs, a report for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from results.csv_text import csv_text
from results.paper_item import Basis, PaperItem
from results.record import Record
from results.reference import published

COLUMNS = ("item", "cell", "unit", "published", "simulated", "ratio", "basis")

_MOST_CELLS_LISTED = 24


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


@dataclass(frozen=True)
class Comparison:
    """One item beside the paper.

    Attributes:
        title: of the item.
        deviations: one per published cell, in the paper's order.
        remarks: sentences for the report.
    """

    title: str
    deviations: Sequence[Deviation]
    remarks: Sequence[str] = ()


def compare(
    item: PaperItem, simulated: Mapping[str, float], records: Sequence[Record]
) -> Comparison:
    """Every published cell of ``item`` beside its simulated value."""
    notes = item.notes(simulated)
    deviations = [
        Deviation(
            item=item.name,
            cell=cell.name,
            unit=cell.unit,
            published=cell.published,
            simulated=simulated.get(cell.name),
            basis=item.basis(cell.name),
            tolerance=item.tolerance(cell.name),
            why=next((e.why for e in item.explanations if fnmatchcase(cell.name, e.cells)), ""),
            note=notes.get(cell.name, ""),
        )
        for cell in published.cells(item.name)
    ]
    return Comparison(item.title, deviations, item.remarks(simulated, records))


def write(comparisons: Sequence[Comparison], folder: Path) -> None:
    """Write ``deviations.csv`` and ``deviations.md`` into ``folder``, which exists."""
    (folder / "deviations.csv").write_text(to_csv(comparisons), "utf-8")
    (folder / "deviations.md").write_text(to_markdown(comparisons), "utf-8")


def to_csv(comparisons: Sequence[Comparison]) -> str:
    """One row per published cell, in `COLUMNS`; a cell without a value has two empty fields."""
    rows: list[Sequence[str]] = [COLUMNS]
    for comparison in comparisons:
        for d in comparison.deviations:
            simulated = "" if d.simulated is None else f"{d.simulated:.6g}"
            ratio = "" if d.ratio is None else f"{d.ratio:.4f}"
            rows.append([d.item, d.cell, d.unit, f"{d.published:g}", simulated, ratio, d.basis])
    return csv_text(rows)


def to_markdown(comparisons: Sequence[Comparison]) -> str:
    """The report: every item's fitted and predicted cells, its misses and why."""
    lines = [
        "# Deviations from the paper",
        "",
        "Error is simulated over published, less one. *Fitted* cells gave the model its "
        "constants; *predicted* cells did not. A miss lies beyond the tolerance stated with it.",
        "",
        "| item | basis | cells | mean error | median error | worst error | misses |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for comparison in comparisons:
        for basis in ("fitted", "predicted"):
            chosen = [d for d in comparison.deviations if d.basis == basis]
            if chosen:
                lines.append(f"| {chosen[0].item} | {basis} | {_statistics(chosen)} |")
    for comparison in comparisons:
        lines += ["", f"## {comparison.title}", "", *_section(comparison)]
    return "\n".join(lines) + "\n"


def _section(comparison: Comparison) -> Iterator[str]:
    if len(comparison.deviations) <= _MOST_CELLS_LISTED:
        yield "| cell | published | simulated | error | basis |"
        yield "|---|---:|---:|---:|---|"
        for d in comparison.deviations:
            simulated = "none" if d.simulated is None else f"{d.simulated:.4g} {d.unit}"
            yield (
                f"| {d.cell} | {d.published:g} {d.unit} | {simulated} | {_percent(d.error)} "
                f"| {d.basis} |"
            )
    else:
        yield "| curve | basis | cells | mean error | median error | worst error | misses |"
        yield "|---|---|---:|---:|---:|---:|---:|"
        for curve, chosen in _by_curve(comparison.deviations).items():
            yield f"| {curve} | {chosen[0].basis} | {_statistics(chosen)} |"
    yield from _misses(comparison.deviations)
    if comparison.remarks:
        yield ""
        yield from (f"* {remark}" for remark in comparison.remarks)


def _misses(deviations: Sequence[Deviation]) -> Iterator[str]:
    """A line for every reason under which cells of one curve or scheme miss."""
    grouped: dict[tuple[str, str], list[Deviation]] = {}
    for d in deviations:
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
            worst = max(errors, key=_size_of_error)
            where = "" if len(missed) == 1 else f"up to {worst.cell} "
            note = f", {worst.note}" if worst.note else ""
            size = f" {where}{_percent(worst.error)}{note}, tolerance {worst.tolerance:.0%}."
        yield f"* **Miss** {cells}{number}:{size} {why or 'Not explained.'}"


def _by_curve(deviations: Sequence[Deviation]) -> dict[str, list[Deviation]]:
    curves: dict[str, list[Deviation]] = {}
    for d in deviations:
        curves.setdefault(d.cell.rpartition("/")[0], []).append(d)
    return curves


def _statistics(deviations: Sequence[Deviation]) -> str:
    """Five cells of a table's row: number, mean and median size of the error, worst, misses."""
    known = [d for d in deviations if d.error is not None]
    misses = sum(d.misses for d in deviations)
    if not known:
        return f"{len(deviations)} | - | - | - | {misses}"
    sizes = [_size_of_error(d) for d in known]
    mean, median = statistics.fmean(sizes), statistics.median(sizes)
    worst = max(known, key=_size_of_error)
    worst_text = f"{_percent(worst.error)} ({worst.cell})"
    return f"{len(deviations)} | {mean:.1%} | {median:.1%} | {worst_text} | {misses}"


def _size_of_error(deviation: Deviation) -> float:
    return abs(deviation.error or 0.0)


def _percent(error: float | None) -> str:
    return "-" if error is None else f"{error:+.1%}"
