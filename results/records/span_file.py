"""The spans of a point's first repetition as a CSV file, of which the first line says what it is.

``# {"from_ns": 9900000000, "to_ns": 10300000000, "complete_to_ns": ..., "spans": 1234}``, then a
line of column names, then a line a span: `pandas.read_csv(file, comment="#")` reads it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeAlias

from results.records.found_files import read_bytes
from sim.machine.spans import Span, SpanWindow

Watched: TypeAlias = tuple[int, int]
"""From when to when, in simulated time, in ns."""

COLUMNS = tuple(field.name for field in fields(Span))
_MARK = "# "


class SpanFileError(ValueError):
    """It is no file of spans; the message is one line."""


@dataclass(frozen=True)
class SpanHead:
    """What a file of spans is.

    Attributes:
        from_ns: from when on spans were asked for ...
        to_ns: ... and to when.
        complete_to_ns: to when they are there: less far if the run was over, or there were too
            many.
        full: whether there were too many.
        spans: how many there are.
    """

    from_ns: int
    to_ns: int
    complete_to_ns: int
    full: bool
    spans: int

    @property
    def watched(self) -> Watched:
        """What was asked for."""
        return self.from_ns, self.to_ns


def to_bytes(window: SpanWindow, watched: Watched) -> bytes:
    """The file of what a window has kept that was made to watch from when to when."""
    spans = window.spans()
    head = SpanHead(*watched, window.to_ns, window.full, len(spans))
    text = io.StringIO()
    text.write(f"{_MARK}{json.dumps(asdict(head))}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for span in spans:
        core = "" if span.core is None else span.core
        doing = span.task, span.what, core, span.cause, span.start_ns, span.end_ns
        writer.writerow((*doing, span.of, span.count))
    return text.getvalue().encode("utf-8")


def read_head(file: Path) -> SpanHead | None:
    """What a file of spans is; None if nothing has this name, or it is none."""
    data = read_bytes(file)
    try:
        return None if data is None else _head(data.partition(b"\n")[0].decode("utf-8"))
    except ValueError:
        return None


def read_spans(file: Path) -> tuple[SpanHead, Sequence[Span]]:
    """A file of spans, in order of when they began.

    Raises:
        SpanFileError: it is none.
    """
    data = read_bytes(file)
    if data is None:
        raise SpanFileError(f"{file}: expected a file of spans, as of --spans")
    try:
        return _read(data.decode("utf-8"))
    except (ValueError, csv.Error) as error:
        raise SpanFileError(f"{file}: damaged: {error}") from None


def _read(text: str) -> tuple[SpanHead, Sequence[Span]]:
    first, _, rest = text.partition("\n")
    head, rows = _head(first), list(csv.reader(io.StringIO(rest, newline="")))
    if len(rows) != head.spans + 1 or tuple(rows[0]) != COLUMNS:
        raise ValueError("columns or spans are missing")
    return head, [_span(row) for row in rows[1:]]


def _head(line: str) -> SpanHead:
    try:
        return SpanHead(**json.loads(line.removeprefix(_MARK)))
    except TypeError:
        raise ValueError("its first line does not say what it is") from None


def _span(row: Sequence[str]) -> Span:
    task, what, core, cause, start_ns, end_ns, of, count = row
    of_core, when = int(core) if core else None, (int(start_ns), int(end_ns))
    return Span(task, what, of_core, cause, *when, of, int(count))
