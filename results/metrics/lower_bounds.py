"""Which numbers are only the least that they may be: something went on when the run ended."""

from __future__ import annotations

from collections.abc import Collection

from sim.measures.common_metrics import EXTRA_MEMORY, MEMORY_PEAK, SNAPSHOTS_UNFINISHED
from sim.measures.recording import Recording

_OF_SNAPSHOTS = frozenset({EXTRA_MEMORY.name, MEMORY_PEAK.name})


def lower_bounds(recording: Recording) -> Collection[str]:
    """Names of the metrics that would have been more, or the same, had the run gone on.

    While a snapshot's child lives, every page that is written takes more memory.
    """
    return _OF_SNAPSHOTS if _unfinished(recording) else frozenset()


def _unfinished(recording: Recording) -> bool:
    counted = recording.counters.get(SNAPSHOTS_UNFINISHED.name, 0)
    return counted > 0 or any(map(_unfinished, recording.parts.values()))
