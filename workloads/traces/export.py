"""A trace for other programs: its table as CSV or as NumPy arrays."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from math import isnan
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.columns import MISSING

ROWS_AT_ONCE = 65536


def write_csv(trace: Trace, stream: BinaryIO) -> None:
    """Write the table with a header, missing numbers as empty cells, lines ending in LF.

    Read again (`generic_csv`, `access_csv`, `execution_csv`, `sqlite_tests`), it is the same to a
    program.
    """
    table = trace.table()
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table)
        rows = len(next(iter(table.values())))
        for start in range(0, rows, ROWS_AT_ONCE):
            columns = (_cells(column[start : start + ROWS_AT_ONCE]) for column in table.values())
            writer.writerows(zip(*columns, strict=True))
    finally:
        text.detach()  # the stream is the caller's


def _cells(column: NDArray[Any] | Sequence[str]) -> Iterator[Any]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "i":
        return ("" if value == MISSING else value for value in column.tolist())
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return ("" if isnan(value) else value for value in column.tolist())
    return iter(column.tolist() if isinstance(column, np.ndarray) else column)


def write_npz(trace: Trace, stream: BinaryIO) -> None:
    """Write the table's columns as arrays by name, for `numpy.load`; missing integers are -1."""
    arrays = {name: np.asarray(column) for name, column in trace.table().items()}
    file = io.BytesIO()  # a zip archive is written to and fro, which a pipe does not allow
    np.savez_compressed(file, allow_pickle=False, **arrays)
    stream.write(file.getbuffer())


WRITERS: dict[str, Callable[[Trace, BinaryIO], None]] = {"csv": write_csv, "npz": write_npz}
"""What a trace can be converted to."""
