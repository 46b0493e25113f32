"""``forksim fork``: one fork of a process, of some size or a running one, under every scheme."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from experiments.commands.printing import Output, say
from experiments.forks.fork_choice import ForkChoice, several_forks
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
from results.tables.grid import print_grid
from sim.units import parse_bytes

JSON_VERSION = 1
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


def main(
    size: str | None,
    pid: int | None,
    smaps: str | None,
    profile: str | None,
    forks: tuple[str, ...],
    *,
    as_json: bool,
) -> int:
    """Print one fork under the chosen schemes; 0.

    Raises:
        InputError: there is not one process that is asked about, it cannot be read, or an option is
            wrong.
    """
    if sum(asked is not None for asked in (size, pid, smaps)) != 1:
        raise InputError.at(Position("--size"), "expected one of --size, --pid and --smaps")
    if size is not None:
        return _of_size(_size(size), profile, forks, as_json=as_json)
    if pid is not None:
        return _of_process(process_of_pid(pid), f"--pid {pid}", profile, forks, as_json=as_json)
    return _of_process(process_of_file(str(smaps)), str(smaps), profile, forks, as_json=as_json)


def _of_size(size_bytes: int, profile: str | None, forks: tuple[str, ...], *, as_json: bool) -> int:
    text = formatting.size(size_bytes)
    memory = JustFilled(size_in_pages(size_bytes))
    rows = [
        ForkRow(choice, _forked(choice, memory, f"--size:1:1: {text}"))
        for choice in several_forks(forks, profile, catalogue())
    ]
    machine = rows[0].choice.profile.name
    if as_json:
        answer = {"forksim": JSON_VERSION, "size_bytes": size_bytes, "machine": machine}
        click.echo(json.dumps({**answer, "forks": [row.json for row in rows]}))
        return 0
    _print(rows)
    say(f"note: a process of {text}, just filled, on {machine}; nobody disturbs it. {_WRITES}.")
    return 0


def _of_process(
    process: ProcessMemory,
    source: str,
    profile: str | None,
    forks: tuple[str, ...],
    *,
    as_json: bool,
) -> int:
    pages = ProcessPages.of(process)
    if not pages.n_pages:
        what = "nothing that a fork copies: expected a process with private memory"
        raise InputError(f"{source}: {what}")
    rows = list(_rows(pages, source, list(several_forks(forks, profile, catalogue()))))
    machine = rows[0].choice.profile.name
    if as_json:
        answer = {"forksim": JSON_VERSION, "process": facts_of(process, pages), "machine": machine}
        click.echo(json.dumps({**answer, "forks": [row.json for row in rows]}))
        return 0
    for sentence in sentences_of(process, pages):
        say(sentence)
    _print(rows)
    say(f"note: on {machine}; nobody disturbs it. {_WRITES}; {'; '.join(notes_of(process, pages))}")
    return 0


def _rows(pages: ProcessPages, source: str, choices: list[ForkChoice]) -> Iterator[ForkRow]:
    for choice in choices:
        kinds = [pages]
        if len(pages.huge) and isinstance(choice.scheme.pages, HugePages):
            kinds += [] if choice.scheme.name == "hugetlb" else [pages.like_now()]
        for memory in kinds:
            fork = _forked(choice, memory, source)
            scattered_ns = pause_if_scattered_ns(choice.scheme, memory)
            yield ForkRow(choice, fork, scattered_ns, memory.as_now)


def _print(rows: list[ForkRow]) -> None:
    headings = list(_HEADINGS)
    cells = [_cells(row) for row in rows]
    if rows[0].scattered_ns is not None:
        headings.insert(2, _SCATTERED)
        for row, of in zip(rows, cells, strict=True):
            of.insert(2, _or_dash(row.scattered_ns, formatting.duration))
    print_grid(headings, cells, Output(), left=_HEADINGS[:1])


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


def _cells(row: ForkRow) -> list[str]:
    fork = row.fork
    times = (fork.blocked_ns, fork.child_runs_ns, fork.first_write_ns, fork.next_write_ns)
    cells = [_or_dash(time_ns, formatting.duration) for time_ns in (*times, fork.exit_ns)]
    sizes = (fork.table_bytes, *fork.extra_bytes.values())
    return [row.label, *cells, *map(formatting.size, sizes)]


def _or_dash(value: Any, shown_as: Callable[[Any], str]) -> str:
    return "-" if value is None else shown_as(value)
