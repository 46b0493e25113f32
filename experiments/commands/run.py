"""``forksim run``: simulate the points of an experiment, print their table, draw their figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from experiments.catalogue import catalogue
from experiments.document import load
from experiments.output import RunFolder
from experiments.overrides import override
from experiments.points import Plan, plan
from experiments.progress import Reporter
from experiments.runner import Finished, run
from results.tables import RunTable, print_table, to_json

JSON_VERSION = 1


def main(file: str, settings: tuple[str, ...], out: str | None, as_json: bool, jobs: int) -> int:
    """Run the experiment in ``file``; 0, or 1 if some points failed."""
    source = Path(file)
    planned = plan(override(load(source), settings), source.parent, catalogue())
    folder = RunFolder(Path(out) if out else Path("runs") / planned.name)
    folder.make()
    with Reporter(Console(stderr=True)) as reporter:
        finished = run(planned.points, folder.store, jobs, reporter)
    table = folder.write(planned.document, finished)
    if as_json:
        click.echo(json.dumps(_object(planned, finished, table, folder)))
    elif table.rows:
        print_table(table, Console())
    click.echo(f"results in {folder.path}", err=True)
    return 1 if finished.failures else 0


def _object(
    planned: Plan, finished: Finished, table: RunTable, folder: RunFolder
) -> dict[str, Any]:
    return {
        "forksim": JSON_VERSION,
        "name": planned.name,
        "folder": str(folder.path),
        "points": to_json(table),
        "failed": [{"point": point.label, "reason": reason} for point, reason in finished.failures],
    }
