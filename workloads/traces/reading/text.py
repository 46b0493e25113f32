"""The text of a trace: a plain or compressed file, read in blocks of lines and in limits.

Whatever is wrong with the file itself (missing, a directory, cut, corrupt, longer than the limits)
ends in a `TraceError`; whatever is wrong with a line is for the reader of its format to say.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, cast

from sim.printable import printable
from sim.regular_file import NOT_A_FILE, Hash, open_regular

GZIP_MAGIC = b"\x1f\x8b"
"""First two bytes of a gzip member (RFC 1952, section 2.3.1); a name's ending proves nothing."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
"""First four bytes of a Zstandard frame (RFC 8878, section 3.1.1)."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs put before the first line of a text in UTF-8; it is not part of it."""

ZSTD_MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
"""Python's own module, or the same for older versions; imported when a file needs it."""

BLOCK_BYTES = 512 * 1024

TracePath = str | PathLike[str]


class TraceError(Exception):
    """A trace that cannot be used; its one argument is `path:line:column: what: what was expected`.

    Lines and columns count from 1, columns in bytes. A file that could not be opened is at 1:1.
    """


@dataclass(frozen=True, slots=True)
class ReadLimits:
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


DEFAULT_LIMITS = ReadLimits()


def trace_error(path: TracePath, line: int, column: int, what: str, expected: str) -> TraceError:
    """A `TraceError` in one printable line, whatever bytes the path and the texts hold."""
    return TraceError(printable(f"{Path(path)}:{line}:{column}: {what}: expected {expected}"))


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
def open_text(path: TracePath, seen: Hash | None = None) -> Iterator[io.BufferedReader]:
    """The decompressed bytes of a regular file, compression being told by its first bytes.

    The file is read up to the size that it has when it is opened. ``seen`` takes its bytes as they
    are read, compressed ones if it is compressed.

    Errors while opening are raised as `TraceError`; errors while reading are left to the caller,
    who knows the line (see `read_blocks`).
    """
    try:
        raw = open_regular(path, seen)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        regular = "a regular file, plain, gzip or zstd"
        expected = regular if reason == NOT_A_FILE else "a readable trace file"
        raise trace_error(path, 1, 1, reason, expected) from None
    with raw:
        try:
            start = raw.peek(len(ZSTD_MAGIC))
        except OSError as error:
            raise _reading_error(error, path, 1) from None
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
        what = getattr(error, "strerror", None) or str(error)
        expected = "a readable trace file"
    return trace_error(path, line, 1, what, expected)


def read_blocks(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, seen: Hash | None = None
) -> Generator[bytes, None, None]:
    """Yield the text in blocks of whole lines; the very last line may lack its end.

    A byte order mark before the first line is left out. ``seen`` takes every byte of the file, as
    in `open_text`.

    All lines before one that cannot be read or exceeds a limit are yielded before the error.

    Raises:
        TraceError: The file cannot be opened or decompressed, or exceeds a limit.
    """
    guard = _Guard(path, limits)
    parts, wanted = [b""], BLOCK_BYTES
    failure: Exception | None = None
    with open_text(path, seen) as text:
        chunk = b"the first"
        while chunk:
            try:
                chunk = text.read1(BLOCK_BYTES)
            except _READING_ERRORS as error:
                chunk, failure = b"", error
            parts.append(chunk)
            if chunk and sum(map(len, parts)) < wanted:
                continue
            block = b"".join(parts)
            if not guard.lines:
                block = block.removeprefix(BYTE_ORDER_MARK)
            end = len(block) if not chunk and failure is None else block.rfind(b"\n") + 1
            rest = block[end:]
            yield from guard.allowed(block[:end])
            guard.check_unfinished(rest)
            # Twice what is left over, so that a long line is not copied for each of its chunks.
            parts, wanted = [rest], max(BLOCK_BYTES, 2 * len(rest))
    if failure is not None:
        raise _reading_error(failure, path, guard.lines + 1)


class _Guard:
    """Counts lines and bytes of a text, and ends it where it exceeds the limits."""

    def __init__(self, path: TracePath, limits: ReadLimits) -> None:
        self.lines = 0
        self._bytes = 0
        self._path = path
        self._limits = limits

    def allowed(self, block: bytes) -> Iterator[bytes]:
        """The block, as far as limits allow; it consists of whole lines."""
        if not block:
            return
        limits = self._limits
        lines = self.lines + block.count(b"\n") + (not block.endswith(b"\n"))
        size = self._bytes + len(block)
        within = lines <= limits.max_lines and size <= limits.max_bytes
        if within and len(block) <= limits.max_line_bytes:
            self.lines, self._bytes = lines, size
            yield block
            return
        for line in io.BytesIO(block):
            self._check(line)
            yield line

    def check_unfinished(self, rest: bytes) -> None:
        """Raise if a line that begins so is longer than allowed."""
        if len(rest) > self._limits.max_line_bytes:
            self._check(rest)

    def _check(self, line: bytes) -> None:
        limits = self._limits
        self.lines += 1
        self._bytes += len(line)
        column = 1
        if len(line) > limits.max_line_bytes:
            what, column = (
                f"line longer than {limits.max_line_bytes} bytes",
                limits.max_line_bytes + 1,
            )
            expected = "a shorter line"
        elif self.lines > limits.max_lines:
            what, expected = f"more than {limits.max_lines} lines", "a shorter trace"
        elif self._bytes > limits.max_bytes:
            what, expected = f"more than {limits.max_bytes} bytes of text", "a shorter trace"
        else:
            return
        raise trace_error(self._path, self.lines, column, what, expected)


def first_bytes(path: TracePath, size_bytes: int = 4096) -> bytes:
    """The first `size_bytes` of the text (fewer if it is shorter), to tell a format by.

    Raises:
        TraceError: The file cannot be opened or decompressed.
    """
    with open_text(path) as text:
        try:
            return text.read(size_bytes).removeprefix(BYTE_ORDER_MARK)
        except _READING_ERRORS as error:
            raise _reading_error(error, path, 1) from None


def trace_digest(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> str:
    """SHA-256 of the text, in hexadecimal; a trace and its compressed forms have the same.

    Raises:
        TraceError: The file cannot be opened or decompressed, or exceeds a limit.
    """
    digest = hashlib.sha256()
    for block in read_blocks(path, limits):
        digest.update(block)
    return digest.hexdigest()
