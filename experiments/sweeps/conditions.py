"""``where``: which combinations of a sweep are points."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from experiments.language.amounts import compared, readings, same
from experiments.language.document import Data, Document, Route, route_of
from experiments.language.errors import InputError, shown, suggestion
from experiments.sweeps.blocks import Axis

Test: TypeAlias = Callable[[Data], bool]
Verdicts: TypeAlias = tuple[int | None, Sequence[bool]]
"""An axis and what a condition says to each of its rows; of no axis, what it says to all points."""

_LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}

_ABSENT = object()


class Where:
    """Alternatives, of which a combination has to meet one: all conditions in it.

    A condition looks at a field's value as it is written, the sweep's values in place; quantities
    are compared in their base units. What is left to its default is not there.
    """

    def __init__(
        self, document: Document, here: Route, base: Document, axes: Sequence[Axis]
    ) -> None:
        """Read the alternatives at ``here`` of the experiment.

        Args:
            document: the experiment.
            here: the way to its ``where``.
            base: the experiment without its sweep.
            axes: of the sweep.

        Raises:
            InputError: a condition is none, or none of the points has its field.
        """
        self._document = document
        self._base = base
        self._axes = axes
        alternatives = document.part(here).data
        self._alternatives = [
            [self._verdicts((*here, place, path), wanted) for path, wanted in conditions.items()]
            for place, conditions in enumerate(alternatives)
        ]

    def met(self, combination: Sequence[int]) -> bool:
        """Whether the point of these rows, one of each axis, is wanted."""
        return any(
            all(said[0 if axis is None else combination[axis]] for axis, said in conditions)
            for conditions in self._alternatives
        )

    def _verdicts(self, here: Route, wanted: Data) -> Verdicts:
        name = str(here[-1])
        route = route_of(name)
        position = self._document.position(here, of_key=True)
        test = self._test(here, wanted)
        otherwise = _value(self._base.data, route)
        swept_by = None
        values = [otherwise]
        for number, axis in enumerate(self._axes):
            for field in axis.fields:
                if len(field) > len(route) and field[: len(route)] == route:
                    raise InputError.at(
                        position, f"{name}: holds swept fields: expected one of these fields"
                    )
                if route[: len(field)] == field:
                    swept_by = number
        if swept_by is not None:
            values = [
                next(
                    (
                        _value(given.data, route[len(given.field) :])
                        for given in row
                        if route[: len(given.field)] == given.field
                    ),
                    otherwise,
                )
                for row in self._axes[swept_by].rows
            ]
        if all(value is _ABSENT for value in values):
            raise InputError.at(
                position,
                f"{name}: not in any point: expected a field that the file gives or the sweep sets",
            )
        return swept_by, [test(value) for value in values]

    def _test(self, here: Route, wanted: Data) -> Test:
        """What a value must be: a value, one of a list, or within limits."""
        if isinstance(wanted, dict) and wanted:
            tests = [self._limit((*here, word), limit) for word, limit in wanted.items()]
            return lambda value: all(test(value) for test in tests)
        if isinstance(wanted, list) and wanted:
            return lambda value: any(same(value, one) for one in wanted)
        if wanted is None or isinstance(wanted, dict | list):
            raise InputError.at(
                self._document.position(here),
                f"{here[-1]}: {shown(wanted)}: expected a value, a list of values, "
                "or a mapping such as {at_most: 8GiB}",
            )
        return lambda value: same(value, wanted)

    def _limit(self, here: Route, limit: Data) -> Test:
        name, word = here[-2:]
        if word == "not":
            excluded = self._test(here, limit)
            return lambda value: not excluded(value)
        if word not in _LIMITS:
            raise InputError.at(
                self._document.position(here, of_key=True),
                f"{name}.{word}: unknown key{suggestion(word, (*_LIMITS, 'not'))}",
            )
        position = self._document.position(here)
        if not readings(limit):
            raise InputError.at(
                position, f"{name}.{word}: {shown(limit)}: expected a number or a quantity"
            )
        compare = _LIMITS[str(word)]

        def test(value: Data) -> bool:
            if value is _ABSENT or value is None:
                return False
            pairs = compared(value, limit)
            if not pairs:
                raise InputError.at(
                    position,
                    f"{name}.{word}: {shown(limit)}: expected what {shown(value)} can be "
                    "compared with",
                )
            amount, bound = pairs[0]
            return compare(amount.amount, bound.amount)

        return test


def _value(data: Data, route: Route) -> Data:
    """The value at a route, or `_ABSENT`."""
    for step in route:
        if isinstance(data, dict) and str(step) in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return _ABSENT
    return data
