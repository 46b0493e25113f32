"""Lines taken in columns become what the reader of lines makes of them, damage included."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trace_lines import EDITS, ENDS, FILES

from workloads.traces.formats.access_blocks import UsualBlocks
from workloads.traces.formats.access_csv_blocks import AccessRowBlocks
from workloads.traces.formats.csv_blocks import CommandBlocks
from workloads.traces.formats.execution_csv_blocks import ExecutionRowBlocks
from workloads.traces.formats.own_blocks import OwnBlocks
from workloads.traces.formats.plot_blocks import PlotBlocks
from workloads.traces.formats.twitter_blocks import CacheBlocks
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading import block_lines, text
from workloads.traces.reading.fields import Fields
from workloads.traces.reading.text import ReadLimits, TraceError
from workloads.traces.registry import FORMATS

FILE_ONLY = (HealthCheck.function_scoped_fixture,)  # each example overwrites the same file
READERS: list[Any] = [
    AccessRowBlocks,
    CacheBlocks,
    CommandBlocks,
    ExecutionRowBlocks,
    OwnBlocks,
    PlotBlocks,
    UsualBlocks,
]


def columns(trace: Trace) -> dict[str, object]:
    return {
        name: (value.dtype.str, repr(value.tolist()))  # in which NaN is NaN
        if isinstance(value, np.ndarray)
        else repr(value)
        for name, value in vars(trace).items()
    }


def outcome(path: Path, name: str, fields: Fields, limits: ReadLimits) -> object:
    """All that a reading of the file gives: columns, counts and notes, or a message."""
    one = FORMATS[name]
    try:
        trace = one.read(path, limits, fields) if one.takes else one.read(path, limits)
    except TraceError as error:
        return str(error)
    return columns(trace)


@contextmanager
def line_by_line() -> Iterator[None]:
    with ExitStack() as stack:
        for reader in READERS:
            stack.enter_context(
                patch.object(reader, "take_block", lambda _, block, *__: io.BytesIO(block))
            )
        yield


def edited(data: bytes, edits: list[tuple[int, bytes, int]]) -> bytes:
    for place, byte, length in edits:
        at = place % (len(data) + 1)
        data = data[:at] + byte + data[at + length :]
    return data


@pytest.mark.histories
@settings(max_examples=400, deadline=None, suppress_health_check=FILE_ONLY)
@given(
    file=FILES,
    ends=st.lists(ENDS, min_size=1, max_size=8),
    edits=EDITS,
    max_damaged=st.sampled_from([0, 0, 3, 1000, 1000]),
    max_lines=st.sampled_from([20_000_000, 10]),
    block_bytes=st.sampled_from([16, 300, 2**19]),
)
def test_blocks_are_lines(
    tmp_path: Path,
    *,
    file: tuple[str, list[bytes], Fields],
    ends: list[bytes],
    edits: list[tuple[int, bytes, int]],
    max_damaged: int,
    max_lines: int,
    block_bytes: int,
) -> None:
    name, lines, fields = file
    path = tmp_path / "trace"
    whole = b"".join(line + ends[n % len(ends)] for n, line in enumerate(lines))
    path.write_bytes(edited(whole, edits))
    limits = ReadLimits(max_damaged=max_damaged, max_lines=max_lines)
    with (
        patch.object(block_lines, "FEWEST", 1),
        patch.object(text, "BLOCK_BYTES", block_bytes),
    ):
        found = outcome(path, name, fields, limits)
    with line_by_line():
        assert found == outcome(path, name, fields, limits)
