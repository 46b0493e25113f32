"""The formats of traces by name; a new one is a reader in its own file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from sim.names import by_name
from workloads.traces.formats.access_csv import looks_like_access_csv, read_access_csv
from workloads.traces.formats.access_log import looks_like_access_log, read_access_log
from workloads.traces.formats.afl_fuzzer_stats import looks_like_fuzzer_stats, read_fuzzer_stats
from workloads.traces.formats.afl_plot_data import looks_like_plot_data, read_plot_data
from workloads.traces.formats.execution_csv import looks_like_execution_csv, read_execution_csv
from workloads.traces.formats.generic_csv import looks_like_csv, read_csv
from workloads.traces.formats.monitor import looks_like_monitor, read_monitor
from workloads.traces.formats.sqlite_tests import looks_like_sqlite_tests, read_sqlite_tests
from workloads.traces.formats.twitter_cache import looks_like_twitter_cache, read_twitter_cache
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.reading.kept_files import KeptFiles
from workloads.traces.reading.text import (
    DEFAULT_LIMITS,
    ReadLimits,
    TracePath,
    first_bytes,
    trace_error,
)

BUNDLED = Path(__file__).parent / "data"
"""Folder of the traces that come with forksim."""

MOST_KEPT_BYTES = 256 * 2**20
"""Of columns that a process keeps for the next point or repetition."""

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read.

    Attributes:
        format: Name of its format; None to recognise it.
        skip_damaged: So many lines that are not of the format are skipped.
        fields: What is said of its columns.
    """

    format: str | None = None
    skip_damaged: int = 0
    fields: Fields = NOTHING_SAID

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Reading:
        """As the plain data of a configuration that names a trace says."""
        fields = Fields(tuple(config.get("columns") or ()), config.get("unit"))
        return cls(config.get("format"), config.get("skip_damaged", 0), fields)


AS_IT_IS = Reading()


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """A format of traces.

    Attributes:
        name: Its name in YAML.
        sniff: Whether a text with these first bytes (4096, or all) may be of this format.
        read: Reads a file, plain or compressed; raises `TraceError`.
        read_fields: The same with what is said of its columns; None if that is fixed.
        general: Whether it gives way to any other format that fits as well.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[TracePath, ReadLimits], Trace]
    read_fields: Callable[[TracePath, ReadLimits, Fields], Trace] | None = None
    general: bool = False

    @property
    def made(self) -> type:
        """The class of what `read` returns."""
        made: type = get_type_hints(self.read)["return"]
        return made


FORMATS = by_name(
    "trace formats",
    (
        TraceFormat("redis_monitor", looks_like_monitor, read_monitor),
        TraceFormat("afl_plot_data", looks_like_plot_data, read_plot_data),
        TraceFormat("afl_fuzzer_stats", looks_like_fuzzer_stats, read_fuzzer_stats),
        TraceFormat("access_log", looks_like_access_log, read_access_log, read_access_log),
        TraceFormat("sqlite_tests", looks_like_sqlite_tests, read_sqlite_tests, read_sqlite_tests),
        TraceFormat("twitter_cache", looks_like_twitter_cache, read_twitter_cache),
        TraceFormat("access_csv", looks_like_access_csv, read_access_csv, read_access_csv),
        TraceFormat(
            "execution_csv", looks_like_execution_csv, read_execution_csv, read_execution_csv
        ),
        TraceFormat("csv", looks_like_csv, read_csv, read_csv, general=True),
    ),
)


def recognise(path: TracePath) -> TraceFormat:
    """The one format that fits how the file begins.

    Raises:
        TraceError: The file cannot be read, or no format (or more than one) fits it.
    """
    start = first_bytes(path)
    fitting = [trace_format for trace_format in FORMATS.values() if trace_format.sniff(start)]
    if len(fitting) > 1:
        fitting = [trace_format for trace_format in fitting if not trace_format.general]
    if len(fitting) != 1:
        what = "unknown format" if start else "empty file"
        raise trace_error(path, 1, 1, what, f"a trace of one of: {', '.join(FORMATS)}")
    return fitting[0]


def open_trace(
    path: TracePath, format_name: str | None = None, limits: ReadLimits = DEFAULT_LIMITS
) -> Trace:
    """Read a trace, its format being recognised by how it begins if it is not named.

    Raises:
        TraceError: The file cannot be read, no format (or more than one) fits it, or its reader
            refuses it.
        KeyError: `format_name` is not in `FORMATS`.
    """
    trace_format = recognise(path) if format_name is None else FORMATS[format_name]
    return trace_format.read(path, limits)


def read_trace(path: TracePath, reading: Reading = AS_IT_IS) -> tuple[TraceFormat, Trace]:
    """Read a trace, and say in which format.

    Columns that are named make it a CSV of commands, unless it is recognised as something else
    whose columns can be named.

    Raises:
        TraceError: As `open_trace` does, or columns are named that the format fixes.
        KeyError: The format is not in `FORMATS`.
    """
    limits = ReadLimits(max_damaged=reading.skip_damaged)
    trace_format = _format_of(path, reading)
    if not reading.fields:
        return trace_format, trace_format.read(path, limits)
    if trace_format.read_fields is None:
        what = f"columns or a unit said of a trace of format {trace_format.name}"
        raise trace_error(path, 1, 1, what, "neither, since its format fixes them")
    return trace_format, trace_format.read_fields(path, limits, reading.fields)


def _format_of(path: TracePath, reading: Reading) -> TraceFormat:
    if reading.format is not None:
        return FORMATS[reading.format]
    if not reading.fields.names:
        return recognise(path)
    start = first_bytes(path)
    fitting = (one for one in FORMATS.values() if one.sniff(start) and not one.general)
    recognised = next(fitting, FORMATS["csv"])
    return FORMATS["csv"] if recognised.read_fields is None else recognised


def array_bytes(trace: Trace) -> int:
    """The memory that a trace's columns take."""
    return sum(column.nbytes for column in vars(trace).values() if isinstance(column, np.ndarray))


_KEPT = KeptFiles[tuple[TraceFormat, Trace]](MOST_KEPT_BYTES, lambda kept: array_bytes(kept[1]))


def open_as(kind: type[_Kind], path: TracePath, reading: Reading = AS_IT_IS) -> _Kind:
    """A trace of any format that makes what a program needs: a `KeyTrace`, say.

    A file is read once in a process, unless it changes or is too large to be kept.

    Raises:
        TraceError: As `read_trace` does, or the trace is of another kind.
    """
    trace_format, trace = _KEPT.content(path, reading, lambda: read_trace(path, reading))
    if not isinstance(trace, kind):
        what = f"a trace of format {trace_format.name}"
        makers = [f.name for f in FORMATS.values() if issubclass(f.made, kind)]
        raise trace_error(path, 1, 1, what, f"one of format {' or '.join(makers)}")
    return trace
