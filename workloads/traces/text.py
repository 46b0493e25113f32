"""The text of a trace: a plain or gzip file read line by line, within limits, with positions.

Whatever is wrong with the file itself (missing, a directory, cut, corrupt, longer than the limits)
ends in a `TraceError`; whatever is wrong with a line is for the reader of its format to say.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import cast

GZIP_MAGIC = b"\x1f\x8b"
"""First two bytes of a gzip member (RFC 1952, section 2.3.1); a name's ending proves nothing."""

BLOCK_BYTES = 256 * 1024

TracePath = str | PathLike[str]


class TraceError(Exception):
    """A trace that cannot be used; its one argument is `path:line:column: what: what was expected`.

    Lines and columns count from 1, columns in bytes. A file that could not be opened is at 1:1.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file a reader accepts before it gives up; a gzip bomb is stopped by these.

    Attributes:
        max_lines: Lines in the file, of every kind; bounds the columns, hence the memory.
        max_line_bytes: Bytes of one line, its line end included.
        max_bytes: Bytes of the text after decompression.

    Raises:
        ValueError: A limit is not positive, or a line could overflow a 32-bit column.
    """

    max_lines: int = 20_000_000
    max_line_bytes: int = 2**20
    max_bytes: int = 16 * 2**30

    def __post_init__(self) -> None:
        if min(self.max_lines, self.max_line_bytes, self.max_bytes) < 1:
            raise ValueError("every limit must be at least 1")
        if self.max_line_bytes > 2**28:
            raise ValueError("max_line_bytes must be at most 256 MiB")


DEFAULT_LIMITS = Limits()


def trace_error(path: TracePath, line: int, column: int, what: str, expected: str) -> TraceError:
    """A `TraceError` in one printable line, whatever bytes the path and the texts hold."""
    text = f"{Path(path)}:{line}:{column}: {what}: expected {expected}"
    return TraceError("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


@contextmanager
def open_text(path: TracePath) -> Iterator[io.BufferedReader]:
    """The decompressed bytes of a regular file, gzip being told by its first two bytes.

    Errors while opening are raised as `TraceError`; errors while reading are left to the caller,
    who knows the line (see `read_lines`).
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise trace_error(path, 1, 1, "not a file", "a regular file, plain or gzip")
        raw = Path(path).open("rb")  # noqa: SIM115 - closed by the `with` below
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise trace_error(path, 1, 1, reason, "a readable trace file") from None
    with raw:
        if raw.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw, mode="rb") as member:
                # A GzipFile is a BufferedIOBase that offers readinto, all a BufferedReader needs.
                yield io.BufferedReader(cast(io.RawIOBase, member), BLOCK_BYTES)
        else:
            yield raw


# What gzip and the file system raise while reading: gzip.BadGzipFile is an OSError.
_READING_ERRORS = (EOFError, OSError, zlib.error)


def _reading_error(error: Exception, path: TracePath, line: int) -> TraceError:
    """The `TraceError` at `line` for one of `_READING_ERRORS`."""
    if isinstance(error, EOFError):
        what, expected = "the compressed data ends too early", "a whole gzip file"
    elif isinstance(error, gzip.BadGzipFile | zlib.error):
        what, expected = f"corrupt compressed data ({error})", "a whole gzip file"
    else:
        what, expected = str(error), "a readable trace file"
    return trace_error(path, line, 1, what, expected)


def read_lines(path: TracePath, limits: Limits = DEFAULT_LIMITS) -> Generator[bytes, None, None]:
    """Yield each line with its line end (the last may lack one), one block of memory at a time.

    Raises:
        TraceError: The file cannot be opened or decompressed, or exceeds a limit.
    """
    max_line_bytes, max_lines, max_bytes = (
        limits.max_line_bytes,
        limits.max_lines,
        limits.max_bytes,
    )
    line_number = 0
    total_bytes = 0
    with open_text(path) as text:
        while True:
            try:
                line = text.readline(max_line_bytes + 1)
            except _READING_ERRORS as error:
                raise _reading_error(error, path, line_number + 1) from None
            if not line:
                return
            line_number += 1
            total_bytes += len(line)
            if len(line) > max_line_bytes:
                what, column = f"line longer than {max_line_bytes} bytes", max_line_bytes + 1
                raise trace_error(path, line_number, column, what, "a shorter line")
            if line_number > max_lines:
                what = f"more than {max_lines} lines"
                raise trace_error(path, line_number, 1, what, "a shorter trace")
            if total_bytes > max_bytes:
                what = f"more than {max_bytes} bytes of text"
                raise trace_error(path, line_number, 1, what, "a shorter trace")
            yield line


def first_bytes(path: TracePath, size_bytes: int = 4096) -> bytes:
    """The first `size_bytes` of the text (fewer if it is shorter), to tell a format by.

    Raises:
        TraceError: The file cannot be opened or decompressed.
    """
    with open_text(path) as text:
        try:
            return text.read(size_bytes)
        except _READING_ERRORS as error:
            raise _reading_error(error, path, 1) from None


def trace_digest(path: TracePath, limits: Limits = DEFAULT_LIMITS) -> str:
    """SHA-256 of the text, in hexadecimal; a trace and its gzip have the same.

    Raises:
        TraceError: The file cannot be opened or decompressed, or exceeds a limit.
    """
    digest = hashlib.sha256()
    for line in read_lines(path, limits):
        digest.update(line)
    return digest.hexdigest()
