"""The paper's figures and tables that forksim regenerates: one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from results.figures import caption, stamps, style
from results.figures.formats import FORMATS
from results.paper.comparison.report import ItemReport, report
from results.paper.item import PaperItem
from results.paper.items import (
    fig02,
    fig04,
    fig07,
    fig08,
    fig09,
    fig10,
    table1,
    table2,
    table3,
    table4,
    table5,
    table6,
    table7,
)
from results.records.record import Record
from results.records.whole_file import write_whole
from results.tables.csv_text import csv_text
from sim.names import by_name

_MODULES = (
    fig02, fig04, fig07, fig08, fig09, fig10,
    table1, table2, table3, table4, table5, table6, table7,
)  # fmt: skip

ITEMS = by_name("items of the paper", [module.ITEM for module in _MODULES])
"""In the paper's order."""


def write_item(
    item: PaperItem,
    records: Sequence[Record],
    folder: Path,
    varied: Sequence[Record] = (),
    formats: Iterable[str] = FORMATS,
) -> ItemReport:
    """Write ``<item>.csv`` and the item's figure unless they are there and current.

    Args:
        item: the figure or table.
        records: of its experiments.
        folder: where its files go, which exists.
        varied: records of the short runs of its `PaperItem.variation`.
        formats: of its figure.

    Returns:
        The item beside the paper, for `results.paper.comparison.report.write`.
    """
    simulated = item.collect(records)
    data = folder / f"{item.name}.csv"
    endings = list(formats)
    files = [data, *(folder / f"{item.name}.{ending}" for ending in endings)]
    stamp, inputs = stamps.stamp_of(folder, item.name), stamps.inputs(records)
    if not stamps.is_current(stamp, inputs, files):
        if endings:
            figure = style.drawing(lambda: _captioned(item, simulated, records))
            style.write(figure, folder / item.name, endings)
        write_whole(data, csv_text(item.data(simulated, records)).encode("utf-8"), durable=False)
        stamps.keep(stamp, inputs, files)
    return report(item, simulated, records, varied)


def _captioned(
    item: PaperItem, simulated: Mapping[str, float], records: Sequence[Record]
) -> Figure:
    figure = item.draw(simulated, records)
    caption.put(figure, caption.caption_of(records, item.name))
    return figure
