"""Processes that descend from another, and memory that they take, by /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EVERY_S = 0.005


def with_in_environment(text: str) -> list[int]:
    """Processes that were started with this in their environment."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            if text.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def below(ancestor: int) -> Iterator[int]:
    """Processes that descend from one."""
    parents = {}
    for pid in _pids():
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            parents[pid] = int(stat.rpartition(")")[2].split()[1])
    for pid in parents:
        above: int | None = pid
        while above in parents:
            above = parents.get(above)
            if above == ancestor:
                yield pid
                break


@contextmanager
def peak_below() -> Iterator[Callable[[], int]]:
    """Tells the most memory that this process's new descendants took together meanwhile, by PSS.

    One that has not begun its own program yet has this one's memory still, and is not counted.
    """
    others, own = set(below(os.getpid())), _command(os.getpid())
    over = threading.Event()
    peak = [0]

    def watch() -> None:
        while not over.is_set():
            # Processes are looked at one after the other: what one gives to another meanwhile would
            # count twice, but hardly in two looks.
            looks = [
                sum(
                    _pss(pid)
                    for pid in below(os.getpid())
                    if pid not in others and _command(pid) != own
                )
                for _ in range(2)
            ]
            peak[0] = max(peak[0], min(looks))
            time.sleep(EVERY_S)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: peak[0]
    finally:
        over.set()
        watcher.join()


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
