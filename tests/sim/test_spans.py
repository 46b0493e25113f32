"""What a window of spans keeps: cut, divided by causes, and bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.causes import CORE_WAIT, SWITCH, WORK, Cause
from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.wait import Wait
from sim.machine.spans import RUN, Span, SpanWindow
from sim.machine.tasks import Task

COPY = Cause("copy", "copies")
ZERO = Cause("zero", "zeroes")


def task(name: str = "a") -> Task:
    return Machine(1, {}, rule=Wait(1), switch_ns=0).task(name)


def told(window: SpanWindow) -> list[tuple[int, int, str]]:
    return [(span.start_ns, span.end_ns, span.cause) for span in window.spans()]


def test_two_tasks_of_a_core() -> None:
    """A works for 30 ns; b comes at 10, waits for its turn, is switched to, is cut at the end."""
    spans = SpanWindow(5, 60)
    board = Machine(1, {}, rule=Wait(10**9), switch_ns=4, spans=spans)

    def job(name: str, begins_ns: int, cause: Cause) -> Activity:
        yield board.clock.timeout(begins_ns)
        yield from board.task(name).run(compute_ns=30, cause=cause)

    board.clock.process(job("a", 0, WORK))
    board.clock.process(job("b", 10, COPY))
    board.clock.run_to_end()
    board.scheduler.end_watch()
    assert spans.spans() == [
        Span("a", "run", 0, "service", 5, 34),
        Span("b", "wait", None, "core_wait", 10, 34),
        Span("b", "switch", 0, "switch", 34, 38),
        Span("b", "run", 0, "copy", 38, 60),
    ]


@pytest.mark.parametrize(
    ("ends_ns", "last"),
    [(2, Span("a", "switch", 0, "switch", 0, 2)), (9, Span("a", "run", 0, "service", 4, 9))],
)
def test_what_goes_on_when_the_simulation_ends(ends_ns: int, last: Span) -> None:
    spans = SpanWindow()
    board = Machine(1, {}, rule=Wait(10**9), switch_ns=4, spans=spans)
    board.clock.process(board.task("a").run(compute_ns=30))
    board.clock.run_until(ends_ns)
    board.scheduler.end_watch()
    assert spans.spans()[-1] == last
    assert spans.to_ns == ends_ns


def test_work_is_divided_by_its_causes() -> None:
    window, one, other = SpanWindow(0, 100), task(), task()
    window.record(one, RUN, WORK, 0, 50, core=0)
    window.record(one, RUN, WORK, 50, 90, core=0)
    window.record(one, RUN, SWITCH, 90, 100, core=0)
    window.record(other, RUN, WORK, 100, 120, core=0)
    window.attribute(one, np.array([10, 20, 30]), np.array([20, 25, 30]), COPY)
    window.attribute(one, np.array([45]), np.array([55]), ZERO)
    assert told(window) == [
        (0, 10, "service"),
        (10, 25, "copy"),
        (25, 45, "service"),
        (45, 50, "zero"),
        (50, 55, "zero"),
        (55, 90, "service"),
        (90, 100, "switch"),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    st.tuples(st.integers(0, 300), st.integers(0, 300)),
    st.data(),
)
def test_stretches_are_those_of_all_cut(
    gaps: list[tuple[int, int]], window: tuple[int, int], data: st.DataObject
) -> None:
    from_ns, to_ns = min(window), max(window)
    moments = np.array(gaps, np.int64).reshape(-1).cumsum()
    starts_ns, ends_ns = moments[::2], moments[1::2]
    chosen = np.flatnonzero(
        data.draw(st.lists(st.booleans(), min_size=len(gaps), max_size=len(gaps)))
    )
    seen, own = [], task()
    for spans in (SpanWindow(), SpanWindow(from_ns, to_ns)):
        spans.ran(own, 3, starts_ns, ends_ns)
        halves_ns = (starts_ns + ends_ns) // 2
        spans.attribute(own, starts_ns[chosen], halves_ns[chosen], COPY)
        seen.append(spans.spans())
    assert seen[1] == [
        Span(s.task, s.what, s.core, s.cause, max(s.start_ns, from_ns), min(s.end_ns, to_ns))
        for s in seen[0]
        if max(s.start_ns, from_ns) < min(s.end_ns, to_ns)
    ]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=80), st.integers(1, 20), st.booleans())
def test_a_full_window_ends_earlier_and_is_complete(
    lengths: list[int], most: int, divided: bool
) -> None:
    everything, window, own = SpanWindow(), SpanWindow(most=most), task()
    waits = task("b")
    for spans in (everything, window):
        now = 0
        for length in lengths:
            spans.record(own, RUN, WORK, now, now + length, core=0)
            if divided:
                half = np.array([now]), np.array([now + length // 2])
                spans.attribute(own, *half, COPY)
            now += length
        spans.record(waits, "wait", CORE_WAIT, 0, now)
    found = window.spans()
    assert len(found) <= most
    assert window.full == (window.to_ns < everything.to_ns)
    assert {(s.start_ns, s.end_ns, s.cause, s.task) for s in found} == {
        (s.start_ns, min(s.end_ns, window.to_ns), s.cause, s.task)
        for s in everything.spans()
        if s.start_ns < window.to_ns
    }
