"""The same history under every scheme: what processes see, and what is copied (X2-X6)."""

from typing import ClassVar

import numpy as np
import pytest
from chorus import Chorus
from driven_memory import DrivenMemory
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from memory_history import VARIANTS, History
from naive_schemes import NaiveHead
from values_in_memory import Process

from models.operations.steps import Work

SMALL_PAGES = ("paper", "head", "patchset", "async", "classic6")
"""Schemes that copy 4 KiB pages as classic fork does, whatever becomes of the tables."""


def driven(name: str) -> DrivenMemory:
    variant = VARIANTS[name]
    return DrivenMemory(variant.make(), variant.make_naive(), compares=False, priced=variant.priced)


class Comparison(History):
    """Classic fork leads, as a rule; the others follow."""

    variant = VARIANTS["classic"]
    compares = False
    kills = False  # what an asynchronous copy saves then, classic fork has already spent
    followers: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.others = {name: driven(name) for name in self.followers}
        self.chorus = Chorus(self.make_scheme(), self.variant.make_naive(), self.others)
        self.driven = self.chorus

    def reads_new_areas(self, process: Process) -> bool:
        """What is populated is populated under every scheme, or under none."""
        place = self.driven.processes.index(process)
        return any(other.processes[place].naive.forks_on_demand for other in self.others.values())

    @invariant()
    def transparency(self) -> None:
        """X2: processes read the same under every scheme."""
        for place, process in enumerate(self.driven.processes):
            if process.started:
                seen = self.driven.visible(process)
                for name, follower in self.others.items():
                    assert (follower.visible(follower.processes[place]) == seen).all(), name

    @invariant()
    def copies(self) -> None:
        """X3: data pages are copied alike; async faults like classic, V never more often."""
        classic = self.driven.memory.counts
        for name in SMALL_PAGES:
            if name not in self.others:
                continue
            follower = self.others[name]
            counts = follower.memory.counts
            assert counts.actions["cow_copy"] == classic.actions["cow_copy"], name
            assert counts.actions["zero_fill"] == classic.actions["zero_fill"], name
            if name in ("async", "classic6"):
                assert counts.faults == classic.faults, name
                assert counts.actions["cow_reuse"] == classic.actions["cow_reuse"], name
            elif isinstance(follower.naive, NaiveHead):
                # What is populated unasked, or mapped into a shared table, does not fault later.
                otherwise = follower.naive.faults_otherwise
                assert otherwise or counts.faults == classic.faults, name
            else:
                assert counts.faults <= classic.faults, name

    @invariant()
    def blocked_time(self) -> None:
        """X6: no scheme made to fork faster blocks its parent longer, for the same memory."""
        for place, process in enumerate(self.driven.processes):
            classic_ns = self.driven.scheme.fork_ns(process.lazy)
            for name in ("paper", "head", "async"):
                if name in self.others and process.started:
                    follower = self.others[name]
                    if isinstance(follower.naive, NaiveHead) and follower.naive.faults_otherwise:
                        continue  # it has more to copy than classic fork
                    lazy = follower.processes[place].lazy
                    assert follower.scheme.fork_ns(lazy) <= classic_ns, name


class OnAPool(Comparison):
    """What hugetlb does not refuse, under it and under classic fork."""

    variant = VARIANTS["hugetlb"]
    followers = ("classic",)


class WithDiscards(Comparison):
    """Everything, but not under the one scheme that ignores MADV_DONTNEED."""

    followers = tuple(name for name in VARIANTS if name not in ("classic", "head", "hugetlb"))


class WithoutDiscards(Comparison):
    """Every other scheme."""

    followers = tuple(name for name in VARIANTS if name not in ("classic", "hugetlb"))
    discard = None  # type: ignore[assignment] # how Hypothesis is told of no such rule


def run(history: type[History], *, examples: int, steps: int) -> None:
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(history, settings=bounds)


@pytest.mark.histories
@pytest.mark.parametrize("history", [WithDiscards, WithoutDiscards, OnAPool])
def test_the_same_history_under_every_scheme(history: type[History]) -> None:
    run(history, examples=8, steps=40)


@pytest.mark.full
@pytest.mark.parametrize("history", [WithDiscards, WithoutDiscards, OnAPool])
def test_long_histories_under_every_scheme(history: type[History]) -> None:
    run(history, examples=100, steps=200)


@pytest.mark.parametrize("name", ["paper", "head", "patchset", "async"])
def test_fork_of_wholly_eligible_memory_allocates_no_table(name: str) -> None:
    """X4: at any size, and without a fault."""
    memory = driven(name)
    (process,) = memory.processes
    process.lazy.map(512 * 64)
    memory.scheme.fill(process.lazy, 0, 512 * 64)
    before = memory.memory.counts.copy()
    steps = list(memory.scheme.fork(process.lazy))
    counts = memory.memory.counts - before
    assert (counts.tables_alloc, counts.ptes_copied, counts.faults) == (0, 0, 0)
    assert np.sum([step.ns for step in steps if isinstance(step, Work)]) > 0
