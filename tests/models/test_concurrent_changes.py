"""Two threads change one address space: what the second finds is decided when it has the lock."""

import numpy as np
import pytest
from fork_scenario import Scenario

from models.operations.steps import Acquire, Operation, Release, perform


def while_waiting(waits: Operation[None], first: Operation[None]) -> list[object]:
    """The first operation is done when the second waits for the lock; the steps of the second."""
    steps: list[object] = [next(waits)]
    assert isinstance(steps[0], Acquire)
    perform(first)
    steps.extend(waits)
    return steps


def test_the_areas_that_are_locked_are_those_that_are_there() -> None:
    s = Scenario("classic6")
    s.map(2048)
    p = s.mm["P"]
    steps = while_waiting(s.scheme.unmap(p, 1024, 512), s.scheme.unmap(p, 0, 512))
    (area,) = (step.lock for step in steps[1:] if isinstance(step, Acquire) and step.lock is not p)
    # It began at page 512 when it was locked, and was cut in two then.
    assert area is p.vmas[0]
    assert [(vma.start_page, vma.end_page) for vma in p.vmas] == [(512, 1024), (1536, 2048)]


def test_a_heap_that_has_grown_meanwhile_shrinks_as_any_other() -> None:
    s = Scenario("classic")
    s.map(100, heap=True)
    p = s.mm["P"]
    waits = s.scheme.brk(p, 200)
    next(waits)
    perform(s.scheme.brk(p, 600))
    s.write("P", np.arange(600))
    perform(waits)
    assert p.vmas[0].n_pages == 200
    assert s.memory.frames.in_use == 200


@pytest.mark.parametrize("operation", ["protect", "move"])
def test_what_is_gone_meanwhile_is_refused_and_the_lock_given_back(operation: str) -> None:
    s = Scenario("classic")
    s.map(512)
    p = s.mm["P"]
    waits = s.scheme.protect(p, 0, 512, False) if operation == "protect" else None
    waits = waits or s.scheme.move(p, 0, 512, 1024)
    next(waits)
    perform(s.scheme.unmap(p, 0, 512))
    assert next(waits) == Release("write", p)
    with pytest.raises(ValueError, match="cannot"):
        next(waits)


def test_a_page_of_a_pool_that_appears_meanwhile_is_not_cut() -> None:
    s = Scenario("hugetlb")
    p = s.mm["P"]
    waits = s.scheme.unmap(p, 0, 100)
    next(waits)
    s.map(512)
    assert next(waits) == Release("write", p)
    with pytest.raises(ValueError, match="pool"):
        next(waits)
