"""What a redis.conf says that an experiment can say too: when it saves, and its limit of memory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.units import parse_bytes
from workloads.traces.reading.text import ReadLimits, TracePath, read_blocks, trace_error

LIMITS = ReadLimits(max_lines=100_000, max_line_bytes=2**16, max_bytes=2**23)

NOT_SIMULATED = (
    *("io-threads", "io-threads-do-reads", "server-threads", "appendonly", "appendfsync"),
    *(
        "rdbcompression",
        "maxmemory-policy",
        "replicaof",
        "slaveof",
        "activedefrag",
        "cluster-enabled",
    ),
    *("hz", "dynamic-hz", "rdb-save-incremental-fsync"),
)
"""Directives that matter to latency, and that a simulated Redis does not know."""
_AS_SIMULATED = {
    **dict.fromkeys(("appendonly", "activedefrag", "cluster-enabled"), "no"),
    **{"io-threads": "1", "server-threads": "1", "hz": "10", "maxmemory-policy": "noeviction"},
}
"""Their values that are as if they were not there."""


@dataclass
class RedisConf:
    """What was found.

    Attributes:
        save: seconds and changes, a pair a rule; None if it has no such line, empty if it never
            saves.
        maxmemory: bytes; None or 0 without a limit.
        others: directives of `NOT_SIMULATED` and their arguments.
        included: files that it includes, which were not read.
    """

    save: list[tuple[int, int]] | None = None
    maxmemory: int | None = None
    others: dict[str, str] = field(default_factory=dict)
    included: list[str] = field(default_factory=list)


def read_redis_conf(path: TracePath) -> RedisConf:
    """Read a redis.conf.

    Raises:
        TraceError: it cannot be read, or a line is none of a redis.conf.
    """
    conf = RedisConf()
    line = 0
    for block in read_blocks(path, LIMITS):
        for raw in block.splitlines():
            line += 1
            text = raw.decode("utf-8", "backslashreplace").strip()
            if text and not text.startswith("#"):
                _take(conf, path, line, text)
    return conf


def _take(conf: RedisConf, path: TracePath, line: int, text: str) -> None:
    try:
        name, *arguments = shlex.split(text, posix=True)
    except ValueError:
        raise trace_error(
            path, line, 1, "a quote without its end", "a line such as save 60 1"
        ) from None
    name = name.lower()
    if not name.replace("-", "").replace(".", "").isalnum() or not (arguments or name == "save"):
        what = f"{text[:40]!r}"
        raise trace_error(path, line, 1, what, "a directive and its arguments, as in redis.conf")
    if name == "save":
        conf.save = _saves(conf.save, path, line, arguments)
    elif name == "maxmemory":
        try:
            conf.maxmemory = parse_bytes(arguments[0])
        except ValueError as error:
            wanted = str(error).removeprefix("expected ")
            raise trace_error(path, line, 1, f"maxmemory: {arguments[0]!r}", wanted) from None
    elif name == "include":
        conf.included.append(arguments[0])
    elif name in NOT_SIMULATED and arguments != [_AS_SIMULATED.get(name)]:
        conf.others[name] = " ".join(arguments)


def _saves(
    before: list[tuple[int, int]] | None, path: TracePath, line: int, arguments: list[str]
) -> list[tuple[int, int]]:
    """The rules after a `save` line; an empty one forgets those before it."""
    if arguments in ([], [""]):
        return []
    numbers = [
        int(word) for word in arguments if word.isascii() and word.isdigit() and len(word) < 10
    ]
    if len(numbers) < len(arguments) or len(numbers) % 2 or 0 in numbers[::2]:
        what = f"save: {' '.join(arguments)[:40]!r}"
        raise trace_error(path, line, 1, what, 'seconds and changes in pairs, or ""')
    return [*(before or []), *zip(numbers[::2], numbers[1::2], strict=True)]


def described(others: Mapping[str, str]) -> str:
    """Directives and their arguments in a line."""
    return ", ".join(f"{name} {value}" for name, value in others.items())
