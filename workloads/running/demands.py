"""What runs take, of the machine that is simulated and of the one that simulates it.

Limits are such that what is allowed fits into a few gigabytes; prices were measured on the programs
here (`docs/performance.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

MOST_BYTES = 2**42
"""Memory of all programs together: 4 TiB, the most that the profile's EPYC 7302P can have."""


@dataclass(frozen=True)
class Limit:
    """Something of which a point may take so much.

    Attributes:
        most: in bytes, or how many.
        words: what it is, behind an amount.
        counted: whether it is counted and no bytes.
    """

    most: int
    words: str
    counted: bool = False


LOADED = Limit(MOST_BYTES, "of memory, with what stands before it")
"""What programs fill at their start; less if the experiment says how much memory there is."""

SHARED = Limit(2**40, "written page by page while children share it, with what stands before it")
"""Memory whose pages are told apart, each as the 2 MiB that it lies in: these take 5 KiB here."""

HELD = Limit(2**31, "held until the run is over, with what stands before it")
"""Of this machine's memory, in a repetition."""

ROWS = Limit(2**25, "rows of results in all repetitions, with what stands before it", counted=True)
"""Of series, which a record has as text."""


class Demand(NamedTuple):
    """So much of something that a configuration asks for.

    Attributes:
        limit: of what.
        field: of the configuration, that says so.
        amount: how much.
    """

    limit: Limit
    field: str
    amount: int
