"""Spans as tracks of slices: one a core, a task, a lock, ...; bounded by joining short slices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from sim.machine.spans import (
    CHILD,
    FAULT,
    FORKS,
    HOLD,
    ITERATION,
    LOCK,
    RUN,
    SKIPPED,
    SWITCH_TO,
    WAIT,
    Span,
)


class TrackGroup(StrEnum):
    """What tracks stand together, in the order in which they are shown."""

    CORES = "cores"
    TASKS = "tasks"
    LOCKS = "locks"
    FORKS = "forks"
    CHILDREN = "children"
    ITERATIONS = "iterations"
    FAULTS = "page faults"


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of time on a track.

    Attributes:
        start_ns: when it begins ...
        end_ns: ... and ends.
        name: what is written on it.
        args: more about it.
        busy_ns: how much of it is what it says: less than all where short ones were joined.
        count: as how many it stands for.
    """

    start_ns: int
    end_ns: int
    name: str
    args: Mapping[str, str]
    busy_ns: int
    count: int = 1


@dataclass
class Track:
    """Slices that follow each other, none before the end of another."""

    group: TrackGroup
    name: str
    slices: list[Slice] = field(default_factory=list)


@dataclass
class FaultCount:
    """How many page faults of a kind there were since the beginning: (when, how many) in order."""

    kind: str
    points: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Tracks:
    """What a timeline shows.

    Attributes:
        tracks: its tracks.
        faults: its counts of faults.
        joined_ns: slices shorter than this that are not farther apart were joined; 0 if none.
        told: how many slices and counts there were before that.
    """

    tracks: Sequence[Track]
    faults: Sequence[FaultCount]
    joined_ns: int = 0
    told: int = 0

    def __len__(self) -> int:
        """How many slices and counts there are."""
        slices = sum(len(track.slices) for track in self.tracks)
        return slices + sum(len(count.points) for count in self.faults)

    def within(self, most: int) -> Tracks:
        """So many slices and counts at most, as far as joining short ones helps."""
        longest_ns = max((own.slices[-1].end_ns for own in self.tracks), default=0)
        found, joined_ns = self, 1
        while len(found) > most and joined_ns <= 2 * longest_ns:
            joined_ns *= 2
            found = Tracks(
                [Track(own.group, own.name, _joined(own.slices, joined_ns)) for own in self.tracks],
                [FaultCount(own.kind, _thinned(own.points, joined_ns)) for own in self.faults],
                joined_ns,
                self.told,
            )
        return found


def tracks_of(spans: Iterable[Span], from_ns: int) -> Tracks:
    """Spans, in order of when they begin, as tracks.

    Args:
        spans: the spans.
        from_ns: when the window begins: from when on faults are counted.
    """
    lanes: dict[tuple[TrackGroup, str], list[Track]] = defaultdict(list)
    faults: dict[str, FaultCount] = {}
    for span in spans:
        if span.what == FAULT:
            kind = span.kind_of_cause
            count = faults.setdefault(kind, FaultCount(kind, [(from_ns, 0)]))
            _count(count.points, span)
            continue
        for group, name, label in _places(span):
            own = lanes[group, name]
            lane = next((one for one in own if one.slices[-1].end_ns <= span.start_ns), None)
            if lane is None:
                lane = Track(group, f"{name} ({len(own) + 1})" if own else name)
                own.append(lane)
            args = {"cause": span.cause, "task": span.task}
            length_ns = span.end_ns - span.start_ns
            lane.slices.append(Slice(span.start_ns, span.end_ns, label, args, length_ns))
    order = list(TrackGroup)
    found = [track for own in lanes.values() for track in own]
    found.sort(key=lambda track: (order.index(track.group), _natural(track.name)))
    counts = sorted(faults.values(), key=lambda count: count.kind)
    tracks = Tracks(found, counts)
    return Tracks(found, counts, told=len(tracks))


def _places(span: Span) -> Iterator[tuple[TrackGroup, str, str]]:
    """On which tracks a span is shown: group, name, what is written on it."""
    what = span.doing
    if what in {RUN, SWITCH_TO}:
        own = span.task if span.cause == "service" else f"{span.task}: {span.cause}"
        yield TrackGroup.CORES, f"core {span.core}", own
        yield TrackGroup.TASKS, span.task, span.cause
    elif what == WAIT:
        yield TrackGroup.TASKS, span.task, "waits for a core"
    elif what == LOCK:
        yield TrackGroup.TASKS, span.task, f"waits for {span.of} ({span.mode})"
        yield TrackGroup.LOCKS, f"{span.of}: waiters", f"{span.task} ({span.mode})"
    elif what == HOLD:
        yield TrackGroup.LOCKS, f"{span.of}: holders", f"{span.task} ({span.mode})"
    elif what == FORKS:
        yield TrackGroup.FORKS, span.task, "fork"
    elif what == CHILD:
        yield TrackGroup.CHILDREN, span.task, span.task
    elif what == ITERATION:
        yield TrackGroup.ITERATIONS, span.task, "iteration"
    elif what == SKIPPED:
        yield TrackGroup.ITERATIONS, span.task, "many, not looked at one by one"


def _natural(name: str) -> list[tuple[int, str]]:
    """An order of names in which ``core 2`` comes before ``core 10``."""
    parts = [(number, "".join(part)) for number, part in groupby(name, key=str.isdecimal)]
    return [(int(part), "") if number else (-1, part) for number, part in parts]


def _count(points: list[tuple[int, int]], span: Span) -> None:
    last_ns, so_far = points[-1]
    if span.start_ns == last_ns and len(points) > 1:
        points.pop()
    points.append((span.start_ns, so_far + span.count))


def _joined(slices: Sequence[Slice], within_ns: int) -> list[Slice]:
    """Slices with those as one that are short and close together, no longer than twice as much."""
    found: list[Slice] = []
    group: list[Slice] = []
    for one in slices:
        short = one.end_ns - one.start_ns < within_ns
        if group and (not short or one.start_ns - group[0].start_ns >= within_ns):
            found.append(_as_one(group))
            group = []
        if short:
            group.append(one)
        else:
            found.append(one)
    if group:
        found.append(_as_one(group))
    return found


def _as_one(group: Sequence[Slice]) -> Slice:
    if len(group) == 1:
        return group[0]
    busy_ns: Counter[str] = Counter()
    for one in group:
        busy_ns[one.name] += one.busy_ns
    count = sum(one.count for one in group)
    (most, _), others = busy_ns.most_common(1)[0], len(busy_ns) > 1
    name = f"{most} and others, {count} slices" if others else f"{most}, {count} slices"
    return Slice(group[0].start_ns, group[-1].end_ns, name, {}, busy_ns.total(), count)


def _thinned(points: Sequence[tuple[int, int]], within_ns: int) -> list[tuple[int, int]]:
    """Of counts that are close together the last one: it has the others in it."""
    by_time: dict[int, tuple[int, int]] = {}
    for at_ns, count in points[1:]:
        by_time[at_ns // within_ns] = at_ns, count
    return [points[0], *by_time.values()]
