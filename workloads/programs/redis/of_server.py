"""A Redis as an experiment's YAML has it, from a real one's INFO and redis.conf."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workloads.programs.redis.redis_conf import RedisConf, described
from workloads.traces.commands.redis import COMMANDS
from workloads.traces.kinds.server_info import ServerInfo

Way = tuple[str, ...]
MIB, GIB = 2**20, 2**30
DEFAULT_RULES = [(3600, 1), (300, 100), (60, 10000)]
"""Of Redis 7 without a `save` line."""
SECONDS = "20s"
"""How long a server is simulated that does not fork."""
_CALLS = re.compile(r"calls=(\d{1,18})(?:,|$)")


@dataclass
class DescribedServer:
    """What was found.

    Attributes:
        workload: fields of a `RedisConfig` as the YAML has them.
        comments: sentences by the way to the field that they are about.
        remarks: sentences about the server as a whole.
        dataset_bytes: its size, if that is known.
        fork_ns: how long its last fork took; None or 0 if it has not forked.
    """

    workload: dict[str, Any]
    comments: dict[Way, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    dataset_bytes: int | None = None
    fork_ns: int | None = None

    def say(self, sentence: str, *way: str) -> None:
        """Add a comment on a field."""
        self.comments.setdefault(way, []).append(sentence)


def described_server(
    start: Mapping[str, Any], info: ServerInfo | None, conf: RedisConf | None
) -> DescribedServer:
    """A server like the real one.

    Args:
        start: fields of a `RedisConfig`, for what is not known.
        info: its INFO.
        conf: its redis.conf.
    """
    server = DescribedServer(dict(start))
    if info is not None:
        _size(server, info)
        _load(server, info)
        _saves(server, info)
    if conf is not None:
        _rules(server, conf)
    if conf is not None or info is not None:
        _length(server)
    return server


def _number(info: ServerInfo, name: str) -> int:
    text = info.values.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _size(server: DescribedServer, info: ServerInfo) -> None:
    names = ("server_name", "redis_version", "valkey_version", "os")
    told = {name: info.values[name] for name in names if name in info.values}
    server.remarks.append(f"From INFO: {', '.join(f'{n} {v}' for n, v in told.items())}.")
    used, resident = _number(info, "used_memory"), _number(info, "used_memory_rss")
    if size := resident or used:
        server.dataset_bytes = max(size, MIB)
        server.workload["dataset"] = f"{max(round(size / MIB), 1)}MiB"
        server.say(
            f"INFO: used_memory {_gib(used)}, used_memory_rss {_gib(resident)}, which is what a "
            "fork copies the tables of.",
            "dataset",
        )
    if most := _number(info, "maxmemory"):
        server.say(f"INFO: maxmemory {_gib(most)}; eviction is not simulated.", "dataset")
    threads = info.values.get("io_threads_active", "0")
    if threads not in ("0", ""):
        server.remarks.append("It has I/O threads, which are not simulated.")
    if info.values.get("aof_enabled") == "1":
        server.remarks.append("It writes an AOF, which is not simulated.")


def _load(server: DescribedServer, info: ServerInfo) -> None:
    rate, since = _number(info, "instantaneous_ops_per_sec"), "instantaneous_ops_per_sec"
    if not rate and (up := _number(info, "uptime_in_seconds")):
        rate = round(_number(info, "total_commands_processed") / up)
        since = "total_commands_processed in uptime_in_seconds; at the moment of INFO none came"
    clients = dict(server.workload["clients"])
    if rate:
        clients["rate"] = f"{rate}/s"
        server.say(f"INFO: {since}.", "clients", "rate")
    else:
        server.say("INFO does not say how many requests come: set this.", "clients", "rate")
    if connected := _number(info, "connected_clients"):
        clients["connections"] = min(connected, 10_000)
        server.say(f"INFO: connected_clients {connected}.", "clients", "connections")
    server.workload["clients"] = clients
    writes, reads = _calls(info, writes=True), _calls(info, writes=False)
    if writes + reads:
        server.workload["set_ratio"] = round(writes / (writes + reads), 4)
        server.say(
            f"INFO commandstats: {writes:,} calls that write and {reads:,} that read keys, since "
            "the start.",
            "set_ratio",
        )
    else:
        server.say("INFO has no commandstats: set this (redis-cli INFO ALL tells it).", "set_ratio")


def _calls(info: ServerInfo, *, writes: bool) -> int:
    total = 0
    for name, value in info.values.items():
        if not name.startswith("cmdstat_"):
            continue
        word = name.removeprefix("cmdstat_").partition("|")[0]
        command = COMMANDS.get(word.upper().encode())
        if command is None or command.key == 0 or command.writes != writes:
            continue
        if match := _CALLS.search(value):
            total += int(match[1])
    return total


def _saves(server: DescribedServer, info: ServerInfo) -> None:
    snapshot = {"save": _text(DEFAULT_RULES)}
    server.fork_ns = 1000 * _number(info, "latest_fork_usec")
    taken_s, used = _number(info, "rdb_last_bgsave_time_sec"), _number(info, "used_memory")
    if taken_s and used:
        snapshot["save_rate"] = f"{max(round(used / taken_s / MIB), 1)}MiB"
        server.say(f"INFO: rdb_last_bgsave_time_sec {taken_s}.", "snapshot", "save_rate")
    server.workload["snapshot"] = snapshot
    server.say("INFO does not say when it saves: Redis 7's own rules.", "snapshot", "save")
    if copied := _number(info, "rdb_last_cow_size"):
        what = f"INFO: rdb_last_cow_size, {_gib(copied)} were copied during the last save."
        server.say(what, "snapshot")


def _rules(server: DescribedServer, conf: RedisConf) -> None:
    snapshot = dict(server.workload.get("snapshot") or {})
    for trigger in ("every", "at", "after_changes", "after", "save"):
        snapshot.pop(trigger, None)
    server.comments.pop(("snapshot", "save"), None)
    rules = DEFAULT_RULES if conf.save is None else conf.save
    if rules:
        server.workload["snapshot"] = {"save": _text(rules), **snapshot}
        what = "its save lines" if conf.save else "no save line, so Redis 7's own rules"
        server.say(f"redis.conf: {what}.", "snapshot", "save")
    else:
        server.workload.pop("snapshot", None)
        server.say('redis.conf: save "", so it never forks to save.', "snapshot")
    if conf.maxmemory:
        server.say(
            f"redis.conf: maxmemory {_gib(conf.maxmemory)}; eviction is not simulated.", "dataset"
        )
    if conf.others:
        server.remarks.append(f"Of redis.conf is not simulated: {described(conf.others)}.")
    if conf.included:
        files = ", ".join(conf.included)
        server.remarks.append(f"Files that redis.conf includes were not read: {files}.")


def _text(rules: list[tuple[int, int]]) -> str:
    return " ".join(f"{seconds} {changes}" for seconds, changes in rules)


def _length(server: DescribedServer) -> None:
    """Whole cycles of its snapshots, if it makes some."""
    if server.workload.get("snapshot"):
        server.workload.pop("duration", None)
        return
    server.workload["duration"] = SECONDS


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"
