"""The folder of a run: records, table, figure and the experiment itself."""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path

from ruamel.yaml import YAML

from experiments.document import Document
from experiments.errors import InputError
from experiments.runner import Finished
from results.store import Store
from results.tables import RunTable, run_table, to_csv


class RunFolder:
    """Where a run's results go."""

    def __init__(self, path: Path) -> None:
        """Name the folder.

        Raises:
            InputError: something that is not a folder is in the way.
        """
        for part in (path, *path.parents):
            if part.exists():
                if not part.is_dir():
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

    def write(self, document: Document, finished: Finished) -> RunTable:
        """Write everything but the records, which are there, and return the table."""
        (self.path / "experiment.yaml").write_text(_yaml(document), encoding="utf-8")
        labels = [point.swept for point in finished.points]
        table = run_table(finished.records, labels)
        (self.path / "table.csv").write_text(to_csv(table), encoding="utf-8")
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
