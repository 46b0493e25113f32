"""What an item of the paper, a figure or table, must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from results.records.record import Record

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
class Variation:
    """Short runs in which single constants of the machine are moved, to learn what each does.

    Attributes:
        constants: of the profile.
        settings: ``path=value`` over the item's experiments, to shorten them.
        forks: the registry's names of those to run; predicted cells are of On-demand-fork.
        experiments: pattern of what follows the item's name in its experiments' files.
    """

    constants: Sequence[str]
    settings: Sequence[str] = ()
    forks: Sequence[str] = ("on_demand",)
    experiments: str = "*"


@dataclass(frozen=True)
class Condition:
    """Something that the results must show, beside the published cells.

    Attributes:
        text: one sentence, with the numbers found.
        holds: whether it is so.
    """

    text: str
    holds: bool


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
        shown_from: the item whose experiments this one shows too; None if it has its own.
        explanations: of known misses.
        remarks: sentences for the report that depend on the results.
        conditions: what the results must show; those that the records cannot answer are left out.
        variation: what to vary to explain misses of predicted cells; None if nothing.
        not_ordered: why a quantity does not tell which fork is faster, by the quantity.
        notes: by cell, what its line in the report says beside its error if it misses.
    """

    name: str
    title: str
    collect: Callable[[Sequence[Record]], dict[str, float]]
    basis: Callable[[str], Basis]
    tolerance: Callable[[str], float]
    draw: Callable[[Mapping[str, float], Sequence[Record]], Figure]
    data: Callable[[Mapping[str, float], Sequence[Record]], list[list[str]]]
    shown_from: str | None = None
    explanations: Sequence[Explanation] = ()
    remarks: Callable[[Mapping[str, float], Sequence[Record]], list[str]] = lambda _cells, _all: []
    conditions: Callable[[Mapping[str, float], Sequence[Record]], list[Condition]] = (
        lambda _cells, _all: []
    )
    variation: Variation | None = None
    not_ordered: Mapping[str, str] = field(default_factory=dict)
    notes: Callable[[Mapping[str, float]], dict[str, str]] = lambda _cells: {}

    @property
    def experiments(self) -> str:
        """The item whose experiments this one wants, mostly itself."""
        return self.shown_from or self.name

    def why(self, cell: str) -> str:
        """Why a cell misses, if that is known; empty otherwise."""
        return next((e.why for e in self.explanations if fnmatchcase(cell, e.cells)), "")


def of_scheme(records: Sequence[Record], kind: str) -> list[Record]:
    """The records whose fork is the registry's ``kind``."""
    return [record for record in records if record.at("fork.kind") == kind]
