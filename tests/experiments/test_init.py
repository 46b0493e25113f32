"""forksim init: what it writes is valid, says every field, and is like the server it is of."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from experiments.commands.cli import main
from experiments.language.catalogue import catalogue
from experiments.language.commented import comment_lines, inline
from experiments.language.document import Data, load, parse
from experiments.language.errors import Position
from experiments.planning.points import plan
from workloads.mix import Mix
from workloads.programs.redis.redis_conf import read_redis_conf
from workloads.registry import PROGRAMS
from workloads.traces.reading.text import TraceError

NAMES = [*(program.name for program in PROGRAMS), Mix.name]
REAL = Path(__file__).parents[2] / "workloads/traces/data/redis_info.txt.gz"


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def started(file: Path, *arguments: str) -> Data:
    result = forksim("init", *arguments, "--out", str(file))
    assert result.exit_code == 0, result.output
    data = load(file).data
    assert len(plan(load(file), file.parent, catalogue()).points) == 2
    return data


@pytest.mark.parametrize("name", NAMES)
def test_it_is_valid_and_has_every_field(name: str, tmp_path: Path) -> None:
    data = started(tmp_path / "x.yaml", name)
    assert data["workload"] == parse(catalogue().workloads[name].example, Position("x")).data
    text = (tmp_path / "x.yaml").read_text()
    assert max(map(len, text.splitlines())) <= 96
    fields = catalogue().workloads[name].Config.model_fields
    missing = [field for field in fields if f"{field}:" not in text]
    assert missing == []
    assert forksim("init", name).stdout == text
    for line in text.splitlines():
        assert not line.endswith(" ")


def test_what_is_left_out_is_right_without_its_sign(tmp_path: Path) -> None:
    """Taking the sign away from lines with defaults changes nothing but that they are there."""
    text = forksim("init", "redis").stdout
    for line in ("#key_bytes: 15B", "#arrivals: poisson", "#share: 1", "#save_rate: 256MiB"):
        assert line in text
    for line in ("#keys:", "#share: 1", "#arrivals: poisson", "#value_bytes: 32B"):
        text = text.replace(line, line[1:], 1)
    # What is nested has a sign of its own before it.
    text = text.replace("  #  share: 1", "    share: 1")
    (tmp_path / "x.yaml").write_text(text)
    keys = load(tmp_path / "x.yaml").data["workload"]
    assert (keys["keys"], keys["value_bytes"]) == ({"share": 1}, "32B")
    assert plan(load(tmp_path / "x.yaml"), tmp_path, catalogue()).points


def test_the_operators_question_is_five_settings(tmp_path: Path) -> None:
    settings = {
        "workload.dataset": "30GB",
        "workload.clients.rate": "40k/s",
        "workload.set_ratio": "20%",
        "workload.snapshot.every": "15min",
        "machine.cores": "8",
    }
    options = [f"--set={field}={value}" for field, value in settings.items()]
    data = started(tmp_path / "x.yaml", "redis", *options)
    assert data["workload"]["dataset"] == "30GB"
    assert data["workload"]["clients"] == {"kind": "open", "rate": "40k/s"}
    assert data["workload"]["snapshot"] == {"every": "15min"}
    assert data["machine"]["cores"] == 8


INFO = """# Server
redis_version:7.2.4
server_name:valkey
valkey_version:8.0.1
io_threads_active:1
# Clients
connected_clients:312
# Memory
used_memory:30000000000
used_memory_rss:32212254720
maxmemory:42949672960
# Persistence
rdb_last_bgsave_time_sec:120
rdb_last_cow_size:6000000000
aof_enabled:1
# Stats
instantaneous_ops_per_sec:40123
latest_fork_usec:812345
# Commandstats
cmdstat_set:calls=100,usec=1,usec_per_call=0.1,rejected_calls=0,failed_calls=0
cmdstat_hset:calls=100,usec=1
cmdstat_get:calls=800,usec=1
cmdstat_config|get:calls=5000,usec=1
cmdstat_ping:calls=70000,usec=1
errorstat_ERR:count=3
"""


def test_a_server_like_its_info(tmp_path: Path) -> None:
    (tmp_path / "info").write_text(INFO)
    workload = started(tmp_path / "x.yaml", "redis", "--from-info", str(tmp_path / "info"))
    workload = workload["workload"]
    assert workload["dataset"] == "30720MiB"
    assert workload["clients"] == {"kind": "open", "rate": "40123/s", "connections": 312}
    assert workload["set_ratio"] == 0.2
    assert workload["snapshot"]["save_rate"] == "238MiB"
    text = " ".join((tmp_path / "x.yaml").read_text().replace("#", "").split())
    for said in (
        "From INFO: server_name valkey, redis_version 7.2.4, valkey_version 8.0.1.",
        "It has I/O threads, which are not simulated.",
        "It writes an AOF",
        "maxmemory 40.00 GiB",
        "latest_fork_usec, 812 ms; on this profile a fork of as much takes",
        "rdb_last_cow_size, 5.59 GiB were copied",
        "200 calls that write and 800 that read keys",
        'save: "3600 1 300 100 60 10000"',
    ):
        assert said in text


def test_infos_of_several_servers(tmp_path: Path) -> None:
    """Redis 6 (no io_threads_active), KeyDB (server_threads, mvcc_depth), and a real Redis 7.0."""
    old = "redis_version:6.2.14\nused_memory:1048576\ntotal_commands_processed:5000\n"
    keydb = "redis_version:6.3.4\nmvcc_depth:0\nthread_0_clients:9\nserver_threads:4\n"
    for number, text in enumerate(
        (old + "uptime_in_seconds:10\n", keydb + "used_memory:99999999\n")
    ):
        (tmp_path / f"info{number}").write_text(text)
    first = started(tmp_path / "0.yaml", "redis", "--from-info", str(tmp_path / "info0"))
    assert first["workload"]["dataset"] == "1MiB"
    assert first["workload"]["clients"]["rate"] == "500/s"
    second = started(tmp_path / "1.yaml", "redis", "--from-info", str(tmp_path / "info1"))
    assert second["workload"]["dataset"] == "95MiB"
    assert second["workload"]["clients"]["rate"] == "20k/s"
    assert "INFO does not say how many requests come" in (tmp_path / "1.yaml").read_text()
    real = started(tmp_path / "2.yaml", "redis", "--from-info", str(REAL))
    assert b"used_memory_rss:66600960" in gzip.decompress(REAL.read_bytes())
    assert real["workload"]["dataset"] == "64MiB"


CONF = """# my redis
SAVE 900 1
save 300 10 60 10000
maxmemory 40gb
io-threads 4
appendonly yes
hz 100
rdbcompression no
activedefrag no
include /etc/redis/"x y.conf"
requirepass "a b#c"
"""


def test_a_server_like_its_conf(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text(CONF)
    conf = read_redis_conf(tmp_path / "conf")
    assert conf.save == [(900, 1), (300, 10), (60, 10000)]
    assert conf.maxmemory == 40 * 2**30
    assert conf.included == ["/etc/redis/x y.conf"]
    data = started(tmp_path / "x.yaml", "redis", "--from-conf", str(tmp_path / "conf"))
    # Whole cycles of them are run, so there is no duration.
    assert data["workload"]["snapshot"] == {"save": "900 1 300 10 60 10000"}
    assert "duration" not in data["workload"]
    text = " ".join((tmp_path / "x.yaml").read_text().replace("#", "").split())
    assert "not simulated: io-threads 4, appendonly yes, hz 100, rdbcompression no." in text
    assert "were not read: /etc/redis/x y.conf." in text
    assert "requirepass" not in text
    slow = ("--set", "workload.clients.rate=100/s", "--set", "sweep=[]")
    assert forksim("init", "redis", "--from-conf", str(tmp_path / "conf"), *slow).exit_code == 0


@pytest.mark.parametrize(
    ("text", "saves"),
    [
        ('save 60 1\nsave ""\n', []),
        ('save ""\nsave 60 1\n', [(60, 1)]),
        ("maxmemory 100mb\n", None),
        ("save 3600 1 300 100\n", [(3600, 1), (300, 100)]),
    ],
)
def test_save_lines(tmp_path: Path, text: str, saves: list[tuple[int, int]] | None) -> None:
    (tmp_path / "conf").write_text(text)
    assert read_redis_conf(tmp_path / "conf").save == saves
    workload = started(tmp_path / "x.yaml", "redis", "--from-conf", str(tmp_path / "conf"))
    assert ("snapshot" in workload["workload"]) == (saves != [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("save 60\n", ":1:1: save: '60': expected seconds and changes in pairs, or \"\""),
        ("\nsave 60 x\n", ":2:1: save: '60 x': expected seconds and changes in pairs"),
        ("save 0 1\n", ":1:1: save: '0 1': expected seconds"),
        ("maxmemory lots\n", ":1:1: maxmemory: 'lots': expected a size such as"),
        ('requirepass "a\n', ":1:1: a quote without its end: expected a line such as save 60 1"),
        ("\x00\x01\x1b[2J\n", ":1:1: "),
        ("hz\n", ":1:1: 'hz': expected a directive and its arguments, as in redis.conf"),
    ],
)
def test_wrong_confs_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "conf").write_text(text)
    with pytest.raises(TraceError):
        read_redis_conf(tmp_path / "conf")
    result = forksim("init", "redis", "--from-conf", str(tmp_path / "conf"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{tmp_path / 'conf'}{message}")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["redi"], "PROGRAM:1:1: 'redi' - did you mean 'redis'?"),
        (["afl", "--from-info", "x"], "--from-info:1:1: afl: expected redis"),
        (["redis", "--from-info", "/nowhere"], "/nowhere:1:1: No such file or directory"),
        (["redis", "--set", "workload.dataset=3x"], "--set:1:18: workload.dataset: '3x'"),
        (["redis", "--set", "workload.datset=3"], "--set:1:1: workload.datset: unknown key"),
    ],
)
def test_wrong_questions_are_one_line(arguments: list[str], message: str) -> None:
    result = forksim("init", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("mine")
    result = forksim("init", "redis", "--out", str(file))
    assert (result.exit_code, file.read_text()) == (2, "mine")
    assert result.stderr == f"--out:1:1: {file} is there: expected a new file, or --force\n"
    assert forksim("init", "redis", "--out", str(file), "--force").exit_code == 0
    assert file.read_text().startswith("# Redis")


def test_texts_of_files_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "info").write_text('redis_version:7\x1b[2J # "x": {\nused_memory:5000000\n')
    (tmp_path / "conf").write_text('include "/x\u202e: #\'y"\nio-threads 4\x07\n')
    file = tmp_path / "x.yaml"
    started(
        file,
        "redis",
        *("--from-info", str(tmp_path / "info")),
        "--from-conf",
        str(tmp_path / "conf"),
    )
    text = file.read_text()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "7\\x1b[2J" in text


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**62), 2**62),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=20),
            st.sampled_from(
                ["1/11", "20%", "yes", "1e3", "0x1f", "null", "a: b", "# c", "15min", "-"]
            ),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.text("abz.: #'\"", min_size=1, max_size=5), inner, max_size=3),
        ),
        max_leaves=8,
    )
)
def test_values_are_read_back_as_they_are(value: Data) -> None:
    text = inline(value)
    assert "\n" not in text
    back = parse(text, Position("x")).data
    assert (type(back), back) == (type(value), value)


@given(st.text(max_size=300))
def test_comments_stay_comments(text: str) -> None:
    for line in comment_lines(text, 4):
        assert line.startswith("    # ")
        assert line.isprintable()
