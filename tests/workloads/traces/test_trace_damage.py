"""Damaged traces end in one line that says where; nothing else ever comes out."""

from __future__ import annotations

import gzip
import os
import pickle
import random
import re
import socket
from pathlib import Path

import pytest
from monitor_lines import line

from workloads.traces.formats.monitor import read_monitor
from workloads.traces.kinds.monitor_trace import MonitorTrace
from workloads.traces.reading.text import ReadLimits, TraceError, first_bytes, trace_digest
from workloads.traces.registry import open_trace

GOOD = b"OK\n" + b"".join(
    line(b"SET", b"key:%d" % (i % 7), bytes(range(i, i + 60)), time_us=10**15 + 7 * i)
    if i % 2
    else line(b"GET", b"key:%d" % (i % 5), time_us=10**15 + 7 * i, sender=b"[::1]:2")
    for i in range(40)
)


def refusal(path: Path, limits: ReadLimits | None = None) -> str:
    """The message, without the path, of the one error that reading the file ends in."""
    with pytest.raises(TraceError) as caught:
        read_monitor(path, limits or ReadLimits())
    (message,) = caught.value.args
    assert isinstance(message, str)
    assert message.isprintable()
    assert re.fullmatch(re.escape(str(path)) + r":\d+:\d+: .+: expected .+", message)
    assert str(pickle.loads(pickle.dumps(caught.value))) == message  # noqa: S301 - our own bytes
    return message.removeprefix(f"{path}:")


def refused(tmp_path: Path, text: bytes, limits: ReadLimits | None = None) -> str:
    path = tmp_path / "monitor.log"
    path.write_bytes(text)
    return refusal(path, limits)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"garbage\n", "1:1: bad time:"),
        (b"OK\nERR something\n", "2:1: bad time:"),
        (b"NOAUTH Authentication required.\n", "1:1: bad time:"),
        (b'1.000000[0 lua] "PING"\n', "1:1: bad time:"),
        (b'1.00000 [0 lua] "PING"\n', "1:1: bad time:"),
        (b'-1.000000 [0 lua] "PING"\n', "1:1: bad time:"),
        (b'12345678901.000000 [0 lua] "PING"\n', "1:1: bad time:"),
        (b'1.000000 [x lua] "PING"\n', "1:10: bad data base:"),
        (b'1.000000 (0 lua) "PING"\n', "1:10: bad data base:"),
        (b'1.000000 [0 lua "PING"\n', "1:13: bad sender:"),
        (b'1.000000 [0 ] "PING"\n', "1:13: bad sender:"),
        (b"1.000000 [0 lua] PING\n", "1:13: bad sender:"),
        (b"1.000000 [0 lua] \n", "1:13: bad sender:"),
        (b"1.000000 [0 " + b"a" * 161 + b'] "PING"\n', "1:13: bad sender:"),
        (b'1.000000 [0 lua] "PING\n', "1:23: bad argument:"),
        (b'1.000000 [0 lua] "A" "B\n', "1:24: bad argument:"),
        (b'1.000000 [0 lua] "A\\"\n', "1:22: bad argument:"),
        (b'1.000000 [0 lua] "A\\q"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A\\x4"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A\\x4g"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A\\u0041"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A\\N{BULLET}"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A\x00"\n', "1:20: bad argument:"),
        (b'1.000000 [0 lua] "A"B"\n', "1:21: bad end:"),
        (b'1.000000 [0 lua] "A"  "B"\n', "1:21: bad end:"),
        (b'1.000000 [0 lua] "A" B\n', "1:21: bad end:"),
        (b'1.000000 [0 lua] "A"\v\n', "1:21: bad end:"),
    ],
)
def test_a_bad_line_is_refused_where_it_goes_wrong(
    tmp_path: Path, text: bytes, message: str
) -> None:
    assert refused(tmp_path, text).startswith(message)


def test_time_must_not_go_backwards_even_by_a_microsecond(tmp_path: Path) -> None:
    lines = [line(b"PING", time_us=t) for t in (10, 12, 12, 11)]
    assert refused(tmp_path, b"".join(lines)).startswith("4:1: time goes backwards:")


@pytest.mark.parametrize(
    "text",
    [b"", b"OK\n", b"\n\n", b"OK\n\nOK\n", gzip.compress(b"", mtime=0)],
    ids=["nothing", "ok", "blank", "both", "gzip of nothing"],
)
def test_a_trace_without_a_command_is_refused(tmp_path: Path, text: bytes) -> None:
    assert "no command: expected at least one" in refused(tmp_path, text)


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing").startswith("1:1: No such file")
    assert refusal(tmp_path).startswith("1:1: not a file")
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").startswith("1:1: not a file")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert refusal(tmp_path / "s").startswith("1:1: not a file")


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "x" * 300])
def test_odd_names_still_give_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(TraceError) as caught:
        read_monitor(tmp_path / name)
    assert str(caught.value).isprintable()


def test_gzip_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(GOOD)
    path = tmp_path / "cut.gz"
    for length in range(len(packed)):
        path.write_bytes(packed[:length])
        refusal(path)


