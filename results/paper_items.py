"""The paper's figures and tables that forksim regenerates: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from results.csv_text import csv_text
from results.deviations import Comparison, compare
from results.figures import fig02, fig07, style, table1, table3, table4, table5
from results.paper_item import PaperItem
from results.record import Record


def by_name(items: Sequence[PaperItem]) -> dict[str, PaperItem]:
    """The items by name; ValueError if two have the same."""
    registry: dict[str, PaperItem] = {}
    for item in items:
        if item.name in registry:
            raise ValueError(f"two items of the paper are named {item.name}")
        registry[item.name] = item
    return registry


ITEMS = by_name(
    [
        fig02.ITEM,
        fig07.ITEM,
        table1.ITEM,
        table3.ITEM,
        table4.ITEM,
        table5.ITEM,
    ]
)
"""In the paper's order."""


_PAPER = (
    "fig02", "fig04", "fig07", "fig08", "fig09", "fig10",
    "table1", "table2", "table3", "table4", "table5", "table6", "table7",
)  # fmt: skip
"""The paper's figures and tables of results."""

NOT_YET = tuple(name for name in _PAPER if name not in ITEMS)
"""Those that nothing here simulates."""


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
