"""A folder of measured rows: which files it has, and what is predicted of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from experiments.calibration.measured_rows import MeasuredRow, read_rows
from experiments.language.errors import InputError, Position, suggestion
from experiments.validation import (
    afl_rows,
    fork_rows,
    redis_latency_rows,
    redis_snapshot_rows,
    sqlite_rows,
    touch_rows,
)
from experiments.validation.prediction import Prediction
from experiments.validation.redis_session import RedisSession
from models.costs.profile import Profile


class OfRows(Protocol):
    """What predicts the rows of one file."""

    def __call__(self, rows: Sequence[MeasuredRow], profile: Profile, /) -> list[Prediction]:
        """The predictions, in the order of the rows."""


class _RowFile(NamedTuple):
    columns: Sequence[str]
    predictions: OfRows


_ALONE: Mapping[str, _RowFile] = {
    of.FILE: _RowFile(of.COLUMNS, of.predictions)
    for of in (fork_rows, touch_rows, sqlite_rows, afl_rows)
}
"""Files that are predicted each by itself."""

_EVENTS, _LATENCIES = redis_snapshot_rows.FILE, redis_latency_rows.FILE
_OF_REDIS: Mapping[str, Sequence[str]] = {
    _EVENTS: redis_snapshot_rows.COLUMNS,
    _LATENCIES: redis_latency_rows.COLUMNS,
}
"""Files of one session, which tell of each other's rows."""

COLUMNS: Mapping[str, Sequence[str]] = {
    **{name: file.columns for name, file in _ALONE.items()},
    **_OF_REDIS,
}
"""The columns that each file must have."""


def chosen_files(only: Sequence[str], option: str) -> Collection[str]:
    """The files that these names mean, with or without ``.csv``; without names all.

    Raises:
        InputError: a name is that of no such file.
    """
    stems = {Path(name).stem: name for name in COLUMNS}
    for ordinal, name in enumerate(only, 1):
        if Path(name).stem not in stems or name not in (Path(name).stem, f"{Path(name).stem}.csv"):
            wrong = f"{name!r}{suggestion(name, stems)}"
            raise InputError.at(Position(option, ordinal), wrong)
    return [stems[Path(name).stem] for name in only] or list(COLUMNS)


def predicted(
    folder: Path, profile: Profile, chosen: Collection[str]
) -> Iterator[tuple[str, list[Prediction]]]:
    """What is predicted of the files that are there, file after file.

    Args:
        folder: where they lie.
        profile: that of the machine that they were measured on.
        chosen: names of files.

    Raises:
        InputError: none of them is there, or one is wrong.
    """
    there = [name for name in COLUMNS if (folder / name).exists()]
    if not any(name in chosen for name in there):
        wrong = f"none of the files: expected {', '.join(n for n in COLUMNS if n in chosen)}"
        raise InputError.at(Position(str(folder)), wrong)
    of_redis = any(name in chosen for name in there if name in _OF_REDIS)
    # All is read before anything is simulated, so that a wrong file is told at once.
    rows = {
        name: read_rows(folder / name, COLUMNS[name])
        for name in there
        if name in chosen or (of_redis and name in _OF_REDIS)
    }
    redis_latency_rows.check_phases(rows.get(_LATENCIES, []))
    aged = profile.when_aged
    session = RedisSession(rows.get(_EVENTS, []), rows.get(_LATENCIES, []), aged)
    for name, of_file in rows.items():
        if name not in chosen:
            continue
        if name == _EVENTS:
            yield name, redis_snapshot_rows.predictions(session)
        elif name == _LATENCIES:
            yield name, redis_latency_rows.predictions(session)
        else:
            # Programs are measured for hours, forks of fresh memory at the beginning.
            state = profile if name == fork_rows.FILE else aged
            yield name, _ALONE[name].predictions(of_file, state)
