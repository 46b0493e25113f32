"""A prediction beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.validation.targets import Target
from sim.measures.metrics import Unit


@dataclass(frozen=True)
class Prediction:
    """One of a group of rows that say the same of what was measured.

    Attributes:
        what: what it is of: ``fork``, ``p99``.
        fields: what the rows say of themselves: ``{"mode": "4k", "size_bytes": 1073741824}``.
        measured: the rows' median.
        predicted: what the model says.
        unit: of both.
        target: how near it is to come.
        basis: where that comes from which is not in the profile.
        spread: how far the rows differ among themselves (`spread_of`); None if that is not known.
    """

    what: str
    fields: Mapping[str, str | int | float]
    measured: float
    predicted: float
    unit: Unit
    target: Target
    basis: str
    spread: float | None = None

    @property
    def ratio(self) -> float | None:
        """Predicted over measured; None if nothing was measured."""
        return self.predicted / self.measured if self.measured else None

    @property
    def met(self) -> bool | None:
        """Whether it comes near enough; None if it is not judged."""
        return None if self.ratio is None else self.target.row_met(self.ratio)
