"""What Redis says of itself: read, told, and described as a workload that can be run."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from refusals import refused

from experiments.commands.cli import main
from workloads.traces.export import write_csv
from workloads.traces.formats.redis_info import looks_like_info, read_info
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.kinds.server_info import ServerInfo
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import BUNDLED, open_as, open_trace

# In the form of a public report.
LARGE = """\
# Server
redis_version:6.2.1\r
os:Linux 4.14.219 aarch64

# Memory
used_memory:161565170080
used_memory_rss:163663605760
mem_fragmentation_ratio:1.01
# Persistence
rdb_last_bgsave_time_sec:5586
rdb_last_cow_size:518012928
aof_last_rewrite_time_sec:-1
# Stats
instantaneous_ops_per_sec:30000
latest_fork_usec:1380440
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "info.txt"


def read(path: Path, text: str) -> ServerInfo:
    path.write_text(text)
    return open_as(ServerInfo, path)


def test_a_large_server(path: Path) -> None:
    info = read(path, LARGE)
    assert info.facts() == {
        "used_memory_bytes": 161_565_170_080,
        "used_memory_rss_bytes": 163_663_605_760,
        "instantaneous_ops_per_s": 30_000,
        "latest_fork_ns": 1_380_440_000,
        "last_save_ns": 5586 * 10**9,
        "last_save_copied_bytes": 518_012_928,
        "latest_fork_per_gib_ns": 1_380_440_000 * 2**30 / 163_663_605_760,
    }
    assert info.accounting == Accounting(15, 10, {"header": 4, "blank": 1})
    assert info.values["redis_version"] == "6.2.1"


def test_the_sample() -> None:
    info = open_as(ServerInfo, BUNDLED / "redis_info.txt.gz")
    facts = info.facts()
    assert facts["latest_fork_ns"] == 1_710_000
    assert facts["last_save_copied_bytes"] == 1_007_616
    assert info.duration_ns == 15 * 10**9


@pytest.mark.parametrize("text", [LARGE, "redis_version:7\n", "used_memory:5000000\r\n"])
def test_its_description_is_a_valid_workload(
    path: Path, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (note,) = read(path, text).notes
    workload = note[note.index("{") :].replace("...B", "1GiB")
    assert bool(re.search(r"save_rate: 28923231B", workload)) == (text == LARGE)
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(
        f"forksim: 1\nname: a\nworkload: {workload}\nfork: {{kind: classic}}\n"
    )
    result = CliRunner().invoke(main, ["validate", "a.yaml"])
    assert result.exit_code == 0, result.stderr


def test_it_drives_no_program(path: Path) -> None:
    read(path, LARGE)
    with pytest.raises(TraceError, match="a trace of format redis_info: expected one of format"):
        open_as(KeyTrace, path)


def test_converted_it_is_read_again(path: Path) -> None:
    first = read(path, LARGE + 'x_y:a,"b"\n')
    stream = io.BytesIO()
    write_csv(first, stream)
    path.write_bytes(stream.getvalue())
    second = open_trace(path)
    assert isinstance(second, ServerInfo)
    assert second.values == first.values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"used_memory:1\nwhat is this\n", "2:1: bad line: expected 'field:value'"),
        (b"used_memory:1\nused_memory:2\n", "2:1: another used_memory: expected each field once"),
        (b"# Server\n", "2:1: no field: expected at least one field line"),
    ],
)
def test_what_is_no_info_is_refused(path: Path, text: bytes, message: str) -> None:
    assert refused(read_info, path, text).startswith(message)


def test_recognised() -> None:
    assert looks_like_info(b"$4096\r\n# Server\r\nredis_version:7.0.15\r\n")
    assert looks_like_info(b"# Memory\nused_memory:1\n")
    for start in (b"", b"start_time : 5\n", b"time,key\n", b"OK\n", b"memory:1\n"):
        assert not looks_like_info(start)
