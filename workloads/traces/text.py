"""The text of a trace: a plain or compressed file read line by line, in limits, with positions.

Whatever is wrong with the file itself (missing, a directory, cut, corrupt, longer than the limits)
ends in a `TraceError`; whatever is wrong with a line is for the reader of its format to say.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, cast

GZIP_MAGIC = b"\x1f\x8b"
"""First two bytes of a gzip member (RFC 1952, section 2.3.1); a name's ending proves nothing."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
"""First four bytes of a Zstandard frame (RFC 8878, section 3.1.1)."""

ZSTD_MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
"""Python's own module, or the same for older versions; imported when a file needs it."""

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
        max_damaged: Lines that are not of the format; so many are skipped and counted, one more
            ends the reading.

    Raises:
        ValueError: A limit is not positive (`max_damaged`: negative), or a line could overflow a
            32-bit column.
    """

    max_lines: int = 20_000_000
    max_line_bytes: int = 2**20
    max_bytes: int = 16 * 2**30
    max_damaged: int = 0

    def __post_init__(self) -> None:
        if min(self.max_lines, self.max_line_bytes, self.max_bytes) < 1:
            raise ValueError("every limit must be at least 1")
        if self.max_damaged < 0:
            raise ValueError("max_damaged must be at least 0")
        if self.max_line_bytes > 2**28:
            raise ValueError("max_line_bytes must be at most 256 MiB")


DEFAULT_LIMITS = Limits()


def trace_error(path: TracePath, line: int, column: int, what: str, expected: str) -> TraceError:
    """A `TraceError` in one printable line, whatever bytes the path and the texts hold."""
    text = f"{Path(path)}:{line}:{column}: {what}: expected {expected}"
    return TraceError("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


class _DamageError(OSError):
    """Compressed data that cannot be what was compressed."""


class _ZstdText(io.RawIOBase):
    """The decompressed bytes of Zstandard frames; their damage is an OSError, as gzip's is."""

    def __init__(self, raw: io.BufferedReader, zstd: Any) -> None:
        self._file = zstd.ZstdFile(raw)
        self._error = zstd.ZstdError

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            size: int = self._file.readinto(buffer)
        except self._error as error:
            raise _DamageError(str(error)) from None
        return size


def _zstd(path: TracePath) -> Any:
    """The module that decompresses Zstandard."""
    try:
        return import_module(ZSTD_MODULE)
    except ImportError:
        what = f"compressed by zstd, and the package {ZSTD_MODULE} is not installed"
        raise trace_error(path, 1, 1, what, "that package, or a decompressed file") from None


@contextmanager
def open_text(path: TracePath) -> Iterator[io.BufferedReader]:
    """The decompressed bytes of a regular file, compression being told by its first bytes.

    Errors while opening are raised as `TraceError`; errors while reading are left to the caller,
    who knows the line (see `read_lines`).
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise trace_error(path, 1, 1, "not a file", "a regular file, plain, gzip or zstd")
        raw = Path(path).open("rb")  # noqa: SIM115 - closed by the `with` below
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise trace_error(path, 1, 1, reason, "a readable trace file") from None
    with raw:
        start = raw.peek(len(ZSTD_MAGIC))
        if start.startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw, mode="rb") as member:
                # A GzipFile is a BufferedIOBase that offers readinto, all a BufferedReader needs.
                yield io.BufferedReader(cast(io.RawIOBase, member), BLOCK_BYTES)
        elif start.startswith(ZSTD_MAGIC):
            yield io.BufferedReader(_ZstdText(raw, _zstd(path)), BLOCK_BYTES)
        else:
            yield raw


# What decompressors and the file system raise while reading: gzip.BadGzipFile is an OSError.
_READING_ERRORS = (EOFError, OSError, zlib.error)


def _reading_error(error: Exception, path: TracePath, line: int) -> TraceError:
    """The `TraceError` at `line` for one of `_READING_ERRORS`."""
    if isinstance(error, EOFError):
        what, expected = "the compressed data ends too early", "a whole compressed file"
    elif isinstance(error, gzip.BadGzipFile | zlib.error | _DamageError):
        what, expected = f"corrupt compressed data ({error})", "a whole compressed file"
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
    """SHA-256 of the text, in hexadecimal; a trace and its compressed forms have the same.

    Raises:
        TraceError: The file cannot be opened or decompressed, or exceeds a limit.
    """
    digest = hashlib.sha256()
    for line in read_lines(path, limits):
        digest.update(line)
    return digest.hexdigest()
