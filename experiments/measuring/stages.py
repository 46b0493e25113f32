"""What is measured: stages that fit into the memory asked, those first that a rest would spoil."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from experiments.measuring.bench import Bench
from experiments.measuring.knobs import HUGE_PAGE_KIB, Knobs
from results.metrics import formatting

HUGE_BYTES = HUGE_PAGE_KIB * 1024
SMALLEST_FORK = 64 * 2**20
"""Below it a fork's base hides what pages cost; smaller ones are for little memory."""

MOST_FAULTED = 128 * 2**20
"""32,768 faults show a 99.9th percentile."""

MOST_FILLED = 512 * 2**20
COPIED = 128 * 2**20
"""Of each of two areas: several times a last-level cache."""

SPARSE = (2**30, 2**32)
"""Bytes of addresses, a page of each 2 MiB touched."""

FORKED_AT_ONCE = 256 * 2**20
INSTANCES = 2

_ENTRIES = 512
_PAGE = 4096


@dataclass(frozen=True)
class Stage:
    """Something to measure, again and again.

    Attributes:
        words: how measuring programs call it, but for the number of the first repetition.
        kind: what is measured, in words; stages of a kind take time in proportion to their bytes.
        size: bytes of memory, or of addresses; 0 is of none.
        bytes: that all of it touches.
        peak_bytes: memory of all its processes together.
        repetitions: that one call makes.
    """

    words: Sequence[str]
    kind: str
    size: int
    bytes: int
    peak_bytes: int
    repetitions: int = 1

    @property
    def name(self) -> str:
        """What progress and remarks call it."""
        return f"{self.kind}, {formatting.size(self.size)}" if self.size else self.kind


def stages_of(bench: Bench, knobs: Knobs, memory_bytes: int) -> list[Stage]:
    """The stages that a program can do on a machine, with so much memory at most.

    First touches of memory come first: what a host backs lazily is dearer to fill only once.
    """
    return [
        stage
        for stage in _all(bench, knobs, memory_bytes)
        if stage.words[0] in bench.stages and stage.peak_bytes <= memory_bytes
    ]


def fork_sizes(bench: Bench, memory_bytes: int) -> list[int]:
    """The largest power of two of which a fork fits, quarters of it, and at least two sizes."""
    largest = _largest(memory_bytes, lambda size: _forked(bench, size))
    sizes = [largest, largest // 4]
    while sizes[-1] // 4 >= SMALLEST_FORK:
        sizes.append(sizes[-1] // 4)
    return sorted(size for size in sizes if size >= HUGE_BYTES)


def _all(bench: Bench, knobs: Knobs, memory: int) -> Iterator[Stage]:
    own = bench.own_bytes
    filled = min(MOST_FILLED, _largest(memory, lambda size: _with_tables(size) + own))
    yield Stage(("fills", f"{filled}"), "first touches", filled, filled, _with_tables(filled) + own)
    faulted = min(MOST_FAULTED, _largest(memory, lambda size: 2 * _with_tables(size) + 2 * own))
    yield Stage(
        ("faults", f"{faulted}"), "faults", faulted, faulted, 2 * _with_tables(faulted) + 2 * own
    )
    sizes = fork_sizes(bench, memory)
    if knobs.has_huge_pages:
        huge = min(MOST_FILLED, sizes[-1])
        split = huge // HUGE_BYTES * 3 * _PAGE  # a table, and two pages of it copied
        yield Stage(
            ("huge_faults", f"{huge}"), "faults in huge pages", huge, huge, huge + split + own
        )
    mode = "thp" if knobs.has_huge_pages else "4k"
    copied = min(COPIED, _largest(memory, lambda size: 2 * _with_tables(size) + own))
    yield Stage(
        ("copies", mode, f"{copied}"), "copies", copied, copied, 2 * _with_tables(copied) + own
    )
    yield Stage(("gaps", "200"), "gaps of a busy loop", 0, 0, own)
    yield Stage(("switches", "2000"), "context switches", 0, 0, own)
    if bench.is_compiled:
        yield _forks(bench, "4k", 0, repetitions=10)
    for size in sizes:
        yield _forks(bench, "4k", size)
        if knobs.has_huge_pages:
            yield _forks(bench, "thp", size)
        if bench.is_compiled and size <= (knobs.hugetlb_free or 0) * HUGE_BYTES:
            yield _forks(bench, "hugetlb", size)
        if size == sizes[0]:
            yield from (_forks(bench, "4k_sparse", spanned) for spanned in SPARSE)
            if len(knobs.affinity or ()) >= INSTANCES:
                half = _largest(memory // INSTANCES, lambda one: _forked(bench, one))
                yield _forks(bench, "4k", min(FORKED_AT_ONCE, half), instances=INSTANCES)


def _forks(
    bench: Bench, mode: str, size: int, *, instances: int = 1, repetitions: int | None = None
) -> Stage:
    if repetitions is None:
        repetitions = max(1, min(3, 2**28 // size))
    touched = size // _ENTRIES if mode == "4k_sparse" else size
    # A page of each table, the table, and the child's.
    peak = 3 * touched + bench.own_bytes if mode == "4k_sparse" else _forked(bench, size)
    words = ("forks", mode, f"{size}", f"{instances}", f"{repetitions}")
    work = touched * repetitions * instances
    beside = "" if instances == 1 else f", {instances} at once"
    kind = f"forks ({mode}{beside})"
    return Stage(words, kind, size, work, peak * instances, repetitions)


def _forked(bench: Bench, size: int) -> int:
    """Memory of a process with so many bytes, and a child of it that writes nothing."""
    return size + 2 * (size // _ENTRIES) + 2 * bench.own_bytes


def _with_tables(size: int) -> int:
    return size + size // _ENTRIES


def _largest(memory: int, taken: Callable[[int], int]) -> int:
    """The largest power of two that takes no more than the memory; that of a huge page at least."""
    size = HUGE_BYTES
    while taken(2 * size) <= memory:
        size *= 2
    return size
