"""``forksim fork``: one fork of a process, of some size or a running one, under every scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.commands.printing import Output, print_json, say_all, tell
from experiments.forks.fork_choice import ForkChoice, several_forks
from experiments.forks.heap_history import HeapHistory
from experiments.forks.one_fork import (
    WRITTEN,
    ForkedMemory,
    JustFilled,
    OneFork,
    one_fork,
    pause_if_scattered_ns,
    size_in_pages,
)
from experiments.forks.process_memory import ProcessMemory, process_of_file, process_of_pid
from experiments.forks.process_pages import ProcessPages
from experiments.forks.process_words import facts_of, notes_of, sentences_of
from experiments.language.catalogue import catalogue
from experiments.language.errors import InputError, Position, shown
from models.memory.areas import Refusal
from models.schemes.pages import HugePages
from results.metrics import formatting
from results.tables.cells import NOTHING
from results.tables.grid import Grid, print_grid
from results.tables.markdown import markdown_list, markdown_table
from sim.measures.metrics import Unit
from sim.units import parse_bytes, parse_ratio

LARGEST = 4 * 2**40

_HEADINGS = (
    *("fork", "parent blocked", "child runs", "first write", "next write", "child's exit"),
    "page tables",
    *(f"memory, {percent}% written" for percent in WRITTEN),
)
_SCATTERED = "if scattered"
_WRITES = (
    "Writes are the parent's, each first in its 2 MiB or the next there; memory is what the fork "
    "has taken when so much is written, tables and copies"
)


@dataclass(frozen=True)
class ForkRow:
    """A fork of some memory.

    Attributes:
        choice: how and on which machine.
        fork: what it costs.
        scattered_ns: its pause if all frames lie scattered; None where nobody asks.
        as_now: memory has the huge pages that the process has now.
    """

    choice: ForkChoice
    fork: OneFork
    scattered_ns: int | None = None
    as_now: bool = False

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.choice.label} as now" if self.as_now else self.choice.label

    @property
    def json(self) -> dict[str, Any]:
        """The same as plain data."""
        told = {"fork": dict(self.choice.written), **vars(self.fork)}
        if self.scattered_ns is None:
            return told
        return {**told, "as_now": self.as_now, "blocked_if_scattered_ns": self.scattered_ns}


@dataclass(frozen=True)
class ForkTable:
    """Some memory's forks, and what is said of it.

    Attributes:
        rows: the forks.
        json: what of it is the same of all, as plain data.
        before: sentences above the table.
        notes: sentences below.
    """

    rows: Sequence[ForkRow]
    json: dict[str, Any]
    before: Sequence[str]
    notes: Sequence[str]

    @property
    def grid(self) -> Grid:
        """A row for each fork."""
        headings = list(_HEADINGS)
        if self.rows[0].scattered_ns is not None:
            headings.insert(2, _SCATTERED)
        columns = [[row.label for row in self.rows], *_numbers(self.rows)]
        return Grid([headings, *map(list, zip(*columns, strict=True))])


def main(
    size: str | None,
    pid: int | None,
    smaps: str | None,
    profile: str | None,
    forks: tuple[str, ...],
    *,
    heap: str | None,
    scattered: str | None,
    as_json: bool,
    markdown: bool,
) -> int:
    """Print one fork under the chosen schemes; 0.

    Raises:
        InputError: there is not one process that is asked about, it cannot be read, or an option is
            wrong.
    """
    if sum(asked is not None for asked in (size, pid, smaps)) != 1:
        raise InputError.at(Position("--size"), "expected one of --size, --pid and --smaps")
    if size is None and (heap or scattered):
        wrong = "expected --size with it: how a process's memory lies is not known"
        raise InputError.at(Position("--heap" if heap else "--scattered"), wrong)
    if size is not None:
        history = HeapHistory(heap) if heap else HeapHistory.FRESH
        table = _of_size(_size(size), profile, forks, history, _share(scattered, history))
    elif pid is not None:
        table = _of_process(process_of_pid(pid), f"--pid {pid}", profile, forks)
    else:
        table = _of_process(process_of_file(str(smaps)), str(smaps), profile, forks)
    if as_json:
        print_json({**table.json, "forks": [row.json for row in table.rows]})
    elif markdown:
        told = [*table.before, *table.notes]
        say_all([*markdown_table(table.grid), "", *markdown_list(told)])
    else:
        for sentence in table.before:
            tell(sentence)
        print_grid(table.grid, Output())
        tell("")
        for sentence in table.notes:
            tell(sentence)
    return 0


def _of_size(
    size_bytes: int,
    profile: str | None,
    forks: tuple[str, ...],
    heap: HeapHistory,
    share: float | None,
) -> ForkTable:
    text = formatting.size(size_bytes)
    memory = JustFilled(size_in_pages(size_bytes), share)
    aged = heap is not HeapHistory.FRESH
    rows = [
        ForkRow(choice, _forked(choice, memory, f"--size:1:1: {text}"))
        for choice in several_forks(forks, profile, catalogue(), aged=aged)
    ]
    machine = rows[0].choice.profile
    how = (
        heap.words if share is None or heap is HeapHistory.AGED else f"{share:.3g} of it scattered"
    )
    notes = [f"note: a process of {text}, {how}, on {machine.name}; nobody disturbs it. {_WRITES}."]
    if heap is HeapHistory.LOADED and not machine.aged:
        notes.append(f"note: profile {machine.name} does not say how memory lies after long")
    told = {"size_bytes": size_bytes, "machine": machine.name, "heap": str(heap)}
    return ForkTable(rows, {**told, "scattered": share}, [], notes)


def _share(text: str | None, heap: HeapHistory) -> float | None:
    """The share of frames that lie scattered; None where the machine's stock says."""
    if text is None:
        return 1.0 if heap is HeapHistory.AGED else None
    start = Position("--scattered")
    try:
        share = float(parse_ratio(text))
    except ValueError as error:
        raise InputError.at(start, f"{shown(text)}: {error}") from None
    if not 0 <= share <= 1 or heap is HeapHistory.AGED:
        expected = "all of an aged heap" if heap is HeapHistory.AGED else "a share from 0 to 1"
        raise InputError.at(start, f"{shown(text)}: expected {expected}")
    return share


