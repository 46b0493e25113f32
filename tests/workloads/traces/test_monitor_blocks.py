"""Lines taken in blocks become what the reader of lines makes of them, whatever they are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitor_lines import line

from workloads.traces.formats import monitor_blocks
from workloads.traces.formats.monitor import read_monitor
from workloads.traces.formats.monitor_blocks import BlockReader
from workloads.traces.kinds.monitor_trace import MonitorTrace
from workloads.traces.reading import text
from workloads.traces.reading.slices import Numbering, are_digits, eight_digits, padded, words_of
from workloads.traces.reading.text import ReadLimits, TraceError, read_blocks
from workloads.traces.registry import BUNDLED

FILE_ONLY = (HealthCheck.function_scoped_fixture,)  # each example overwrites the same file


def outcome(path: Path, limits: ReadLimits) -> object:
    """All that a reading of the file gives: columns and counts, or a message."""
    try:
        trace = read_monitor(path, limits)
    except TraceError as error:
        return str(error)
    return columns(trace)


def columns(trace: MonitorTrace) -> dict[str, object]:
    return {
        name: (value.dtype.str, value.tolist()) if isinstance(value, np.ndarray) else value
        for name, value in vars(trace).items()
    }


def line_by_line(path: Path, limits: ReadLimits) -> object:
    with patch.object(BlockReader, "take_block", lambda _, block: io.BytesIO(block)):
        return outcome(path, limits)


WORDS = st.sampled_from(
    [b"k", b"key:1", b"a b", b"\\", b'"', b"\n\r\t\a\b", b"\x00\xff", b"\\n\\\\x41", b""]
)
ARGUMENTS = st.one_of(WORDS, st.binary(max_size=90), st.integers(0, 9).map(lambda n: b"k%d" % n))
NAMES = st.sampled_from(
    [b"GET", b"set", b"SET", b"DEL", b"MSET", b"HSET", b"PING", b"XREAD", b"EVAL", b"nope", b""]
)
COMMANDS = st.tuples(NAMES, st.lists(ARGUMENTS, max_size=4)).map(lambda c: [c[0], *c[1]])
SENDERS = st.sampled_from(
    [b"127.0.0.1:1", b"127.0.0.1:2", b"lua", b"unix:/a b] c", b'unix:/"x"', b"\\x] [", b"[::1]:3"]
)
Described = tuple[list[bytes], int, int, bytes]
LINES: st.SearchStrategy[Described] = st.tuples(
    COMMANDS, st.sampled_from([0, 0, 1, 7, 10**6, -3]), st.sampled_from([0, 0, 7, 10]), SENDERS
)
OTHERS = st.sampled_from(
    [b"OK\n", b"\n", b" \r\n", b"rubbish\n", b'1.000000 [0 lua] "PING"\n', b'"\n', b"\\\n"]
)


def text_of(lines: Sequence[Described | bytes], start_us: int) -> list[bytes]:
    time_us, pieces = start_us, []
    for described in lines:
        if isinstance(described, bytes):
            pieces.append(described)
            continue
        command, step, database, sender = described
        time_us += step
        pieces.append(line(*command, time_us=time_us, database=database, sender=sender))
    return pieces


@pytest.mark.histories
@settings(max_examples=400, deadline=None, suppress_health_check=FILE_ONLY)
@given(
    lines=st.lists(st.one_of(LINES, LINES, LINES, OTHERS), min_size=1, max_size=30),
    start_us=st.sampled_from([1_700_000_000_000_000, 9_223_372_036_854_770, 999_999_999_999_990]),
    max_damaged=st.sampled_from([0, 0, 3, 1000]),
    block_bytes=st.sampled_from([32, 300, 2**19]),
)
def test_blocks_are_lines(
    tmp_path: Path,
    *,
    lines: list[Described | bytes],
    start_us: int,
    max_damaged: int,
    block_bytes: int,
) -> None:
    path = tmp_path / "monitor.log"
    path.write_bytes(b"".join(text_of(lines, start_us)))
    limits = ReadLimits(max_damaged=max_damaged)
    with (
        patch.object(monitor_blocks, "FEWEST", 1),
        patch.object(text, "BLOCK_BYTES", block_bytes),
    ):
        assert outcome(path, limits) == line_by_line(path, limits)


@pytest.mark.histories
@pytest.mark.parametrize(
    "byte", [b"", b'"', b"\\", b"\r", b" ", b"x", b"[", b"]", b".", b"0", b":"]
)
def test_a_line_with_any_byte_changed_is_what_it_is(tmp_path: Path, byte: bytes) -> None:
    """Each byte in turn is replaced, or taken away, or another one put before it."""
    times_us = (10**15, 10**15 + 1, 9 * 10**15)
    before, changed, after = (line(b"SET", b"k\n1", b"v\xff", time_us=t) for t in times_us)
    path = tmp_path / "monitor.log"
    with patch.object(monitor_blocks, "FEWEST", 1):
        for place in range(len(changed)):
            for length in (0, 1):
                edited = changed[:place] + byte + changed[place + length :]
                path.write_bytes(before + edited + after)
                assert outcome(path, ReadLimits()) == line_by_line(path, ReadLimits())


def test_the_bundled_log_is_taken_in_blocks() -> None:
    """And not by falling back on its lines: of 60,001 the reader of lines sees only a few."""
    seen: list[bytes] = []
    take_block = BlockReader.take_block

    def watched(self: BlockReader, block: bytes) -> object:
        for piece in take_block(self, block):
            if isinstance(piece, bytes):
                seen.append(piece)
            yield piece

    path = BUNDLED / "redis_monitor.log.gz"
    with patch.object(BlockReader, "take_block", watched):
        trace = read_monitor(path)
    # Besides the OK some at the very end, where a block has too few alike.
    assert seen[0] == b"OK\n"
    assert len(seen) < 40
    assert len(trace) == 60_000
    assert columns(trace) == line_by_line(path, ReadLimits())


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 2)), min_size=1),
    st.sampled_from([2, 64]),
)
def test_a_slice_has_the_number_of_its_name(slices: list[tuple[bytes, int]], places: int) -> None:
    ids: dict[tuple[bytes, int], int] = {}

    def numbers_of(names: list[bytes], contexts: list[int]) -> list[int]:
        return [ids.setdefault(name, len(ids)) for name in zip(names, contexts, strict=True)]

    numbering = Numbering(numbers_of, places)
    names = [name for name, _ in slices]
    data = padded(b"".join(names))
    lengths = np.array([len(name) for name in names])
    contexts = np.array([context for _, context in slices])
    for _ in range(2):
        numbers = numbering.of_all(data, np.cumsum(lengths) - lengths, lengths, contexts)
        assert numbers.tolist() == [ids[name] for name in slices]
    assert list(ids) == list(dict.fromkeys(slices))


@given(st.binary(min_size=8, max_size=8) | st.integers(0, 10**8 - 1).map(lambda n: b"%08d" % n))
def test_eight_digits_are_a_number(eight: bytes) -> None:
    (word,) = words_of(np.frombuffer(eight, np.uint8))
    is_number = all(byte in b"0123456789" for byte in eight)
    assert are_digits(np.array([word])).tolist() == [is_number]
    if is_number:
        assert eight_digits(np.array([word])).tolist() == [int(eight)]


@settings(deadline=None, suppress_health_check=FILE_ONLY)
@given(
    pieces=st.lists(st.sampled_from([b"a", b"bc" * 20, b"\n", b"\r", b"d" * 9]), max_size=40),
    block_bytes=st.sampled_from([1, 7, 64]),
    limits=st.builds(ReadLimits, st.integers(1, 12), st.integers(1, 60), st.integers(1, 400)),
)
def test_limits_end_a_text_at_the_same_line_whatever_the_blocks(
    tmp_path: Path, pieces: list[bytes], block_bytes: int, limits: ReadLimits
) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"".join(pieces))
    lines = io.BytesIO(path.read_bytes()).readlines()
    good = 0
    for number, ending in enumerate(lines, 1):
        so_far = sum(map(len, lines[:number]))
        if len(ending) > limits.max_line_bytes or number > limits.max_lines:
            break
        if so_far > limits.max_bytes:
            break
        good = number
    read: list[bytes] = []
    with patch.object(text, "BLOCK_BYTES", block_bytes):
        if good == len(lines):
            read.extend(read_blocks(path, limits))
        else:
            with pytest.raises(TraceError, match=rf":{good + 1}:\d+: (line longer|more) than"):
                read.extend(read_blocks(path, limits))
    assert b"".join(read) == b"".join(lines[:good])
    assert all(block.endswith(b"\n") for block in read[:-1])
