"""``forksim compare``: the points of a run against each other, with intervals and verdicts."""

from __future__ import annotations

import json

import click

from experiments.commands.finished_run import open_run
from experiments.commands.printing import Output
from experiments.language.errors import InputError
from results.tables.compare import CompareError, compare
from results.tables.compare_tables import print_comparisons, to_json

JSON_VERSION = 1


def main(folder: str, by: str, baseline: str | None, metrics: str | None, as_json: bool) -> int:
    """Compare the points of the run in ``folder``; 0."""
    run = open_run(folder)
    names = None if metrics is None else [name.strip() for name in metrics.split(",")]
    try:
        found = compare(run, by, baseline, names)
    except CompareError as error:
        raise InputError(f"{folder}: {error}") from None
    if as_json:
        click.echo(json.dumps({"forksim": JSON_VERSION, "folder": folder, **to_json(found)}))
    else:
        print_comparisons(found, Output())
    return 0
