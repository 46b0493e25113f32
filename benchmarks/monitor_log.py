"""A MONITOR log of a million commands, as memtier sends them, for those who read or replay one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

START_US = 1_700_000_000_000_000


def write_monitor_log(path: Path, commands: int, rate_per_s: float = 80_000) -> None:
    """Write GETs and SETs (1 in 11) of 32 bytes on 200,000 keys by 50 connections."""
    random = np.random.default_rng(1)
    times = START_US + np.cumsum(random.exponential(1e6 / rate_per_s, commands)).astype(np.int64)
    keys = random.integers(0, 200_000, commands)
    ports = random.integers(50_000, 50_050, commands)
    is_set = random.random(commands) < 1 / 11
    value = "x" * 32
    with path.open("w") as log:
        log.write("OK\n")
        columns = (times.tolist(), keys.tolist(), ports.tolist(), is_set.tolist())
        for time_us, key, port, sets in zip(*columns, strict=True):
            seconds, microseconds = divmod(time_us, 10**6)
            head = f"{seconds}.{microseconds:06d} [0 127.0.0.1:{port}]"
            command = f'"SET" "key:{key:012d}" "{value}"' if sets else f'"GET" "key:{key:012d}"'
            log.write(f"{head} {command}\n")
