"""What an item of the paper, a figure or table, must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from results.record import Record

Basis: TypeAlias = Literal["fitted", "predicted"]
"""Whether the constants were fitted to the cell, or the cell follows from others."""

SCHEMES: dict[str, str] = {"classic": "fork", "huge": "fork_huge", "on_demand": "on_demand"}
"""The paper's forks: the name in its cells by the registry's name."""


@dataclass(frozen=True)
class Explanation:
    """Why some cells miss, printed where they do.

    Attributes:
        cells: the cells concerned, as a pattern of `fnmatch`: ``on_demand/p50``, ``fork/*``.
        why: one sentence.
    """

    cells: str
    why: str


@dataclass(frozen=True)
class PaperItem:
    """One figure or table of the paper.

    Attributes:
        name: ``fig02``, ``table4``; also the name of its files and of its published cells.
        title: for people.
        collect: the simulated value of every cell that the records answer, in the published unit.
        basis: of a cell.
        tolerance: relative error beyond which a cell counts as a miss.
        draw: the figure, from the collected cells and the records.
        data: the rows of the item's CSV, the heading first.
        explanations: of known misses.
        remarks: sentences for the report that depend on the results.
        notes: by cell, what its line in the report says beside its error if it misses.
    """

    name: str
    title: str
    collect: Callable[[Sequence[Record]], dict[str, float]]
    basis: Callable[[str], Basis]
    tolerance: Callable[[str], float]
    draw: Callable[[Mapping[str, float], Sequence[Record]], Figure]
    data: Callable[[Mapping[str, float], Sequence[Record]], list[list[str]]]
    explanations: Sequence[Explanation] = ()
    remarks: Callable[[Mapping[str, float], Sequence[Record]], list[str]] = lambda _cells, _all: []
    notes: Callable[[Mapping[str, float]], dict[str, str]] = lambda _cells: {}


def of_scheme(records: Sequence[Record], kind: str) -> list[Record]:
    """The records whose fork is the registry's ``kind``."""
    return [record for record in records if record.at("fork.kind") == kind]
