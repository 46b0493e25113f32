"""Whether a machine was quiet enough while something was measured on it to judge latencies.

Medians of CPU time survive neighbours; latencies by the wall clock, their tails above all, do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.measuring.system_files import fields_of, kib_as_bytes, text_of

MOST_PRESSURE = 10.0
"""Percent of the last ten seconds in which some task waited for a CPU, by PSI."""

MOST_STEAL = 1.0
"""Percent of CPU time that the hypervisor gave to others."""

_STEAL = 7
"""Its place among the times of a line of /proc/stat (proc(5))."""
_TIMES = 8
"""Of the line, those that are not contained in others, as a guest's are in user."""


@dataclass(frozen=True)
class Load:
    """What a machine does at a moment; None where a file cannot be read.

    Attributes:
        pressure: PSI's ``some avg10`` of the CPUs, percent.
        stolen_ticks: taken by the hypervisor since boot.
        ticks: all CPU time since boot.
        runnable: tasks that run or could, this one among them.
        available_bytes: memory that programs can have now.
    """

    pressure: float | None
    stolen_ticks: int | None
    ticks: int | None
    runnable: int | None
    available_bytes: int | None


@dataclass(frozen=True)
class Gate:
    """A measurement's neighbours.

    Attributes:
        pressure: the greater of before and after, percent.
        steal: over the measurement, percent.
        runnable: the greater of before and after.
        available_bytes: the less.
    """

    pressure: float | None
    steal: float | None
    runnable: int | None
    available_bytes: int | None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why latencies are not judged, a sentence for each reason; none if they can be."""
        return tuple(f"latencies are reported, not judged: {why}" for why in self._reasons())

    def _reasons(self) -> Iterator[str]:
        if self.pressure is None:
            yield "how long tasks wait for a CPU is not known (/proc/pressure/cpu)"
        elif self.pressure >= MOST_PRESSURE:
            yield (
                f"tasks waited for a CPU in {self.pressure:g} % of ten seconds "
                f"(expected below {MOST_PRESSURE:g} %)"
            )
        if self.steal is None:
            yield "what the hypervisor takes is not known (/proc/stat)"
        elif self.steal >= MOST_STEAL:
            yield (
                f"the hypervisor took {self.steal:.1f} % of the CPU time "
                f"(expected below {MOST_STEAL:g} %)"
            )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, with the remarks."""
        return {**asdict(self), "judged": not self.remarks, "remarks": list(self.remarks)}


def read_load(root: Path = Path("/")) -> Load:
    """What the files of /proc below ``root`` say now."""
    times = _times(text_of(root / "proc/stat"))
    memory = fields_of(text_of(root / "proc/meminfo"))
    return Load(
        pressure=_pressure(text_of(root / "proc/pressure/cpu")),
        stolen_ticks=times[_STEAL] if times else None,
        ticks=sum(times) if times else None,
        runnable=_runnable(text_of(root / "proc/loadavg")),
        available_bytes=kib_as_bytes(memory.get("MemAvailable")),
    )


def judged(before: Load, after: Load) -> Gate:
    """The gate of what was measured in between."""
    pressures = [one.pressure for one in (before, after) if one.pressure is not None]
    runnable = [one.runnable for one in (before, after) if one.runnable is not None]
    memory = [one.available_bytes for one in (before, after) if one.available_bytes is not None]
    return Gate(
        max(pressures, default=None),
        _steal(before, after),
        max(runnable, default=None),
        min(memory, default=None),
    )


def _steal(before: Load, after: Load) -> float | None:
    if before.ticks is None or after.ticks is None or after.ticks <= before.ticks:
        return None
    stolen = (after.stolen_ticks or 0) - (before.stolen_ticks or 0)
    return 100 * stolen / (after.ticks - before.ticks)


def _times(text: str | None) -> list[int] | None:
    words = (text or "").partition("\n")[0].split()
    times = words[1 : 1 + _TIMES]
    if words[:1] != ["cpu"] or len(times) < _TIMES or not all(t.isdecimal() for t in times):
        return None
    return list(map(int, times))


def _pressure(text: str | None) -> float | None:
    found = re.search(r"^some avg10=(\d+(?:\.\d+)?) ", text or "", re.MULTILINE)
    return float(found[1]) if found else None


def _runnable(text: str | None) -> int | None:
    words = (text or "").split()
    running = words[3].partition("/")[0] if len(words) > 3 else ""
    return int(running) if running.isdecimal() else None
