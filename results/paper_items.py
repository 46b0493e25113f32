"""The paper's figures and tables that forksim regenerates: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from results.csv_text import csv_text
from results.deviations import Comparison, compare
from results.figures import fig02, fig07, style, table1, table4, table5
from results.paper_item import PaperItem
from results.record import Record

ITEMS: dict[str, PaperItem] = {
    item.name: item
    for item in (
        fig02.ITEM,
        fig07.ITEM,
        table1.ITEM,
        table4.ITEM,
        table5.ITEM,
    )
}
"""By name, in the paper's order."""


def write_item(item: PaperItem, records: Sequence[Record], folder: Path) -> Comparison:
    """Write ``<item>.png``, ``.svg``, ``.pdf`` and ``.csv`` into ``folder``, which exists.

    Returns:
        The item's cells beside the published ones, for `results.deviations.write`.
    """
    simulated = item.collect(records)
    figure = style.drawing(lambda: item.draw(simulated, records))
    style.write(figure, folder / item.name)
    (folder / f"{item.name}.csv").write_text(csv_text(item.data(simulated, records)), "utf-8")
    return compare(item, simulated, records)
