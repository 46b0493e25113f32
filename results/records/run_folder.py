"""The folder of a run: which files are where, its points in order and what came out of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.records.fork_labels import with_whole_forks
from results.records.found_files import read_json
from results.records.labels import labels_of
from results.records.record import Record
from results.records.store import Store
from results.records.whole_file import make_folder, write_whole


class RunFolderError(ValueError):
    """It is no run's folder, or has no record that can be read; the message is one line."""


@dataclass(frozen=True)
class ListedPoint:
    """A point of the experiment that was last run in a folder.

    Attributes:
        id: its record's.
        label: what to call it.
        swept: its swept fields by dotted path as the user wrote them; None if nobody noted them.
    """

    id: str
    label: str
    swept: Mapping[str, str] | None


@dataclass(frozen=True)
class RunFolder:
    """Where a run's files are; the folder need not exist before something is written."""

    path: Path

    @property
    def store(self) -> Store:
        """The folder's records."""
        return Store(self.path / "points", self.path / "wall", self.spans)

    @property
    def spans(self) -> Path:
        """The folder of spans, a file a point, if some were asked for."""
        return self.path / "spans"

    @property
    def experiment_file(self) -> Path:
        """The experiment that was last run here, as it was run."""
        return self.path / "experiment.yaml"

    @property
    def table_file(self) -> Path:
        """The table of its results."""
        return self.path / "table.csv"

    @property
    def figure_stem(self) -> Path:
        """The files of its figure, without their endings."""
        return self.path / "figure"

    def make(self) -> None:
        """Make the folder and the one for records in it, unless they are there.

        Raises:
            OSError: it cannot be made here, or the one in it is a link.
        """
        make_folder(self.store.path, self.path)

    def write_points(self, name: str, points: Sequence[ListedPoint]) -> None:
        """Write which points the experiment has, so that others can see how far it is."""
        listed = [{"id": point.id, "point": point.label, "swept": point.swept} for point in points]
        text = json.dumps({"name": name, "points": listed}, indent=0)
        write_whole(self._list_file, f"{text}\n".encode("ascii"))

    def read_name(self) -> str | None:
        """The name of the experiment that was last run here; None if that is not known."""
        try:
            return str(self._read_list()["name"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def read_points(self) -> list[ListedPoint] | None:
        """The points of the last run here in their order; None if they are not known."""
        try:
            return [
                ListedPoint(str(point["id"]), str(point.get("point", "")), _swept(point))
                for point in self._read_list()["points"]
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @property
    def _list_file(self) -> Path:
        return self.path / "points.json"

    def _read_list(self) -> Any:
        return read_json(self._list_file)


def _swept(point: Mapping[str, Any]) -> Mapping[str, str] | None:
    swept = point.get("swept")
    return None if swept is None else {path: str(text) for path, text in swept.items()}


@dataclass(frozen=True)
class Run:
    """What a run has left.

    Attributes:
        path: its folder.
        records: of the points that are done, in the order of the sweep.
        labels: per record, its swept fields by dotted path as the user wrote them, a fork with
            its options (`results.records.fork_labels`).
        missing: how many points have no record.
        written: the labels with the options of forks as fields of their own.
        damaged: labels of points whose record was there and could not be read.
        failed: labels of points that have none because they failed, each with the reason.
        untried: labels of those that nobody has tried.
    """

    path: Path
    records: Sequence[Record]
    labels: Sequence[Mapping[str, str]]
    missing: int = 0
    written: Sequence[Mapping[str, str]] = ()
    damaged: Sequence[str] = ()
    failed: Sequence[tuple[str, str]] = ()
    untried: Sequence[str] = ()

    @property
    def swept(self) -> list[str]:
        """Dotted paths of the fields that tell the points apart."""
        return list(dict.fromkeys(path for label in self.labels for path in label))


def read(path: Path) -> Run:
    """Read a run's folder that has results, such as ``runs/NAME``; see `look`.

    Raises:
        RunFolderError: no point's record is there.
    """
    run = look(path)
    if not run.records:
        raise RunFolderError(f"{path}: no point is done: expected a run that has results")
    return run


def look(path: Path) -> Run:
    """Read what is in a run's folder.

    Of the points that the folder has, those of its last experiment are read; where that is not
    written down, all.

    Raises:
        RunFolderError: it is none.
    """
    folder = RunFolder(path)
    store, listed = folder.store, folder.read_points()
    if not store.path.is_dir():
        raise RunFolderError(f"{path}: expected the folder of a run, such as runs/NAME")
    present = list(store.ids())
    points = [ListedPoint(id_, id_, None) for id_ in present] if listed is None else listed
    try:
        found = [store.read(point.id) for point in points]
    except ValueError as error:  # an id that is none
        raise RunFolderError(f"{path}: {error}") from None
    records = [record for record in found if record is not None]
    labels: Sequence[Mapping[str, str]] = labels_of(records)
    written = [point.swept for point in points if point.swept is not None]
    if listed is not None and len(written) == len(listed):
        labels = [label for label, record in zip(written, found, strict=True) if record is not None]
    lost = [point for point, record in zip(points, found, strict=True) if record is None]
    failures = dict(store.failures())
    return Run(
        path,
        records,
        with_whole_forks(labels),
        missing=len(lost),
        written=labels,
        damaged=[point.label for point in lost if point.id in present],
        failed=[
            (point.label, store.told(point.id, failures[point.id]))
            for point in lost
            if point.id in failures
        ],
        untried=[point.label for point in lost if point.id not in {*present, *failures}],
    )
