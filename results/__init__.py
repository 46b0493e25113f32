"""What came out: records, percentiles, tables, figures, and the published numbers beside them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def load(path: str | Path) -> pd.DataFrame:
    """The results of a run as a long table, see `results.tables.tidy.tidy`.

    Args:
        path: the run's folder, such as ``runs/NAME``.

    Raises:
        results.records.run_folder.RunFolderError: it is none, or has no results.
    """
    run = import_module("results.records.run_folder").read(Path(path))
    table: pd.DataFrame = import_module("results.tables.tidy").tidy(run.records, run.swept)
    return table
