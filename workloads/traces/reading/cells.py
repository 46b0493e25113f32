"""Cells of separated lines, and the exact numbers in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

from workloads.traces.reading.accounting import LineError

_DECIMAL = re.compile(rb"([0-9]{1,19})(?:\.([0-9]{1,30}))?")
# What C's printf makes of a division by zero, in glibc and in Microsoft's library.
_NO_NUMBER = re.compile(rb"[+-]?(?:inf(?:inity)?|nan(?:\([^)]*\))?|1\.#[A-Z0-9]+)", re.IGNORECASE)
COMMA = b","
BLANKS = b" "
"""Any number of blanks and tabs in a row."""

_BLANK_SEPARATED = re.compile(rb'"(?:[^"]|"")*+"(?=[ \t]|$)|[^ \t]+')
_SHOWN_BYTES = 40
_SHOWN_COLUMNS = 20


def split_cells(line: bytes, separator: bytes = COMMA) -> list[bytes]:
    """The cells of a line as RFC 4180 writes them, blanks around them removed; one record a line.

    Args:
        line: The line.
        separator: One byte between cells; or `BLANKS`, which do not make empty cells.

    Raises:
        LineError: Quotes are not closed on the line, or closed before the cell ends.
    """
    text = line.rstrip(b"\r\n")
    if separator == BLANKS:
        return [_unquoted(cell) for cell in _BLANK_SEPARATED.findall(text)]
    if b'"' not in text:
        return [cell.strip() for cell in text.split(separator)]
    try:
        # Each byte is one character on the way, so that the text need not be UTF-8.
        (cells,) = csv.reader(
            [text.decode("latin-1")],
            delimiter=separator.decode(),
            strict=True,
            skipinitialspace=True,
        )
    except (csv.Error, ValueError):
        expected = "cells whose quotes are doubled inside and closed before the separator"
        raise LineError(1, "bad quotes", expected) from None
    return [cell.strip().encode("latin-1") for cell in cells]


def _unquoted(cell: bytes) -> bytes:
    quoted = len(cell) > 1 and cell.startswith(b'"') and cell.endswith(b'"')
    return cell[1:-1].replace(b'""', b'"') if quoted else cell


def separator_of(line: bytes, cells: int | None = None) -> bytes:
    """What separates the cells of a file, by its first line.

    Args:
        line: Its first line.
        cells: How many there should be, if that is known.

    Returns:
        The first of comma, tab, semicolon, blanks and bar that makes so many cells; if their number
        is not known, that makes more than one. The comma if none does.
    """
    for separator in (COMMA, b"\t", b";", BLANKS, b"|"):
        try:
            number = len(split_cells(line, separator))
        except LineError:
            continue
        if number == cells or (cells is None and number > 1):
            return separator
    return COMMA


def cell_column(line: bytes, number: int, separator: bytes = COMMA) -> int:
    """The column, from 1, at which the cell of this number (from 0) begins, blanks left out."""
    if separator == BLANKS:
        begins = [match.start() + 1 for match in _BLANK_SEPARATED.finditer(line)]
        return begins[number] if number < len(begins) else len(line.rstrip(b"\r\n")) + 1
    quoted = False
    for position, byte in enumerate(line, 1):
        if number == 0 and byte not in b" \t":
            return position
        if byte == ord('"'):
            quoted = not quoted
        elif byte == ord(separator) and not quoted:
            number -= 1
    return len(line.rstrip(b"\r\n")) + 1


def cell_error(
    line: bytes, number: int, what: str, expected: str, separator: bytes = COMMA
) -> LineError:
    """The error for a cell, which the message repeats."""
    cells = split_cells(line, separator)
    text = shown(cells[number] if number < len(cells) else b"")
    column = cell_column(line, number, separator)
    return LineError(column, f"bad {what}", f"{expected}, got {text}")


def shown(cell: bytes) -> str:
    """What a cell holds, for a message: quoted, and cut if it is long."""
    return repr(cell[:_SHOWN_BYTES].decode("utf-8", "backslashreplace"))


def whole(cell: bytes, below: int) -> int | None:
    """The number that a cell of digits is; None if it is none, or not below `below`."""
    if not cell.isdigit() or len(cell) > 19:
        return None
    number = int(cell)
    return number if number < below else None


def decimal(cell: bytes, places: int) -> int | None:
    """A decimal times 10^places, cut to an integer; None if it is none (signs, exponents)."""
    match = _DECIMAL.fullmatch(cell)
    if match is None:
        return None
    digits, fraction = match.groups()
    scaled: int = int(digits) * 10**places
    if fraction:
        scaled += int(fraction[:places].ljust(places, b"0") or b"0")
    return scaled


def whole_at(line: bytes, cells: list[bytes], number: int, below: int, what: str) -> int:
    """The whole number, below `below`, in the cell of this number of a comma-separated line.

    Raises:
        LineError: It holds something else than `what`, a whole number.
    """
    value = whole(cells[number], below)
    if value is None:
        raise cell_error(line, number, what, f"a whole number below {below}")
    return value


def not_read(columns: Iterable[str], what: str = "columns") -> tuple[str, ...]:
    """The note about columns of a file that its reader does not use; none if there are none."""
    names = [name[:_SHOWN_BYTES] for name in columns]
    if not names:
        return ()
    listed = ", ".join(repr(name) for name in names[:_SHOWN_COLUMNS])
    more = len(names) - _SHOWN_COLUMNS
    return (f"{what} that are not read: {listed}{f' and {more} more' if more > 0 else ''}",)


def is_no_number(cell: bytes) -> bool:
    """Whether a cell holds what C makes of a division by zero: `inf`, `-nan` and the like."""
    return _NO_NUMBER.fullmatch(cell) is not None


def rate(cell: bytes) -> float | None:
    """The rate that a cell says, NaN if it is a division by zero; None if it is no decimal."""
    if is_no_number(cell):
        return float("nan")
    return None if decimal(cell, 0) is None else float(cell)


def rate_at(line: bytes, cells: list[bytes], number: int) -> float:
    """The rate in the cell of this number, as `rate` reads it.

    Raises:
        LineError: It holds no decimal.
    """
    value = rate(cells[number])
    if value is None:
        raise cell_error(line, number, "execs_per_sec", "a decimal, without sign or exponent")
    return value


def decimals(cell: bytes) -> int:
    """How many digits follow the point."""
    return len(cell) - cell.index(b".") - 1 if b"." in cell else 0
