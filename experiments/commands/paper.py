"""``forksim paper``: the paper's figures and tables, simulated, and how far they are from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from rich.console import Console

from experiments.commands.figure_formats import figure_formats
from experiments.commands.printing import note, print_json, say, say_all
from experiments.execution import output
from experiments.execution.executors.choice import local
from experiments.execution.progress import Reporter
from experiments.execution.runner import run
from experiments.language.catalogue import Catalogue, catalogue
from experiments.language.document import load
from experiments.language.errors import InputError, Position, suggestion
from experiments.language.repetitions import at_most
from experiments.planning.points import Point, plan
from experiments.sweeps.overrides import override
from results.paper.comparison import report
from results.paper.comparison.sensitivity import FACTOR
from results.paper.registry import ITEMS, write_item
from results.records.record import Record
from results.records.store import Store

EXPERIMENTS = Path(__file__).parents[1] / "paper"
"""An item's experiments are the files here that begin with its name."""


def main(
    only: str | None, out: str, jobs: int | None, figures: str | None = None, as_json: bool = False
) -> int:
    """Regenerate the chosen items; 0, or 1 if some points failed.

    The report covers what was regenerated in this folder before as well, unless by another model.
    """
    chosen, formats = _chosen(only), figure_formats(figures)
    folder = output.folder_at(Path(out))
    known = catalogue()
    names = [name for name in ITEMS if name in chosen or (folder.path / f"{name}.csv").exists()]
    wanted = {name: ITEMS[name].experiments for name in names}
    planned = {name: points_of(name, known) for name in dict.fromkeys(wanted.values())}
    points = {name: planned[wanted[name]] for name in names}
    varied = {name: varied_points_of(name, known) for name in names}
    output.make(folder)
    with Reporter(Console(stderr=True), of_several=True) as reporter:
        everything = [point for name in chosen for point in (*points[name], *varied[name])]
        # The longest first, so that no process is left alone with one in the end.
        everything.sort(key=lambda point: at_most(point.config["repetitions"]), reverse=True)
        finished = run(everything, folder.store, local(jobs), reporter)
    records = {record.id: record for record in finished.records}
    reports, unusable = [], False
    for name in names:
        own, short = (_records(of[name], records, folder.store) for of in (points, varied))
        if len(own) == len(points[name]):
            try:
                reports.append(write_item(ITEMS[name], own, folder.path, short, formats))
            except KeyError as lacking:  # changed by hand, and its checksum too
                say(f"{name}: left out, a record has no {lacking}", err=True)
                unusable = True
        elif name in chosen:
            say(f"{name}: left out, {len(points[name]) - len(own)} points failed", err=True)
    if as_json:
        print_json({"folder": out, "items": report.to_json(reports)})
    else:
        say_all(report.to_markdown(reports).splitlines())
    try:
        report.write(reports, folder.path)
    except OSError as error:
        note(output.excuse(error, folder, everything))
    say(f"results in {folder.path}", err=True)
    return 1 if finished.failures or unusable else 0


def _records(points: Sequence[Point], known: dict[str, Record], store: Store) -> list[Record]:
    """The records of those points that have one; what is read is added to the ``known``."""
    found = []
    for point in points:
        record = known.get(point.id) or store.read(point.id)
        if record is not None:
            known[point.id] = record
            found.append(record)
    return found


def points_of(item: str, known: Catalogue) -> tuple[Point, ...]:
    """The points of an item of the paper, in the order of its files.

    Raises:
        InputError: the item has no experiment, or a wrong one.
    """
    files = _files(f"{ITEMS[item].experiments}_*.yaml")
    return tuple(chain(*(plan(load(file), file.parent, known).points for file in files)))


def varied_points_of(item: str, known: Catalogue) -> tuple[Point, ...]:
    """The short points of an item whose constants are moved: each alone, and none.

    Raises:
        InputError: the item varies experiments that do not exist, or in a way they do not allow.
    """
    variation = ITEMS[item].variation
    if variation is None:
        return ()
    scales = [{}, *({constant: FACTOR} for constant in variation.constants)]
    grid = {"fork.kind": list(variation.forks), "machine.scale": scales}
    # JSON is YAML too.
    settings = [*variation.settings, f"sweep={json.dumps([{'grid': grid}])}"]
    files = _files(f"{ITEMS[item].experiments}_{variation.experiments}.yaml")
    shortened = ((override(load(file), settings), file.parent) for file in files)
    return tuple(chain(*(plan(document, folder, known).points for document, folder in shortened)))


def _files(pattern: str) -> list[Path]:
    files = sorted(EXPERIMENTS.glob(pattern))
    if not files:
        raise InputError(f"{EXPERIMENTS}: no {pattern}: expected the item's experiments")
    return files


def _chosen(only: str | None) -> list[str]:
    """The items to regenerate, in the paper's order."""
    if only is None:
        return list(ITEMS)
    wanted = [name.strip() for name in only.split(",")]
    for number, name in enumerate(wanted):
        if name not in ITEMS:
            column = len(",".join(only.split(",")[:number])) + (2 if number else 1)
            raise InputError.at(Position("--only", 1, column), f"{name!r}{suggestion(name, ITEMS)}")
    return [name for name in ITEMS if name in wanted]
