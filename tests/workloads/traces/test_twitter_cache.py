"""Twitter's cache traces: the golden of the sample, and one rule a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from monitor_lines import resp
from refusals import refused
from samples import lines_of

from workloads.traces.formats.twitter_cache import read_twitter_cache
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.registry import BUNDLED

GOOD = b"3,some,key,8,5,77,set,600\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cluster"


def read(path: Path, *lines: bytes) -> KeyTrace:
    path.write_bytes(b"".join(lines))
    return read_twitter_cache(path)


def test_the_sample() -> None:
    trace = read_twitter_cache(BUNDLED / "twitter_cluster026.csv")
    assert trace.accounting == Accounting(5, 5, {})
    assert trace.time_ns.tolist() == [0, 0, 10**9, 10**9, 2 * 10**9]
    assert trace.key_id.tolist() == [0, 1, 2, 3, 4]
    assert trace.is_write.tolist() == [False, False, True, False, False]
    assert trace.value_bytes.tolist() == [0, 0, 63, 0, 0]
    assert trace.connections == ("1", "2", "3", "4", "5")
    assert trace.resolution_ns == 10**9
    assert trace.arrival_ns().tolist() == [0, 5 * 10**8, 10**9, 15 * 10**8, 2 * 10**9]
    assert len(trace.further_command) == 0


def test_requests_have_the_size_of_the_nearest_command_of_redis() -> None:
    """In this sample keys are as long after anonymisation as before."""
    trace = read_twitter_cache(BUNDLED / "twitter_cluster026.csv")
    keys = [line.split(b",")[1] for line in lines_of("twitter_cluster026.csv")]
    commands = [[b"GET", key] for key in keys]
    commands[2] = [b"SET", keys[2], b"x" * 63]
    assert trace.request_bytes.tolist() == [len(resp(command)) for command in commands]


@pytest.mark.parametrize(
    ("operation", "is_write", "value_bytes", "command"),
    [
        (b"get", False, 0, [b"GET", b"k"]),
        (b"gets", False, 0, [b"GET", b"k"]),
        (b"set", True, 5, [b"SET", b"k", b"12345"]),
        (b"add", True, 5, [b"SET", b"k", b"12345"]),
        (b"replace", True, 5, [b"SET", b"k", b"12345"]),
        (b"cas", True, 5, [b"SET", b"k", b"12345"]),
        (b"append", True, 5, [b"APPEND", b"k", b"12345"]),
        (b"prepend", True, 5, [b"APPEND", b"k", b"12345"]),
        (b"delete", True, 0, [b"DEL", b"k"]),
        (b"incr", True, 0, [b"INCR", b"k"]),
        (b"decr", True, 0, [b"DECR", b"k"]),
    ],
)
def test_operations(
    path: Path, operation: bytes, is_write: bool, value_bytes: int, command: list[bytes]
) -> None:
    trace = read(path, b"0,k,1,5,2," + operation + b",0\n")
    assert (trace.is_write[0], trace.value_bytes[0]) == (is_write, value_bytes)
    assert trace.request_bytes[0] == len(resp(command))


def test_keys_may_hold_commas_and_look_like_cells(path: Path) -> None:
    trace = read(path, GOOD, b"\n", b"4,1,2,3,get,5,8,5,77,get,0\r\n", b"9,some,key,8,5,78,get,0")
    assert trace.key_id.tolist() == [0, 1, 0]
    assert trace.connections == ("77", "78")
    assert trace.accounting == Accounting(4, 3, {"blank": 1})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"3,", b"x,", "1:1: bad time:"),
        (b"3,some,key,8,5,77,set,600", b"3,set,600", "1:2: cells missing:"),
        (b"some,key,8,", b"8,", "1:1: cells missing:"),
        (b"600", b"-1", "1:23: bad time to live:"),
        (b"set", b"SET", "1:19: bad operation: expected one of get, gets,"),
        (b"77", b"", "1:16: bad client:"),
        (b",5,", b",5.0,", "1:14: bad value size:"),
        (b",8,", b",,", "1:12: bad key size:"),
        (b",5,", b",600000000,", "1:14: size too large:"),
        (b",5,", b",6000000000,", "1:14: bad value size:"),
        (b",8,", b",999999999,", "1:12: size too large:"),
    ],
)
def test_a_bad_line_is_refused_where_it_goes_wrong(
    path: Path, old: bytes, new: bytes, message: str
) -> None:
    assert refused(read_twitter_cache, path, GOOD.replace(old, new, 1)).startswith(message)


def test_time_must_not_go_backwards(path: Path) -> None:
    text = GOOD + GOOD.replace(b"3,", b"2,", 1)
    expected = "2:1: time goes backwards: expected no less than in the line above, which is "
    assert refused(read_twitter_cache, path, text) == expected + "1000000000 ns later"
