"""The formats of traces by name; a new one is a reader in its own file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from sim.names import by_name
from workloads.traces.formats.access_csv import (
    ACCESS_CSV,
    fits_access_csv,
    looks_like_access_csv,
    read_access_csv,
)
from workloads.traces.formats.access_log import ACCESS_LOG, looks_like_access_log, read_access_log
from workloads.traces.formats.afl_fuzzer_stats import (
    FUZZER_STATS,
    looks_like_fuzzer_stats,
    read_fuzzer_stats,
)
from workloads.traces.formats.afl_plot_data import PLOT_DATA, looks_like_plot_data, read_plot_data
from workloads.traces.formats.execution_csv import (
    EXECUTION_CSV,
    fits_execution_csv,
    looks_like_execution_csv,
    read_execution_csv,
)
from workloads.traces.formats.generic_csv import CSV, fits_csv, looks_like_csv, read_csv
from workloads.traces.formats.json_log import JSON_LOG, looks_like_json_log, read_json_log
from workloads.traces.formats.monitor import MONITOR, looks_like_monitor, read_monitor
from workloads.traces.formats.redis_info import INFO, looks_like_info, read_info
from workloads.traces.formats.sqlite_tests import (
    SQLITE_TESTS,
    fits_sqlite_tests,
    looks_like_sqlite_tests,
    read_sqlite_tests,
)
from workloads.traces.formats.twitter_cache import (
    TWITTER,
    looks_like_twitter_cache,
    read_twitter_cache,
)
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.about import About
from workloads.traces.reading.fields import NOTHING_SAID, Fields, Option
from workloads.traces.reading.header import names_in
from workloads.traces.reading.kept_files import KeptFiles
from workloads.traces.reading.text import (
    DEFAULT_LIMITS,
    ReadLimits,
    TracePath,
    first_bytes,
    trace_error,
)
from workloads.traces.reading.wanted_file import blaming_another_file, check_digest

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
        sha256: Of the file's bytes; another file is refused. None for any.
    """

    format: str | None = None
    skip_damaged: int = 0
    fields: Fields = NOTHING_SAID
    sha256: str | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Reading:
        """As the plain data of a configuration that names a trace says."""
        skipped = config.get("skip_damaged", 0)
        return cls(config.get("format"), skipped, Fields.of(config), config.get("sha256"))


AS_IT_IS = Reading()


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """A format of traces.

    Attributes:
        name: Its name in YAML.
        sniff: Whether a text with these first bytes (4096, or all) may be of this format.
        read: Reads a file, plain or compressed; raises `TraceError`. One that takes something takes
            `Fields` too.
        about: What of it is read, what is not, and what is assumed.
        takes: What of `Fields` can be said of it.
        fits: Whether columns of these names make such a trace; None if columns are not named.
        general: Whether it gives way to any other format that fits as well.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[..., Trace]
    about: About
    takes: frozenset[Option] = frozenset()
    fits: Callable[[list[str]], bool] | None = None
    general: bool = False

    @property
    def made(self) -> type:
        """The class of what `read` returns."""
        made: type = get_type_hints(self.read)["return"]
        return made


def _takes(*options: Option) -> frozenset[Option]:
    return frozenset(options)


FORMATS = by_name(
    "trace formats",
    (
        TraceFormat("redis_monitor", looks_like_monitor, read_monitor, MONITOR),
        TraceFormat("redis_info", looks_like_info, read_info, INFO),
        TraceFormat("afl_plot_data", looks_like_plot_data, read_plot_data, PLOT_DATA),
        TraceFormat("afl_fuzzer_stats", looks_like_fuzzer_stats, read_fuzzer_stats, FUZZER_STATS),
        TraceFormat(
            "access_log",
            looks_like_access_log,
            read_access_log,
            ACCESS_LOG,
            _takes("columns", "unit", "log_format"),
        ),
        TraceFormat(
            "json_log", looks_like_json_log, read_json_log, JSON_LOG, _takes("columns", "unit")
        ),
        TraceFormat(
            "sqlite_tests",
            looks_like_sqlite_tests,
            read_sqlite_tests,
            SQLITE_TESTS,
            _takes("columns", "unit"),
            fits_sqlite_tests,
        ),
        TraceFormat("twitter_cache", looks_like_twitter_cache, read_twitter_cache, TWITTER),
        TraceFormat(
            "access_csv",
            looks_like_access_csv,
            read_access_csv,
            ACCESS_CSV,
            _takes("columns", "unit", "rate"),
            fits_access_csv,
        ),
        TraceFormat(
            "execution_csv",
            looks_like_execution_csv,
            read_execution_csv,
            EXECUTION_CSV,
            _takes("columns", "unit"),
            fits_execution_csv,
        ),
        TraceFormat(
            "csv",
            looks_like_csv,
            read_csv,
            CSV,
            _takes("columns", "unit", "operations", "rate"),
            fits_csv,
            general=True,
        ),
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

    What is said of a file helps to recognise it: a log format makes it an access log, and names of
    columns what columns of these names make, unless it is recognised as something else whose
    columns can be named.

    Raises:
        TraceError: As `open_trace` does, or something is said that the format fixes.
        KeyError: The format is not in `FORMATS`.
    """
    trace_format = _format_of(path, reading)
    return trace_format, _read_as(trace_format, path, reading)


