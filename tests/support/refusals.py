"""What a reader's refusal looks like: one line that says where, what, and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.text import TraceError


def check_message(error: TraceError, path: Path) -> str:
    """The message of the error, without the path; it must be one line with a position."""
    (message,) = error.args
    assert isinstance(message, str)
    assert message.isprintable()
    assert re.fullmatch(re.escape(str(path)) + r":\d+:\d+: .+: expected .+", message), message
    return message.removeprefix(f"{path}:")


def refused(read: Callable[[Path], object], path: Path, text: bytes) -> str:
    """The message in which reading this text ends."""
    path.write_bytes(text)
    with pytest.raises(TraceError) as caught:
        read(path)
    return check_message(caught.value, path)


def check_read(read: Callable[[], Trace], path: Path) -> None:
    """Reading ends in such a message, or in a trace with a row for each record of its lines."""
    try:
        trace = read()
    except TraceError as error:
        check_message(error, path)
        return
    accounting = trace.accounting
    assert accounting.lines == accounting.records + sum(accounting.skipped.values())
    assert len(trace) == accounting.records
