"""A run as one long table: a row per point, repetition and metric, for pandas and other tools."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import pandas as pd
from pandas.api.types import infer_dtype

from results.metrics.summary import of_repetitions
from results.records.labels import leaves_of
from results.records.record import Record
from results.tables.csv_text import LINE_END, OneByteEnds, without_formula
from results.tables.run_table import PROGRAM

LEADING = ("point", PROGRAM)
TRAILING = ("repetition", "metric", "value")


def tidy(records: Sequence[Record], swept: Sequence[str] = ()) -> pd.DataFrame:
    """The long table of some points.

    Args:
        records: one per point.
        swept: dotted paths of fields, whose columns come first.

    Returns:
        Columns ``point`` (the id), ``program`` (in a mix), every field of the configurations in
        base units by its dotted path, ``repetition`` (from 0), ``metric`` (its name says the unit)
        and ``value`` (float).
    """
    frames = [_of_program(record, name, own) for record in records for name, own in _own(record)]
    fields = pd.DataFrame([dict(_fields(record)) for record in records], dtype=object)
    fields = fields.infer_objects()
    first = [path for path in swept if path in fields]
    fields = fields[[*first, *(path for path in fields if path not in first)]]
    fields.insert(0, "point", [record.id for record in records])
    if not frames:
        return fields.assign(**{name: [] for name in TRAILING})
    long = pd.concat(frames, ignore_index=True)
    if long[PROGRAM].isna().all():
        long = long.drop(columns=PROGRAM)
    merged = fields.drop_duplicates("point").merge(long, on="point", validate="one_to_many")
    leading = [name for name in LEADING if name in merged]
    rest = [name for name in merged if name not in (*leading, *TRAILING)]
    return merged[[*leading, *rest, *TRAILING]]


def in_one_type(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of numbers and texts as texts, for files with one type a column."""
    mixed = [name for name in table if infer_dtype(table[name], skipna=True).startswith("mixed")]
    return table.assign(**{str(name): table[name].map(str, na_action="ignore") for name in mixed})


def write_csv(table: pd.DataFrame, stream: BinaryIO) -> None:
    """Write the table as CSV, the same on every system, and `without_formulas`."""
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    try:
        without_formulas(table).to_csv(OneByteEnds(text), index=False, lineterminator=LINE_END)
    finally:
        text.detach()  # the stream is the caller's


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The table with texts and headings that no spreadsheet computes, see `without_formula`."""
    changed = {}
    for name in table.select_dtypes(exclude=["number", "bool"]):
        texts = {
            text: harmless
            for text in table[name].unique()
            if (harmless := without_formula(text)) is not text
        }
        if texts:
            found = table[name].isin(list(texts))
            changed[str(name)] = table[name].where(~found, table[name].map(texts))
    return table.assign(**changed).rename(columns=without_formula)


def _own(record: Record) -> list[tuple[str | None, Record]]:
    return record.by_program()


def _of_program(record: Record, program: str | None, own: Record) -> pd.DataFrame:
    rows = [
        (number, metric.name, float(value))
        for number, values in enumerate(of_repetitions(own))
        for metric, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=list(TRAILING))
    frame.insert(0, PROGRAM, program)
    frame.insert(0, "point", record.id)
    return frame


def _fields(record: Record) -> Mapping[str, Any]:
    """The configuration flat; a list as JSON, because a cell holds one value."""
    return {
        path: json.dumps(value) if isinstance(value, list) else value
        for path, value in leaves_of(record.config)
    }