def _format_of(path: TracePath, reading: Reading) -> TraceFormat:
    fields = reading.fields
    if reading.format is not None:
        return FORMATS[reading.format]
    if fields.log_format is not None:
        return FORMATS["access_log"]
    if not fields.names and not fields.places:
        return recognise(path)
    start = first_bytes(path)
    for one in FORMATS.values():
        if one.sniff(start) and one.fits is None and "columns" in one.takes:
            return one
    names = list(fields.names) or [
        *fields.known_names,
        *names_in(start.lstrip().partition(b"\n")[0]),
    ]
    fitting = [one for one in FORMATS.values() if one.fits is not None and one.fits(names)]
    return fitting[0] if fitting else FORMATS["csv"]


def _read_as(trace_format: TraceFormat, path: TracePath, reading: Reading) -> Trace:
    for option in reading.fields.said:
        if option not in trace_format.takes:
            what = f"{option} said of a trace of format {trace_format.name}"
            takers = ", ".join(one.name for one in FORMATS.values() if option in one.takes)
            expected = f"none, since its format fixes it, or another format ({takers})"
            raise trace_error(path, 1, 1, what, expected)
    limits = ReadLimits(max_damaged=reading.skip_damaged)
    if not trace_format.takes:
        return trace_format.read(path, limits)
    return trace_format.read(path, limits, reading.fields)


def array_bytes(trace: Trace) -> int:
    """The memory that a trace's columns take."""
    return sum(column.nbytes for column in vars(trace).values() if isinstance(column, np.ndarray))


_KEPT = KeptFiles[Trace](MOST_KEPT_BYTES, array_bytes)


def open_as(kind: type[_Kind], path: TracePath, reading: Reading = AS_IT_IS) -> _Kind:
    """A trace of any format that makes what a program needs: a `KeyTrace`, say.

    A file is read once in a process, unless it changes or is too large to be kept.

    Raises:
        TraceError: As `read_trace` does, or the trace is of another kind, or the file another one
            than is wanted.
    """
    return open_with_format(kind, path, reading)[0]


def open_with_format(
    kind: type[_Kind], path: TracePath, reading: Reading = AS_IT_IS
) -> tuple[_Kind, str]:
    """`open_as`, and the name of the format."""
    with blaming_another_file(path, reading.sha256):
        trace_format = _format_of(path, reading)
        how = replace(reading, format=trace_format.name, sha256=None)
        trace = _KEPT.content(path, how, lambda: _read_as(trace_format, path, how))
        check_digest(path, reading.sha256, trace.accounting.sha256)
    if not isinstance(trace, kind):
        what = f"a trace of format {trace_format.name}"
        makers = [f.name for f in FORMATS.values() if issubclass(f.made, kind)]
        raise trace_error(path, 1, 1, what, f"one of format {' or '.join(makers)}")
    return trace, trace_format.name
