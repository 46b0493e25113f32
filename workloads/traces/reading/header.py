"""Which column of a file is what, by the names in its first line or those that are given."""

from __future__ import annotations

from collections.abc import Sequence

from workloads.traces.reading.accounting import LineError
from workloads.traces.reading.cells import (
    COMMA,
    cell_column,
    cell_error,
    decimal,
    decimals,
    not_read,
    separator_of,
    split_cells,
    whole,
)
from workloads.traces.reading.dates import ANY_EXPECTED, DateError, any_unix_ns
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, UNREAD, Fields, Unit
from workloads.traces.reading.naming import Columns, Found, found_in, normal


def names_in(line: bytes) -> list[str]:
    """The names that a header line has; none if it is no line of cells."""
    line = _without_mark(line.rstrip(b" \t\r"))
    return _names(line, separator_of(line)) or []


def _names(line: bytes, separator: bytes) -> list[str] | None:
    try:
        cells = split_cells(line, separator)
    except LineError:
        return None
    return [cell.decode("utf-8", "backslashreplace").strip() for cell in cells]


def _without_mark(line: bytes) -> bytes:
    """A header without the `#` that some put before it."""
    return line.lstrip()[1:] if line.lstrip().startswith(b"#") else line


def _place(names: Sequence[str], name: str) -> int:
    """Where the column of this name stands, its case aside; -1 if there is none."""
    for spelled in (str.lower, normal):
        found = [spelled(one) for one in names]
        if spelled(name) in found:
            return found.index(spelled(name))
    return -1


