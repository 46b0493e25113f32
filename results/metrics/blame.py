"""What is to blame for latencies: the few things they were spent on, by band of percentiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.faults.actions import PageAction
from models.operations.causes import FAULTS, FORK, OF_PAGES, OF_TABLES, TABLE_COPY
from results.records.record import Record
from sim.machine.causes import CONTENTION, CORE_WAIT, LOCK_WAIT, SWITCH, WORK
from sim.measures.cause_sums import AT_COLUMN, BANDS, LATENCY_COLUMN, REQUESTS_COLUMN
from sim.measures.metrics import Distribution
from sim.measures.phases import Phase
from sim.measures.recording import Recording
from sim.measures.slowest import SLOWEST

WHOLE, TOP, SLOW = "whole run", "99.9-100 %", f"slowest {SLOWEST}"
"""Of every request; of those above p99.9; of the slowest one by one."""

_BANDS: Mapping[str, slice] = {
    WHOLE: slice(None),
    "0-50 %": slice(0, 1),
    "50-90 %": slice(1, 2),
    "90-99 %": slice(2, 3),
    "99-99.9 %": slice(3, 4),
    TOP: slice(4, None),
}
"""Rows of a series of causes, by what they are called here."""


@dataclass(frozen=True)
class Blamed:
    """What latencies are spent on: causes that people take for one.

    Attributes:
        heading: ``fork``.
        words: how a sentence ends that begins with "97 % of the latency is".
    """

    heading: str
    words: str


BLAMED_FORK = Blamed("fork", "waiting behind fork")
_PAGES = Blamed("page copies", "waiting behind page copies")
_FAULTS = Blamed("other faults", "waiting behind page faults that copy nothing")
_TABLES = Blamed("table copies", "waiting behind copies of page tables")
_LOCK = Blamed("lock", "waiting for the memory's lock")
_CORE = Blamed("core", "waiting for a core")
_CONTENTION = Blamed("contention", "due to others that use the memory at the same time")
_OWN = Blamed("own service", "its own service")

_COPIES = (PageAction.COW_COPY, PageAction.HUGE_COPY)
_OF_CAUSES: Mapping[str, Blamed] = {
    FORK.name: BLAMED_FORK,
    **{cause.name: _PAGES if one in _COPIES else _FAULTS for one, cause in OF_PAGES.items()},
    FAULTS.name: _FAULTS,
    **{cause.name: _TABLES for cause in (TABLE_COPY, *OF_TABLES.values())},
    LOCK_WAIT.name: _LOCK,
    CORE_WAIT.name: _CORE,
    SWITCH.name: _CORE,
    CONTENTION.name: _CONTENTION,
    WORK.name: _OWN,
}
"""By the causes' names; any other cause is blamed by itself."""
KNOWN_BLAMED = (BLAMED_FORK, _PAGES, _TABLES, _FAULTS, _LOCK, _CORE, _CONTENTION, _OWN)
"""In the order in which they are shown; others stand before own service."""


@dataclass(frozen=True)
class BandBlame:
    """What the requests of a band were spent on.

    Attributes:
        band: `WHOLE`, ``99-99.9 %``, `TOP` ..., `SLOW`.
        requests: how many, of all repetitions.
        latency_ns: what they took, all together.
        times_ns: what of that was spent on what; adds up to it.
    """

    band: str
    requests: int
    latency_ns: int
    times_ns: Mapping[Blamed, int]

    @property
    def mean_ns(self) -> float:
        """What one took."""
        return self.latency_ns / self.requests

    def share(self, blamed: Blamed) -> float:
        """Of the latency; 0 where there was none."""
        return self.times_ns.get(blamed, 0) / self.latency_ns if self.latency_ns else 0.0

    @property
    def by_share(self) -> list[Blamed]:
        """What took time, the largest share first."""
        spent = [one for one, time in self.times_ns.items() if time]
        return sorted(spent, key=lambda one: (-self.times_ns[one], one.heading))


@dataclass(frozen=True)
class Blame:
    """What a distribution of a program was spent on, over all repetitions.

    Attributes:
        of: the distribution.
        bands: of the whole run, of bands of percentiles that have requests, of the slowest.
    """

    of: Distribution
    bands: Sequence[BandBlame]

    def band(self, name: str) -> BandBlame | None:
        """The band of this name, if somebody is in it."""
        return next((band for band in self.bands if band.band == name), None)

    @property
    def longest(self) -> BandBlame:
        """What is said of the tail: above p99.9, or of the highest band below that has requests."""
        bands = [band for band in self.bands if band.band != SLOW]
        return bands[-1]


def blames(record: Record, phase: Phase | None = None) -> list[Blame]:
    """What is to blame for each distribution of a program whose causes are known.

    Args:
        record: of the program; of a mix see `Record.by_program`.
        phase: of its requests only those that met this phase of a fork.
    """
    part = "" if phase is None else str(phase)
    found = dict.fromkeys(
        caused.of
        for recording in record.repetitions
        for caused in recording.declared.causes.values()
        if caused.of.part == part
    )
    all_of = [Blame(of, list(_bands(of, record.repetitions))) for of in found]
    return [blame for blame in all_of if blame.bands]


def phases_of(record: Record) -> list[Phase]:
    """Phases whose requests' causes are known."""
    parts = {
        caused.of.part
        for recording in record.repetitions
        for caused in recording.declared.causes.values()
    }
    return [phase for phase in Phase if str(phase) in parts]


def _bands(of: Distribution, recordings: Sequence[Recording]) -> Iterator[BandBlame]:
    blamed = {
        caused.cause: _OF_CAUSES.get(caused.cause) or _by_itself(caused.label)
        for recording in recordings
        for caused in recording.declared.causes.values()
        if caused.of == of
    }
    tables = [
        {name: column.tolist() for name, column in table.items()}
        for recording in recordings
        if (table := recording.table(of.causes, REQUESTS_COLUMN, LATENCY_COLUMN))
        and table[REQUESTS_COLUMN].size == len(BANDS)
    ]
    for band, rows in _BANDS.items():
        requests = sum(sum(table[REQUESTS_COLUMN][rows]) for table in tables)
        if requests:
            times = [{name: sum(column[rows]) for name, column in t.items()} for t in tables]
            yield _band(band, requests, times, blamed)
    slowest = _slowest(of, recordings)
    if slowest:
        yield _band(SLOW, len(slowest), slowest, blamed)


def _slowest(of: Distribution, recordings: Sequence[Recording]) -> list[dict[str, int]]:
    """The slowest of all repetitions, with what each was spent on."""
    rows: list[dict[str, int]] = []
    for recording in recordings:
        table = recording.table(of.slowest, AT_COLUMN, LATENCY_COLUMN) or {}
        columns = {name: column.tolist() for name, column in table.items()}
        each = zip(*columns.values(), strict=True)
        rows += [dict(zip(columns, row, strict=True)) for row in each]
    return sorted(rows, key=lambda row: -row[LATENCY_COLUMN])[:SLOWEST]


def _band(
    band: str, requests: int, rows: Sequence[Mapping[str, int]], blamed: Mapping[str, Blamed]
) -> BandBlame:
    times: dict[Blamed, int] = {}
    for row in rows:
        for cause, one in blamed.items():
            times[one] = times.get(one, 0) + row.get(cause, 0)
    return BandBlame(band, requests, sum(row[LATENCY_COLUMN] for row in rows), times)


def _by_itself(label: str) -> Blamed:
    return Blamed(label, f"due to {label}")
