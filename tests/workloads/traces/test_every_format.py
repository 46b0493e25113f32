"""What no format cares about: byte order marks, blanks at the end of a line, a cut last line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from refusals import refused
from samples import FORMAT_OF, lines_of

from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.accounting import CUT
from workloads.traces.reading.text import BYTE_ORDER_MARK, ReadLimits
from workloads.traces.registry import FORMATS, open_trace

NAMES = pytest.mark.parametrize("name", sorted(FORMAT_OF))


def same_rows(one: Trace, other: Trace) -> bool:
    columns = zip(one.table().values(), other.table().values(), strict=True)
    return all(np.array_equal(first, second) for first, second in columns)


@NAMES
def test_a_byte_order_mark_is_skipped(name: str, tmp_path: Path) -> None:
    text = b"".join(lines_of(name)[:50])
    plain, marked = tmp_path / "plain", tmp_path / "marked"
    plain.write_bytes(text)
    for marked_text in (BYTE_ORDER_MARK + text, gzip.compress(BYTE_ORDER_MARK + text)):
        marked.write_bytes(marked_text)
        trace = open_trace(marked)
        assert same_rows(trace, open_trace(plain))
        assert trace.accounting == open_trace(plain).accounting


@NAMES
@pytest.mark.parametrize("end", [b" \n", b"\t \r\n", b"  \r\r\n"])
def test_blanks_at_the_end_of_a_line_are_nothing(name: str, end: bytes, tmp_path: Path) -> None:
    lines = lines_of(name)[:50]
    plain, blanks = tmp_path / "plain", tmp_path / "blanks"
    plain.write_bytes(b"".join(lines))
    blanks.write_bytes(b"".join(line.rstrip(b"\r\n") + end for line in lines))
    assert same_rows(open_trace(blanks), open_trace(plain))


@pytest.mark.parametrize(
    ("name", "cut_bytes"),
    [
        ("redis_monitor.log.gz", 30),
        ("apache_combined_D.log.gz", 60),
        ("nginx_combined.log.gz", 40),
        ("afl_plot_data_unix_time.csv", 20),
        ("sqlite_tests_1GiB.csv", 30),
        ("twitter_cluster026.csv", 10),
        ("requests.csv", 5),
    ],
)
def test_a_cut_last_line_is_dropped_and_counted(name: str, cut_bytes: int, tmp_path: Path) -> None:
    lines = lines_of(name)[:40]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.write_bytes(b"".join(lines[:-1]))
    cut.write_bytes(b"".join(lines[:-1]) + lines[-1][:cut_bytes])
    trace, expected = open_trace(cut), open_trace(whole)
    assert same_rows(trace, expected)
    assert trace.accounting.lines == expected.accounting.lines + 1
    assert trace.accounting.skipped == expected.accounting.skipped | {CUT: 1}


def test_a_damaged_last_line_with_an_end_was_not_cut(tmp_path: Path) -> None:
    lines = lines_of("apache_common.log.gz")[:3]
    text = b"".join(lines[:2]) + lines[2][:30] + b"\n"
    assert refused(open_trace, tmp_path / "log", text).startswith("3:")


@NAMES
def test_a_file_of_nothing_but_damaged_lines_says_why_the_first_is_none(
    name: str, tmp_path: Path
) -> None:
    def read(path: Path) -> Trace:
        return FORMATS[FORMAT_OF[name]].read(path, ReadLimits(max_damaged=9))

    message = refused(read, tmp_path / "log", b"\n\x00rubbish\nmore\n")
    assert message.startswith("2:1: ")
    assert "at least one" not in message


def test_a_cut_line_alone_is_refused_for_what_is_wrong_with_it(tmp_path: Path) -> None:
    text = lines_of("apache_common.log.gz")[0][:30]
    read = FORMATS["access_log"].read
    message = refused(lambda path: read(path, ReadLimits()), tmp_path / "log", text)
    assert message.startswith("1:15: bad time:")
