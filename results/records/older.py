"""What is known of records that were written before metrics were declared."""

from __future__ import annotations

from dataclasses import replace

from sim.measures.declarations import Declarations
from sim.measures.metrics import Pauses

_FORK = replace(Declarations().distribution("fork_ns"), by_mean=True)

UNDECLARED = Declarations.of([Pauses("snapshots", _FORK), Pauses("forks", _FORK, by="size_bytes")])
"""Where their forks are; all else is a plain count under its name."""
