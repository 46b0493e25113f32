"""The folder of a run, as a run finds and leaves it."""

from __future__ import annotations

import io
import stat
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path

from ruamel.yaml import YAML

from experiments.execution.runner import RunOutcome
from experiments.language.document import Document
from experiments.language.errors import InputError
from experiments.language.limits import limits_of
from experiments.planning.points import Point
from results.figures import stamps
from results.metrics.capacity import Capacity
from results.metrics.limits import MetricLimit
from results.metrics.summary import summaries
from results.records.record import Record
from results.records.run_folder import RunFolder
from results.records.whole_file import READ_ONLY, UNWRITABLE, write_whole
from results.tables.as_csv import to_csv
from results.tables.capacity_table import to_csv as capacity_to_csv
from results.tables.limit_table import LimitRow, limit_rows
from results.tables.run_table import RunTable, run_table


def folder_at(path: Path) -> RunFolder:
    """The folder of this name, there or not.

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
    return RunFolder(path)


def make(folder: RunFolder) -> None:
    """Make the folder, unless it is there.

    Raises:
        InputError: it cannot be made here.
        OSError: nothing can be written here.
    """
    try:
        folder.make()
    except OSError as error:
        if error.errno in UNWRITABLE:
            raise
        reason = f"{error.strerror}: expected a folder that can be made"
        raise InputError(f"{error.filename or folder.path}: {reason}") from None


def excuse(error: OSError, folder: RunFolder, points: Collection[Point]) -> str:
    """Why nothing is written, if nothing need be: the disk is read-only, the points are there.

    Raises:
        OSError: the ``error``, if it is another one, or points are missing.
    """
    if error.errno not in READ_ONLY or not {p.id for p in points} <= set(folder.store.ids()):
        raise error
    return f"{error.filename}: {error.strerror}: nothing is written, the points are there"


def table_of(finished: RunOutcome) -> RunTable:
    """The table of what was simulated, now or before."""
    return run_table(finished.records, [point.swept for point in finished.points])


def limit_rows_of(document: Document, records: Sequence[Record], table: RunTable) -> list[LimitRow]:
    """Who meets the limits that an experiment has, if anything came out of it.

    Args:
        document: the experiment.
        records: one per point.
        table: that of them.

    Raises:
        InputError: a limit is of no metric of theirs, or its amount of another unit.
    """
    if not records:
        return []
    labels = {row.id: row.labels for row in table.rows}
    own = [labels[record.id] for record in records]
    return limit_rows(records, own, limits_of(document, table.metrics))


def limits_of_record(document: Document, record: Record) -> list[MetricLimit]:
    """An experiment's limits, of metrics that a record has.

    Raises:
        InputError: one is of no such metric, or its amount of another unit.
    """
    known = [s.metric for _, own in record.by_program() for s in summaries(own).values()]
    return limits_of(document, known)


def write(
    folder: RunFolder,
    document: Document,
    finished: RunOutcome,
    table: RunTable,
    formats: Collection[str],
) -> None:
    """Write everything but the records, which are there.

    Args:
        folder: where to.
        document: the experiment.
        finished: what was simulated, now or before.
        table: that of it.
        formats: of the figure, which is drawn unless it is there and current.
    """
    write_whole(folder.experiment_file, _yaml(document).encode("utf-8"))
    write_whole(folder.table_file, to_csv(table).encode("utf-8"))
    if finished.records and formats:
        _draw(folder, finished, formats)


def write_capacity(folder: RunFolder, capacity: Capacity, formats: Collection[str]) -> None:
    """Write the table of a search and its picture, named after the field."""
    stem = folder.path / f"capacity-{capacity.field}"
    write_whole(stem.with_name(f"{stem.name}.csv"), capacity_to_csv(capacity).encode("utf-8"))
    if formats:
        import_module("results.figures.capacity").write(capacity, stem, formats)


def _draw(folder: RunFolder, finished: RunOutcome, formats: Collection[str]) -> None:
    labels = [point.swept for point in finished.points]
    stem, name = folder.figure_stem, folder.read_name() or ""
    stamp, inputs = (
        stamps.stamp_of(folder.path, stem.name),
        stamps.inputs(finished.records, labels, name),
    )
    if not stamps.is_current(stamp, inputs, [stem.with_suffix(f".{one}") for one in formats]):
        figures = import_module("results.figures.run")  # what draws is slow to import
        drawn = figures.write(finished.records, stem, labels, formats, name)
        stamps.keep(stamp, inputs, drawn)


def _yaml(document: Document) -> str:
    text = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.width = 100_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # the order is the user's
    yaml.dump(document.data, text)
    return text.getvalue()
