"""``forksim export``: a run as one long table, for pandas, R and the like."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from experiments.commands.finished_run import open_run
from experiments.commands.printing import say
from experiments.language.errors import InputError
from results.records.whole_file import whole_file
from results.tables.tidy import in_one_type, tidy, write_csv


def main(folder: str, file: str) -> int:
    """Write the run in ``folder`` to ``file``, a row per point, repetition and metric; 0.

    Raises:
        InputError: the file is neither .csv nor .parquet, or its folder or pyarrow is not there.
    """
    target = Path(file)
    if target.suffix not in (".csv", ".parquet"):
        raise InputError(f"{file}: {target.suffix!r}: expected a file ending in .csv or .parquet")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: no such folder: expected one for the file")
    if target.suffix == ".parquet" and find_spec("pyarrow") is None:
        wanted = "expected pyarrow to be installed: pip install 'forksim[parquet]'"
        raise InputError(f"{file}: parquet: {wanted}")
    run = open_run(folder)
    table = tidy(run.records, run.swept)
    with whole_file(target) as stream:
        if target.suffix == ".csv":
            write_csv(table, stream)
        else:
            in_one_type(table).to_parquet(stream, index=False)
    say(f"{len(table)} rows in {file}", err=True)
    return 0
