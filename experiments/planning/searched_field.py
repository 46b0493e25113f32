"""The field that a search varies, and the lines that it is searched along: every fork, say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from pydantic import BaseModel

from experiments.language.amounts import Dimension, Quantity, readings
from experiments.language.document import Data, Document, Route, dotted, parse, route_of
from experiments.language.errors import InputError, Position, shown
from experiments.language.validation import sizes_among, takes_whole_numbers
from experiments.planning.bracketing import Stretch
from experiments.sweeps.sweep import Sweep
from results.metrics.capacity import FieldValue
from results.records.fork_labels import FORK
from results.records.labels import leaves_of, text_of
from sim.units import DURATIONS, RATES, SIZES

FIELD, FROM, TO, BY = "--field", "--from", "--to", "--by"

_UNITS: Mapping[Dimension, Mapping[str, int]] = {
    "size": {unit: SIZES[unit] for unit in ("TiB", "GiB", "MiB", "KiB", "B")},
    "duration": {unit: DURATIONS[unit] for unit in ("s", "ms", "us", "ns")},
    "rate": {unit: RATES[unit] for unit in ("M/s", "k/s", "/s")},
}
_DIGITS = 4
"""Of a value that is tried, so that people can type it."""


def value_of(dimension: Dimension, amount: float, *, whole: bool) -> FieldValue:
    """The value next to an amount that is written in four digits and a unit."""
    if dimension not in _UNITS:
        number = round(amount) if whole else float(f"{amount:.{_DIGITS}g}")
        return FieldValue(number, number)
    units = _UNITS[dimension]
    unit = next((unit for unit, size in units.items() if amount >= size), list(units)[-1])
    text = f"{float(f'{amount / units[unit]:.{_DIGITS}g}'):g}{unit}"
    (amount,) = (found.amount for found in readings(text) if found.dimension == dimension)
    return FieldValue(amount, text)


@dataclass(frozen=True)
class SearchLine:
    """One of those along which the field is searched.

    Attributes:
        given: values that it has in common with no other, by dotted path, as the YAML has them.
        label: the same as text, for people.
    """

    given: Mapping[str, Data]
    label: Mapping[str, str]


class SearchedField:
    """A field of an experiment, and what is tried in its place.

    Args:
        document: the experiment.
        model: what an experiment is.
        path: of the field.
        first: the least value, as YAML; None to leave that end open.
        last: the greatest.
        by: a field whose values are the lines, with ``=value,...`` if those are not the sweep's;
            by default all that the experiment sweeps besides.

    Attributes:
        lines: along which the field is searched, one at least.
        stretch: where.

    Raises:
        InputError: there is no such field, it is not a number or an amount, an end is none, or
            they are in no order.
    """

    def __init__(
        self,
        document: Document,
        model: type[BaseModel],
        path: str,
        *,
        first: str | None,
        last: str | None,
        by: str | None,
    ) -> None:
        self.path = path
        self._route = route_of(path)
        self._document = document
        if not all(part.strip() for part in path.split(".")):
            raise InputError.at(Position(FIELD), f"{shown(path)}: expected a field such as a.b.c")
        sweep = Sweep(document, partial(takes_whole_numbers, model), any_size=True)
        self._base = sweep.base
        combinations = list(sweep.combinations())
        written = _at(sweep.document(combinations[0]).data, self._route)
        self.lines = list(_lines(sweep, combinations, self._route, by))
        ends = {
            option: parse(text, Position(option)).data
            for option, text in ((FROM, first), (TO, last))
            if text is not None
        }
        self.dimension = _dimension(
            path, written, ends, is_size=bool(sizes_among(model, [self._route]))
        )
        whole = takes_whole_numbers(model, self._route) and self.dimension == "number"
        low, high = (self._end(option, ends) for option in (FROM, TO))
        if low is not None and high is not None and low.amount >= high.amount:
            wrong = f"{shown(ends[TO])}: expected more than {FROM}, {shown(ends[FROM])}"
            raise InputError.at(Position(TO), wrong)
        near = partial(value_of, self.dimension, whole=whole)
        self.stretch = Stretch(self._start(written, low, high, near), low, high, near, whole)

    @property
    def is_closed(self) -> bool:
        """Whether both ends are given."""
        return self.stretch.low is not None and self.stretch.high is not None

    def document_of(self, rows: Sequence[tuple[SearchLine, FieldValue]]) -> Document:
        """The experiment whose points are these values along these lines, in their order."""
        listed = [{**line.given, self.path: value.data} for line, value in rows]
        values: dict[Route, Position] = {(): Position(FIELD)}
        for place, row in enumerate(listed):
            for path in row:
                option = FIELD if path == self.path else BY
                values[0, "list", place, path] = Position(option)
        found = self._base.copy()
        sweep = Document([{"list": listed}], values, values)
        found.assign(("sweep",), sweep, Position(FIELD))
        return found

    def _end(self, option: str, ends: Mapping[str, Data]) -> FieldValue | None:
        if option not in ends:
            return None
        amount = _amount(ends[option], self.dimension)
        if amount <= 0:
            raise InputError.at(Position(option), f"{shown(ends[option])}: expected more than 0")
        return FieldValue(amount, ends[option])

    def _start(
        self,
        written: Data,
        low: FieldValue | None,
        high: FieldValue | None,
        near: Callable[[float], FieldValue],
    ) -> FieldValue:
        """What the experiment has, or the end that is nearer, or what is between the ends."""
        own = None
        if readings(written):
            own = FieldValue(_amount(written, self.dimension), written)
        elif low is not None and high is not None:
            own = near(math.sqrt(low.amount * high.amount))
        for end, is_outside in ((low, -1), (high, 1)):
            if end is not None and (own is None or is_outside * (own.amount - end.amount) > 0):
                own = end
        if own is None:
            raise _without_value(self.path, self._base)
        if own.amount <= 0:
            wrong = f"{self.path}: {shown(own.data)}: expected {FROM} and {TO} with it"
            raise InputError.at(Position(FIELD), wrong)
        return own


def _at(data: Data, route: Route) -> Data:
    """The value at a route; None if there is none."""
    for step in route:
        if isinstance(data, dict):
            data = data.get(str(step))
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _dimension(path: str, written: Data, ends: Mapping[str, Data], *, is_size: bool) -> Dimension:
    """What the field counts: as the experiment and all ends have it.

    Raises:
        InputError: one of them is no amount, or they have nothing in common.
    """
    if written is not None and not readings(written):
        wrong = f"{path}: {shown(written)}: expected a field with a number or an amount"
        raise InputError.at(Position(FIELD), wrong)
    known: list[Dimension] | None = None
    for option, data in ((FIELD, written), *ends.items()):
        if data is None:
            continue
        own = [found.dimension for found in _readings(data, is_size=is_size)]
        if not own:
            wrong = f"{shown(data)}: expected a number or an amount such as 1GiB"
            raise InputError.at(Position(option), wrong)
        both = own if known is None else [one for one in known if one in own]
        if not both:
            wrong = f"{shown(data)}: expected a {(known or own)[0]}, as {path} is"
            raise InputError.at(Position(option), wrong)
        known = both
    return (known or ["number"])[0]


def _without_value(path: str, base: Document) -> InputError:
    """The experiment says nothing of the field: perhaps another one is meant."""
    near = get_close_matches(path, [known for known, _ in leaves_of(base.data)], n=1, cutoff=0.8)
    expected = f" - did you mean {near[0]!r}?" if near else f": expected {FROM} and {TO} with it"
    return InputError.at(Position(FIELD), f"{path}: no value there{expected}")


def _readings(data: Data, *, is_size: bool) -> list[Quantity]:
    """What a value may be; of a size nothing else, although it may be a bare number."""
    found = readings(data)
    if not is_size:
        return found
    return [Quantity("size", one.amount) for one in found if one.dimension in ("size", "number")][
        :1
    ]


def _amount(data: Data, dimension: Dimension) -> float:
    found = readings(data)
    own = [one.amount for one in found if one.dimension == dimension]
    return (own or [one.amount for one in found])[0]


def _lines(
    sweep: Sweep, combinations: Sequence[tuple[int, ...]], field: Route, by: str | None
) -> Iterator[SearchLine]:
    """What the sweep tells apart besides the field, or what ``by`` does."""
    path, equals, values = (by or "").partition("=")
    if equals:
        listed = parse(f"[{values}]", Position(BY, 1, len(path) + 1)).data
        yield from (_line(_alone(sweep.base, path, value)) for value in listed)
        return
    known: dict[str, SearchLine] = {}
    for combination in combinations:
        row = {
            dotted(given.field): given.data
            for given in sweep.given(combination)
            if given.field != field and _is_by(given.field, path)
        }
        known.setdefault(repr(row), _line(row))
    if path and not any(line.given for line in known.values()):
        value = _at(sweep.base.data, route_of(path))
        if value is None:
            raise InputError.at(
                Position(BY), f"{path}: not in the experiment: expected {path}=VALUE,..."
            )
        yield _line({path: value})
        return
    own = {FORK: _at(sweep.base.data, route_of(FORK))}
    yield from (line if line.given else SearchLine({}, _line(own).label) for line in known.values())


def _is_by(field: Route, by: str) -> bool:
    """Whether a swept field belongs to what lines are by; a fork's options belong to it."""
    return not by or dotted(field) == by or (by == FORK and field[0] == "fork")


def _alone(base: Document, path: str, value: Data) -> dict[str, Data]:
    """A line of one value; options of the experiment's own fork are not another one's."""
    own = _at(base.data, ("fork",))
    if path == FORK and isinstance(own, dict) and len(own) > 1:
        return {"fork": own if own.get("kind") == value else {"kind": value}}
    return {path: value}


def _line(given: Mapping[str, Data]) -> SearchLine:
    label = {}
    for path, data in given.items():
        leaves = leaves_of(data, f"{path}.") if isinstance(data, dict) else [(path, data)]
        label.update({leaf: text_of(value) for leaf, value in leaves})
    return SearchLine(given, label)