def test_gzip_with_any_byte_inverted_is_whole_or_refused(tmp_path: Path) -> None:
    """The header holds bytes (flags, time, system) whose damage cannot be seen in the text."""
    packed = gzip.compress(GOOD, mtime=0)
    path = tmp_path / "flipped.gz"
    path.write_bytes(packed)
    whole = read_monitor(path)
    for position in range(len(packed)):
        path.write_bytes(
            packed[:position] + bytes([packed[position] ^ 0xFF]) + packed[position + 1 :]
        )
        try:
            trace = read_monitor(path)
        except TraceError:
            continue
        assert trace.time_ns.tolist() == whole.time_ns.tolist()
        assert trace.request_bytes.tolist() == whole.request_bytes.tolist()


def test_gzip_followed_by_garbage_is_refused(tmp_path: Path) -> None:
    assert "corrupt compressed data" in refused(tmp_path, gzip.compress(GOOD) + b"garbage")


@pytest.mark.histories
def test_a_plain_text_cut_anywhere_is_accounted_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.log"
    for length in range(GOOD.index(b"key:5")):
        path.write_bytes(GOOD[:length])
        _accounted_or_refused(path)


@pytest.mark.histories
def test_a_thousand_mutations_are_accounted_or_refused(tmp_path: Path) -> None:
    random_bytes = random.Random(20210426)  # noqa: S311 - test data
    path = tmp_path / "mutated.log"
    read = 0
    for _ in range(1000):
        text = bytearray(GOOD)
        for _ in range(random_bytes.choice((1, 1, 1, 2, 5, 50))):
            start = random_bytes.randrange(len(text))
            end = start + random_bytes.choice((0, 1, 1, 4, 100))
            text[start:end] = random_bytes.choice(
                (
                    b"",
                    b"\n",
                    b"\\",
                    b'"',
                    b"OK\n",
                    bytes(text[end : end + 80]),
                    random_bytes.randbytes(random_bytes.randrange(1, 5)),
                    str(random_bytes.randrange(10)).encode(),
                )
            )
        path.write_bytes(gzip.compress(bytes(text), 1) if random_bytes.random() < 0.2 else text)
        read += _accounted_or_refused(path)
    assert 100 < read < 900, "the mutations should hit both outcomes often"


def _accounted_or_refused(path: Path) -> bool:
    try:
        trace = read_monitor(path)
    except TraceError:
        refusal(path)
        return False
    _check_accounting(trace, path)
    return True


def _check_accounting(trace: MonitorTrace, path: Path) -> None:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    accounting = trace.accounting
    assert accounting.lines == accounting.records + sum(accounting.skipped.values())
    assert accounting.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    assert accounting.records == len(trace)
    assert sum(trace.unknown.values()) <= accounting.records


def test_limits_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "monitor.log"
    longest = max(len(text) for text in GOOD.splitlines(keepends=True))
    for text in (GOOD, gzip.compress(GOOD)):
        path.write_bytes(text)
        exact = ReadLimits(max_lines=41, max_line_bytes=longest, max_bytes=len(GOOD))
        assert read_monitor(path, exact).accounting.lines == 41
        assert refusal(path, ReadLimits(max_lines=40)).startswith("41:1: more than 40 lines")
        too_long = refusal(path, ReadLimits(max_line_bytes=longest - 1))
        assert f":{longest}: line longer than {longest - 1} bytes" in too_long
        too_much = refusal(path, ReadLimits(max_bytes=len(GOOD) - 1))
        assert too_much.startswith(f"41:1: more than {len(GOOD) - 1} bytes")


def test_a_line_without_end_is_given_up_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"0" * 2**25))
    assert refusal(path).startswith("1:1048577: line longer than 1048576 bytes")


def test_a_long_line_of_escapes_is_read_and_a_broken_one_refused(tmp_path: Path) -> None:
    value = bytes(250_000)
    path = tmp_path / "monitor.log"
    good = line(b"SET", b"k", value)
    path.write_bytes(good)
    assert read_monitor(path).value_bytes.tolist() == [250_000]
    assert "bad argument" in refused(tmp_path, good[:-3] + b"\n")


@pytest.mark.parametrize(
    "limits",
    [{"max_lines": 0}, {"max_bytes": -1}, {"max_line_bytes": 0}, {"max_line_bytes": 2**28 + 1}],
)
def test_limits_that_cannot_hold_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at"):
        ReadLimits(**limits)


def test_digest_and_sniffing_refuse_the_same_damage(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(GOOD)[:100])
    for reader in (trace_digest, first_bytes, open_trace):
        with pytest.raises(TraceError, match="ends too early"):
            reader(path)
    with pytest.raises(TraceError, match="No such file"):
        trace_digest(tmp_path / "missing")
    path.write_bytes(GOOD)
    with pytest.raises(TraceError, match=f":41:1: more than {len(GOOD) - 1} bytes"):
        trace_digest(path, ReadLimits(max_bytes=len(GOOD) - 1))


def test_digest_is_of_the_text(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(GOOD)
    packed.write_bytes(gzip.compress(GOOD))
    assert trace_digest(plain) == trace_digest(packed)
    plain.write_bytes(GOOD + b"\n")
    assert trace_digest(plain) != trace_digest(packed)
