"""Work in parts takes the time of a burst per part, alone or with others on the core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.arrays import IntArray
from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.scheduling.wait import Wait

PARTS_NS = np.random.default_rng(3).integers(0, 900, 60)


RULES: dict[str, Callable[[int], SchedulingRule]] = {
    "wait": Wait,
    "cfs": lambda slice_ns: Cfs(
        latency_ns=2 * slice_ns, granularity_ns=100, wakeup_granularity_ns=200, tick_ns=401
    ),
    "eevdf of 6.6": lambda ns: Eevdf(slice_ns=ns, tick_ns=401, pays_asleep=False),
    "eevdf of 6.12": lambda ns: Eevdf(slice_ns=ns, tick_ns=401, pays_asleep=True),
}


def ends(parts: bool, others: int, slice_ns: int = 1000, rule: str = "wait") -> IntArray:
    """When each part ends, with ``others`` on the core that compute without a break."""
    machine = Machine(1, {}, rule=RULES[rule](slice_ns), switch_ns=7)
    found: list[int] = []

    def in_parts() -> Activity:
        done_ns = yield from machine.task("parts").run_parts(PARTS_NS)
        found.extend(done_ns.tolist())

    def in_bursts() -> Activity:
        task = machine.task("parts")
        for part_ns in PARTS_NS:
            yield from task.run(compute_ns=part_ns)
            found.append(machine.clock.now)

    def busy(number: int) -> Activity:
        yield from machine.task(f"other-{number}").run(compute_ns=10**6)

    machine.clock.process(in_parts() if parts else in_bursts())
    for number in range(others):
        machine.clock.process(busy(number))
    machine.clock.run_to_end()
    return np.array(found)


def test_alone_they_end_one_after_the_other() -> None:
    assert ends(parts=True, others=0).tolist() == (7 + np.cumsum(PARTS_NS)).tolist()


@pytest.mark.parametrize("others", [0, 1, 3])
@pytest.mark.parametrize("slice_ns", [333, 1000, 5000])
@pytest.mark.parametrize("rule", RULES)
def test_they_end_when_bursts_would(rule: str, others: int, slice_ns: int) -> None:
    in_parts = ends(True, others, slice_ns, rule)
    assert in_parts.tolist() == ends(False, others, slice_ns, rule).tolist()
    if others:
        assert in_parts[-1] > 7 + PARTS_NS.sum()


def test_parts_of_no_work_are_done_at_once() -> None:
    machine = Machine(1, {}, rule=Wait(1000), switch_ns=7)
    parts = machine.clock.process(machine.task("parts").run_parts(np.array([0, 0])))
    done_ns = machine.clock.run(until=parts)
    assert isinstance(done_ns, np.ndarray)
    assert done_ns.tolist() == [0, 0]


def test_negative_work_is_refused() -> None:
    machine = Machine(1, {}, rule=Wait(1000), switch_ns=7)
    machine.clock.process(machine.task("parts").run_parts(np.array([5, -1, 5])))
    with pytest.raises(ValueError, match="parts"):
        machine.clock.run_to_end()
