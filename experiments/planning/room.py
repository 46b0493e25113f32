"""Whether what a point asks for fits: into the machine that is simulated, and into this one."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from experiments.language.document import Document, Route, dotted
from experiments.language.errors import InputError
from experiments.language.repetitions import at_most
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.frames import FRAME_BYTES
from results.metrics import formatting
from workloads.registry import WORKLOADS, programs_of
from workloads.running.demands import LOADED, ROWS, Demand, Limit


class Sections(Protocol):
    """A point's configuration by its sections."""

    def section(self, name: str) -> Any:
        """One of them, as plain data."""


ASKED_BY = ("workload", "machine", "repetitions")
"""The sections that say it."""


def check_room(point: Sections, document: Document) -> None:
    """See whether a point fits.

    Raises:
        InputError: it does not; at the first field with which it does not.
    """
    workload, machine, repetitions = map(point.section, ASKED_BY)
    memory, times = machine.get("memory"), at_most(repetitions)
    taken: Counter[Limit] = Counter()
    filled = 0
    for way, program in programs_of(workload):
        for demand in WORKLOADS[program["kind"]].demands(program):
            route: Route = ("workload", *way, demand.field)
            limit = demand.limit
            taken[limit] += demand.amount * (times if limit is ROWS else 1)
            if memory is not None and limit is LOADED:
                filled += _with_tables(demand)
                if filled > memory:
                    raise InputError.at(
                        document.position(route),
                        f"{dotted(route)}: {formatting.size(filled)} with its page tables and what "
                        f"stands before it: expected at most machine.memory, "
                        f"{formatting.size(memory)}",
                    )
            if taken[limit] > limit.most:
                shown = "{:,}".format if limit.counted else formatting.size
                raise InputError.at(
                    document.position(route),
                    f"{dotted(route)}: {shown(taken[limit])} {limit.words}: expected at most "
                    f"{shown(limit.most)}",
                )


def _with_tables(demand: Demand) -> int:
    pages = -(-demand.amount // FRAME_BYTES)
    return (pages + -(-pages // ENTRIES_PER_TABLE)) * FRAME_BYTES
