"""What a machine's memory has done so far, counted by kind."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass
class Counts:
    """Events since the start; the difference of two is what happened between them.

    Names as in mechanisms.md section 9. `ptes_*` count entries; `huge_*` count 2 MiB pages;
    `ptes_scanned` counts entries only read, 512 a table; `tables_synced` tables that a parent
    copied for its child (Async-fork); `pages_freed` 4 KiB frames whose last mapping went away;
    `children_killed` processes that the machine had no huge page for.
    """

    faults: int = 0
    tables_alloc: int = 0
    tables_copied: int = 0
    tables_reused: int = 0
    tables_synced: int = 0
    tables_freed: int = 0
    tables_shared: int = 0
    ptes_copied: int = 0
    page_copies: int = 0
    page_reuse: int = 0
    zero_fill: int = 0
    zero_map: int = 0
    shared_map: int = 0
    file_map: int = 0
    ptes_zapped: int = 0
    ptes_scanned: int = 0
    pages_freed: int = 0
    huge_copies: int = 0
    huge_reuse: int = 0
    huge_fill: int = 0
    huge_zero_map: int = 0
    huge_zapped: int = 0
    huge_splits: int = 0
    children_killed: int = 0

    def copy(self) -> Counts:
        """The counts as they are now."""
        return replace(self)

    def __sub__(self, earlier: Counts) -> Counts:
        return Counts(
            **{f.name: getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)}
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def add(self, other: Counts, times: int = 1) -> None:
        """Count what `other` counted as well, so many times."""
        for name, counted in vars(other).items():
            if counted:  # few are, every time
                setattr(self, name, getattr(self, name) + times * counted)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def faults_by_kind(self) -> dict[str, int]:
        """What faults did to pages and tables."""
        return {
            "cow_copy": self.page_copies,
            "cow_reuse": self.page_reuse,
            "zero_fill": self.zero_fill,
            "zero_map": self.zero_map,
            "table_copy": self.tables_copied,
            "table_reuse": self.tables_reused,
            "table_sync": self.tables_synced,
            "huge_copy": self.huge_copies,
            "huge_reuse": self.huge_reuse,
            "huge_split": self.huge_splits,
        }
