"""What the tests of rules of scheduling share: hogs and sleepers on few cores."""

from __future__ import annotations

from plain_core import Job

from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.spans import SpanWindow

MS = 1_000_000
SLICE_NS, TICK_NS = 3 * MS, 4 * MS
FOREVER_NS = 10**12


def cfs(tick_ns: int = TICK_NS) -> Cfs:
    """As of one CPU."""
    return Cfs(
        latency_ns=2 * SLICE_NS,
        granularity_ns=750_000,
        wakeup_granularity_ns=MS,
        tick_ns=tick_ns,
    )


def eevdf(*, pays_asleep: bool = True, tick_ns: int = TICK_NS) -> Eevdf:
    """Of one CPU, with a slice of 3 ms to tell it from a tick."""
    return Eevdf(slice_ns=SLICE_NS, tick_ns=tick_ns, pays_asleep=pays_asleep)


def ends(
    scripts: list[list[Job]], rule: SchedulingRule, switch_ns: int = 0, cores: int = 1
) -> list[list[int]]:
    """When each job of each task is over."""
    board = Machine(cores, {}, rule=rule, switch_ns=switch_ns)
    found: list[list[int]] = [[] for _ in scripts]

    def live(number: int) -> Activity:
        task = board.task(f"task-{number}")
        for sleep_ns, work_ns in scripts[number]:
            yield board.clock.timeout(sleep_ns)
            yield from task.run(compute_ns=work_ns)
            found[number].append(board.clock.now)

    for number in range(len(scripts)):
        board.clock.process(live(number))
    board.clock.run_to_end()
    return found


def waits(rule: SchedulingRule, jobs: list[Job], hogs: int = 1, until_ns: int = 0) -> list[int]:
    """How long each job of a sleeper waits beside hogs that came before it, without switch costs.

    Its first job begins while nobody else is there, so that it is not new beside them.
    """
    board = Machine(1, {}, rule=rule, switch_ns=0)
    found: list[int] = []

    def sleeper() -> Activity:
        task = board.task("sleeper")
        yield from task.run(compute_ns=1)
        for sleep_ns, work_ns in jobs:
            yield board.clock.timeout(sleep_ns)
            asked_ns = board.clock.now
            yield from task.run(compute_ns=work_ns)
            found.append(board.clock.now - asked_ns - work_ns)

    def hog() -> Activity:
        yield board.clock.timeout(1)
        yield from board.task("hog").run(compute_ns=FOREVER_NS)

    living = board.clock.process(sleeper())
    for _ in range(hogs):
        board.clock.process(hog())
    board.clock.run(until=until_ns or living)
    return found


def turns(rule: SchedulingRule, hogs: int, until_ns: int, cores: int = 1) -> list[int]:
    """How long the hogs of a core have it, one after the other."""
    spans = SpanWindow()
    board = Machine(cores, {}, rule=rule, switch_ns=0, spans=spans)

    def hog(number: int) -> Activity:
        yield from board.task(f"hog-{number}").run(compute_ns=until_ns // hogs)

    for number in range(hogs):
        board.clock.process(hog(number))
    board.clock.run_to_end()
    ran = [
        (span.task, span.end_ns - span.start_ns)
        for span in spans.spans()
        if span.what == "run" and span.core == 0
    ]
    lengths: list[int] = []
    before = ""
    for task, length_ns in ran:
        if task == before:
            lengths[-1] += length_ns
        else:
            lengths.append(length_ns)
        before = task
    return lengths
