"""``forksim plan``: the points of an experiment, what is done and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from experiments.commands.printing import Output, print_json, tell
from experiments.execution.output import folder_at
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.estimates import Estimates
from experiments.planning.points import Point, plan
from experiments.planning.selection import having
from experiments.sweeps.overrides import override
from results.records.store import Store
from results.tables.grid import Grid, print_grid

SHOWN_DIGITS = 12
"""Of an id."""


class _PlanRow(NamedTuple):
    """A point, whether it has a record, and how many seconds it took or would take."""

    point: Point
    done: bool
    seconds: float | None


def main(
    file: str,
    settings: tuple[str, ...],
    only: tuple[str, ...],
    out: str | None,
    *,
    as_json: bool,
    any_size: bool,
) -> int:
    """List the points of the experiment in ``file``; nothing is simulated or written; 0."""
    source = Path(file)
    document = override(load(source), settings)
    planned = plan(document, source.parent, catalogue(), any_size=any_size)
    folder = folder_at(Path(out) if out else Path("runs") / planned.name)
    rows = list(_rows(having(planned.points, only), folder.store))
    missing = list({row.point.id: row for row in rows if not row.done}.values())
    times = [row.seconds for row in missing if row.seconds is not None]
    left = sum(times) if len(times) == len(missing) else None
    if as_json:
        found = {"name": planned.name, "folder": str(folder.path)}
        counts = {"total": len(rows), "missing": len(missing), "estimated_s": _rounded(left)}
        print_json({**found, **counts, "points": [_object(row) for row in rows]})
        return 0
    print_grid(Grid([_cells(row) for row in rows], headings=0), Output())
    count = f"{len(rows)} point{'' if len(rows) == 1 else 's'}"
    done = sum(row.done for row in rows)
    time = "" if left is None else f", about {left:.3g} s of one process"
    unknown = ", none timed so far" if missing and left is None else ""
    tell(f"{count}: {done} done, {len(missing)} to do{time if missing else ''}{unknown}")
    return 0


def _rows(points: tuple[Point, ...], store: Store) -> Iterator[_PlanRow]:
    present = set(store.ids())
    done = {point.id: store.read_wall(point.id) for point in points if point.id in present}
    timed = {point.id: point for point in points if done.get(point.id) is not None}
    estimates = Estimates([(point, done[id_] or 0.0) for id_, point in timed.items()])
    for point in points:
        id_ = point.id
        yield _PlanRow(point, id_ in present, done[id_] if id_ in done else estimates.of(point))


def _cells(row: _PlanRow) -> list[str]:
    seconds = "" if row.seconds is None else f"{'' if row.done else '~'}{row.seconds:.3g} s"
    state = "done" if row.done else "to do"
    return [row.point.label, row.point.id[:SHOWN_DIGITS], state, seconds]


def _object(row: _PlanRow) -> dict[str, object]:
    return {
        "label": row.point.label,
        "id": row.point.id,
        "swept": dict(row.point.swept),
        "done": row.done,
        "seconds": _rounded(row.seconds),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
