"""Formats by name, and recognising one by how a file begins."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from monitor_lines import line
from samples import FORMAT_OF, lines_of

from sim.names import by_name
from workloads.traces.formats import monitor
from workloads.traces.formats.monitor import looks_like_monitor, read_monitor
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.reading.text import TraceError, first_bytes
from workloads.traces.registry import (
    BUNDLED,
    FORMATS,
    TraceFormat,
    open_as,
    open_trace,
    recognise,
)

MONITOR = TraceFormat("redis_monitor", looks_like_monitor, read_monitor, monitor.MONITOR)

DOCUMENT = Path(__file__).parents[3] / "docs/traces.md"


@pytest.mark.parametrize(
    "start",
    [
        b"OK\n" + line(b"PING"),
        b"OK\r\n",
        b"OK",
        b"+OK\r\n+" + line(b"PING"),
        line(b"PING"),
        b"\n\n" + line(b"PING"),
    ],
)
def test_monitor_is_recognised(start: bytes) -> None:
    assert looks_like_monitor(start)


@pytest.mark.parametrize("start", [b"", b"OKAY\n", b"# unix_time, cycles_done", b"1,2,3\n", b"\0"])
def test_other_texts_are_not_taken_for_monitor(start: bytes) -> None:
    assert not looks_like_monitor(start)


def test_open_trace_reads_by_sniffing_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a name that says nothing"
    path.write_bytes(gzip.compress(line(b"SET", b"k", b"v")))
    assert len(open_trace(path)) == len(open_trace(path, "redis_monitor")) == 1
    assert len(open_trace(str(path))) == 1


@pytest.mark.parametrize(
    ("text", "what"), [(b"", "empty file"), (b"a,b\n1,2\n", "unknown format"), (b"\0", "unknown")]
)
def test_what_no_format_fits_is_refused(tmp_path: Path, text: bytes, what: str) -> None:
    path = tmp_path / "trace"
    path.write_bytes(text)
    with pytest.raises(TraceError, match=rf":1:1: {what}.*: expected .*redis_monitor"):
        open_trace(path)


@pytest.mark.parametrize("name", FORMAT_OF)
def test_every_bundled_trace_is_recognised_as_one_format(name: str) -> None:
    start = first_bytes(BUNDLED / name)
    fitting = [trace_format for trace_format in FORMATS.values() if trace_format.sniff(start)]
    special = [one.name for one in fitting if not one.general or len(fitting) == 1]
    assert special == [FORMAT_OF[name]]
    assert recognise(BUNDLED / name).name == FORMAT_OF[name]
    trace = open_trace(BUNDLED / name)
    skipped = sum(trace.accounting.skipped.values())
    assert trace.accounting.records == len(lines_of(name)) - skipped


def test_every_format_has_a_bundled_trace_and_every_trace_a_source() -> None:
    assert set(FORMAT_OF.values()) == set(FORMATS)
    files = {file.name for file in BUNDLED.iterdir()}
    assert files == {*FORMAT_OF, "README.md"}
    sources = (BUNDLED / "README.md").read_text()
    assert all(f"`{name}`" in sources for name in FORMAT_OF)


def test_a_trace_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitor"
    path.write_bytes(line(b"GET", b"k"))
    assert len(open_as(KeyTrace, path)) == 1
    with pytest.raises(TraceError, match="redis_monitor: expected one of format access_log"):
        open_as(AccessTrace, path)


def test_an_unknown_name_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        open_trace(tmp_path, "redis_monitr")


def test_a_duplicate_name_raises() -> None:
    with pytest.raises(ValueError, match="two trace formats"):
        by_name("trace formats", [MONITOR, MONITOR])


def test_names_are_the_keys() -> None:
    assert all(name == trace_format.name for name, trace_format in FORMATS.items())


@pytest.mark.parametrize("name", FORMATS)
def test_the_document_says_of_every_format_what_inspect_says(name: str) -> None:
    about = FORMATS[name].about
    row = f"| `{name}` | {about.read} | {about.left} | {about.assumed} |"
    assert row in DOCUMENT.read_text().splitlines()
