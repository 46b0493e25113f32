"""Which column of a CSV is what, by the names in its first line or those that are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workloads.traces.reading.accounting import LineError
from workloads.traces.reading.cells import cell_column, decimal, split_cells, whole_at


def names_in(line: bytes) -> list[str]:
    """The names that a header line has, in lower case; none if it is no line of cells."""
    try:
        return _names(line)
    except LineError:
        return []


def _names(line: bytes) -> list[str]:
    return [cell.decode("utf-8", "backslashreplace").lower() for cell in split_cells(line)]


class Header:
    """The columns of a CSV, learnt from its first line.

    Args:
        roles: what columns of these names (lower case) are.
        needed: roles that there must be; the first holds numbers, which tell a row from a header.
        given: names in place of the header's.
    """

    def __init__(
        self, roles: Mapping[str, str], needed: Sequence[str], given: Sequence[str] = ()
    ) -> None:
        self._roles = roles
        self._needed = needed
        self._given = [name.lower() for name in given]
        self._names: Sequence[str] = ()
        self._places: dict[str, int] = {}

    def is_header(self, line: bytes) -> bool:
        """Whether the line is the header; the first one is learnt from.

        Raises:
            LineError: The first line is no line of cells, lacks a column that is needed, or has one
                twice.
        """
        if self._names:
            return False
        names = self._given or _names(line)
        places: dict[str, int] = {}
        for number, name in enumerate(names):
            role = self._roles.get(name)
            if role in places:
                raise LineError(1, "bad header", f"one column for the {role}, got two")
            if role is not None:
                places[role] = number
        if missing := [role for role in self._needed if role not in places]:
            known = [name for name, role in self._roles.items() if role == missing[0]]
            raise LineError(1, "bad header", f"names of columns, one of {', '.join(known)} too")
        self._names, self._places = names, places
        if not self._given:
            return True
        cells = split_cells(line)
        return len(cells) == len(names) and decimal(cells[places[self._needed[0]]], 0) is None

    def cells(self, line: bytes) -> list[bytes]:
        """The cells of a row.

        Raises:
            LineError: They are not as many as there are names.
        """
        cells = split_cells(line)
        if len(cells) != len(self._names):
            expected = f"{len(self._names)} cells, as there are names, got {len(cells)}"
            raise LineError(cell_column(line, len(cells)), "cells missing or too many", expected)
        return cells

    def place(self, role: str) -> int | None:
        """Which column has this role; None if none has."""
        return self._places.get(role)

    def name(self, role: str) -> str:
        """The name of the column with this role; empty if there is none."""
        place = self._places.get(role)
        return "" if place is None else self._names[place]

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
        place = self._places.get(role)
        if place is None or not cells[place]:
            return None
        return whole_at(line, cells, place, below, what or role)

    @property
    def unread(self) -> list[str]:
        """Names of columns that nothing is known of."""
        return [name for name in self._names if name not in self._roles]
