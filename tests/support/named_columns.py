"""Reading a text of cells, of which something is said."""

from __future__ import annotations

from pathlib import Path

from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.kinds.trace import Trace
from workloads.traces.registry import Reading, read_trace


def read(path: Path, text: str, **said: object) -> tuple[str, Trace]:
    """The name of the format, and the trace."""
    path.write_text(text)
    trace_format, trace = read_trace(path, Reading.of(said))
    return trace_format.name, trace


def read_keys(path: Path, text: str, **said: object) -> KeyTrace:
    """The commands on keys."""
    name, trace = read(path, text, **said)
    assert isinstance(trace, KeyTrace), name
    return trace