class Header:
    """The columns of a file of cells, learnt from its first line.

    Args:
        columns: those that are known, by what they are.
        needed: those that there must be, or groups of which one must be; not the time of a file
            whose records have a rate.
        fields: what is said of them.
        rated: whether records may have a rate in place of times.
    """

    def __init__(
        self,
        columns: Columns,
        needed: Sequence[str | tuple[str, ...]],
        fields: Fields = NOTHING_SAID,
        *,
        rated: bool = False,
    ) -> None:
        self.fields = fields
        self._rated = rated
        self._columns = columns
        self._needed = needed
        self._names: Sequence[str] = ()
        self._places: dict[str, int] = {}
        self._units: dict[str, Unit | None] = {}
        self._time_places: dict[str, int] = {}
        self._separator = COMMA

    def is_header(self, line: bytes) -> bool:
        """Whether the line is the header; the first one is learnt from.

        Raises:
            LineError: The first line is no line of cells, lacks a column that is needed or said.
        """
        if self._names:
            return False
        given = self.fields.names
        line = _without_mark(line)
        self._separator = separator_of(line, len(given) or None)
        names = given or _names(line, self._separator)
        if names is None:
            split_cells(line, self._separator)  # which says what is wrong
            return False
        found = found_in(self._columns, names, self.fields.unit, self._said(names))
        places = {role: place for role, (place, _) in found.items()}
        if self.fields.rate is not None and "time" in places:
            raise LineError(1, "a rate said of a file that has times", "one of them")
        if self.fields.unit is not None and not any(
            self._columns[role].time and self._columns[role].asked and unit is None
            for role, (_, unit) in found.items()
        ):
            raise LineError(1, "a unit said of no column", "a time whose name has none, or no unit")
        if self.fields.operations and "op" not in places:
            raise LineError(1, "operations said of no column", "a column named op, or none of them")
        for needed in self._needed:
            group = (needed,) if isinstance(needed, str) else needed
            if not places.keys() & set(group) and not (
                "time" in group and self.fields.rate is not None
            ):
                raise LineError(1, "bad header", self._expected(group))
        self._names, self._places = names, places
        self._units = {role: unit for role, (_, unit) in found.items()}
        self._time_places = {
            role: PLACES[self._columns[role].unit_of(unit, self.fields.unit) or "s"]
            for role, unit in self._units.items()
        }
        if not given and not self._is_by_number():
            return True
        if self._is_row(line):
            self._names = names if given else [f"column {n + 1}" for n in range(len(names))]
            return False
        return True

    def _is_by_number(self) -> bool:
        """Whether columns are said by their numbers, so that there may be no header."""
        return any(isinstance(where, int) for _, where in self.fields.places)

    def _said(self, names: Sequence[str]) -> Found:
        """The columns that are said to be something.

        Raises:
            LineError: There is no such column, or nothing of that name, or two of one kind.
        """
        said: Found = {}
        for known, where in self.fields.places:
            role, unit = self._role(known)
            place = where - 1 if isinstance(where, int) else _place(names, where)
            if not 0 <= place < len(names):
                listed = ", ".join(map(repr, names[:20]))
                raise LineError(1, f"no column {where!r}", f"one of {listed}, or its number")
            if role in said or place in {taken for taken, _ in said.values()}:
                raise LineError(1, f"columns: {known}: said twice", "a column for each")
            said[role] = place, unit
        return said

    def _role(self, known: str) -> tuple[str, Unit | None]:
        """What a name that people use stands for, and the unit that it says."""
        found = found_in(self._columns, [known], self.fields.unit)
        if found:
            ((role, (_, unit)),) = found.items()
            return role, unit
        raise LineError(1, f"columns: nothing is called {known!r}", self._known())

    def _is_row(self, line: bytes) -> bool:
        """Whether a first line holds values: a number where there should be one."""
        cells = split_cells(line, self._separator)
        if len(cells) != len(self._names):
            return True
        numbers = [
            cells[place]
            for role, place in self._places.items()
            if self._columns[role].number or self._columns[role].time
        ]
        if numbers:
            return any(_is_value(cell) for cell in numbers)
        return [cell.decode("utf-8", "replace").lower() for cell in cells] != [
            name.lower() for name in self._names
        ]

    def _expected(self, group: Sequence[str]) -> str:
        names: list[str] = []
        for role in group:
            column = self._columns[role]
            names += [f"{column.names[0]}_{unit}" for unit in PLACES] if column.time else []
            names += column.names if not column.time or column.unit else ()
        without = f"{', '.join(names)} too"
        columns = [self._columns[role] for role in group]
        if all(column.time and column.unit is None for column in columns):
            without += f", or {columns[0].names[0]} and a unit"
        if "time" in group and self._rated:
            without += ", or a rate of records that have no times"
        return f"names of columns, one of {without}"

    def _known(self) -> str:
        return "one of " + ", ".join(
            f"{column.names[0]}_ms" if column.time else column.names[0]
            for column in self._columns.values()
        )

    def cells(self, line: bytes) -> list[bytes]:
        """The cells of a row.

        Raises:
            LineError: They are not as many as there are names.
        """
        cells = split_cells(line, self._separator)
        if len(cells) != len(self._names):
            expected = f"{len(self._names)} cells, as there are names, got {len(cells)}"
            column = cell_column(line, len(cells), self._separator)
            raise LineError(column, "cells missing or too many", expected)
        return cells

    @property
    def is_known(self) -> bool:
        """Whether the first line was learnt from."""
        return bool(self._names)

    @property
    def separator(self) -> bytes:
        """What stands between cells."""
        return self._separator

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self._names)

    def place(self, role: str) -> int | None:
        """Which cell of a row, from 0, has this role; None if there is none."""
        return self._places.get(role)

    def is_dated(self, role: str) -> bool:
        """Whether times in a column that is there may be dates."""
        return self._columns[role].dated and self._units.get(role) is None

    def has(self, role: str) -> bool:
        """Whether there is such a column."""
        return role in self._places

    def column(self, line: bytes, role: str) -> int:
        """Where on a line the cell of a column that is there begins, from 1."""
        return cell_column(line, self._places[role], self._separator)

    def error(self, line: bytes, role: str, what: str, expected: str) -> LineError:
        """The error for the cell of a column that is there."""
        return cell_error(line, self._places[role], what, expected, self._separator)

    def places(self, role: str) -> int:
        """How many ns the unit of the times in a column that is there has, as a power of ten."""
        return self._time_places[role]

    def cell(self, cells: Sequence[bytes], role: str) -> bytes:
        """What a row has in the column with this role; empty if there is none."""
        place = self._places.get(role)
        return b"" if place is None else cells[place]

    def whole(
        self, line: bytes, cells: list[bytes], role: str, below: int, what: str = ""
    ) -> int | None:
        """The whole number that a row has in the column with this role; None if it is empty.

        Raises:
            LineError: It holds something else than `what` (the role, if it is not said).
        """
        cell = self.cell(cells, role)
        value = whole(cell, below)
        if cell and value is None:
            raise self.error(line, role, what or role, f"a whole number below {below}")
        return value

    def time(
        self, line: bytes, cells: Sequence[bytes], role: str, what: str = ""
    ) -> tuple[int, int]:
        """The time in the column with this role, and its clock's tick, both in ns.

        Raises:
            LineError: It holds something else than `what` (the role, if it is not said), a time.
        """
        cell = cells[self._places[role]]
        places = self._time_places[role]
        time_ns = decimal(cell, places)
        if time_ns is not None and time_ns < 2**63:
            return time_ns, 10 ** max(places - decimals(cell), 0)
        if time_ns is None and self.is_dated(role):
            try:
                return any_unix_ns(cell)
            except DateError as error:
                if error.expected != ANY_EXPECTED:
                    raise LineError(self.column(line, role), *error.args) from None
                raise self.error(line, role, what or role, ANY_EXPECTED) from None
        unit = next(unit for unit, its_places in PLACES.items() if its_places == places)
        expected = f"a decimal of {unit}, without sign or exponent"
        if time_ns is not None:
            expected = f"a time in {unit} before the year 2262"
        raise self.error(line, role, what or role, expected)

    @property
    def notes(self) -> tuple[str, ...]:
        """The note about columns that are not read; none if there are none."""
        read = set(self._places.values())
        return not_read(
            name
            for number, name in enumerate(self._names)
            if number not in read and name not in UNREAD
        )


def _is_value(cell: bytes) -> bool:
    """Whether a cell holds a number or a date."""
    if decimal(cell, 0) is not None:
        return True
    try:
        any_unix_ns(cell)
    except DateError:
        return False
    return True
