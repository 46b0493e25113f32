"""A timeline as Chrome's trace events, which Perfetto and chrome://tracing open.

The object format of the "Trace Event Format": ``traceEvents``, of which ``X`` are slices, ``C``
counts and ``M`` the names of tracks; times are in microseconds, with three decimals, of simulated
time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from results.tables.trace_tracks import Slice, TrackGroup, Tracks

_NUMBERS = {group: number for number, group in enumerate(TrackGroup, 1)}
"""Chrome calls a group of tracks a process, and a track a thread; both have numbers."""


def trace_text(tracks: Tracks, about: Mapping[str, str]) -> Iterator[str]:
    """The file of a timeline, in pieces.

    Args:
        tracks: what to show.
        about: what was run, for the reader.
    """
    head = {"displayTimeUnit": "ns", "otherData": dict(about)}
    yield f'{json.dumps(head)[:-1]}, "traceEvents": [\n'
    for number, line in enumerate(_events(tracks)):
        yield f",\n{line}" if number else line
    yield "\n]}\n"


def _events(tracks: Tracks) -> Iterator[str]:
    groups = {track.group for track in tracks.tracks}
    groups |= {TrackGroup.FAULTS} if tracks.faults else set()
    for group in (group for group in TrackGroup if group in groups):
        yield _named("process_name", _NUMBERS[group], 0, {"name": group.value})
        yield _named("process_sort_index", _NUMBERS[group], 0, {"sort_index": _NUMBERS[group]})
    for place, track in enumerate(tracks.tracks, 1):
        number = _NUMBERS[track.group]
        yield _named("thread_name", number, place, {"name": track.name})
        yield _named("thread_sort_index", number, place, {"sort_index": place})
        for one in track.slices:
            yield _of_slice(one, track.group, place)
    for count in tracks.faults:
        for at_ns, so_far in count.points:
            yield _event(
                {
                    "ph": "C",
                    "name": count.kind,
                    "pid": _NUMBERS[TrackGroup.FAULTS],
                    "args": {"faults": so_far},
                },
                ts=at_ns,
            )


def _of_slice(one: Slice, group: TrackGroup, place: int) -> str:
    args: dict[str, Any] = dict(one.args)
    if one.count > 1:
        args |= {"slices": one.count, "busy_us": one.busy_ns / 1000}
    event = {"ph": "X", "name": one.name, "cat": group.value, "pid": _NUMBERS[group], "tid": place}
    return _event({**event, "args": args}, ts=one.start_ns, dur=one.end_ns - one.start_ns)


def _named(what: str, process: int, thread: int, args: Mapping[str, Any]) -> str:
    return _event({"ph": "M", "name": what, "pid": process, "tid": thread, "args": dict(args)})


def _event(event: Mapping[str, Any], **times_ns: int) -> str:
    """One event in a line; times as decimals, of which a number of Python's may lose the last."""
    times = "".join(f', "{name}": {ns // 1000}.{ns % 1000:03d}' for name, ns in times_ns.items())
    return f"{json.dumps(event)[:-1]}{times}}}"
