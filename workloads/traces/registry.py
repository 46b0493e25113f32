"""The formats of traces by name; a new one is a reader in its own file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from workloads.traces.monitor import looks_like_monitor, read_monitor
from workloads.traces.monitor_trace import MonitorTrace
from workloads.traces.text import DEFAULT_LIMITS, Limits, TracePath, first_bytes, trace_error

Trace = MonitorTrace

BUNDLED = Path(__file__).parent / "data"
"""Folder of the traces that come with forksim."""


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """A format of traces.

    Attributes:
        name: Its name in YAML.
        sniff: Whether a text with these first bytes (4096, or all) may be of this format.
        read: Reads a file, plain or gzip; raises `TraceError`.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[TracePath, Limits], Trace]


def by_name(formats: Iterable[TraceFormat]) -> dict[str, TraceFormat]:
    """The formats by name; ValueError if two have the same."""
    registry: dict[str, TraceFormat] = {}
    for trace_format in formats:
        if trace_format.name in registry:
            raise ValueError(f"two trace formats are named {trace_format.name}")
        registry[trace_format.name] = trace_format
    return registry


FORMATS = by_name(
    (TraceFormat("redis_monitor", looks_like_monitor, read_monitor),),
)


def open_trace(
    path: TracePath, format_name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Trace:
    """Read a trace, its format being recognised by how it begins if it is not named.

    Raises:
        TraceError: The file cannot be read, no format (or more than one) fits it, or its reader
            refuses it.
        KeyError: `format_name` is not in `FORMATS`.
    """
    if format_name is not None:
        return FORMATS[format_name].read(path, limits)
    start = first_bytes(path)
    fitting = [trace_format for trace_format in FORMATS.values() if trace_format.sniff(start)]
    if len(fitting) != 1:
        what = "unknown format" if start else "empty file"
        raise trace_error(path, 1, 1, what, f"a trace of one of: {', '.join(FORMATS)}")
    return fitting[0].read(path, limits)
