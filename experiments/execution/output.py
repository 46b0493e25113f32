"""The folder of a run: records, table, figure and the experiment itself."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from ruamel.yaml import YAML

from experiments.execution.runner import RunOutcome
from experiments.language.document import Document
from experiments.language.errors import InputError
from experiments.planning.points import Point
from results.records.store import Store
from results.records.whole_file import write_whole
from results.tables.as_csv import to_csv
from results.tables.run_table import RunTable, run_table

POINTS = "points.json"
"""File of a run's folder: the experiment's name, the id and label of each of its points."""


class RunFolder:
    """Where a run's results go."""

    def __init__(self, path: Path) -> None:
        """Name the folder.

        Raises:
            InputError: something that is not a folder is in the way.
        """
        for part in (path, *path.parents):
            try:
                found = part.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue  # what is above it says more
            except OSError as error:
                raise InputError(f"{part}: {error.strerror}: expected a folder") from None
            if not stat.S_ISDIR(found.st_mode):
                raise InputError(f"{part}: not a folder: expected one for the results")
            break
        self.path = path

    @property
    def store(self) -> Store:
        """The folder's records."""
        return Store(self.path / "points", self.path / "wall")

    def make(self) -> None:
        """Make the folder and the one for records in it, unless they are there.

        Raises:
            InputError: it cannot be made here.
        """
        try:
            (self.path / "points").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{error.strerror}: expected a folder that can be made"
            raise InputError(f"{self.path}: {reason}") from None

    def read_name(self) -> str | None:
        """The name of the experiment that was last run here; None if that is not known."""
        try:
            return str(json.loads((self.path / POINTS).read_bytes())["name"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_points(self, name: str, points: Sequence[Point]) -> None:
        """Write which points the experiment has, so that others can see how far it is."""
        known = [
            {"id": point.id, "point": point.label, "swept": dict(point.swept)} for point in points
        ]
        text = json.dumps({"name": name, "points": known}, indent=0)
        write_whole(self.path / POINTS, f"{text}\n".encode("ascii"))

    def read_points(self) -> dict[str, str] | None:
        """The labels of the points of the last run here, by id; None if that is not known."""
        try:
            known = json.loads((self.path / POINTS).read_bytes())["points"]
            return {str(point["id"]): str(point["point"]) for point in known}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, document: Document, finished: RunOutcome) -> RunTable:
        """Write everything but the records, which are there, and return the table."""
        write_whole(self.path / "experiment.yaml", _yaml(document).encode("utf-8"))
        labels = [point.swept for point in finished.points]
        table = run_table(finished.records, labels)
        write_whole(self.path / "table.csv", to_csv(table).encode("utf-8"))
        if finished.records:
            figures = import_module("results.figures.run")
            figures.write(finished.records, self.path, labels)
        return table


def _yaml(document: Document) -> str:
    text = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.width = 100_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # the order is the user's
    yaml.dump(document.data, text)
    return text.getvalue()
