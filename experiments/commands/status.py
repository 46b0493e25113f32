"""``forksim status``: how far a run is, from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.commands.printing import print_json, tell
from experiments.language.errors import InputError
from results.records.found_files import read_bytes
from results.records.run_folder import RunFolder
from results.records.store import Store, record_of


def main(folder: str, check: bool, as_json: bool) -> int:
    """Print what the run in ``folder`` has; nothing there is changed."""
    path = Path(folder)
    if not path.is_dir():
        raise InputError(f"{path}: no such folder: expected that of a run, such as runs/NAME")
    run = RunFolder(path)
    listed = run.read_points()
    points = None if listed is None else {point.id for point in listed}
    if points is None and not run.store.path.is_dir():
        raise InputError(f"{path}: no points in it: expected the folder of a run")
    found = _found(run.store, points, check)
    if as_json:
        print_json({"folder": str(path), **found})
    else:
        for line in _lines(path, found):
            tell(line)
    return 0


def _found(store: Store, points: set[str] | None, check: bool) -> dict[str, Any]:
    """What there is; points other than ``points`` are of earlier runs in the same folder."""
    present = set(store.ids())
    damaged = {id_ for id_ in present if not _whole(store, id_)} if check else set()
    done = present - damaged
    wanted = done if points is None else points
    failed = {id_: failure for id_, failure in store.failures() if id_ not in done}
    if points is not None:
        failed = {id_: failure for id_, failure in failed.items() if id_ in wanted}
    return {
        "points": None if points is None else len(points),
        "done": len(done & wanted),
        "failed": [{"point": f.point, "reason": f.reason} for f in failed.values()],
        "missing": None if points is None else len(wanted - done - set(failed)),
        "of_other_runs": len(done - wanted),
        "damaged": [store.file_of(id_).name for id_ in sorted(damaged)] if check else None,
        "set_aside": [file.name for file in store.set_aside()],
        "leftovers": [file.name for file in store.leftovers()],
    }


def _whole(store: Store, id_: str) -> bool:
    data = read_bytes(store.file_of(id_))
    return data is not None and record_of(id_, data) is not None


def _lines(path: Path, found: dict[str, Any]) -> list[str]:
    of_all = "" if found["points"] is None else f" of {found['points']}"
    first = f"{path}: {found['done']}{of_all} points done, {len(found['failed'])} failed"
    if found["missing"] is not None:
        first += f", {found['missing']} missing"
    lines = [first]
    lines += [f"failed: {failed['point']}: {failed['reason']}" for failed in found["failed"]]
    if found["of_other_runs"]:
        lines.append(f"records of other points: {found['of_other_runs']}")
    lines += [f"damaged: {name}: the next run sets it aside" for name in found["damaged"] or []]
    lines += [f"set aside: {name}" for name in found["set_aside"]]
    if found["leftovers"]:
        lines.append(f"temporary files: {len(found['leftovers'])}, of writers at work or killed")
    return lines
