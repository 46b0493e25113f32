"""What the processes of each scenario of `data/kernel_scenarios.csv` do, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from fork_scenario import Scenario

from sim.arrays import IntArray

R = np.arange(1024)
Action = Callable[[Scenario], object]


def nothing(s: Scenario) -> None:
    """The step is what came before."""
    del s


def begin(pages: IntArray = R, **how: Any) -> Action:
    """P maps the pages and writes 1000000 + page to each."""

    def act(s: Scenario) -> None:
        s.map(len(pages), at=int(pages[0]), **how)
        s.write("P", pages, 1_000_000 + pages)

    return act


def areas(*sizes: int) -> Action:
    """P maps areas that follow each other, and writes 1000000 + page to each page."""

    def act(s: Scenario) -> None:
        for start, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
            s.map(size, at=start)
        pages = np.arange(sum(sizes))
        s.write("P", pages, 1_000_000 + pages)

    return act


def begin_even(s: Scenario) -> None:
    s.map(512)
    s.write("P", np.arange(0, 512, 2), 1_000_000 + np.arange(0, 512, 2))


def begin_reading(s: Scenario) -> None:
    s.map(512)
    s.read("P", 5)


def only_read(s: Scenario) -> None:
    s.map(1024)
    s.read("P", R)


def maps(pages: int, at: int = 0) -> Action:
    return lambda s: s.map(pages, at=at)


def writes(who: str, pages: int | IntArray, values: object) -> Action:
    return lambda s: s.write(who, pages, values)


def reads(who: str, pages: int | IntArray) -> Action:
    return lambda s: s.read(who, pages)


def forks(parent: str = "P", child: str = "C") -> Action:
    return lambda s: s.fork(parent, child)


def exits(who: str) -> Action:
    return lambda s: s.exit(who)


def unmaps(start: int, count: int) -> Action:
    return lambda s: s.unmap("P", start, count)


def protects(who: str, start: int, count: int, *, writable: bool) -> Action:
    return lambda s: s.protect(who, start, count, writable=writable)


def discards(who: str, start: int, count: int) -> Action:
    return lambda s: s.discard(who, start, count)


def snapshot(number: int) -> list[Action]:
    return [forks(), writes("P", 0, 70 + number), exits("C"), writes("P", 0, 80 + number)]


@dataclass(frozen=True)
class Script:
    """One scenario.

    Attributes:
        watched: The pages A, B, Z whose state is recorded.
        before: What comes before the first recorded step.
        steps: One action for each recorded step.
    """

    watched: tuple[int, int, int]
    before: Action
    steps: list[Action]


USUAL = (0, 1, 512)
SCRIPTS = {
    "S1-S8": Script(
        USUAL,
        begin(),
        [
            nothing,
            forks(),
            reads("C", 0),
            writes("C", 0, 7),
            writes("P", 0, 8),
            writes("P", 1, 9),
            writes("C", 1, 10),
            exits("C"),
            exits("P"),
        ],
    ),
    "S9": Script(
        USUAL,
        begin(),
        [forks(), exits("C"), writes("P", 0, 8), writes("P", R, 2_000_000 + R), exits("P")],
    ),
    "S10": Script(USUAL, begin(), [forks(), exits("P"), writes("C", R, 2_000_000 + R), exits("C")]),
    "S11": Script(
        USUAL,
        begin(),
        [
            forks(),
            writes("P", R, 2_000_000 + R),
            writes("C", R, 3_000_000 + R),
            exits("C"),
            exits("P"),
        ],
    ),
    "S12-S14": Script(
        USUAL,
        begin(),
        [
            forks(),
            forks("C", "G"),
            writes("G", 0, 21),
            writes("C", 0, 22),
            writes("P", 0, 23),
            exits("C"),
            writes("G", 1, 24),
            writes("P", 1, 25),
        ],
    ),
    "S15": Script(
        (0, 1, 2),
        begin(np.arange(512)),
        [
            forks("P", "C"),
            forks("P", "G"),
            forks("P", "D"),
            writes("C", 0, 31),
            writes("G", 0, 32),
            writes("D", 0, 33),
            writes("P", 0, 34),
        ],
    ),
    "S16": Script(
        (0, 1, 2), begin_even, [nothing, forks(), reads("C", 1), writes("C", 1, 41), reads("P", 1)]
    ),
    "S17": Script(
        (5, 8, 9), nothing, [begin_reading, writes("P", 6, 43), forks(), writes("C", 5, 42)]
    ),
    "S18": Script(
        (256, 257, 512),
        begin(np.arange(256, 1280)),
        [
            nothing,
            forks(),
            writes("C", 256, 51),
            writes("C", 512, 52),
            writes("C", 1024, 53),
            exits("C"),
            exits("P"),
        ],
    ),
    "S19": Script(
        (0, 256, 1),
        areas(256, 256),
        [nothing, forks(), writes("C", 0, 61), writes("C", 256, 62)],
    ),
    "S20": Script((0, 300, 600), begin(), [forks(), unmaps(0, 256), exits("C"), exits("P")]),
    "S21": Script((0, 300, 600), begin(), [forks(), unmaps(0, 512), exits("C"), exits("P")]),
    "S22": Script((0, 300, 600), begin(), [forks(), unmaps(512, 512), exits("C"), exits("P")]),
    "S23": Script(USUAL, begin(), [forks(), unmaps(0, 1024), reads("C", R), exits("C")]),
    "S24": Script((0, 100, 101), begin(), [forks(), unmaps(100, 1), exits("C")]),
    "S25": Script(USUAL, begin(), [*snapshot(1), *snapshot(2), *snapshot(3), exits("P")]),
    "S29": Script(USUAL, begin(heap=True), [nothing, forks(), writes("C", 0, 91)]),
    "S30a": Script(
        USUAL, begin(shared=True), [nothing, forks(), writes("C", 0, 92), reads("P", 0)]
    ),
    "S30b": Script(USUAL, maps(1024), [nothing, forks(), writes("C", 0, 93), writes("P", 0, 94)]),
    "S30c": Script(USUAL, only_read, [nothing, forks(), writes("C", 0, 93)]),
    "S31": Script(USUAL, begin(populate=True), [nothing, forks(), writes("C", 0, 95)]),
    "N1": Script(USUAL, begin(), [forks(), writes("C", 0, 7), writes("P", 1, 9), reads("C", 1)]),
    "N1b": Script(USUAL, begin(), [forks(), writes("C", 0, 7), writes("P", 0, 9), reads("C", 0)]),
    "N2": Script(
        USUAL,
        begin(),
        [protects("P", 0, 1024, writable=False), forks(), exits("C"), reads("P", 0)],
    ),
    "N2b": Script(
        USUAL,
        begin(),
        [
            protects("P", 0, 1024, writable=False),
            forks(),
            protects("C", 0, 1024, writable=True),
            writes("C", 0, 98),
            reads("P", 0),
        ],
    ),
    "N3": Script(USUAL, begin(), [forks(), discards("C", 0, 1), reads("C", 1), reads("C", 0)]),
    "MMAP-after": Script(
        USUAL,
        begin(np.arange(512)),
        [forks(), maps(512, at=512), writes("P", np.arange(512, 1024), 5000 + R[512:])],
    ),
    "MPROT": Script(
        USUAL,
        begin(),
        [
            forks(),
            protects("P", 0, 512, writable=False),
            protects("P", 0, 512, writable=True),
            writes("P", 0, 97),
            reads("C", 0),
        ],
    ),
    "VX": Script(
        USUAL,
        areas(512, 512),
        [nothing, forks(), writes("C", 0, 1), writes("C", 512, 2), writes("P", 512, 3)],
    ),
    "STICKY": Script(
        USUAL, begin(), [forks(), forks("P", "G"), forks("C", "D"), writes("D", 0, 5)]
    ),
}
