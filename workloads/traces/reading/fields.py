"""What whoever has a file says of its columns, where the file itself does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["ns", "us", "ms", "s"]

PLACES: dict[str, int] = {"ns": 0, "us": 3, "ms": 6, "s": 9}
"""Nanoseconds in a unit of time, as powers of ten."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What is said of the columns of a file.

    Attributes:
        names: of the columns in their order; none if the file names them, or has a form of its own.
        unit: of the times that the format leaves open; None if nobody says.
    """

    names: tuple[str, ...] = ()
    unit: Unit | None = None

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.names) or self.unit is not None


NOTHING_SAID = Fields()
