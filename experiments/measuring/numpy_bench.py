"""Measures what forks, faults and copies cost where there is no C compiler: one stage a process.

``python -m experiments.measuring.numpy_bench STAGE ...`` takes the words of the stages that it
knows (`STAGES`) as ``hostbench.c`` does, and prints the same rows. What differs: a fork's own base
cannot be told from the interpreter's, so no empty process is forked; single faults cannot be timed,
so quantiles are of means over `CHUNK` faults, and those of the tail are missing.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from experiments.measuring.tables import COLUMNS, COPIES, FAULTS, FORKS

SMALL, HUGE = 4096, 2**21
CHUNK = 64
"""Faults between two looks at the clock, which takes as long as one of them."""

FORKS_OF_A_MAPPING, FORK_WITH_UNMAP = 4, 2
"""And the one of them, counted from 1, in whose row unmapping stands."""

QUANTILES = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}
"""Of means over chunks; beyond them a mean says nothing of a single fault."""

_PR_SET_PDEATHSIG = 1
_UNKNOWN = ""

Bytes: TypeAlias = npt.NDArray[np.uint8]


def forks(mode: str, size: str, instances: str, repetitions: str, first: str) -> None:
    """Map, touch, fork, end the child, unmap."""
    bytes_, step = int(size), SMALL if mode == "4k" else HUGE
    cpu = _pin()
    started = mmap.mmap(-1, SMALL)  # shared with children
    for repetition in range(int(first), int(first) + int(repetitions)):
        area = _Area(bytes_, huge=mode == "thp")
        pages = area.pages[::step]
        touched_ns = _taken(partial(pages.fill, 1))
        measured = [_fork(started) for _ in range(FORKS_OF_A_MAPPING)]
        del pages
        unmapped_ns = _taken(area.unmap)
        for turn, (at_ns, fork_ns, child_ns, teardown_ns, total_ns) in enumerate(measured, 1):
            _print(
                FORKS,
                mode=mode,
                size_bytes=bytes_,
                instances=instances,
                instance_id=0,
                pinned_cpu=cpu,
                rep=repetition,
                fork_no_after_touch=turn,
                fork_start_mono_ns=at_ns,
                fork_ns=fork_ns,
                fork_to_child_start_ns=child_ns,
                child_start_to_wait_return_ns=teardown_ns,
                fork_exit_wait_total_ns=total_ns,
                touch_all_ns=touched_ns if turn == 1 else 0,
                munmap_ns=unmapped_ns if turn == FORK_WITH_UNMAP else 0,
            )


def fills(size: str, first: str) -> None:
    """First touches of fresh memory."""
    area = _Area(int(size))
    _touches(area.pages, "zero4k", "seq", int(first), prewarmed=0)
    area.unmap()


def faults(size: str, first: str) -> None:
    """Faults on 4 KiB pages, first in the order of addresses, then at random."""
    bytes_, repetition = int(size), int(first)
    warm = _Area(2 * bytes_)
    warm.pages[::SMALL] = 1
    warm.unmap()
    for order in ("seq", "rnd"):
        area = _Area(bytes_)

        def touches(scenario: str, pages: Bytes = area.pages, order: str = order) -> None:
            _touches(pages, scenario, order, repetition)

        touches("zero4k")
        with _held():
            touches("cow_parent")
        with _held():
            pass
        touches("reuse_parent_child_gone")
        touches("write_present")
        child = os.fork()
        if child == 0:
            _die_with_parent()
            touches("cow_child")
            os._exit(0)
        os.waitpid(child, 0)
        del touches
        area.unmap()


def copies(mode: str, size: str, first: str) -> None:
    """Copies and fills of memory that is there."""
    to, source = _Area(int(size), huge=mode == "thp"), _Area(int(size), huge=mode == "thp")
    to.pages[:] = 1
    source.pages[:] = 2
    generator = np.random.default_rng(1)
    for unit in (SMALL, HUGE):
        there, here = to.pages.reshape(-1, unit), source.pages.reshape(-1, unit)
        count = len(there)
        byte = np.zeros((count, 1), np.uint8)  # what the loop itself takes, subtracted
        places = {
            "hot": np.zeros(count, np.intp),
            "cold_seq": np.arange(count),
            "cold_rnd": generator.permutation(count),
        }
        for locality, order in places.items():
            rows = order.tolist()
            for op, work in (("copy", _copy_each), ("clear", _clear_each)):
                loop_ns = _taken(partial(work, byte, byte, rows))
                each = max(_taken(partial(work, there, here, rows)) - loop_ns, 1) / count
                _print(
                    COPIES,
                    op=op,
                    impl="numpy",
                    unit_bytes=unit,
                    locality=locality,
                    user_mapping=mode,
                    threads=1,
                    thread=0,
                    rep=first,
                    ns_per_op=f"{each:.1f}",
                    gigabytes_per_s=f"{unit / each:.3f}",
                )
        del there, here
    to.unmap()
    source.unmap()


STAGES: dict[str, Callable[..., None]] = {
    "forks": forks,
    "fills": fills,
    "faults": faults,
    "copies": copies,
}


class _Area:
    """Anonymous memory on a boundary of 2 MiB, of small pages or of huge ones."""

    def __init__(self, size: int, *, huge: bool = False) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        self._mapped = mmap.mmap(-1, size + HUGE, flags=flags)
        self._mapped.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
        whole = np.frombuffer(self._mapped, np.uint8)
        skipped = -whole.ctypes.data % HUGE
        self.pages: Bytes = whole[skipped : skipped + size]

    def unmap(self) -> None:
        """Give it back; nobody may look at `pages` any more."""
        del self.pages
        self._mapped.close()


def _fork(started: mmap.mmap) -> tuple[int, int, int, int, int]:
    """Start, CPU time of the fork, until the child ran, the child's CPU time, all of it."""
    at_ns, before = time.monotonic_ns(), time.thread_time_ns()
    child = os.fork()
    if child == 0:
        started[:8] = time.monotonic_ns().to_bytes(8, "little")
        os._exit(0)
    fork_ns = time.thread_time_ns() - before
    _, status, used = os.wait4(child, 0)
    total_ns = time.monotonic_ns() - at_ns
    if status:
        raise OSError("a child did not end as it should")
    child_at_ns = int.from_bytes(started[:8], "little")
    return at_ns, fork_ns, child_at_ns - at_ns, _ns(used.ru_utime + used.ru_stime), total_ns


