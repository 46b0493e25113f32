"""Rows as CSV, the same on every system, and without formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

_SIGNS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BLANKS = frozenset("\t\r\n")
"""How a text begins that spreadsheets compute (OWASP, CSV Injection), wide signs included."""
_OF_NUMBERS = "0123456789+-.eE"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV with newlines of one byte; each cell is `without_formula`."""
    lines = _WrittenLines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerows([without_formula(cell) for cell in row] for row in rows)
    return "".join(lines.written)


class _WrittenLines:
    """Takes lines as they are written; their ends are one byte.

    Only a line end that has it makes Python 3.11 quote cells with a carriage return.
    """

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line[:-2] + "\n")


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
