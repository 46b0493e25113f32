"""``forksim export``: a run as one long table, or its distributions as files of percentiles."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from experiments.commands.finished_run import ending_of, open_run
from experiments.commands.printing import data_stream, say
from experiments.language.errors import InputError
from results.records.run_folder import Run
from results.records.whole_file import make_folder, whole_file, write_whole
from results.tables.distributions import PointDistribution, distributions
from results.tables.percentile_text import ENDING, percentile_text
from results.tables.tidy import in_one_type, tidy, write_csv

STANDARD_OUTPUT = "-"
_LONGEST_NAME = 200
_CSV, _PARQUET = ".csv", ".parquet"


def main(folder: str, target: str) -> int:
    """Write the run in ``folder`` to ``target``; 0, 1 if points of it failed or are damaged.

    Args:
        folder: the run's.
        target: a file whose ending says what it is: ``.csv`` or ``.parquet``, a row per point,
            repetition and metric; ``.hgrm``, the percentiles of a run's only distribution. A
            folder gets such a file for each. ``-`` is standard output, and CSV.

    Raises:
        InputError: it is none of these, or its folder or pyarrow is not there.
    """
    file = Path(target)
    if not target:
        raise InputError("'': expected a file or a folder to export to")
    into_folder = file.is_dir() or target.endswith("/")
    if target != STANDARD_OUTPUT and not into_folder:
        _check(target)
    run = open_run(folder)
    if target == STANDARD_OUTPUT:
        write_csv(tidy(run.records, run.swept), data_stream())
    elif into_folder:
        _write_each(run, file)
    elif file.suffix == ENDING:
        write_whole(file, _text(_only(run, target)))
    else:
        _write_table(run, file)
    return ending_of(run)


def _check(target: str) -> None:
    file = Path(target)
    if file.suffix not in (_CSV, _PARQUET, ENDING):
        wanted = f"{_CSV}, {_PARQUET} or {ENDING}, a folder, or - for standard output"
        raise InputError(f"{target}: {file.suffix!r}: expected a file ending in {wanted}")
    if not file.parent.is_dir():
        raise InputError(f"{file.parent}: no such folder: expected one for the file")
    if file.suffix == _PARQUET and find_spec("pyarrow") is None:
        wanted = "expected pyarrow to be installed: pip install 'forksim[parquet]'"
        raise InputError(f"{target}: parquet: {wanted}")


def _write_table(run: Run, file: Path) -> None:
    table = tidy(run.records, run.swept)
    with whole_file(file) as stream:
        if file.suffix == _CSV:
            write_csv(table, stream)
        else:
            in_one_type(table).to_parquet(stream, index=False)
    say(f"{len(table)} rows in {file}", err=True)


def _only(run: Run, target: str) -> PointDistribution:
    """The run's only distribution, but for parts of it."""
    found = [one for one in distributions(run.records, run.labels) if not one.of.part]
    if len(found) != 1:
        wanted = "expected one, or a folder for a file each, such as percentiles/"
        raise InputError(f"{target}: {len(found)} distributions: {wanted}")
    return found[0]


def _write_each(run: Run, folder: Path) -> None:
    """A file for each distribution of the run in a folder, which is made if its parent is there."""
    found = list(distributions(run.records, run.labels))
    if not found:
        raise InputError(f"{run.path}: no distributions: expected a run that has some")
    if not folder.parent.is_dir():
        raise InputError(f"{folder.parent}: no such folder: expected one for the folder")
    make_folder(folder, folder)
    used: Counter[str] = Counter()
    for one in found:
        name = one.name[-_LONGEST_NAME:]
        used[name] += 1
        number = "" if used[name] == 1 else f"-{used[name]}"
        write_whole(folder / f"{name}{number}{ENDING}", _text(one), durable=False)
    say(f"{len(found)} files in {folder}", err=True)


def _text(one: PointDistribution) -> bytes:
    return percentile_text(one.histogram, one.of.unit).encode("ascii")
