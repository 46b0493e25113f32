"""Files that are whole or absent, whenever the writer is killed and wherever the disk is full.

A file is written under a temporary name and renamed, so a link under its own name is replaced and
never followed. Of the way to it, the folders that somebody named may be links; those below them,
which forksim made, may not.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"
"""How names end of files that are being written, or whose writers were killed."""

_SHOWN = 40
"""Characters of a name that the temporary one has; it may be no longer than others."""

READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors of disks that are for reading only, for everybody or for us."""

UNWRITABLE = READ_ONLY | {errno.EDQUOT, errno.EFBIG, errno.ENOSPC}
"""And of full ones."""


def write_whole(file: Path, data: bytes, *, root: Path | None = None, durable: bool = True) -> None:
    """Write ``data`` to ``file``, see `whole_file`."""
    with whole_file(file, root=root, durable=durable) as stream:
        stream.write(data)


@contextmanager
def whole_file(file: Path, *, root: Path | None = None, durable: bool = True) -> Iterator[BinaryIO]:
    """A stream whose bytes are all in ``file`` afterwards, or none if anything is raised.

    A file that was there keeps its content until all of the new one is written.

    Args:
        file: where to write.
        root: the folder that somebody named; folders below it are made, and may not be links. If
            it is None, somebody named the file: its folder is there, and a pipe or a device gets
            the bytes as they come.
        durable: survive a power cut too; costs a few waits for the disk.

    Raises:
        OSError: it cannot be written, and the error names it; no temporary file is left behind.
    """
    if root is None and _is_stream(file):
        with file.open("wb") as as_it_is:
            yield as_it_is
        return
    with _folder(file.parent, root) as folder:
        name, stream = _temporary(file, folder)
        try:
            with stream:
                yield stream
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            _rename(name, file, folder)
        except BaseException as error:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(file)
            raise
        if durable:  # the rename itself survives a power cut only once the folder is on the disk
            os.fsync(folder)


def new_file(file: Path) -> BinaryIO:
    """A stream into a new, empty file that somebody named, for what others read as it grows.

    Raises:
        OSError: it cannot be made, and the error names it.
    """
    if _is_stream(file):
        return file.open("wb")
    with _folder(file.parent, None) as folder:
        name, stream = _temporary(file, folder)
        try:
            _rename(name, file, folder)
        except BaseException:
            stream.close()
            os.unlink(name, dir_fd=folder)
            raise
        return stream


def make_folder(path: Path, root: Path) -> None:
    """Make a folder below the one that somebody named, and that one, unless they are there.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    with _folder(path, root):
        pass


def _is_stream(file: Path) -> bool:
    """Whether it is a pipe, a device, or an open file as ``/dev/stdout`` or ``/dev/fd/3``."""
    try:
        found = file.lstat().st_mode
        open_files = Path("/proc/self/fd").resolve()
        if stat.S_ISLNK(found):
            leads_to = file.parent / file.readlink()
            return open_files in (file.parent.resolve(), leads_to.parent.resolve())
    except OSError:
        return False
    return not (stat.S_ISREG(found) or stat.S_ISDIR(found))


def _temporary(file: Path, folder: int) -> tuple[str, BinaryIO]:
    """A new file in a folder, by its name and as a stream."""
    name = f".{file.name[:_SHOWN]}.{secrets.token_hex(8)}{TEMPORARY}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _about(file):
        return name, os.fdopen(os.open(name, flags, 0o666, dir_fd=folder), "wb")


def _rename(name: str, file: Path, folder: int) -> None:
    with _about(file):
        os.replace(name, file.name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Errors name this, and nothing else."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def _folder(path: Path, root: Path | None) -> Iterator[int]:
    """A descriptor of a folder, in which names mean the same whoever renames what is above it."""
    named = path if root is None else root
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    opened = os.open(named, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.relative_to(named).parts:
            above, opened = opened, _folder_in(opened, part, path)
            os.close(above)
        yield opened
    finally:
        os.close(opened)


def _folder_in(above: int, name: str, path: Path) -> int:
    with _about(path):
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=above)
        if stat.S_ISLNK(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, "a link, which is not followed")
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=above)
