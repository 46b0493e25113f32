"""What columns are, by their names: `Duration (s)` is a time in seconds, `objid` a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workloads.traces.reading.fields import Unit

_UNIT = re.compile(
    r"[ _-]*[(\[ _-](?:(ns|nsec|nanos(?:econds)?)|(us|usec|µs|micros(?:econds)?)|"
    r"(ms|msec|millis(?:econds)?)|(s|sec|secs|seconds))[)\]]?\Z",
    re.IGNORECASE,
)
_LONGEST_UNIT = 16


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a reader knows.

    Attributes:
        names: what it is called, in lower case; of two that are there, the first is taken. Names of
            times are without their unit: `time` is `time_ms`, `time (s)` and so on too.
        number: whether its cells are numbers, which tell a row from a header.
        time: whether it is a time.
        unit: of a time whose name has none, if nobody says another; None if somebody has to.
        asked: whether what people say of a unit is of this time.
        dated: whether a time whose name has no unit may be a date.
        instead_of: which other says the same, and is not read where people say this one alone.
    """

    names: tuple[str, ...]
    number: bool = False
    time: bool = False
    unit: Unit | None = None
    asked: bool = True
    dated: bool = False
    instead_of: str = ""

    def unit_of(self, name: Unit | None, fields: Unit | None) -> Unit | None:
        """The unit of a time, by what its name and what people say; None if nobody does."""
        return name or (fields if self.asked else None) or self.unit


Columns = Mapping[str, Column]
"""The columns that a reader knows, by what they are."""


def normal(name: str) -> str:
    """A column's name as it is compared: in lower case, words joined by underscores."""
    return re.sub(r"[ .-]+", "_", name.strip().lower())


def base_and_unit(name: str) -> tuple[str, Unit | None]:
    """The name of a time, and the unit that it ends in: `Duration (s)` is `duration` in `s`."""
    match = _UNIT.search(name, max(len(name) - _LONGEST_UNIT, 1))
    if match is None:
        return normal(name), None
    units: tuple[Unit, ...] = ("ns", "us", "ms", "s")
    unit = next(u for u, found in zip(units, match.groups(), strict=True) if found)
    return normal(name[: match.start()]), unit


def roles_of(columns: Columns, names: Iterable[str], unit: Unit | None = None) -> dict[str, str]:
    """What columns of these names are, and by which name; times that have a unit or need none.

    Args:
        columns: those that are known.
        names: those that are there.
        unit: of times whose name has none and that need one.
    """
    there = list(names)
    return {role: there[place] for role, (place, _) in found_in(columns, there, unit).items()}


Found = dict[str, tuple[int, Unit | None]]
"""By what columns are: where they stand, and the unit that their names say."""


def found_in(
    columns: Columns, names: Sequence[str], unit: Unit | None, said: Found | None = None
) -> Found:
    """What is said, and what else the names say; no column is two things."""
    found = dict(said or {})
    taken = {place for place, _ in found.values()}
    for role, column in columns.items():
        if role in found or column.instead_of in (said or {}):
            continue
        ranked: list[tuple[int, int, Unit | None]] = []
        for place, name in enumerate(names):
            base, own = base_and_unit(name) if column.time else (normal(name), None)
            clear = not column.time or column.unit_of(own, unit)
            if clear and place not in taken and base in column.names:
                ranked.append((column.names.index(base), place, own))
        if ranked:
            _, place, own = min(ranked, key=lambda one: one[:2])
            found[role] = place, own
            taken.add(place)
    return found
