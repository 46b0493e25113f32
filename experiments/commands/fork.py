"""``forksim fork``: one fork of a process of some size under every scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.commands.printing import Output, print_json, say_all, tell
from experiments.forks.fork_choice import ForkChoice, several_forks
from experiments.forks.one_fork import WRITTEN, OneFork, one_fork, size_in_pages
from experiments.language.catalogue import catalogue
from experiments.language.errors import InputError, Position, shown
from models.memory.areas import Refusal
from results.metrics import formatting
from results.tables.cells import NOTHING
from results.tables.grid import Grid, print_grid
from results.tables.markdown import markdown_list, markdown_table
from sim.measures.metrics import Unit
from sim.units import parse_bytes

LARGEST = 4 * 2**40

_HEADINGS = (
    *("fork", "parent blocked", "child runs", "first write", "next write", "child's exit"),
    "page tables",
    *(f"memory, {percent}% written" for percent in WRITTEN),
)


def main(
    size: str, profile: str | None, forks: tuple[str, ...], *, as_json: bool, markdown: bool
) -> int:
    """Print one fork under the chosen schemes; 0."""
    size_bytes = _size(size)
    found = list(_found(size_bytes, profile, forks))
    machine = found[0][0].profile.name
    if as_json:
        rows = [{"fork": dict(choice.written), **vars(row)} for choice, row in found]
        print_json({"size_bytes": size_bytes, "machine": machine, "forks": rows})
        return 0
    columns = [[choice.label for choice, _ in found], *_numbers([row for _, row in found])]
    grid = Grid([_HEADINGS, *map(list, zip(*columns, strict=True))])
    words = (
        f"note: a process of {formatting.size(size_bytes)}, just filled, on {machine}; nobody "
        "disturbs it. Writes are the parent's, each first in its 2 MiB or the next there; memory "
        "is what the fork has taken when so much is written, tables and copies."
    )
    if markdown:
        say_all([*markdown_table(grid), "", *markdown_list([words])])
        return 0
    print_grid(grid, Output())
    tell("")
    tell(words)
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


def _numbers(rows: Sequence[OneFork]) -> Iterator[list[str]]:
    """A column for each number; where there is none a dash."""
    times = (
        [row.blocked_ns for row in rows],
        [row.child_runs_ns for row in rows],
        [row.first_write_ns for row in rows],
        [row.next_write_ns for row in rows],
        [row.exit_ns for row in rows],
    )
    yield from (_alike(Unit.NANOSECONDS, column) for column in times)
    yield _alike(Unit.BYTES, [row.table_bytes for row in rows])
    yield from (_alike(Unit.BYTES, [row.extra_bytes[one] for row in rows]) for one in WRITTEN)


def _alike(unit: Unit, values: Sequence[int | None]) -> list[str]:
    texts = iter(formatting.alike(unit, [value for value in values if value is not None]))
    return [NOTHING if value is None else next(texts) for value in values]
