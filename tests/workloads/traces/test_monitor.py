"""MONITOR lines and what the reader makes of them, one rule a test."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitor_lines import line, resp

from workloads.traces.formats.monitor import read_monitor
from workloads.traces.kinds.key_trace import NO_KEY
from workloads.traces.kinds.monitor_trace import MAX_UNKNOWN_NAMES, MonitorTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.text import ReadLimits, TraceError
from workloads.traces.registry import recognise

FILE_ONLY = (HealthCheck.function_scoped_fixture,)  # each example overwrites the same file


def read(tmp_path: Path, *lines: bytes) -> MonitorTrace:
    path = tmp_path / "monitor.log"
    path.write_bytes(b"".join(lines))
    return read_monitor(path)


def test_columns_of_a_small_log(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        b"OK\n",
        line(b"SET", b"a", b"12345", time_us=5_000_001, sender=b"10.0.0.1:1"),
        line(b"get", b"b", time_us=5_000_001, sender=b"10.0.0.2:1"),
        b"\n",
        line(b"GET", b"a", time_us=5_000_003, sender=b"10.0.0.1:1"),
        line(b"PING", time_us=6_000_000, sender=b"10.0.0.1:1"),
    )
    assert trace.time_ns.tolist() == [0, 0, 2_000, 999_999_000]
    assert trace.key_id.tolist() == [0, 1, 0, NO_KEY]
    assert trace.is_write.tolist() == [True, False, False, False]
    assert trace.value_bytes.tolist() == [5, 0, 0, 0]
    assert trace.connection.tolist() == [0, 1, 0, 0]
    assert trace.connections == ("10.0.0.1:1", "10.0.0.2:1")
    assert trace.request_bytes[3] == len(b"*1\r\n$4\r\nPING\r\n")
    assert trace.start_ns == 5_000_001_000
    assert (trace.keys, len(trace), trace.duration_ns) == (2, 4, 999_999_000)
    assert trace.accounting == Accounting(6, 4, {"reply OK": 1, "blank": 1})
    assert trace.unknown == {}


def test_types_are_those_promised_and_columns_cannot_be_written(tmp_path: Path) -> None:
    trace = read(tmp_path, line(b"MSET", b"a", b"1", b"b", b"2"))
    assert [trace.time_ns.dtype, trace.further_command.dtype] == [np.int64, np.int64]
    assert trace.is_write.dtype == np.bool_
    for column in (
        trace.key_id,
        trace.value_bytes,
        trace.request_bytes,
        trace.connection,
        trace.further_key_id,
        trace.further_value_bytes,
    ):
        assert column.dtype == np.int32
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


@pytest.mark.parametrize(
    "sender",
    [
        b"127.0.0.1:57750",
        b"[::1]:6379",
        b"[fe80::1%eth0]:6379",
        b"unix:/run/redis.sock",
        b"unix:/run/my [odd] folder/redis sock",
        b"?:0",
    ],
)
def test_senders(tmp_path: Path, sender: bytes) -> None:
    trace = read(tmp_path, line(b"SET", b"k", b"v", sender=sender))
    assert trace.connections == (sender.decode(),)
    assert trace.key_id.tolist() == [0]


def test_a_raw_connection_adds_plus_and_carriage_return(tmp_path: Path) -> None:
    raw = b"+OK\r\n" + b"+" + line(b"GET", b"k").rstrip() + b"\r\n" + b"+OK\r\n"
    trace = read(tmp_path, raw)
    assert trace.accounting == Accounting(3, 1, {"reply OK": 2})


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    assert len(read(tmp_path, line(b"GET", b"a"), line(b"GET", b"b").rstrip())) == 2


def test_the_same_name_in_another_database_is_another_key(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        line(b"GET", b"k", database=0),
        line(b"GET", b"k", database=15),
        line(b"GET", b"k", database=0),
    )
    assert trace.key_id.tolist() == [0, 1, 0]


def test_an_escaped_and_a_plain_spelling_are_one_key(tmp_path: Path) -> None:
    plain = line(b"GET", b"kA")
    assert read(tmp_path, plain, plain.replace(b"kA", b"k\\x41")).key_id.tolist() == [0, 0]


def test_bytes_that_some_libraries_print_count_once(tmp_path: Path) -> None:
    """The C locale of glibc escapes them; the text need not be UTF-8."""
    raw = line(b"SET", b"k", b"V").replace(b"V", b"\xff\xc3\xa9\\n\\xFF")
    assert read(tmp_path, raw).value_bytes.tolist() == [5]


def test_long_keys_are_told_apart_to_their_last_byte(tmp_path: Path) -> None:
    long = b"k" * 100_000
    trace = read(
        tmp_path, line(b"GET", long + b"1"), line(b"GET", long + b"2"), line(b"GET", long + b"1")
    )
    assert trace.key_id.tolist() == [0, 1, 0]


def test_unknown_commands_are_reads_without_key_counted_by_name(tmp_path: Path) -> None:
    trace = read(
        tmp_path, line(b"json.set", b"k", b"$"), line(b"JSON.SET", b"k", b"$"), line(b"\xff", b"k")
    )
    assert trace.unknown == {"JSON.SET": 2, "\\xff": 1}
    assert trace.key_id.tolist() == [NO_KEY] * 3
    assert not trace.is_write.any()


def test_unknown_commands_are_named_most_frequent_first(tmp_path: Path) -> None:
    names = [b"FT.SEARCH", b"JSON.SET", b"JSON.SET", b"\x1b[31m"]
    (note,) = read(tmp_path, *(line(name, b"k") for name in names)).notes
    assert note == (
        "commands that are not known, taken for reads without a key: "
        "'JSON.SET' (2), 'FT.SEARCH' (1), '\\x1b[31M' (1)"
    )
    assert read(tmp_path, line(b"GET", b"k")).notes == ()
    (note,) = read(tmp_path, *(line(b"x%d" % number) for number in range(25))).notes
    assert note.endswith("'X19' (1) and 5 more")


def called(*arguments: bytes, database: int = 0) -> bytes:
    return line(*arguments, database=database, sender=b"lua")


def test_what_a_script_calls_is_the_work_of_the_command_above(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        called(b"SET", b"before", b"v"),
        line(b"SET", b"b", b"1"),
        line(b"EVALSHA", b"a" * 40, b"1", b"q"),
        called(b"HSET", b"q", b"f", b"value"),
        called(b"GET", b"never written"),
        called(b"MSET", b"b", b"12", b"c", b"345", database=1),
        called(b"JSON.SET", b"d", b"$"),
        called(b"PUBLISH", b"channel", b"text"),
        line(b"GET", b"b"),
    )
    skipped = {"called by a script from before the log": 1, "called by a script": 5}
    assert trace.accounting == Accounting(9, 3, skipped)
    assert trace.connections == ("127.0.0.1:50000",)
    assert trace.is_write.tolist() == [True, False, False]
    assert trace.key_id.tolist() == [0, 1, 0]
    assert trace.further_command.tolist() == [1, 1, 1]
    assert trace.further_key_id.tolist() == [1, 2, 3]
    assert trace.further_value_bytes.tolist() == [6, 2, 3]
    assert trace.facts()["write_share"] == 2 / 3
    assert trace.unknown == {"JSON.SET": 1}


def test_a_script_calls_in_blocks_what_it_calls_line_by_line(tmp_path: Path) -> None:
    lines = []
    for number in range(200):
        lines.append(line(b"EVALSHA", b"a" * 40, b"1", b"q%d" % number, time_us=number))
        lines += [called(b"HSET", b"q%d" % number, b"f", b"v")] * 8
        lines.append(line(b"SET", b"k", b"v", time_us=number))
    trace = read(tmp_path, *lines)
    assert len(trace) == 400
    assert trace.further_command.tolist() == np.repeat(np.arange(0, 400, 2), 8).tolist()
    assert trace.accounting.skipped == {"called by a script": 1600}


def test_a_copied_prompt_is_skipped_and_leaves_the_format_recognisable(tmp_path: Path) -> None:
    path = tmp_path / "monitor.log"
    path.write_bytes(b"redis 127.0.0.1:6379> MONITOR\nOK\n" + line(b"GET", b"a") + b"^C\n")
    assert recognise(path).name == "redis_monitor"
    with pytest.raises(TraceError, match="1:1: bad time"):
        read_monitor(path)
    assert len(read_monitor(path, ReadLimits(max_damaged=2))) == 1


def test_unknown_names_are_bounded(tmp_path: Path) -> None:
    trace = read(tmp_path, *(line(b"x%d" % i) for i in range(MAX_UNKNOWN_NAMES + 5)))
    assert len(trace.unknown) == MAX_UNKNOWN_NAMES + 1
    assert trace.unknown["(others)"] == 5


def test_mset_is_one_request_and_several_written_keys(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        line(b"SET", b"b", b"1"),
        line(b"MSET", b"a", b"12", b"b", b"123", b"c", b""),
        line(b"DEL", b"c", b"a"),
    )
    assert trace.key_id.tolist() == [0, 1, 2]
    assert trace.value_bytes.tolist() == [1, 2, 0]
    assert trace.further_command.tolist() == [1, 1, 2]
    assert trace.further_key_id.tolist() == [0, 2, 1]
    assert trace.further_value_bytes.tolist() == [3, 0, 0]


def test_redacted_arguments_are_arguments(tmp_path: Path) -> None:
    trace = read(tmp_path, line(b"HELLO", b"3", b"AUTH", b"(redacted)", b"(redacted)"))
    assert trace.key_id.tolist() == [NO_KEY]


@given(st.lists(st.binary(max_size=300), max_size=6))
@settings(max_examples=300, deadline=None, suppress_health_check=FILE_ONLY)
def test_sizes_survive_the_escapes_of_any_bytes(tmp_path: Path, values: list[bytes]) -> None:
    commands = [[b"SET", value, value * 20] for value in values] + [[b"ECHO", *values]]
    trace = read(tmp_path, *(line(*arguments) for arguments in commands))
    assert trace.request_bytes.tolist() == [len(resp(arguments)) for arguments in commands]
    assert trace.value_bytes.tolist() == [len(value) * 20 for value in values] + [0]
    assert trace.keys == len(set(values))
    for value, key_id in zip(values, trace.key_id, strict=False):
        assert key_id == list(dict.fromkeys(values)).index(value)


@given(st.lists(st.integers(0, 10**16 - 1), min_size=1, max_size=20))
@settings(deadline=None, suppress_health_check=FILE_ONLY)
def test_times_are_exact_or_refused(tmp_path: Path, times_us: list[int]) -> None:
    times_us.sort()
    lines = [line(b"PING", time_us=time_us) for time_us in times_us]
    if times_us[-1] * 1000 >= 2**63:
        with pytest.raises(TraceError, match="beyond the year 2262"):
            read(tmp_path, *lines)
        return
    trace = read(tmp_path, *lines)
    assert trace.time_ns.tolist() == [(time_us - times_us[0]) * 1000 for time_us in times_us]


def test_plain_equals_gzip_even_of_several_members(tmp_path: Path) -> None:
    lines = [line(b"SET", b"k%d" % i, b"v" * i, time_us=i) for i in range(100)]
    plain = read(tmp_path, *lines)
    members = b"".join(gzip.compress(b"".join(lines[i : i + 30])) for i in range(0, 100, 30))
    packed = read(tmp_path, members)
    assert packed.accounting == plain.accounting
    assert packed.connections == plain.connections
    for name in ("time_ns", "key_id", "is_write", "value_bytes", "request_bytes", "connection"):
        assert np.array_equal(getattr(packed, name), getattr(plain, name))
