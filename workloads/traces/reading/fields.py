"""What whoever has a file says of its columns, where the file itself does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["ns", "us", "ms", "s"]

PLACES: dict[str, int] = {"ns": 0, "us": 3, "ms": 6, "s": 9}
"""Nanoseconds in a unit of time, as powers of ten."""

Option = Literal["columns", "unit", "log_format", "operations", "rate"]
"""What can be said, by its name in YAML."""

UNREAD = ("", "-", "_")
"""Names for columns that nobody wants to be read or told of."""


class SaidError(ValueError):
    """Something is said of a file that cannot be.

    Attributes:
        what: what is wrong.
        expected: what should be said.
    """

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(f"{what}: expected {expected}")
        self.what = what
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Fields:
    """What is said of the columns of a file.

    Attributes:
        names: of the columns in their order; none if the file names them, or has a form of its own.
        unit: of the times that the format leaves open; None if nobody says.
        places: which column (its own name, or its number from 1) is the one of a known name.
        log_format: a server's own format string; None if nobody says.
        operations: what codes of operations mean: pairs of a code and an operation's name.
        rate: records a second, of a file without times; None if nobody says.
    """

    names: tuple[str, ...] = ()
    unit: Unit | None = None
    places: tuple[tuple[str, str | int], ...] = ()
    log_format: str | None = None
    operations: tuple[tuple[str, str], ...] = ()
    rate: float | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Fields:
        """As plain data of a configuration say, by the names of `Option`."""
        columns: Any = config.get("columns") or ()
        named = isinstance(columns, Mapping)
        return cls(
            names=() if named else tuple(columns),
            places=tuple(columns.items()) if named else (),
            unit=config.get("unit"),
            log_format=config.get("log_format"),
            operations=tuple((config.get("operations") or {}).items()),
            rate=config.get("rate"),
        )

    @property
    def said(self) -> tuple[Option, ...]:
        """The names of what is said."""
        told: dict[Option, object] = {
            "columns": self.names or self.places,
            "unit": self.unit,
            "log_format": self.log_format,
            "operations": self.operations,
            "rate": self.rate,
        }
        return tuple(name for name, value in told.items() if value)

    def unit_of(self, name: str, named: Unit | None, own: Unit | None = None) -> Unit | None:
        """The unit of a service time; None if nobody says.

        Args:
            name: What it is called.
            named: The unit that its name says.
            own: The unit of whoever writes it, unless somebody says another.

        Raises:
            SaidError: Its name says one unit, and people another.
        """
        if named and self.unit and named != self.unit:
            raise SaidError(f"unit {self.unit} beside {name}", "one unit")
        return named or self.unit or own

    @property
    def known_names(self) -> tuple[str, ...]:
        """The names of columns that are said, in lower case."""
        return tuple(name.lower() for name in (*self.names, *dict(self.places)))


NOTHING_SAID = Fields()
