"""A folder of records, each of them whole or absent."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from results.records.found_files import read_bytes, read_json
from results.records.record import DamagedRecordError, Record
from results.records.span_file import Watched, read_head
from results.records.whole_file import READ_ONLY, TEMPORARY, write_whole

_ID = re.compile(r"[0-9a-f]{64}")
_FAILED = ".failed.txt"
_ASIDE = ".corrupt"
_DEAD_AFTER_S = 3600.0
"""A write takes well under a second; a temporary file this old has lost its writer."""


@dataclass(frozen=True)
class Failure:
    """Why a point has no record.

    Attributes:
        point: its label, one line.
        reason: one line.
        details: a traceback, or empty.
    """

    point: str
    reason: str
    details: str = ""


class Store:
    """Records by id in one folder, safe with any number of readers and writers.

    A record is written under a temporary name, synced and renamed, so a killed writer leaves no
    half record; two writers of one point write the same bytes. A damaged file, or a record of
    another layout, is set aside under a name ending in ``.corrupt``, never deleted, and its record
    counts as absent; where nothing can be written, it stays and counts as absent.
    """

    def __init__(self, path: Path, walls: Path | None = None, spans: Path | None = None) -> None:
        """Open the folder ``path``; it need not exist before the first write.

        Args:
            path: holds a JSON file per record and no other. The folder above it is somebody's
                and may be a link; this one may not.
            walls: where wall times go; by default the folder ``wall`` in ``path``.
            spans: where spans go; by default the folder ``spans`` in ``path``.
        """
        self.path = path
        self._walls = path / "wall" if walls is None else walls
        self._spans = path / "spans" if spans is None else spans

    def file_of(self, id_: str) -> Path:
        """Where the record with this id is or would be.

        Raises:
            ValueError: not an id (64 hexadecimal digits).
        """
        if not _ID.fullmatch(id_):
            raise ValueError(f"{id_!r} is not the id of a record")
        return self.path / f"{id_}.json"

    def failure_file_of(self, id_: str) -> Path:
        """Where it says why the point has no record, if it failed."""
        return self.file_of(id_).with_suffix(_FAILED)

    def write(self, record: Record) -> Path:
        """Write the record, whole or not at all, and return its file."""
        return self.write_bytes(record.id, record.to_bytes())

    def write_bytes(self, id_: str, data: bytes, *, durable: bool = True) -> Path:
        """Write the record with this id from its own bytes; an earlier failure is forgotten.

        Args:
            id_: of the record.
            data: its bytes.
            durable: survive a power cut too; else it is absent or found damaged after one.
        """
        file = self.file_of(id_)
        write_whole(file, data, root=self.path.parent, durable=durable)
        with suppress(OSError):
            self.failure_file_of(id_).unlink()
        return file

    def read(self, id_: str) -> Record | None:
        """The record with this id, or None if it is absent or was found damaged."""
        file = self.file_of(id_)
        while True:
            data = read_bytes(file)
            if data is None:
                return None
            record = record_of(id_, data)
            if record is not None:
                return record
            if self._set_aside(file, data):
                return None

    def has(self, id_: str) -> bool:
        """Whether `read` would return a record; a damaged one is set aside as there."""
        return self.read(id_) is not None

    def ids(self) -> Iterator[str]:
        """The ids of the records present, sorted, without checking that they are whole."""
        for file in sorted(self.path.glob("*.json")):
            if _ID.fullmatch(file.stem):
                yield file.stem

    def write_wall(self, id_: str, seconds: float) -> None:
        """Keep how long the point took to simulate, apart from its record because it varies."""
        data = json.dumps({"wall_s": round(seconds, 3)}) + "\n"
        file = self._wall_file(id_)
        write_whole(file, data.encode("ascii"), root=self.path.parent, durable=False)

    def read_wall(self, id_: str) -> float | None:
        """How long the point took to simulate, in seconds, or None if that was not kept."""
        try:
            seconds = float(read_json(self._wall_file(id_))["wall_s"])
        except (OSError, ValueError, LookupError, TypeError, OverflowError):
            return None
        return seconds if 0 <= seconds < math.inf else None

    def spans_file_of(self, id_: str) -> Path:
        """Where the spans of the point are, if it has some: see `results.records.span_file`."""
        return self._spans / f"{self.file_of(id_).stem}.csv"

    def write_spans(self, id_: str, data: bytes) -> None:
        """Keep a file of spans of the point; that of another stretch of time is replaced."""
        write_whole(self.spans_file_of(id_), data, root=self.path.parent, durable=False)

    def has_spans(self, id_: str, watched: Watched) -> bool:
        """Whether the spans of the point are there that belong to a stretch of time."""
        head = read_head(self.spans_file_of(id_))
        return head is not None and head.watched == watched

    def write_failure(self, id_: str, failure: Failure) -> Path:
        """Keep why the point has no record, until it has one."""
        file = self.failure_file_of(id_)
        text = f"{failure.point}\n{failure.reason}\n{failure.details}"
        data = text.encode("utf-8", "backslashreplace")
        write_whole(file, data, root=self.path.parent, durable=False)
        return file

    def told(self, id_: str, failure: Failure) -> str:
        """Why the point has no record, and where its traceback is, in one line."""
        where = f" (traceback in {self.failure_file_of(id_)})" if failure.details else ""
        return f"{failure.reason}{where}"

    def failures(self) -> Iterator[tuple[str, Failure]]:
        """Every failure that is kept, by id, sorted."""
        for file in sorted(self.path.glob(f"*{_FAILED}")):
            id_ = file.name.removesuffix(_FAILED)
            if _ID.fullmatch(id_):
                data = read_bytes(file)
                if data is not None:  # else the point has just got its record
                    text = data.decode("utf-8", "replace")
                    point, reason, details = [*text.split("\n", 2), "", ""][:3]
                    yield id_, Failure(point, reason, details)

    def set_aside(self) -> list[Path]:
        """The damaged records that were set aside, sorted."""
        return sorted(self.path.glob(f"*{_ASIDE}"))

    def leftovers(self) -> list[Path]:
        """Temporary files: of writers at work, or of killed ones."""
        return [
            file
            for folder in (self.path, self._walls, self._spans)
            for file in sorted(folder.glob(f".*{TEMPORARY}"))
        ]

    def make_ready(self) -> None:
        """Make the folder, see that it can be written to, and remove what dead writers left.

        Raises:
            OSError: a record could not be written here.
        """
        probe = self.path / ".writable"
        write_whole(probe, b"", root=self.path.parent, durable=False)
        with suppress(FileNotFoundError):  # another run has just done the same
            probe.unlink()
        for file in self.leftovers():
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _DEAD_AFTER_S:
                    file.unlink()

    def _wall_file(self, id_: str) -> Path:
        return self._walls / self.file_of(id_).name

    def _set_aside(self, file: Path, data: bytes) -> bool:
        """Rename the file, which held ``data``; false if it meanwhile holds something else."""
        aside = file.with_name(f"{file.name}{_ASIDE}")
        number = 1
        while os.path.lexists(aside):
            number += 1
            aside = file.with_name(f"{file.name}.{number}{_ASIDE}")
        try:
            file.rename(aside)
        except FileNotFoundError:
            return False  # another reader has just set it aside
        except OSError as error:
            if error.errno in READ_ONLY:
                return True
            raise
        if read_bytes(aside) != data:  # and has written the record anew
            aside.replace(file)
            return False
        return True


def record_of(id_: str, data: bytes) -> Record | None:
    """The record in a file's bytes, or None if they are damaged or those of another point."""
    try:
        record = Record.from_bytes(data)
    except DamagedRecordError:
        return None
    return record if record.id == id_ else None
