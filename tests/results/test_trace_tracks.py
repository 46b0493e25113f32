"""Tracks of spans, and the events that are written of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from chrome_trace import checked
from hypothesis import given
from hypothesis import strategies as st

from results.tables.trace_events import trace_text
from results.tables.trace_tracks import Slice, Track, TrackGroup, Tracks, tracks_of
from sim.machine.spans import Span

SPANS = [
    Span("a", "fork", None, "fork", 1_000, 3_000),
    Span("a", "hold mm/write", None, "lock_hold", 1_001, 3_000, "mm of a"),
    Span("a", "run", 0, "fork", 1_001, 3_000),
    Span("b", "lock mm/read", None, "lock_wait", 2_000, 3_000, "mm of a"),
    Span("c", "child", None, "service", 3_000, 9_000),
    Span("b", "wait", None, "core_wait", 3_000, 3_500),
    Span("b", "fault", None, "fault/cow_copy", 3_500, 4_000, count=3),
    Span("b", "run", 0, "service", 3_500, 4_000),
    Span("a", "iteration", None, "service", 4_000, 5_000),
    Span("b", "fault", None, "fault/cow_copy", 4_500, 5_000),
]


def trace(tracks: Tracks) -> str:
    return "".join(trace_text(tracks, {"forksim": "0"}))


def test_what_is_shown_on_which_track() -> None:
    shown = tracks_of(SPANS, 1_000)
    assert [
        (own.group.value, own.name, [one.name for one in own.slices]) for own in shown.tracks
    ] == [
        ("cores", "core 0", ["a: fork", "b"]),
        ("tasks", "a", ["fork"]),
        ("tasks", "b", ["waits for mm of a (read)", "waits for a core", "service"]),
        ("locks", "mm of a: holders", ["a (write)"]),
        ("locks", "mm of a: waiters", ["b (read)"]),
        ("forks", "a", ["fork"]),
        ("children", "c", ["c"]),
        ("iterations", "a", ["iteration"]),
    ]
    assert [(own.kind, own.points) for own in shown.faults] == [
        ("cow_copy", [(1_000, 0), (3_500, 3), (4_500, 4)])
    ]
    assert len(shown) == shown.told == 14


def test_what_is_done_at_once_has_a_track_each() -> None:
    spans = [Span("a", "hold mm/read", None, "lock_hold", t, t + 4, "mm of a") for t in range(8)]
    shown = tracks_of(spans, 0)
    assert [own.name for own in shown.tracks] == [
        "mm of a: holders",
        *(f"mm of a: holders ({n})" for n in (2, 3, 4)),
    ]


def test_cores_are_in_the_order_of_their_numbers() -> None:
    shown = tracks_of([Span("a", "run", n, "service", n, n + 1) for n in range(12)], 0)
    names = [own.name for own in shown.tracks if own.group is TrackGroup.CORES]
    assert names == [f"core {n}" for n in range(12)]


def test_times_keep_their_nanoseconds() -> None:
    at_ns = 2**53 - 1
    text = trace(tracks_of([Span('"a"', "run", 0, "service", at_ns - 1, at_ns)], 0))
    assert '"ts": 9007199254740.990, "dur": 0.001}' in text


@pytest.mark.parametrize("most", [3, 10, 10**6])
def test_joined_slices_say_what_they_are(most: int) -> None:
    """A hundred short slices of two tasks, and a long one, which stays."""
    short = [
        Slice(t, t + 6, "ab"[t // 10 % 2], {"cause": "service"}, 6) for t in range(0, 1_000, 10)
    ]
    long = Slice(1_000, 9_000, "a", {"cause": "service"}, 8_000)
    tracks = Tracks([Track(TrackGroup.CORES, "core 0", [*short, long])], [], told=101)
    found = tracks.within(most)
    assert len(found) <= most
    assert sum(one.busy_ns for one in found.tracks[0].slices) == 8_600
    assert sum(one.count for one in found.tracks[0].slices) == 101
    assert found.tracks[0].slices[-1] == long
    assert (found.joined_ns == 0) == (most > 101)
    if most == 3:
        assert found.tracks[0].slices[0].name == "a and others, 52 slices"


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 3)), max_size=200
    ),
    st.integers(20, 300),
)
def test_whatever_happens_is_a_right_trace(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, int, int]], most: int
) -> None:
    spans = []
    free = [0] * 4
    for start, length, core in sorted(found):
        start_ns = max(start, free[core])
        free[core] = start_ns + length
        spans.append(Span(f"t{length % 5}", "run", core, "service", start_ns, free[core]))
        spans.append(Span(f"t{length % 7}", "fault", None, "fault/huge", start_ns, free[core]))
        spans.append(Span("x", "hold mm/read", None, "hold", start, start + length, "mm"))
    spans.sort(key=lambda span: span.start_ns)
    everything = tracks_of(spans, 0)
    shown = everything.within(most)
    file = tmp_path_factory.mktemp("trace") / "t.json"
    file.write_text(trace(shown))
    checked(Path(file), 0, max(free, default=0) + 2 * 10**6)
    busy = [
        sum(one.busy_ns for own in tracks.tracks for one in own.slices)
        for tracks in (everything, shown)
    ]
    assert busy[0] == busy[1]
    fewest = len(shown.tracks) + 2 * len(shown.faults)
    assert len(shown) <= max(most, fewest)
