"""A long access log with service times, for those that replay one."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

RATE_PER_S = 20_000


def write_access_log(path: Path, lines: int) -> None:
    """So many requests, each of which took up to half a millisecond."""
    times = random.Random(1)  # noqa: S311 - a simulation
    began = datetime.datetime(2026, 11, 23, 7, 25, tzinfo=datetime.UTC)
    with path.open("w") as file:
        for number in range(lines):
            moment = began + datetime.timedelta(seconds=number // RATE_PER_S)
            file.write(
                f'127.0.0.1 - - [{moment:%d/%b/%Y:%H:%M:%S %z}] "GET /{number % 999} HTTP/1.1"'
                f' 200 1024 "-" "curl/7.88.1" {times.randrange(100, 500)}\n'
            )
