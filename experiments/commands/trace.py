"""``forksim trace``: what a trace holds, and the same for other programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.commands.printing import Output, data_stream, note, print_json, say, tell
from experiments.language.errors import InputError, suggestion
from results.metrics import formatting
from results.records.whole_file import whole_file
from results.tables.grid import Grid, print_grid
from sim.units import parse_rate
from workloads.traces.commands.operations import CODES
from workloads.traces.export import WRITERS
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.fields import Fields, Unit
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import FORMATS, Reading, TraceFormat, read_trace


def inspect(file: str, *, as_json: bool, **said: Any) -> int:
    """Print what the trace in ``file`` holds and which of its lines were skipped; 0."""
    trace_format, trace = _read(file, **said)
    name, about = trace_format.name, trace_format.about
    facts = dict(trace.facts())
    if as_json:
        found = {"file": file, "format": name}
        whole = {
            **asdict(trace.accounting),
            "span_ns": trace.duration_ns,
            "facts": facts,
            "notes": list(trace.notes),
            "about": about._asdict(),
        }
        print_json({**found, **whole})
        return 0
    accounting = trace.accounting
    skipped = {f"skipped, {reason}": count for reason, count in accounting.skipped.items()}
    counts = {"lines": accounting.lines, "records": accounting.records, **skipped}
    words = (("read", about.read), ("not read", about.left), ("assumed", about.assumed))
    rows = [
        ("format", name),
        *_shown({**counts, "span_ns": trace.duration_ns, **facts}),
        *((label, text.replace("`", "")) for label, text in words),
    ]
    print_grid(Grid(rows, headings=0, words=[1]), Output())
    for remark in trace.notes:
        tell(f"note: {remark}")
    return 0


def convert(file: str, *, to: str, out: str | None, **said: Any) -> int:
    """Write the trace in ``file`` as ``to`` to the file ``out``, or to standard output; 0."""
    _, trace = _read(file, **said)
    if out is None:
        if sys.stdout.isatty() and to != "csv":
            raise InputError(f"--to: {to}: expected --out FILE, or a pipe, and no terminal")
        WRITERS[to](trace, data_stream())
        return 0
    if Path(out).exists() and Path(out).samefile(file):
        raise InputError(f"--out: {out}: expected another file than the trace")
    with whole_file(Path(out)) as stream:
        WRITERS[to](trace, stream)
    accounting = trace.accounting
    skipped = sum(accounting.skipped.values())
    say(f"{out}: {accounting.records} records, {skipped} lines skipped", err=True)
    for remark in trace.notes:
        note(remark)
    return 0


def _read(
    file: str,
    *,
    format_name: str | None,
    skip_damaged: int,
    columns: str | None,
    operations: str | None,
    rate: str | None,
    unit: Unit | None,
    log_format: str | None,
) -> tuple[TraceFormat, Trace]:
    """The format of a file, and its trace.

    Raises:
        InputError: there is no such format, an option cannot be read, or the file is no such trace.
    """
    if format_name is not None and format_name not in FORMATS:
        raise InputError(f"--format: {format_name!r}{suggestion(format_name, FORMATS)}")
    names, places = _columns(columns or "")
    codes = _operations(operations or "")
    try:
        fields = Fields(
            names=names,
            places=places,
            unit=unit,
            log_format=log_format,
            operations=codes,
            rate=None if rate is None else parse_rate(f"{rate}/s" if rate.isdigit() else rate),
        )
    except ValueError as error:
        raise InputError(f"--rate: {rate}: {error}") from None
    try:
        return read_trace(file, Reading(format_name, skip_damaged, fields))
    except TraceError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise InputError(f"{file}: {error.strerror}: expected a readable file") from None


def _columns(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str | int], ...]]:
    """Names in order, or which column is what: ``time_s,key`` or ``key=objid,time_ms=2``.

    Raises:
        InputError: some say the one, some the other, or it is no line of a CSV.
    """
    try:
        (row,) = csv.reader([text], skipinitialspace=True) if text else ([],)
    except csv.Error:
        raise InputError(f"--columns: {text!r}: expected names in one line") from None
    cells = [cell.strip() for cell in row]
    pairs = [cell.partition("=") for cell in cells]
    if all(between for _, between, _ in pairs):
        return (), tuple(
            (known.strip(), int(where) if where.isdecimal() and len(where) < 6 else where.strip())
            for known, _, where in pairs
        )
    if any(between for _, between, _ in pairs):
        raise InputError("--columns: expected names, or NAME=COLUMN for each, not some of both")
    return tuple(cells), ()


def _operations(text: str) -> tuple[tuple[str, str], ...]:
    """What codes mean: ``0=get,1=set``, or the name of a table of codes.

    Raises:
        InputError: it is neither.
    """
    if text in CODES:
        return tuple(CODES[text].items())
    pairs = [one.partition("=") for one in text.split(",")] if text else []
    if not all(between for _, between, _ in pairs):
        expected = f"CODE=OPERATION,... or one of {', '.join(CODES)}"
        raise InputError(f"--operations: {text!r}: expected {expected}")
    return tuple((code.strip(), name.strip()) for code, _, name in pairs)


def _shown(facts: dict[str, int | float]) -> Iterator[tuple[str, str]]:
    """Facts as people read them: a label and a value with its unit."""
    units: dict[str, Callable[[float], str]] = {
        "_share": lambda value: f"{value:.2%}",
        "_per_s": lambda value: f"{value:.6g} /s",
        "_bytes": formatting.size,
        "_ns": formatting.duration,
    }
    for name, value in facts.items():
        unit = next((unit for unit in units if name.endswith(unit)), "")
        label = name if unit == "_share" else name.removesuffix(unit)
        label = label.replace("_", " ").replace("pct", "%")
        yield label, units[unit](value) if unit else f"{value:g}" if value % 1 else f"{value:.0f}"