def _of_process(
    process: ProcessMemory, source: str, profile: str | None, forks: tuple[str, ...]
) -> ForkTable:
    pages = ProcessPages.of(process)
    if not pages.n_pages:
        what = "nothing that a fork copies: expected a process with private memory"
        raise InputError(f"{source}: {what}")
    rows = list(_rows(pages, source, list(several_forks(forks, profile, catalogue()))))
    machine = rows[0].choice.profile.name
    notes = "; ".join(notes_of(process, pages))
    return ForkTable(
        rows,
        {"process": facts_of(process, pages), "machine": machine},
        list(sentences_of(process, pages)),
        [f"note: on {machine}; nobody disturbs it. {_WRITES}; {notes}"],
    )


def _rows(pages: ProcessPages, source: str, choices: list[ForkChoice]) -> Iterator[ForkRow]:
    for choice in choices:
        kinds = [pages]
        if len(pages.huge) and isinstance(choice.scheme.pages, HugePages):
            kinds += [] if choice.scheme.name == "hugetlb" else [pages.like_now()]
        for memory in kinds:
            fork = _forked(choice, memory, source)
            scattered_ns = pause_if_scattered_ns(choice.scheme, memory)
            yield ForkRow(choice, fork, scattered_ns, memory.as_now)


def _size(text: str) -> int:
    start = Position("--size")
    try:
        size_bytes = parse_bytes(text)
    except ValueError as error:
        raise InputError.at(start, f"{shown(text)}: {error}") from None
    if not 0 < size_bytes <= LARGEST:
        raise InputError.at(start, f"{shown(text)}: expected more than 0 and at most 4TiB")
    return size_bytes


def _forked(choice: ForkChoice, memory: ForkedMemory, what: str) -> OneFork:
    try:
        return one_fork(choice.scheme, memory)
    except Refusal as error:
        raise InputError(f"{what}: {choice.label}: {error}") from None


def _numbers(rows: Sequence[ForkRow]) -> Iterator[list[str]]:
    """A column for each number; where there is none a dash."""
    forks = [row.fork for row in rows]
    yield _alike(Unit.NANOSECONDS, [fork.blocked_ns for fork in forks])
    if rows[0].scattered_ns is not None:
        yield _alike(Unit.NANOSECONDS, [row.scattered_ns for row in rows])
    for times in (
        [fork.child_runs_ns for fork in forks],
        [fork.first_write_ns for fork in forks],
        [fork.next_write_ns for fork in forks],
        [fork.exit_ns for fork in forks],
    ):
        yield _alike(Unit.NANOSECONDS, times)
    yield _alike(Unit.BYTES, [fork.table_bytes for fork in forks])
    yield from (_alike(Unit.BYTES, [fork.extra_bytes[one] for fork in forks]) for one in WRITTEN)


def _alike(unit: Unit, values: Sequence[int | None]) -> list[str]:
    texts = iter(formatting.alike(unit, [value for value in values if value is not None]))
    return [NOTHING if value is None else next(texts) for value in values]
