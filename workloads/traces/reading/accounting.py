"""Where every line of a trace went: read into the trace, or skipped for a reason.

A reader is a function that takes one line, without its end and the blanks before it: it returns
None when the line is a record that it took, or why the line holds none (`blank`, `header` ...), and
raises `LineError` when the line is damaged. A damaged last line without an end was cut: whoever
wrote it was stopped, which is no reason to refuse the rest.
It may have a second one that takes whole blocks: it goes through the lines of a block in order and
yields how many records in a row it took at once, or a line that it leaves to the first.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field

from workloads.traces.reading.text import (
    ReadLimits,
    TraceError,
    TracePath,
    read_blocks,
    trace_error,
)

BLANK = "blank"
"""Why a line of white space is skipped."""

HEADER = "header"
"""Why a line that names columns is skipped."""

DAMAGED = "damaged"
"""Why a line that is not of its format is skipped, if `Limits.max_damaged` allows."""

CUT = "cut at the end of the file"
"""Why a damaged last line is skipped that has no end."""

_LINE_END = b" \t\r\n"


class LineError(Exception):
    """A line that is not of its format.

    Attributes:
        column: Where it goes wrong, in bytes, from 1.
        what: What is wrong there, in words that do not depend on the line.
        expected: What should stand there.
    """

    def __init__(self, column: int, what: str, expected: str) -> None:
        super().__init__(column, what, expected)
        self.column = column
        self.what = what
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where every line of the file went: ``lines == records + sum(skipped.values())``.

    Attributes:
        lines: Lines in the file.
        records: Lines that are in the trace.
        skipped: Lines that are not, by reason, in order of appearance.
        sha256: Of all bytes that were read, compressed ones if the file is compressed.
    """

    lines: int
    records: int
    skipped: dict[str, int]
    sha256: str = field(default="", compare=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which lines were lost, in words for people; those that hold no record are not."""
        return tuple(
            f"{count} line{'' if count == 1 else 's'} skipped: {reason}"
            for reason, count in self.skipped.items()
            if reason == CUT or reason.startswith(DAMAGED)
        )


def account(
    path: TracePath,
    limits: ReadLimits,
    record: str,
    take: Callable[[bytes], str | None],
    take_block: Callable[[bytes], Iterable[int | bytes]] = io.BytesIO,
) -> Accounting:
    """Give a reader every line of a file, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        record: What a record is called in the message about a file that holds none.
        take: Takes a line; see the module.
        take_block: Takes what it can of a block of lines; see the module. Nothing by default.

    Raises:
        TraceError: The file cannot be read, exceeds `limits`, holds a damaged line beyond those
            that `limits` allow, or holds no record; then the first damaged line says why.
    """
    skipped: Counter[str] = Counter()
    number = damaged = 0
    why_none: TraceError | None = None
    digest = hashlib.sha256()
    with closing(read_blocks(path, limits, digest)) as blocks:
        for block in blocks:
            for piece in take_block(block):
                if isinstance(piece, int):
                    number += piece
                    continue
                number += 1
                try:
                    reason = take(piece.rstrip(_LINE_END))
                except LineError as error:
                    refusal = trace_error(path, number, error.column, error.what, error.expected)
                    why_none = why_none or refusal
                    if not piece.endswith(b"\n"):  # only the last line of a file has no end
                        reason = CUT
                    elif damaged == limits.max_damaged:
                        raise refusal from None
                    else:
                        damaged += 1
                        reason = f"{DAMAGED}: {error.what}"
                if reason is not None:
                    skipped[reason] += 1
    records = number - skipped.total()
    if not records:
        if why_none is not None:
            raise why_none
        raise trace_error(path, number + 1, 1, f"no {record}", f"at least one {record} line")
    return Accounting(number, records, dict(skipped), digest.hexdigest())
