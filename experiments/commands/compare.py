"""``forksim compare``: the points of a run against each other, with intervals and verdicts."""

from __future__ import annotations

from experiments.commands.finished_run import ending_of, open_run
from experiments.commands.printing import Output, print_json, say_all
from experiments.commands.run_output import RunOutput
from experiments.language.errors import InputError
from results.tables.compare import CompareError, compare
from results.tables.compare_tables import grid_of, lines_of, print_comparisons, to_json
from results.tables.markdown import markdown_list, markdown_table


def main(
    folder: str,
    by: str,
    baseline: str | None,
    *,
    metric: str | None,
    every: bool,
    as_json: bool,
    markdown: bool,
) -> int:
    """Compare the points of the run in ``folder``; 0."""
    asked = RunOutput(metric, every, as_json=as_json, markdown=markdown)
    asked.check()
    run = open_run(folder)
    try:
        found = compare(run, by, baseline, asked.metrics, every=every or as_json)
    except CompareError as error:
        raise InputError(f"{folder}: {error}") from None
    if as_json:
        print_json({"folder": folder, **to_json(found)})
    elif markdown:
        say_all([*markdown_table(grid_of(found)), "", *markdown_list(lines_of(found))])
    else:
        print_comparisons(found, Output())
    return ending_of(run)
