"""One document with a sweep to one document per point."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.document import Document, Route, dotted, route_of
from experiments.errors import InputError, shown, suggestion
from experiments.schema import Block, Experiment, Strict
from experiments.validation import validate

MOST_POINTS = 10_000

_SWEPT = ("machine", "workload", "fork", "repetitions", "seed")
"""What a point is made of; the name and the sweep belong to the experiment."""


@dataclass(frozen=True)
class Variant:
    """One combination of a sweep.

    Attributes:
        document: the experiment without its sweep, the swept values in place.
        values: the swept values as written, by dotted path; empty without a sweep.
    """

    document: Document
    values: dict[str, object]


class _Sweep(Strict):
    sweep: list[Block]


def without_sweep(document: Document) -> Document:
    """A copy of the document that asks for one point."""
    base = document.copy()
    base.data.pop("sweep", None)
    return base


def swept_fields(document: Document) -> list[Route]:
    """The fields that the sweep sets, as far as it has its proper shape."""
    blocks = document.data.get("sweep")
    grids = [
        block["grid"]
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict) and isinstance(block.get("grid"), dict)
    ]
    return [route_of(path) for grid in grids for path in grid]


def variants(document: Document) -> Iterator[Variant]:
    """Every combination of the swept values, the last field varying fastest.

    The documents are not validated; a swept value keeps its own position, so that validation
    finds an unknown path or a wrong value where it stands in the sweep.

    Raises:
        InputError: the sweep has no proper shape, names a field twice, or has too many points.
    """
    base = without_sweep(document)
    axes = _axes(document)
    for values in itertools.product(*axes.values()):
        point = base.copy()
        for route, value in zip(axes, values, strict=True):
            part = document.part(value)
            point.assign(route, part, document.keys[value[:-1]])
        yield Variant(
            point, {dotted(r): document.part(v).data for r, v in zip(axes, values, strict=True)}
        )


def _axes(document: Document) -> dict[Route, list[Route]]:
    """The routes in the document of each swept field's values, by the field's own route."""
    if "sweep" not in document.data:
        return {}
    sweep = Document({"sweep": document.data["sweep"]}, document.values, document.keys)
    validate(_Sweep, sweep)
    axes: dict[Route, list[Route]] = {}
    for number, block in enumerate(document.data["sweep"]):
        for path, values in block["grid"].items():
            here: Route = ("sweep", number, "grid", path)
            field = route_of(path)
            _check_field(document, here, field, axes)
            _check_values(document, here, values)
            axes[field] = [(*here, place) for place in range(len(values))]
    points = math.prod(map(len, axes.values()))
    if points > MOST_POINTS:
        raise InputError.at(
            document.position(("sweep",), of_key=True),
            f"sweep: {points} points: expected at most {MOST_POINTS}",
        )
    return axes


def _check_values(document: Document, here: Route, values: list[object]) -> None:
    first: dict[str, int] = {}
    for place, value in enumerate(values):
        text = json.dumps(value, sort_keys=True)
        if first.setdefault(text, place) != place:
            raise InputError.at(
                document.position((*here, place)),
                f"{here[-1]}: {shown(value)}: given twice: expected each value once",
            )


def _check_field(
    document: Document, here: Route, field: Route, others: dict[Route, list[Route]]
) -> None:
    position = document.position(here, of_key=True)
    name = dotted(field)
    if field[0] not in _SWEPT:
        wrong = f"{name}: cannot be swept" if field[0] in Experiment.model_fields else name
        raise InputError.at(position, f"{wrong}{suggestion(field[0], _SWEPT)}")
    for other in others:
        size = min(len(other), len(field))
        if other[:size] == field[:size]:
            raise InputError.at(position, f"{name}: swept twice, also by {dotted(other)}")
