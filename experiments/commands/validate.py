"""``forksim validate``: everything about an experiment that can be wrong before it runs."""

from __future__ import annotations

from pathlib import Path

from experiments.commands.printing import note, print_json, say
from experiments.execution.trace_checks import check_traces
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import plan
from experiments.sweeps.overrides import override


def main(file: str, settings: tuple[str, ...], *, any_size: bool, as_json: bool) -> int:
    """Print that the experiment in ``file`` is valid and how many points it has."""
    source = Path(file)
    document = override(load(source), settings)
    planned = plan(document, source.parent, catalogue(), any_size=any_size)
    check_traces(planned.points, planned.document)
    for remark in planned.remarks:
        note(remark)
    count = len(planned.points)
    if as_json:
        remarks = list(planned.remarks)
        print_json({"file": file, "name": planned.name, "points": count, "remarks": remarks})
        return 0
    say(f"{file}: valid, {count} point{'s' if count > 1 else ''}")
    return 0
