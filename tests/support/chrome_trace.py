"""A validator of Chrome's trace events, of which there is no official schema.

What it asks is what the "Trace Event Format" says of the kinds of events that forksim writes, and
what a timeline of a window promises.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

_REQUIRED = {
    "X": {"name": str, "cat": str, "pid": int, "tid": int, "ts": Decimal, "dur": Decimal},
    "C": {"name": str, "pid": int, "ts": Decimal, "args": dict},
    "M": {"name": str, "pid": int, "tid": int, "args": dict},
}
_METADATA = {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}


@dataclass
class CheckedTrace:
    """What a file holds, times in ns: slices by (group, track), counts by name, what was run."""

    slices: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    counts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def of(self, group: str) -> dict[str, list[dict[str, Any]]]:
        """The tracks of a group."""
        return {track: own for (of, track), own in self.slices.items() if of == group}


def checked(file: Path, from_ns: int, to_ns: int) -> CheckedTrace:
    """What a file of trace events holds that is right; fails if anything is wrong."""
    data = file.read_bytes()
    text = gzip.decompress(data) if file.name.endswith(".gz") else data
    trace = json.loads(text, parse_float=Decimal)
    assert set(trace) == {"traceEvents", "displayTimeUnit", "otherData"}
    assert trace["displayTimeUnit"] == "ns"
    assert all(isinstance(value, str) for value in trace["otherData"].values())
    found = CheckedTrace(about=trace["otherData"])
    named: dict[tuple[int, int], str] = {}
    groups: dict[int, str] = {}
    slices: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for event in trace["traceEvents"]:
        for key, kind in _REQUIRED[event["ph"]].items():
            assert type(event[key]) is kind, (key, event)
        if event["ph"] == "M":
            assert event["name"] in _METADATA
            if event["name"] == "process_name":
                groups[event["pid"]] = event["args"]["name"]
            elif event["name"] == "thread_name":
                named[event["pid"], event["tid"]] = event["args"]["name"]
        elif event["ph"] == "C":
            (value,) = event["args"].values()
            assert type(value) is int
            found.counts.setdefault(event["name"], []).append((_ns(event["ts"]), value))
        else:
            start_ns = _ns(event["ts"])
            own = {**event, "start_ns": start_ns, "end_ns": start_ns + _ns(event["dur"])}
            assert own["start_ns"] < own["end_ns"]
            assert from_ns <= own["start_ns"]
            assert own["end_ns"] <= to_ns
            slices[event["pid"], event["tid"]].append(own)
    assert set(slices) <= set(named)
    assert {pid for pid, _ in named} <= set(groups)
    for (pid, tid), track in slices.items():
        _check_nesting(track)
        found.slices[groups[pid], named[pid, tid]] = track
    for points in found.counts.values():
        assert all(from_ns <= at_ns <= to_ns for at_ns, _ in points)
        assert points == sorted(points)
        assert len({at_ns for at_ns, _ in points[1:]}) == len(points[1:])
    for core in found.of("cores").values():
        ordered = sorted(core, key=lambda one: one["start_ns"])
        assert all(a["end_ns"] <= b["start_ns"] for a, b in pairwise(ordered))
    return found


def _ns(microseconds: Decimal) -> int:
    in_ns = microseconds * 1000
    assert in_ns == int(in_ns)
    return int(in_ns)


def _check_nesting(slices: list[dict[str, Any]]) -> None:
    """Of two slices of a track one holds the other, or they have nothing in common."""
    around: list[int] = []
    for one in sorted(slices, key=lambda own: (own["start_ns"], -own["end_ns"])):
        while around and around[-1] <= one["start_ns"]:
            around.pop()
        assert not around or one["end_ns"] <= around[-1]
        around.append(one["end_ns"])
