"""``forksim paper``: the paper's figures and tables, simulated, and how far they are from it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import click
from rich.console import Console

from experiments.catalogue import Catalogue, catalogue
from experiments.document import load
from experiments.errors import InputError, Position, suggestion
from experiments.output import RunFolder
from experiments.points import Point, plan
from experiments.progress import Reporter
from experiments.runner import run
from results import deviations
from results.paper_items import ITEMS, NOT_YET, write_item

EXPERIMENTS = Path(__file__).parents[1] / "paper"
"""An item's experiments are the files here that begin with its name."""


def main(only: str | None, out: str, jobs: int) -> int:
    """Regenerate the chosen items; 0, or 1 if some points failed."""
    names = _chosen(only)
    folder = RunFolder(Path(out))
    known = catalogue()
    points = {name: points_of(name, known) for name in names}
    folder.make()
    with Reporter(Console(stderr=True), of_several=True) as reporter:
        finished = run(list(chain(*points.values())), folder.store, jobs, reporter)
    records = {record.id: record for record in finished.records}
    comparisons = []
    for name in names:
        own = [records[point.id] for point in points[name] if point.id in records]
        if len(own) == len(points[name]):
            comparisons.append(write_item(ITEMS[name], own, folder.path))
        else:
            click.echo(f"{name}: left out, {len(points[name]) - len(own)} points failed", err=True)
    deviations.write(comparisons, folder.path)
    click.echo(deviations.to_markdown(comparisons), nl=False)
    click.echo(f"results in {folder.path}", err=True)
    return 1 if finished.failures else 0


def points_of(item: str, known: Catalogue) -> tuple[Point, ...]:
    """The points of an item of the paper, in the order of its files.

    Raises:
        InputError: the item has no experiment, or a wrong one.
    """
    files = sorted(EXPERIMENTS.glob(f"{item}_*.yaml"))
    if not files:
        raise InputError(f"{EXPERIMENTS}: no {item}_*.yaml: expected the item's experiments")
    return tuple(chain(*(plan(load(file), file.parent, known).points for file in files)))


def _chosen(only: str | None) -> list[str]:
    """The items to regenerate, in the paper's order."""
    if only is None:
        return list(ITEMS)
    wanted = [name.strip() for name in only.split(",")]
    for number, name in enumerate(wanted):
        if name not in ITEMS:
            column = len(",".join(only.split(",")[:number])) + (2 if number else 1)
            why = (
                f": not simulated yet: expected some of {', '.join(ITEMS)}"
                if name in NOT_YET
                else suggestion(name, ITEMS)
            )
            raise InputError.at(Position("--only", 1, column), f"{name!r}{why}")
    return [name for name in ITEMS if name in wanted]
