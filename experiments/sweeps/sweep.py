"""One document with a sweep to the combinations of its values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from experiments.language.document import Data, Document, Route, dotted, route_of
from experiments.language.errors import InputError
from experiments.language.sweep_schema import Block
from experiments.language.validation import validate
from experiments.sweeps.blocks import Axis, SweptValue, WholeNumbers, axes_of
from experiments.sweeps.conditions import Where
from sim.configuration import Configuration

MOST_UNASKED = 100_000
"""Combinations of a sweep that need no ``--yes``."""


class _SweepSection(Configuration):
    sweep: list[Block]


def without_sweep(document: Document) -> Document:
    """The document that asks for one point."""
    data = {key: value for key, value in document.data.items() if key != "sweep"}
    return Document(data, document.values, document.keys)


def swept_fields(document: Document) -> list[Route]:
    """The fields that the sweep sets in every point, as far as it has its proper shape."""
    entries = document.data.get("sweep")
    paths: list[str] = []
    for block in _mappings(entries):
        paths += [*_mapping(block.get("grid")), *_mapping(block.get("zip"))]
        paths += _mapping(_mapping(block.get("sample")).get("fields"))
        rows = _mappings(block.get("list"))
        paths += [path for path in (rows[0] if rows else ()) if all(path in row for row in rows)]
    return [route_of(path) for path in dict.fromkeys(paths)]


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _mappings(data: Data) -> list[dict[str, Data]]:
    return [_mapping(item) for item in data] if isinstance(data, list) else []


class Sweep:
    """The values that a sweep gives to fields, and which of their combinations are points.

    Attributes:
        base: the experiment without its sweep.
        axes: of which a combination takes one row each.
    """

    def __init__(self, document: Document, whole: WholeNumbers, *, any_size: bool = False) -> None:
        """Read the sweep of an experiment.

        Args:
            document: the experiment; nothing but its sweep is looked at.
            whole: whether a field of the experiment takes whole numbers only.
            any_size: allow more than `MOST_UNASKED` combinations.

        Raises:
            InputError: the sweep has no proper shape, gives a field two values at once, or has
                too many combinations.
        """
        self.base = without_sweep(document)
        self._document = document
        self.axes: tuple[Axis, ...] = ()
        self._wheres: list[Where] = []
        if "sweep" not in document.data:
            return
        only = Document({"sweep": document.data["sweep"]}, document.values, document.keys)
        blocks = validate(_SweepSection, only).sweep
        self.axes = tuple(
            axis
            for number, block in enumerate(blocks)
            for axis in axes_of(block, document, number, whole)
        )
        self._check_apart()
        self._check_size(any_size=any_size)
        self._wheres = [
            Where(document, ("sweep", number, "where"), self.base, self.axes)
            for number, block in enumerate(blocks)
            if block.where is not None
        ]

    def combinations(self) -> Iterator[tuple[int, ...]]:
        """The row that each point takes of each axis, the last axis varying fastest.

        Raises:
            InputError: no combination is a point.
        """
        meets = [where.met for where in self._wheres]
        nothing = True
        for combination in itertools.product(*(range(len(axis.rows)) for axis in self.axes)):
            if not meets or all(met(combination) for met in meets):
                nothing = False
                yield combination
        if nothing:
            position = self._document.position(("sweep",), of_key=True)
            raise InputError.at(position, "sweep: no point meets its conditions: expected one")

    def document(self, combination: Sequence[int]) -> Document:
        """The experiment of one point.

        It is not validated; a value keeps its own position, so that validation finds an unknown
        path or a wrong value where it stands in the sweep.

        Raises:
            InputError: a path leads nowhere.
        """
        point = self.base.copy()
        for given in self.given(combination):
            key = self._document.position(given.key, of_key=True)
            point.assign(given.field, self._part(given), key)
        return point

    def given(self, combination: Sequence[int]) -> Iterator[SweptValue]:
        """What the sweep gives to one point, in the order written."""
        for axis, row in zip(self.axes, combination, strict=True):
            yield from axis.rows[row]

    def _part(self, given: SweptValue) -> Document:
        part = self._document.part(given.at)
        # What is sampled does not stand anywhere itself.
        return part if part.data == given.data else Document(given.data, {(): part.values[()]})

    def _check_apart(self) -> None:
        """No field is given two values at once, neither directly nor through what holds it."""
        others: set[Route] = set()
        for axis in self.axes:
            for row in axis.shapes.values():
                own: set[Route] = set()
                for given in row:
                    self._check_clash(given, others | own)
                    own.add(given.field)
            others |= axis.fields

    def _check_clash(self, given: SweptValue, others: Iterable[Route]) -> None:
        for other in sorted(others, key=dotted):
            size = min(len(other), len(given.field))
            if other[:size] == given.field[:size]:
                raise InputError.at(
                    self._document.position(given.key, of_key=True),
                    f"{dotted(given.field)}: swept twice, also by {dotted(other)}",
                )

    def _check_size(self, *, any_size: bool) -> None:
        size = math.prod(len(axis.rows) for axis in self.axes)
        if size > MOST_UNASKED and not any_size:
            raise InputError.at(
                self._document.position(("sweep",), of_key=True),
                f"sweep: {size} combinations: expected at most {MOST_UNASKED}, or --yes",
            )
