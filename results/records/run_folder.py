"""The folder of a run, read: its points in order, as they were written and as they came out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.records.fork_labels import with_whole_forks
from results.records.labels import labels_of
from results.records.record import Record
from results.records.store import Store


class RunFolderError(ValueError):
    """It is no run's folder, or its records cannot be read; the message is one line."""


@dataclass(frozen=True)
class Run:
    """What a run has left.

    Attributes:
        path: its folder.
        records: of the points that are done, in the order of the sweep.
        labels: per record, its swept fields by dotted path as the user wrote them, a fork with
            its options (`results.records.fork_labels`).
        missing: how many points have no record.
    """

    path: Path
    records: Sequence[Record]
    labels: Sequence[Mapping[str, str]]
    missing: int = 0

    @property
    def swept(self) -> list[str]:
        """Dotted paths of the fields that tell the points apart."""
        return list(dict.fromkeys(path for label in self.labels for path in label))


def read(path: Path) -> Run:
    """Read a run's folder, such as ``runs/NAME``.

    Of the points that the folder has, those of its last experiment are read; where that is not
    written down, all.

    Raises:
        RunFolderError: no point's record is there, or another version of forksim wrote it.
    """
    if not (path / "points").is_dir():
        raise RunFolderError(f"{path}: expected the folder of a run, such as runs/NAME")
    store = Store(path / "points", path / "wall")
    known = _known(path)
    ids = list(store.ids()) if known is None else [point["id"] for point in known]
    try:
        found = [store.read(id_) for id_ in ids]
    except ValueError as error:  # of another format, or an id that is none
        raise RunFolderError(f"{path}: {error}") from None
    records = [record for record in found if record is not None]
    if not records:
        raise RunFolderError(f"{path}: no point is done: expected a run that has results")
    labels: Sequence[Mapping[str, str]] = labels_of(records)
    if known is not None and all("swept" in point for point in known):
        written = (point["swept"] for point in known)
        labels = [label for label, record in zip(written, found, strict=True) if record is not None]
    return Run(path, records, with_whole_forks(labels), len(ids) - len(records))


def _known(path: Path) -> list[dict[str, Any]] | None:
    """The points of the last experiment that was run there."""
    try:
        points = json.loads((path / "points.json").read_bytes())["points"]
        return [{**point, "id": str(point["id"])} for point in points]
    except (OSError, ValueError, KeyError, TypeError):
        return None
