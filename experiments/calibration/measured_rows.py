"""A file of measured rows: CSV with a header, each cell read when it is asked for."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

from pydantic import ValidationError

from experiments.language.errors import InputError, Position, shown, suggestion
from sim.regular_file import open_regular
from sim.units import LARGEST

LARGEST_BYTES = 256 * 2**20

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class MeasuredRow:
    """One row.

    Attributes:
        source: its file, as it was named.
        line: where it stands.
        cells: what it says, by column.
    """

    source: str
    line: int
    cells: dict[str, str]

    def wrong(self, column: str, expected: str) -> InputError:
        """The error that a cell is not what it should be."""
        place = list(self.cells).index(column) + 1
        text = f"{column}: {shown(self.cells[column])}: expected {expected}"
        return InputError.at(Position(self.source, self.line, place), text)

    def refused(self, error: ValueError) -> InputError:
        """The error that what it describes cannot be simulated."""
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        return InputError.at(Position(self.source, self.line), f"cannot be simulated: {reason}")

    def number(
        self,
        column: str,
        default: float | None = None,
        *,
        least: float = 0.0,
        most: float = LARGEST,
    ) -> float:
        """A number from ``least`` to ``most``; of a column that may be left out the default.

        Raises:
            InputError: it is none.
        """
        if default is not None and column not in self.cells:
            return default
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            upto = f" to {most:.15g}" if most < LARGEST else ""
            raise self.wrong(column, f"a number from {least:g}{upto}")
        return value

    def count(
        self, column: str, default: int | None = None, *, least: int = 0, most: float = LARGEST
    ) -> int:
        """A whole number, as `number`.

        Raises:
            InputError: it is none.
        """
        value = self.number(column, default, least=least, most=most)
        if value != int(value):
            raise self.wrong(column, "a whole number")
        return int(value)

    def word(self, column: str, known: Collection[str]) -> str:
        """One of some words.

        Raises:
            InputError: it is another.
        """
        text = self.cells[column]
        if text not in known:
            wrong = f"{column}: {shown(text)}{suggestion(text, known)}"
            place = list(self.cells).index(column) + 1
            raise InputError.at(Position(self.source, self.line, place), wrong)
        return text


def read_rows(path: Path, columns: Sequence[str]) -> list[MeasuredRow]:
    """The rows of a file that has these columns and perhaps others.

    Positions are lines and columns of the table.

    Raises:
        InputError: it cannot be read, is no table, or has no such column.
    """
    start = Position(str(path))
    try:
        with open_regular(path) as stream:
            raw = stream.read(LARGEST_BYTES + 1)
        text = raw.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        expected = f"cannot be read: {reason}: expected a table as CSV"
        raise InputError.at(start, expected) from None
    if len(raw) > LARGEST_BYTES:
        raise InputError.at(start, f"too large: expected at most {LARGEST_BYTES // 2**20} MiB")
    return _rows(text, str(path), columns)


def _rows(text: str, source: str, columns: Sequence[str]) -> list[MeasuredRow]:
    lines = csv.reader(text.splitlines())
    try:
        header = next(lines, [])
        for column in columns:
            if column not in header:
                wrong = f"no column {column!r}: expected the columns {', '.join(columns)}"
                raise InputError.at(Position(source), wrong)
        rows = []
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                wrong = f"{len(cells)} cells: expected {len(header)}, one for each column"
                raise InputError.at(Position(source, lines.line_num), wrong)
            rows.append(MeasuredRow(source, lines.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        wrong = f"not CSV: {error}: expected a table as CSV"
        raise InputError.at(Position(source, lines.line_num), wrong) from None
    return rows


def grouped(
    rows: Sequence[MeasuredRow], key: Callable[[MeasuredRow], Key]
) -> Iterator[tuple[Key, list[MeasuredRow]]]:
    """Rows that say the same of what was measured, in the order in which they come first."""
    groups: dict[Key, list[MeasuredRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    yield from groups.items()


def median_of(
    rows: Sequence[MeasuredRow], column: str, *, least: float = 0.0, most: float = LARGEST
) -> float:
    """The median of a column.

    Raises:
        InputError: a cell is no number from ``least`` to ``most``.
    """
    return median(row.number(column, least=least, most=most) for row in rows)


def spread_of(rows: Sequence[MeasuredRow], column: str) -> float | None:
    """Half of the way from a column's first quartile to its third, relative to its median.

    It is how far a repetition is from another, and what no prediction can be nearer than. None of
    fewer than four rows, which do not tell.

    Raises:
        InputError: a cell is no number.
    """
    values = [row.number(column) for row in rows]
    if len(values) < 4 or not median(values):
        return None
    first, middle, third = quantiles(values, method="inclusive")
    return (third - first) / 2 / middle
