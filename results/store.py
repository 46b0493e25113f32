"""A folder of records, each of them whole or absent."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from results.record import DamagedRecordError, Record

_ID = re.compile(r"[0-9a-f]{64}")


class Store:
    """Records by id in one folder, safe with any number of readers and writers.

    A record is written under a temporary name, synced and renamed, so a killed writer leaves no
    half record; two writers of one point write the same bytes. A damaged file is set aside under
    a name ending in ``.corrupt``, never deleted, and its record counts as absent.
    """

    def __init__(self, path: Path, walls: Path | None = None) -> None:
        """Open the folder ``path``; it need not exist before the first write.

        Args:
            path: holds a JSON file per record and no other.
            walls: where wall times go; by default the folder ``wall`` in ``path``.
        """
        self.path = path
        self._walls = path / "wall" if walls is None else walls

    def file_of(self, id_: str) -> Path:
        """Where the record with this id is or would be.

        Raises:
            ValueError: not an id (64 hexadecimal digits).
        """
        if not _ID.fullmatch(id_):
            raise ValueError(f"{id_!r} is not the id of a record")
        return self.path / f"{id_}.json"

    def write(self, record: Record) -> Path:
        """Write the record, whole or not at all, and return its file."""
        file = self.file_of(record.id)
        self._write_whole(file, record.to_bytes())
        return file

    def read(self, id_: str) -> Record | None:
        """The record with this id, or None if it is absent or was found damaged.

        Raises:
            RecordFormatError: the record was written by another version of forksim.
        """
        file = self.file_of(id_)
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
        try:
            record = Record.from_bytes(data)
        except DamagedRecordError:
            self._set_aside(file)
            return None
        if record.id != id_:  # a copy of another point's record
            self._set_aside(file)
            return None
        return record

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
        self._write_whole(self._wall_file(id_), data.encode("ascii"))

    def read_wall(self, id_: str) -> float | None:
        """How long the point took to simulate, in seconds, or None if that was not kept."""
        try:
            return float(json.loads(self._wall_file(id_).read_bytes())["wall_s"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _wall_file(self, id_: str) -> Path:
        return self._walls / self.file_of(id_).name

    def _write_whole(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._sync(file.parent)

    @staticmethod
    def _sync(path: Path) -> None:
        # The rename itself survives a power cut only once the folder is on the disk.
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _set_aside(self, file: Path) -> None:
        aside = file.with_name(f"{file.name}.corrupt")
        number = 1
        while aside.exists():
            number += 1
            aside = file.with_name(f"{file.name}.{number}.corrupt")
        try:
            file.rename(aside)
        except FileNotFoundError:
            return  # another reader has just set it aside
