"""A measurement of this machine: within a time and a memory, into a folder of raw rows."""

from __future__ import annotations

import errno
import json
import mmap
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.measuring.bench import Bench, StageError, bench
from experiments.measuring.gate import Gate, judged, read_load
from experiments.measuring.knobs import Knobs, read_knobs
from experiments.measuring.medians import PAGE_BYTES
from experiments.measuring.stages import Stage, stages_of
from experiments.measuring.tables import CLOCKS, CLOCKS_OF_CHUNKS, COLUMNS, MODES, as_csv
from results.metrics import formatting
from results.records.whole_file import write_whole

MACHINE_FILE = "machine.json"
"""What makes a folder a measurement; written last."""

LEAST_MEMORY = {True: 32 * 2**20, False: 160 * 2**20}
"""By whether it is measured in C: below it not even the smallest fork can be told from nothing."""

LARGEST_SHARE = 8
"""A stage that takes more than this part of the time is left out: smaller ones tell more."""

MOST_ROUNDS = 20
"""Repetitions beyond them narrow no median."""

_PATIENCE_S = 30.0
"""A stage may take so much longer than the time that is left."""

_CAUTION = 1.2
"""The next time a stage may take so many times longer than the last."""

_SHORT_S = 0.5
"""A stage that takes no longer is done once whatever the time: whole tables would be missing."""

_GUESSED_S_PER_GIB: Mapping[str, float] = {"faults": 12.0, "copies": 6.0, "huge_faults": 2.0}
_GUESSED_OTHER_S_PER_GIB = 1.5
"""Before anything of a kind has been timed."""

_GIB = 2**30


class MeasuringError(Exception):
    """This machine, or this process on it, cannot be measured; one line says why."""


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        folder: where its files are.
        knobs: the machine.
        gate: whether it was quiet.
        language: that it was measured in, C or NumPy.
        shortcomings: what could not be measured, in words.
        rows: of each table.
        seconds: that it took.
    """

    folder: Path
    knobs: Knobs
    gate: Gate
    language: str
    shortcomings: Sequence[str]
    rows: Mapping[str, Sequence[Sequence[str]]]
    seconds: float


def measure(
    folder: Path, *, seconds: float, memory_bytes: int, progress: Callable[[str], None]
) -> Measured:
    """Measure this machine: every stage once, smallest first, then again while time remains.

    Whatever is raised meanwhile, a KeyboardInterrupt too, all that was started is over and
    nothing is written.

    Args:
        folder: gets the files of `tables`, and `MACHINE_FILE`; made if it is not there.
        seconds: wall time that may be taken, a little more or less.
        memory_bytes: that all processes which measure may take together.
        progress: is told a line for each stage that is over.

    Raises:
        MeasuringError: there is no /proc, no fork, or not so much memory.
        OSError: the folder cannot be written.
    """
    start = time.monotonic()
    knobs = read_knobs()
    check_machine(knobs)
    check_memory(knobs, memory_bytes)
    _check_folder(folder)
    before = read_load()
    with bench() as program:
        if memory_bytes < LEAST_MEMORY[program.is_compiled]:
            raise MeasuringError(
                f"{formatting.size(memory_bytes)} of memory: expected at least "
                f"{formatting.size(LEAST_MEMORY[program.is_compiled])} to measure "
                f"with {program.language}"
            )
        rounds = _StagesInTurn(program, start + seconds, seconds / LARGEST_SHARE, progress)
        rounds.run(stages_of(program, knobs, memory_bytes))
    if not rounds.rows:
        reasons = "; ".join(sorted(set(rounds.failures.values()))) or "no time for any stage"
        raise MeasuringError(f"nothing could be measured: {reasons}")
    gate = judged(before, read_load())
    taken = time.monotonic() - start
    failed = [f"{name}: {why}" for name, why in rounds.failures.items()]
    shortcomings = [*program.shortcomings, *failed]
    about = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(taken, 3),
        "seconds_asked": seconds,
        "memory_bytes_asked": memory_bytes,
        "language": program.language,
        "compiler": program.compiler,
        "shortcomings": shortcomings,
        "stages": rounds.account(),
        "order": "first touches of memory (prewarmed 0), then the other stages, all of them again",
        "modes": dict(MODES),
        "clocks": {
            table: dict(clocks)
            for table, clocks in (CLOCKS if program.is_compiled else CLOCKS_OF_CHUNKS).items()
        },
        "gate": gate.as_dict(),
        "knobs": knobs.as_dict(),
    }
    _write(folder, rounds.rows, about)
    return Measured(folder, knobs, gate, program.language, shortcomings, rounds.rows, taken)


def check_machine(knobs: Knobs) -> None:
    """See whether there is anything to measure with.

    Raises:
        MeasuringError: there is not.
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "fork"):
        raise MeasuringError(f"forks are measured on Linux, and this is {sys.platform}")
    if mmap.PAGESIZE != PAGE_BYTES:
        raise MeasuringError(
            f"pages of this machine are of {formatting.size(mmap.PAGESIZE)}: "
            f"expected {formatting.size(PAGE_BYTES)}"
        )
    if knobs.memory_bytes is None:
        raise MeasuringError(
            "/proc/meminfo cannot be read, and what there is of memory is not known"
        )


