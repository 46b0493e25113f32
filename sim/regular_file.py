"""Regular files, opened without waiting and read as far as they go at that moment."""

from __future__ import annotations

import errno
import io
import os
import stat
from os import PathLike
from typing import Protocol

NOT_A_FILE = "not a file"
"""What is said of a folder, a pipe, a device."""


class Hash(Protocol):
    """What takes bytes in order, such as `hashlib.sha256()`."""

    def update(self, data: memoryview, /) -> None:
        """Take the next bytes."""


def open_regular(path: str | PathLike[str], seen: Hash | None = None) -> io.BufferedReader:
    """A file's bytes up to the size that it has now: a log may grow while it is read.

    Args:
        path: the file.
        seen: takes every byte that is read.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe or a device, which have no end that
            one could wait for.
        ValueError: no file can have this name.
    """
    name = os.fspath(path)
    try:
        # A pipe would be waited for here until somebody writes to it.
        opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise OSError(errno.EINVAL, NOT_A_FILE, name) from None
        raise
    found = os.fstat(opened)
    if stat.S_ISREG(found.st_mode):
        return io.BufferedReader(_AtOpening(io.FileIO(opened), found.st_size, seen))
    os.close(opened)
    kind = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL
    raise OSError(kind, NOT_A_FILE, name)


def read_regular(path: str | PathLike[str]) -> bytes:
    """All bytes of a file, see `open_regular`."""
    with open_regular(path) as stream:
        return stream.read()


class _AtOpening(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, raw: io.FileIO, size_bytes: int, seen: Hash | None) -> None:
        self._raw = raw
        self._left_bytes = size_bytes
        self._seen = seen

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader gives
        view = memoryview(buffer)[: self._left_bytes]
        count = self._raw.readinto(view) or 0
        self._left_bytes -= count
        if self._seen is not None:
            self._seen.update(view[:count])
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
