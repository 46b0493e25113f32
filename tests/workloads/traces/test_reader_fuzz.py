"""A thousand mutations a format: a trace that accounts for every line, or an error in one line."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import check_message
from samples import FORMAT_OF, lines_of

from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.text import ReadLimits, TraceError
from workloads.traces.registry import FORMATS, Reading, read_trace

MOST_LINES = 12
"""Short samples keep a mutation near to something that matters."""


@cache
def samples(format_name: str) -> list[bytes]:
    """The beginnings of the format's bundled traces."""
    names = [name for name, its_format in FORMAT_OF.items() if its_format == format_name]
    # Every line of a fuzzer_stats says something else.
    most = None if format_name == "afl_fuzzer_stats" else MOST_LINES
    return [b"".join(lines_of(name)[:most]) for name in names]


# What tends to break readers: separators, quotes, signs, ends, other numbers, odd bytes.
PIECES = st.one_of(
    st.sampled_from(
        [b"", b",", b'"', b"\\", b"\n", b"\r\n", b" ", b"[", b"]", b":", b"#", b"-", b".", b"%"]
    ),
    st.sampled_from([b"0", b"9" * 19, b"9" * 25, b"1e9", b"nan", b"-1", b"\x00", b"\xff\xfe"]),
    st.binary(max_size=8),
)
EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 1, 2, 5, 40]), PIECES),
    min_size=1,
    max_size=6,
)


@pytest.mark.histories
@pytest.mark.parametrize("format_name", FORMATS)
@given(sample=st.integers(0, 2), edits=EDITS, max_damaged=st.sampled_from([0, 0, 3, 1000]))
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_result_that_accounts_for_every_line_or_one_line(
    format_name: str,
    sample: int,
    edits: list[tuple[int, int, bytes]],
    max_damaged: int,
    tmp_path: Path,
) -> None:
    beginnings = samples(format_name)
    text = bytearray(beginnings[sample % len(beginnings)])
    for position, length, piece in edits:
        start = position % (len(text) + 1)
        text[start : start + length] = piece
    assert {trace_format.sniff(bytes(text)) for trace_format in FORMATS.values()} <= {True, False}
    path = tmp_path / "mutated"
    path.write_bytes(text)
    try:
        trace = FORMATS[format_name].read(path, ReadLimits(max_damaged=max_damaged))
    except TraceError as error:
        check_message(error, path)
    else:
        check_trace(trace, bytes(text), max_damaged)


@pytest.mark.histories
@given(text=st.binary(max_size=200), max_damaged=st.sampled_from([0, 1000]), data=st.data())
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes(text: bytes, max_damaged: int, data: st.DataObject, tmp_path: Path) -> None:
    """Read as they are recognised, or as any format that somebody says."""
    path = tmp_path / "bytes"
    path.write_bytes(text)
    said = data.draw(st.sampled_from([None, *FORMATS]))
    try:
        _, trace = read_trace(path, Reading(said, max_damaged))
    except TraceError as error:
        check_message(error, path)
    else:
        check_trace(trace, text, max_damaged)


def check_trace(trace: Trace, text: bytes, max_damaged: int) -> None:
    accounting = trace.accounting
    assert accounting.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    assert accounting.lines == accounting.records + sum(accounting.skipped.values())
    damaged = [n for reason, n in accounting.skipped.items() if reason.startswith("damaged")]
    assert sum(damaged) <= max_damaged
    assert 1 <= len(trace) <= accounting.records
    assert trace.duration_ns >= 0
    assert all(math.isfinite(value) for value in trace.facts().values())
    table = trace.table()
    assert len({len(column) for column in table.values()}) == 1
    if "time_ns" in table:
        times = np.asarray(table["time_ns"])
        assert (np.diff(times) >= 0).all()
        assert times[0] >= 0


@pytest.mark.parametrize("name", sorted(FORMAT_OF))
def test_all_lines_but_the_damaged_ones_are_read(name: str, tmp_path: Path) -> None:
    """Rubbish between the lines changes the accounting and nothing else."""
    trace_format = FORMATS[FORMAT_OF[name]]
    lines = lines_of(name)[:60]
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    clean.write_bytes(b"".join(lines))
    rubbish = b"\x00 rubbish\n"
    dirty.write_bytes(b"".join(line + rubbish for line in lines))
    expected = trace_format.read(clean, ReadLimits())
    trace = trace_format.read(dirty, ReadLimits(max_damaged=len(lines)))
    assert trace.accounting.records == expected.accounting.records
    assert trace.accounting.lines == 2 * len(lines)
    for column, values in expected.table().items():
        assert np.array_equal(trace.table()[column], values)
    with pytest.raises(TraceError):
        trace_format.read(dirty, ReadLimits(max_damaged=len(lines) - 1))