def check_memory(knobs: Knobs, memory_bytes: int) -> None:
    """See whether there is so much memory.

    Raises:
        MeasuringError: there is not.
    """
    room = knobs.room_bytes
    if room is not None and memory_bytes > room:
        in_group = room == knobs.cgroup.memory_left_bytes
        whose = "this process's control group" if in_group else "this machine"
        raise MeasuringError(
            f"{formatting.size(memory_bytes)} of memory: expected at most what "
            f"{whose} has left, {formatting.size(room)}"
        )


def _check_folder(folder: Path) -> None:
    """See that it can be written before minutes are spent.

    Raises:
        MeasuringError: it holds something else.
        OSError: it is no folder, or cannot be written.
    """
    above = folder
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise MeasuringError(f"{above}: expected a folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))
    if above == folder and not (folder / MACHINE_FILE).is_file() and any(folder.iterdir()):
        raise MeasuringError(f"{folder}: expected no folder, an empty one or a measurement's")


@dataclass
class _StagesInTurn:
    """Stages done in rounds until a moment, none of them long, and what they gave."""

    program: Bench
    until: float
    longest_s: float
    progress: Callable[[str], None]
    rows: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, str] = field(default_factory=dict)
    _seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _calls: Counter[str] = field(default_factory=Counter)
    _pace: dict[str, float] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def run(self, stages: Sequence[Stage]) -> None:
        """Do the stages in turn, each in every round for which there is time."""
        for number in range(MOST_ROUNDS):
            done = False
            for stage in stages:
                again = number == 0 or stage.words[0] != "fills"  # memory is fresh only once
                short = number == 0 and self._expected(stage) <= _SHORT_S
                fits = short or self._fits(stage)
                if again and fits and stage.name not in self.failures:
                    self._do(stage)
                    done = True
            if not done:
                break
        for stage in stages:
            if stage.name not in self._calls and stage.name not in self.failures:
                self.failures[stage.name] = "not measured: no time"

    def account(self) -> list[dict[str, Any]]:
        """Of each stage that was done: how often, how long."""
        return [
            {"stage": name, "calls": calls, "seconds": round(self._seconds[name], 3)}
            for name, calls in self._calls.items()
        ]

    def _fits(self, stage: Stage) -> bool:
        expected = self._expected(stage)
        return expected <= self.longest_s and time.monotonic() + expected <= self.until

    def _expected(self, stage: Stage) -> float:
        if stage.name in self._last:
            return _CAUTION * self._last[stage.name]
        guess = _GUESSED_S_PER_GIB.get(stage.words[0], _GUESSED_OTHER_S_PER_GIB)
        return self._pace.get(stage.kind, guess) * stage.bytes / _GIB

    def _do(self, stage: Stage) -> None:
        first = self._calls[stage.name] * stage.repetitions
        start = time.monotonic()
        try:
            rows = self.program.run(
                [*stage.words, f"{first}"], max(self.until - start, 0) + _PATIENCE_S
            )
        except StageError as error:
            self.failures[stage.name] = str(error)
            self.progress(f"{stage.name}: {error}")
            return
        taken = time.monotonic() - start
        for table, cells in rows:
            self.rows[table].append(cells)
        self._calls[stage.name] += 1
        self._seconds[stage.name] += taken
        self._last[stage.name] = taken
        if stage.bytes:
            self._pace[stage.kind] = taken / (stage.bytes / _GIB)
        left = max(self.until - time.monotonic(), 0)
        self.progress(f"{stage.name}: {taken:.2f} s, {left:.0f} s left")


def _write(folder: Path, rows: Mapping[str, Sequence[Sequence[str]]], about: Any) -> None:
    """Write the files; between the first and the last it is no measurement."""
    with suppress(FileNotFoundError):
        (folder / MACHINE_FILE).unlink()
    for table in COLUMNS:
        write_whole(folder / f"{table}.csv", as_csv(table, rows.get(table, ())), root=folder)
    text = json.dumps(about, indent=2) + "\n"
    write_whole(folder / MACHINE_FILE, text.encode("utf-8"), root=folder)
