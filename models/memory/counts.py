"""What a machine's memory has done so far, counted by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass
class Counts:
    """Events since the start; the difference of two is what happened between them.

    Names as in mechanisms.md section 9. `ptes_*` count entries; `huge_*` count 2 MiB pages;
    `ptes_scanned` counts entries only read, 512 a table; `pages_freed` 4 KiB frames whose last
    mapping went away; `children_killed` processes that the machine had no huge page for. What was
    done to pages and tables is counted by the name of the action (`models.faults.actions`), whether
    a fault did it or an operation that changes areas.
    """

    faults: int = 0
    tables_alloc: int = 0
    tables_freed: int = 0
    tables_shared: int = 0
    ptes_copied: int = 0
    ptes_zapped: int = 0
    ptes_scanned: int = 0
    pages_freed: int = 0
    huge_zapped: int = 0
    children_killed: int = 0
    actions: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Counts:
        """The counts as they are now."""
        return Counts(**{**vars(self), "actions": self.actions.copy()})

    def __sub__(self, earlier: Counts) -> Counts:
        events = {name: getattr(self, name) - getattr(earlier, name) for name in EVENTS}
        actions = self.actions.copy()
        actions.subtract(earlier.actions)
        return Counts(**events, actions=actions)

    def add(self, other: Counts, times: int = 1) -> None:
        """Count what `other` counted as well, so many times."""
        for name in EVENTS:
            counted = getattr(other, name)
            if counted:  # few are, every time
                setattr(self, name, getattr(self, name) + times * counted)
        for name, counted in other.actions.items():
            if counted:
                self.actions[name] += times * counted

    def per(self, number: int) -> Counts:
        """What each of `number` equal things counted, of all that was counted."""
        events = {name: count // number for name, count in self.events().items()}
        actions = Counter({name: count // number for name, count in self.actions.items()})
        return Counts(**events, actions=actions)

    def as_dict(self) -> dict[str, int]:
        """The counts by name; of actions those that were counted."""
        return {**self.events(), **{name: count for name, count in self.actions.items() if count}}

    def events(self) -> dict[str, int]:
        """The counts of all but actions, by name."""
        return {name: getattr(self, name) for name in EVENTS}


EVENTS = tuple(event.name for event in fields(Counts) if event.name != "actions")
"""What is counted besides actions."""
