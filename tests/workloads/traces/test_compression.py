"""Plain, gzip and zstd are told by their first bytes and read alike; damage is one line."""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from pathlib import Path

import pytest
from monitor_lines import line
from refusals import check_message

from workloads.traces.formats.monitor import read_monitor
from workloads.traces.reading.text import (
    ZSTD_MODULE,
    ReadLimits,
    TraceError,
    first_bytes,
    trace_digest,
)

TEXT = b"".join(line(b"SET", b"k%d" % (i % 7), b"v" * i, time_us=i) for i in range(50))

# A frame of raw blocks, written by hand: magic, a header that says one segment of one byte's
# length, then the last block: not compressed, as long as the content (RFC 8878, section 3.1.1).
SMALL = line(b"PING")
SMALL_ZSTD = (
    b"\x28\xb5\x2f\xfd\x20"
    + bytes([len(SMALL)])
    + (1 | len(SMALL) << 3).to_bytes(3, "little")
    + SMALL
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def compressed(text: bytes) -> bytes:
    data: bytes = import_module(ZSTD_MODULE).compress(text)
    return data


def refusal(path: Path, limits: ReadLimits | None = None) -> str:
    with pytest.raises(TraceError) as caught:
        read_monitor(path, limits or ReadLimits())
    return check_message(caught.value, path)


def test_a_frame_written_by_hand_is_read(path: Path) -> None:
    path.write_bytes(SMALL_ZSTD)
    assert read_monitor(path).accounting.records == 1


def test_plain_gzip_and_zstd_are_one_trace(path: Path) -> None:
    read = []
    for data in (TEXT, gzip.compress(TEXT), compressed(TEXT[:999]) + compressed(TEXT[999:])):
        path.write_bytes(data)
        trace = read_monitor(path)
        columns = (trace.time_ns, trace.key_id, trace.request_bytes)
        read.append((trace.accounting, trace_digest(path), [c.tolist() for c in columns]))
        assert first_bytes(path) == TEXT[:4096]
    assert read[0] == read[1] == read[2]


def test_zstd_cut_at_any_byte_is_refused(path: Path) -> None:
    packed = compressed(TEXT)
    for length in range(len(packed)):
        path.write_bytes(packed[:length])
        refusal(path)


def test_damaged_zstd_is_refused_or_another_text(path: Path) -> None:
    """Frames carry no checksum by default, so that some damage makes another text."""
    packed = compressed(TEXT)
    refused = 0
    for position in range(len(packed)):
        data = packed[:position] + bytes([packed[position] ^ 0xFF]) + packed[position + 1 :]
        path.write_bytes(data)
        try:
            assert read_monitor(path).accounting.lines > 0
        except TraceError as error:
            refused += 1
            check_message(error, path)
    assert refused > len(packed) // 2
    path.write_bytes(packed + b"garbage")
    assert "corrupt compressed data" in refusal(path)


def test_limits_stop_a_zstd_bomb(path: Path) -> None:
    path.write_bytes(compressed(bytes(2**25)))
    assert refusal(path).startswith("1:1048577: line longer than 1048576 bytes")
    path.write_bytes(compressed(TEXT))
    assert "more than 1000 bytes" in refusal(path, ReadLimits(max_bytes=1000))


def test_without_the_package_it_is_one_line_that_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, ZSTD_MODULE, None)
    path.write_bytes(SMALL_ZSTD)
    assert refusal(path) == (
        f"1:1: compressed by zstd, and the package {ZSTD_MODULE} is not installed: "
        "expected that package, or a decompressed file"
    )
