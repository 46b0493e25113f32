"""``forksim fork``: one fork of a process of some size under every scheme."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from experiments.commands.printing import Output, say
from experiments.forks.fork_choice import ForkChoice, several_forks
from experiments.forks.one_fork import WRITTEN, OneFork, one_fork, size_in_pages
from experiments.language.catalogue import catalogue
from experiments.language.errors import InputError, Position, shown
from models.memory.areas import Refusal
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


def main(size: str, profile: str | None, forks: tuple[str, ...], *, as_json: bool) -> int:
    """Print one fork under the chosen schemes; 0."""
    size_bytes = _size(size)
    found = list(_found(size_bytes, profile, forks))
    machine = found[0][0].profile.name
    if as_json:
        rows = [{"fork": dict(choice.written), **vars(row)} for choice, row in found]
        answer = {"forksim": JSON_VERSION, "size_bytes": size_bytes, "machine": machine}
        click.echo(json.dumps({**answer, "forks": rows}))
        return 0
    print_grid(_HEADINGS, [_cells(*one) for one in found], Output(), left=_HEADINGS[:1])
    say(
        f"note: a process of {formatting.size(size_bytes)}, just filled, on {machine}; nobody "
        "disturbs it. Writes are the parent's, each first in its 2 MiB or the next there; memory "
        "is what the fork has taken when so much is written, tables and copies."
    )
    return 0


def _size(text: str) -> int:
    start = Position("--size")
    try:
        size_bytes = parse_bytes(text)
    except ValueError as error:
        raise InputError.at(start, f"{shown(text)}: {error}") from None
    if not 0 < size_bytes <= LARGEST:
        raise InputError.at(start, f"{shown(text)}: expected more than 0 and at most 4TiB")
    return size_bytes


def _found(
    size_bytes: int, profile: str | None, forks: tuple[str, ...]
) -> Iterator[tuple[ForkChoice, OneFork]]:
    for choice in several_forks(forks, profile, catalogue()):
        try:
            yield choice, one_fork(choice.scheme, size_in_pages(size_bytes))
        except Refusal as error:
            text = f"{formatting.size(size_bytes)}: {choice.label}: {error}"
            raise InputError.at(Position("--size"), text) from None


def _cells(choice: ForkChoice, row: OneFork) -> list[str]:
    times = (row.blocked_ns, row.child_runs_ns, row.first_write_ns, row.next_write_ns, row.exit_ns)
    sizes = (row.table_bytes, *row.extra_bytes.values())
    cells = [_or_dash(time_ns, formatting.duration) for time_ns in times]
    return [choice.label, *cells, *map(formatting.size, sizes)]


def _or_dash(value: Any, shown_as: Callable[[Any], str]) -> str:
    return "-" if value is None else shown_as(value)