def _touches(area: Bytes, scenario: str, order: str, repetition: int, prewarmed: int = 1) -> None:
    """Write to each page of an area once, and print the row."""
    pages = area[::SMALL]
    chunks = len(pages) // CHUNK
    places: Any = [slice(CHUNK * i, CHUNK * (i + 1)) for i in range(chunks)]
    if order == "rnd":
        places = np.random.default_rng(1).permutation(CHUNK * chunks).reshape(chunks, CHUNK)
    empty = pages[:0]
    looks = [_taken(partial(empty.fill, 1)) for _ in range(101)]
    timer_ns = float(np.median(looks))
    means = np.empty(chunks)
    start = time.monotonic_ns()
    for number, place in enumerate(places):
        before = time.thread_time_ns()
        pages[place] = 2
        means[number] = max(time.thread_time_ns() - before - timer_ns, 0) / CHUNK
    elapsed = time.monotonic_ns() - start
    quantiles = np.quantile(means, list(QUANTILES.values()))
    _print(
        FAULTS,
        scenario=scenario,
        concurrency="single",
        order=order,
        prewarmed=prewarmed,
        worker=0,
        rep=repetition,
        n_accesses=chunks * CHUNK,
        timer_overhead_subtracted_ns=f"{timer_ns / CHUNK:.1f}",
        loop_elapsed_ns=elapsed,
        mean_ns=f"{means.mean():.1f}",
        **{f"{name}_ns": f"{q:.1f}" for name, q in zip(QUANTILES, quantiles, strict=True)},
    )


def _copy_each(there: Bytes, here: Bytes, rows: list[int]) -> None:
    for row in rows:
        there[row] = here[row]


def _clear_each(there: Bytes, _here: Bytes, rows: list[int]) -> None:
    for row in rows:
        there[row] = 0


@contextmanager
def _held() -> Iterator[None]:
    """A child that keeps its memory meanwhile."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _die_with_parent()
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    try:
        yield
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def _pin() -> int:
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def _taken(work: Callable[[], object]) -> int:
    """CPU time of this thread that some work takes."""
    before = time.thread_time_ns()
    work()
    return time.thread_time_ns() - before


def _ns(seconds: float) -> int:
    return round(seconds * 10**9)


def _print(table: str, **cells: object) -> None:
    """A row; whole at once, since a child might print what was left over again."""
    line = ",".join(str(cells.get(column, _UNKNOWN)) for column in COLUMNS[table])
    sys.stdout.write(f"{table},{line}\n")
    sys.stdout.flush()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(words: list[str]) -> int:
    """Do one stage."""
    _die_with_parent()
    gc.disable()  # it would write to pages that a child shares
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    start = time.monotonic()
    STAGES[words[0]](*words[1:])
    sys.stderr.write(f"{words[0]} {words[1]}: {time.monotonic() - start:.2f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
