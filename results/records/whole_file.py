"""Files that are whole or absent, whenever the writer is killed and wherever the disk is full."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` to ``file``: after this call all of it is there, after a failed one nothing.

    A file that was there keeps its content until all of the new one is written. Folders are made.

    Args:
        file: where to write.
        data: all of the new content.
        durable: survive a power cut too; costs a few waits for the disk.

    Raises:
        OSError: it cannot be written, and the error names it; no temporary file is left behind.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename2 is None:
            error.filename = str(file)
        raise
    if durable:
        _sync(file.parent)


def _sync(path: Path) -> None:
    # The rename itself survives a power cut only once the folder is on the disk.
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
