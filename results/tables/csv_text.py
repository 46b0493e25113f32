"""Rows as CSV, the same on every system, and without formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a text begins that spreadsheets compute (OWASP, CSV Injection), wide signs included."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV with newlines of one byte; each cell is `without_formula`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([without_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def without_formula(cell: Any) -> Any:
    """A cell that no spreadsheet computes: a text that begins a formula gets a quote before it.

    Numbers are numbers, written as text too.
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
