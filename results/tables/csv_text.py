"""Rows as CSV, the same on every system, and without formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_SIGNS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BLANKS = frozenset("\t\r\n")
"""How a text begins that spreadsheets compute (OWASP, CSV Injection), wide signs included."""
_OF_NUMBERS = "0123456789+-.eE"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV with newlines of one byte; each cell is `without_formula`."""
    text = io.StringIO()
    writer = csv.writer(OneByteEnds(text), lineterminator=LINE_END)
    writer.writerows([without_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


LINE_END = "\r\n"
"""What lines end in for `OneByteEnds`, as Python 3.11 quotes only cells that have a part of it."""


class OneByteEnds(io.TextIOBase):
    """Passes the lines of a CSV on, each as it is written and with a newline alone at its end.

    Args:
        text: gets them.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def write(self, line: str, /) -> int:
        """Pass a line on, which ends in `LINE_END`."""
        self._text.write(line[: -len(LINE_END)] + "\n")
        return len(line)


def without_formula(cell: Any) -> Any:
    """A cell that no spreadsheet computes: a text that begins a formula gets a quote before it.

    Numbers are numbers, written as text too.
    """
    if isinstance(cell, str) and _begins_formula(cell) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _begins_formula(text: str) -> bool:
    return text[:1] in _BLANKS or text.lstrip()[:1] in _SIGNS


def _is_number(text: str) -> bool:
    if text.strip(_OF_NUMBERS):
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
