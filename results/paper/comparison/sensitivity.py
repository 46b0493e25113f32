"""What a constant of the machine does to a cell, and how far it would have to move to meet it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from results.paper.comparison.deviations import Deviation
from results.paper.item import PaperItem
from results.records.record import Record
from results.tables.csv_text import csv_text

FACTOR = 1.2
"""By which a constant is multiplied to see what it does: above the grain of percentiles."""

LEAST_ELASTICITY = 0.02
"""Below this in size a constant does nothing to a cell."""

FARTHEST = 5.0
"""A constant that would have to move by more than this factor, either way, is not the reason."""

COLUMNS = ("item", "cell", "constant", "elasticity", "factor_needed")


@dataclass(frozen=True)
class Sensitivity:
    """One constant's hold on one cell.

    Attributes:
        deviation: the cell.
        constant: of the machine's profile.
        before: the cell in the short run with the profile's constant.
        after: the same with the constant `FACTOR` times as large.
    """

    deviation: Deviation
    constant: str
    before: float
    after: float

    @property
    def share(self) -> float | None:
        """What share of the cell's time the constant makes; None where the cell is zero.

        A rate's time is that of one of what it counts.
        """
        if not self.before or not self.after:
            return None
        grown = self.before / self.after if self._is_rate else self.after / self.before
        return (grown - 1) / (FACTOR - 1)

    @property
    def elasticity(self) -> float | None:
        """The slope of ln(cell) over ln(constant); None where the cell is zero."""
        share = self.share
        return share if share is None or not self._is_rate else -share

    @property
    def factor_needed(self) -> float | None:
        """What the constant alone would have to be multiplied by to meet the published value.

        Times are sums of constants times counts, so a time is linear in each. None if no move
        within `FARTHEST` would do.
        """
        share, ratio = self.share, self.deviation.ratio
        if not ratio or share is None or abs(share) < LEAST_ELASTICITY:
            return None
        time_needed = ratio if self._is_rate else 1 / ratio
        factor = 1 + (time_needed - 1) / share
        return factor if 1 / FARTHEST <= factor <= FARTHEST else None

    @property
    def _is_rate(self) -> bool:
        return self.deviation.unit == "1/s"


def sensitivities(
    item: PaperItem, deviations: Sequence[Deviation], varied: Sequence[Record]
) -> list[Sensitivity]:
    """Every constant that the item varies with every predicted cell that its short runs answer.

    Args:
        item: the item, which varies something.
        deviations: its cells, of the whole runs.
        varied: records of the short runs: without a scaled constant, and with each alone scaled.
    """
    by_constant: dict[str, list[Record]] = {}
    for record in varied:
        by_constant.setdefault(",".join(record.at("machine.scale", {})), []).append(record)
    reference = item.collect(by_constant.pop("", []))
    moved = {constant: item.collect(records) for constant, records in by_constant.items()}
    return [
        Sensitivity(deviation, constant, reference[deviation.cell], cells[deviation.cell])
        for deviation in deviations
        if deviation.basis == "predicted" and deviation.cell in reference
        for constant, cells in moved.items()
        if deviation.cell in cells
    ]


def to_csv(found: Sequence[Sensitivity]) -> str:
    """One row per predicted cell and constant, in `COLUMNS`; what is not known stays empty."""
    rows: list[Sequence[str]] = [COLUMNS]
    for s in found:
        numbers = ["" if v is None else f"{v:.4g}" for v in (s.elasticity, s.factor_needed)]
        rows.append([s.deviation.item, s.deviation.cell, s.constant, *numbers])
    return csv_text(rows)


def lines(found: Sequence[Sensitivity], wrong: Collection[str] = ()) -> Iterator[str]:
    """A table of the predicted cells that miss: what each constant would have to be.

    Constants that would not do it by themselves share a row of the cell.

    Args:
        found: of one item.
        wrong: further cells to list: those that are not in the published order.
    """
    by_cell: dict[str, list[Sensitivity]] = {}
    for s in found:
        if s.deviation.misses or s.deviation.cell in wrong:
            by_cell.setdefault(s.deviation.cell, []).append(s)
    if not by_cell:
        return
    yield ""
    yield "What a constant of the machine would have to be for the cell to meet the paper:"
    yield ""
    yield "| cell | constant | elasticity | factor needed |"
    yield "|---|---|---:|---:|"
    for cell, chosen in by_cell.items():
        others = []
        for s in chosen:
            if s.factor_needed is None:
                others.append(s)
            else:
                yield f"| {cell} | {s.constant} | {_size(s)} | {s.factor_needed:.2f} |"
        if others:
            names = ", ".join(s.constant for s in others)
            sizes = ", ".join(dict.fromkeys(map(_size, others)))
            yield f"| {cell} | {names} | {sizes} | no move of it alone |"


def _size(s: Sensitivity) -> str:
    return "cell is zero" if s.elasticity is None else f"{s.elasticity:+.2f}"
