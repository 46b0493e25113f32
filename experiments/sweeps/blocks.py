"""A block of a sweep to rows of values for fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from experiments.language.document import Data, Document, Route, dotted, route_of
from experiments.language.errors import InputError, shown, suggestion
from experiments.language.schema import Experiment
from experiments.language.sweep_schema import Block, Sample
from experiments.sweeps.sampling import sampled

SWEPT = ("machine", "workload", "fork", "repetitions", "seed")
"""What a point is made of; name, limits and sweep belong to the experiment."""

WholeNumbers: TypeAlias = Callable[[Route], bool]
"""Whether a field takes whole numbers only."""


class SweptValue(NamedTuple):
    """A value that a sweep gives to a field.

    Attributes:
        field: the way to it in a point.
        data: the value.
        at: where in the sweep's document it stands.
        key: where that document names the field.
    """

    field: Route
    data: Data
    at: Route
    key: Route


AxisRow: TypeAlias = tuple[SweptValue, ...]
"""The values of one point, as far as one axis gives them."""


@dataclass(frozen=True)
class Axis:
    """Rows of which every point takes one, whatever it takes of other axes."""

    rows: tuple[AxisRow, ...]

    @cached_property
    def shapes(self) -> Mapping[tuple[Route, ...], AxisRow]:
        """The combinations of fields that rows give values to, each with its first row."""
        first: dict[tuple[Route, ...], AxisRow] = {}
        for row in self.rows:
            first.setdefault(tuple([given.field for given in row]), row)
        return first

    @cached_property
    def fields(self) -> frozenset[Route]:
        """Everything that some row gives a value to."""
        return frozenset(field for shape in self.shapes for field in shape)


def axes_of(block: Block, document: Document, number: int, whole: WholeNumbers) -> Iterator[Axis]:
    """The axes of one block: of a grid one for each field, of any other one altogether.

    Args:
        block: the block.
        document: the experiment.
        number: place of the block in the sweep.
        whole: of the experiment's fields.

    Raises:
        InputError: the block names what cannot be swept, or a row twice, or has lists of
            different lengths or ranges that are none.
    """
    (kind,) = document.data["sweep"][number]
    here: Route = ("sweep", number, kind)
    if block.grid is not None:
        for path, values in block.grid.items():
            rows = list(_rows({path: values}, document, here))
            _check_distinct(rows, path, document)
            yield Axis(tuple(rows))
        return
    if block.together is not None:
        _check_lengths(block.together, document, here)
        rows = list(_rows(block.together, document, here))
    elif block.one_by_one is not None:
        rows = list(_listed(block.one_by_one, document, here))
    elif block.sample is not None:
        yield Axis(tuple(_sampled(block.sample, document, here, whole)))
        return
    else:
        return
    _check_distinct(rows, dotted(here), document)
    yield Axis(tuple(rows))


def _rows(lists: Mapping[str, list[Data]], document: Document, here: Route) -> Iterator[AxisRow]:
    fields = [_field(document, (*here, path)) for path in lists]
    for place, values in enumerate(zip(*lists.values(), strict=True)):
        yield tuple(
            SweptValue(field, value, (*here, path, place), (*here, path))
            for field, path, value in zip(fields, lists, values, strict=True)
        )


def _listed(rows: list[dict[str, Data]], document: Document, here: Route) -> Iterator[AxisRow]:
    for place, row in enumerate(rows):
        ways = [(*here, place, path) for path in row]
        yield tuple(
            SweptValue(_field(document, way), value, way, way)
            for way, value in zip(ways, row.values(), strict=True)
        )


def _sampled(
    sample: Sample, document: Document, here: Route, whole: WholeNumbers
) -> Iterator[AxisRow]:
    ways: dict[str, Route] = {path: (*here, "fields", path) for path in sample.fields}
    fields = {path: _field(document, way) for path, way in ways.items()}
    numbers = {path: whole(field) for path, field in fields.items()}
    columns = sampled(sample, document, here, numbers)
    return zip(
        *(
            [SweptValue(fields[path], value, ways[path], ways[path]) for value in values]
            for path, values in columns.items()
        ),
        strict=True,
    )


def _field(document: Document, way: Route) -> Route:
    """The field that the last step of a way in the sweep names."""
    field = route_of(str(way[-1]))
    if field[0] not in SWEPT:
        name = dotted(field)
        wrong = f"{name}: cannot be swept" if field[0] in Experiment.model_fields else name
        position = document.position(way, of_key=True)
        raise InputError.at(position, f"{wrong}{suggestion(field[0], SWEPT)}")
    return field


def _check_lengths(lists: Mapping[str, list[Data]], document: Document, here: Route) -> None:
    first, *_ = lists
    for path, values in lists.items():
        if len(values) != len(lists[first]):
            raise InputError.at(
                document.position((*here, path)),
                f"{path}: {len(values)} values: "
                f"expected {len(lists[first])}, as many as {first} has",
            )


def _check_distinct(rows: Iterable[AxisRow], name: str, document: Document) -> None:
    known = set()
    for row in rows:
        text = json.dumps([(given.field, given.data) for given in row], sort_keys=True)
        if text in known:
            values = [given.data for given in row]
            wrong = shown(values[0] if len(values) == 1 else values)
            raise InputError.at(
                document.position(row[0].at if row else ("sweep",)),
                f"{name}: {wrong}: given twice: expected each value once",
            )
        known.add(text)
