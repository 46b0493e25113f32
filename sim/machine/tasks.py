"""Tasks, and the bursts of work that they want done."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import simpy

from sim.arrays import IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.clock import Clock, Step
from sim.machine.ledger import Ledger

# A rest of memory work below this many nanoseconds is rounding, not work.
_ROUNDING_NS = 1e-6


@dataclass(eq=False, slots=True)
class Burst:
    """Work that a task wants done: first the compute part, then the memory part.

    Attributes:
        task: whose work it is.
        compute_ns: what is left of the compute part.
        memory_ns: what is left of the memory part, undisturbed.
        stream: class of the memory part's stream; None if it contends with nobody.
        done: called when nothing is left.
        cause: what it is for.
        queued_ns: when it was queued last.
        number: orders it among those that wait.
        told: whether who watches hears of it from its core; else from who has asked for it.
        passes: the stretches of time in which it had a core: (end, length) of each.
    """

    task: Task
    compute_ns: int
    memory_ns: float
    stream: str | None
    done: Step
    cause: Cause = WORK
    queued_ns: int = 0
    number: int = 0
    told: bool = True
    passes: list[tuple[int, int]] = field(default_factory=list)

    def unfinished(self) -> bool:
        """Whether anything is left."""
        return self.compute_ns > 0 or self.memory_ns > _ROUNDING_NS

    def memory_part_ns(self, slowdown: float) -> int:
        """How long the memory part still takes, at this slowdown."""
        return math.ceil(self.memory_ns * slowdown - _ROUNDING_NS)

    def progress(self, ran_ns: int, slowdown: float) -> int:
        """Account for ``ran_ns`` on a core in the current part; so long it had taken alone."""
        self.task.cpu_ns += ran_ns
        if self.compute_ns > 0:
            self.compute_ns -= ran_ns
            return ran_ns
        left_ns = self.memory_part_ns(1.0)
        if ran_ns == self.memory_part_ns(slowdown):
            self.memory_ns = 0.0
        else:
            self.memory_ns -= ran_ns / slowdown
        return left_ns - self.memory_part_ns(1.0)

    def stretches_ns(self, first_ns: int, end_ns: int) -> Iterator[tuple[int, int, int]]:
        """When a part of it was done, given by how much was done by then: start, end, length."""
        done_ns = 0
        for pass_end_ns, ran_ns in self.passes:
            start_ns, done_ns = pass_end_ns - ran_ns - done_ns, done_ns + ran_ns
            low_ns, high_ns = max(first_ns, done_ns - ran_ns), min(end_ns, done_ns)
            if low_ns < high_ns:
                yield start_ns + low_ns, start_ns + high_ns, high_ns - low_ns

    def moments_ns(self, worked_ns: IntArray) -> IntArray:
        """When so much of it was done, of a burst that is (int64 [n] both; at least 0 each)."""
        ended_ns, ran_ns = np.array(self.passes, np.int64).T
        by_then_ns = ran_ns.cumsum()
        # The pass in which it was done, and how long before its end.
        number = by_then_ns.searchsorted(worked_ns)
        moments: IntArray = ended_ns[number] - (by_then_ns[number] - worked_ns)
        return moments


@dataclass
class Turn:
    """A stretch of time in which a core is one task's.

    Attributes:
        began_ns: since when it is, with neither others nor a pause in between.
        confirmed_ns: when it was last decided, at its beginning or later, that the task is to run.
    """

    began_ns: int = 0
    confirmed_ns: int = 0


class Dispatcher(Protocol):
    """Whoever finds bursts a core."""

    clock: Clock

    def queue(self, burst: Burst) -> None:
        """Take a burst that wants a core from now on."""


class Task:
    """A thread of execution.

    Args:
        dispatcher: finds its work a core; the machine's scheduler.
        name: names the task in spans.

    Attributes:
        cpu_ns: core time it has used so far.
        last_core: number of the core it ran on last, or runs on; None if it never ran.
        burst: what it wants done at the moment; None if it sleeps or has just finished.
        waits: whether that waits for a core.
        contends: whether it wants a core or has one.
        fair_ns: virtual time, which says who is to run: core time used, changed on waking as the
            machine's rule of scheduling says, so that a sleeper cannot hoard it.
        deadline_ns: virtual time at which its turn is over, where the rule has deadlines.
        lag_ns: how far it was behind the mean when it fell asleep, where the rule keeps that.
        keeps_core: whether it has had its core for no longer than to its deadline.
        ledger: what its time went by.
    """

    def __init__(self, dispatcher: Dispatcher, name: str) -> None:
        self.name = name
        self.cpu_ns = 0
        self.last_core: int | None = None
        self.burst: Burst | None = None
        self.waits = False
        self.contends = False
        self.fair_ns = 0
        self.deadline_ns = 0
        self.lag_ns = 0
        self.keeps_core = False
        self.ledger = Ledger()
        self._dispatcher = dispatcher

    def run(
        self,
        compute_ns: int = 0,
        memory_ns: int = 0,
        stream: str | None = None,
        cause: Cause = WORK,
        *,
        told: bool = True,
    ) -> Generator[simpy.Event, Any, Burst | None]:
        """Use a core for ``compute_ns`` and then ``memory_ns`` of undisturbed work, for a cause.

        The memory part takes longer while other streams contend with class ``stream``. See `Burst`
        of whether it is ``told``.

        Returns:
            The work when it is done; None if there was none.

        Raises:
            ValueError: a part is negative.
        """
        if compute_ns < 0 or memory_ns < 0:
            raise ValueError("work cannot be negative")
        if compute_ns or memory_ns:
            done = self._dispatcher.clock.event()
            burst = self._queued(int(compute_ns), float(memory_ns), stream, done.succeed, cause)
            burst.told = told
            yield done
            return burst
        return None

    def begin(self, compute_ns: int, then: Step) -> Burst:
        """Use a core for ``compute_ns``, at least 1, and take a step when that is done.

        The same as a `run`, for somebody who is no process.
        """
        return self._queued(compute_ns, 0.0, None, partial(self._dispatcher.clock.soon, then))

    def run_parts(self, parts_ns: IntArray) -> Generator[simpy.Event, Any, IntArray]:
        """Use a core for one part of compute work after the other, with nothing in between.

        Takes the time of a `run` of each part, at the price of one.

        Args:
            parts_ns: int64 [n], n at least 1, at least 0 each.

        Returns:
            int64 [n], when each part was done.

        Raises:
            ValueError: a part is negative.
        """
        done_ns = parts_ns.cumsum()
        if parts_ns.min() < 0:
            raise ValueError("parts of work cannot be negative")
        if not done_ns[-1]:
            return np.full(len(parts_ns), self._dispatcher.clock.now)
        done = self._dispatcher.clock.event()
        burst = self._queued(int(done_ns[-1]), 0.0, None, done.succeed)
        yield done
        return burst.moments_ns(done_ns)

    def _queued(
        self,
        compute_ns: int,
        memory_ns: float,
        stream: str | None,
        done: Step,
        cause: Cause = WORK,
    ) -> Burst:
        """Work that waits for a core from now on."""
        burst = Burst(self, compute_ns, memory_ns, stream, done, cause)
        if self.burst is not None:
            raise RuntimeError(f"{self.name} wants two things done at once")
        self.burst = burst
        self._dispatcher.queue(burst)
        return burst
