"""What a sweep does to one value of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import TypeAlias

from experiments.language.document import Data, Route, put
from experiments.language.errors import Position
from experiments.sweeps.blocks import Axis

Combination: TypeAlias = tuple[int, ...]
"""The row that a point takes of each axis of the sweep."""

CombinationRows: TypeAlias = int | tuple[int, ...]
"""The part of a combination that concerns a value; of a single axis the bare row."""

NOWHERE = Position("")
"""The position of errors that are found again, with their proper one, by who looks at a whole."""

ABSENT = object()
"""The value that is not there."""


class FieldVariation:
    """What a sweep does to the value at a route.

    Attributes:
        axes: the numbers of those that give it, or something below it, a value.
        replaced: whether the value as a whole is given.
        keys: what is given a value directly below it.
        row: what of a combination concerns it.
    """

    def __init__(self, route: Route, base: Data, axes: Sequence[Axis]) -> None:
        size = len(route)
        touching = [[field for field in axis.fields if field[:size] == route] for axis in axes]
        fields = {field for some in touching for field in some}
        self.axes = [number for number, some in enumerate(touching) if some]
        self.replaced = route in fields
        self.keys = {str(field[size]) for field in fields if len(field) > size}
        self._route = route
        self._base = base
        self._axes = [axes[number] for number in self.axes]
        self.row: Callable[[Combination], CombinationRows] = (
            itemgetter(*self.axes) if self.axes else lambda _: ()
        )

    def rows_with(self, keys: Collection[str]) -> dict[int, set[int]]:
        """By axis, the rows that give one of these keys directly below it a value."""
        size = len(self._route)
        found: dict[int, set[int]] = {}
        for number, axis in zip(self.axes, self._axes, strict=True):
            for row, fields in enumerate(axis.rows if keys else ()):
                if any(
                    given.field[:size] == self._route and str(given.field[size]) in keys
                    for given in fields
                    if len(given.field) > size
                ):
                    found.setdefault(number, set()).add(row)
        return found

    def column(self, rows: Sequence[CombinationRows]) -> list[Data]:
        """`data` of many rows.

        Raises:
            InputError: see there.
        """
        if len(self._axes) == 1:
            (axis,) = self._axes
            (shape, *others) = axis.shapes
            if self._route in shape and not others:
                place = shape.index(self._route)
                return [axis.rows[row][place].data for row in rows if isinstance(row, int)]
        return list(map(self.data, rows))

    def data(self, rows: CombinationRows) -> Data:
        """The value as written, or `ABSENT`.

        Raises:
            InputError: a path leads nowhere; the position in it means nothing.
        """
        size = len(self._route)
        value = self._base
        for axis, row in zip(self._axes, (rows,) if isinstance(rows, int) else rows, strict=True):
            for given in axis.rows[row]:
                if given.field == self._route:
                    value = given.data
                elif given.field[:size] == self._route:
                    whole = {} if value is ABSENT or value is None else value
                    value = put(whole, given.field[size:], given.data, NOWHERE)
        return value
