"""A fork server: a process that forks a child for every piece of work, and waits for it.

What AFL's fork server does per input and a test-suite per test: fork, the child computes and
writes pages, exits, and the parent collects it (waitpid) before the next one.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from models.kernel.kernel import Kernel
from models.kernel.rounds import Repeats, Round
from models.memory.areas import Vma
from models.operations.causes import FORK
from models.operations.steps import Hold, Performance
from sim.arrays import IntArray
from sim.machine.causes import SWITCH, WORK, Cause
from sim.machine.clock import Activity
from sim.machine.cores import Core
from sim.machine.spans import CHILD, FAULT, FORKS, RUN, SWITCH_TO
from sim.machine.tasks import Task
from workloads.running.faults import LoadedMemory
from workloads.running.pages import pages_of


@dataclass(frozen=True)
class Execution:
    """One child's life, in nanoseconds.

    Attributes:
        fork_ns: how long the fork kept the parent.
        run_ns: from the child's first instruction to its exit, page faults included.
        total_ns: from the call of fork until the parent has collected the child.
        causes_ns: what that was spent on.
    """

    fork_ns: int
    run_ns: int
    total_ns: int
    causes_ns: Mapping[Cause, int]


@dataclass(frozen=True)
class Executions:
    """Several children's lives, one after the other; int64 arrays of nanoseconds.

    Attributes:
        fork_ns: how long each fork kept the parent.
        total_ns: from each call of fork to the next.
        end_ns: when each was over.
        causes_ns: what the time from call to call was spent on.
    """

    fork_ns: IntArray
    total_ns: IntArray
    end_ns: IntArray
    causes_ns: Mapping[Cause, IntArray]

    def __len__(self) -> int:
        return len(self.end_ns)


def joined(blocks: Sequence[Executions]) -> Executions:
    """Executions of several blocks, at least one, one after the other."""
    causes = dict.fromkeys(cause for block in blocks for cause in block.causes_ns)
    return Executions(
        np.concatenate([block.fork_ns for block in blocks]),
        np.concatenate([block.total_ns for block in blocks]),
        np.concatenate([block.end_ns for block in blocks]),
        {
            cause: np.concatenate(
                [block.causes_ns.get(cause, np.zeros(len(block), np.int64)) for block in blocks]
            )
            for cause in causes
        },
    )


_NOTHING = np.zeros(0, np.int64)
_NO_EXECUTIONS = Executions(_NOTHING, _NOTHING, _NOTHING, {})


class ForkServer:
    """The parent: an address space with one filled heap.

    Args:
        kernel: the machine's kernel.
        name: names its tasks.
        heap_bytes: size of the heap.
        scattered: share of its frames that are scattered; None for a fresh fill.
    """

    def __init__(self, kernel: Kernel, name: str, heap_bytes: int, scattered: float | None) -> None:
        self.task = kernel.machine.task(name)
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self.mm = kernel.start_program()
        self.heap: Vma = self.mm.map(pages_of(heap_bytes))
        kernel.load(self.mm, self.heap, scattered_share=scattered)
        self.loaded = LoadedMemory(self.mm.memory)
        self._rounds = kernel.rounds(self.mm)

    def random_pages(self, generator: np.random.Generator, count: int) -> IntArray:
        """``count`` pages of the heap, each drawn uniformly."""
        return self.heap.start_page + generator.integers(0, self.heap.n_pages, count)

    def round_ns(self, pages: IntArray) -> int:
        """How long `execute` takes on an idle machine besides what the child computes.

        As it is once the heap is used: the first forks find entries that must be protected. The
        rounds are performed to find out, so this is for a server that serves nothing else.
        """
        self._rounds.play(pages)
        steady = self._rounds.play(pages)
        switch_ns = self._kernel.machine.scheduler.switch_ns
        return (
            steady.fork.work_ns
            + switch_ns
            + steady.start.work_ns
            + steady.fault_ns
            + steady.exit.work_ns
        )

    def execute(self, compute_ns: int, pages: IntArray) -> Generator[simpy.Event, Any, Execution]:
        """Fork a child that writes ``pages`` and computes, and wait until it is gone."""
        asked_ns, before_ns = self._clock.now, self.task.ledger.spent()
        self._kernel.books.look()
        this = self._rounds.play(pages)
        yield from self._kernel.spend(self.task, this.fork)
        fork_ns = self._clock.now - asked_ns
        if (spans := self._kernel.machine.scheduler.spans) is not None:
            spans.record(self.task, FORKS, FORK, asked_ns, self._clock.now)
        causes_ns = self.task.ledger.spent()
        for cause, ns in before_ns.items():
            causes_ns[cause] -= ns
        run_ns, of_child_ns = yield self._kernel.process(self.mm, self._child(compute_ns, this))
        for cause, ns in of_child_ns.items():
            causes_ns[cause] = causes_ns.get(cause, 0) + ns
        return Execution(fork_ns, run_ns, self._clock.now - asked_ns, causes_ns)

    def execute_together(
        self, compute_ns: IntArray, pages: IntArray, after: tuple[int, Cause], until_ns: int
    ) -> Generator[simpy.Event, Any, Executions]:
        """Many times `execute`, and as much of the parent's own work after each, in one go.

        That is possible while nobody else is there and memory stays as it is. What comes is what
        would come one by one.

        Args:
            compute_ns: what each child computes, shape (children,).
            pages: what each writes, shape (children, pages of a child).
            after: how long the parent's own work takes, and its cause.
            until_ns: no child is forked from then on.

        Returns:
            The first of them, as many as go together; perhaps none.
        """
        if not self._is_alone():
            return _NO_EXECUTIONS
        repeats = self._rounds.foresee(pages)
        fork_ns, count = repeats.fork_ns, len(repeats)
        # Each child is a new task for the core that it gets; the parent keeps its own.
        start_ns = self._kernel.machine.scheduler.switch_ns
        total_ns = fork_ns + start_ns + repeats.start_ns + compute_ns[:count] + repeats.fault_ns
        total_ns += repeats.exit_ns + after[0]
        end_ns = self._clock.now + total_ns.cumsum()
        first = int(np.searchsorted(end_ns - total_ns, until_ns))
        if not first:
            return _NO_EXECUTIONS
        self._rounds.repeat(repeats, first)
        self._tell(repeats, compute_ns, end_ns[:first] - total_ns[:first], after)
        yield from self.task.run(compute_ns=int(total_ns[:first].sum()), told=False)
        causes_ns = repeats.causes_ns(first)
        causes_ns[SWITCH], causes_ns[after[1]] = np.full(first, start_ns), np.full(first, after[0])
        sums_ns = {cause: int(ns.sum()) for cause, ns in causes_ns.items()}
        self._kernel.machine.scheduler.attribute(self.task, sums_ns)
        for kind, mode, times, held_ns in repeats.holds(first):
            self._kernel.locks.use_of(kind)[mode].repeat(times, held_ns)
        causes_ns[WORK] = compute_ns[:first]
        return Executions(fork_ns[:first], total_ns[:first], end_ns[:first], causes_ns)

    def _is_alone(self) -> bool:
        """Whether nobody else is there, and a child gets a core."""
        scheduler = self._kernel.machine.scheduler
        return (
            self._clock.quiet_until_ns is None
            and scheduler.undisturbed(self.task)
            and len(scheduler.cores) > 1
        )

    def _tell(
        self,
        repeats: Repeats,
        compute_ns: IntArray,
        starts_ns: IntArray,
        after: tuple[int, Cause],
    ) -> None:
        """Tell who watches of executions that go together, the children all on one core."""
        scheduler = self._kernel.machine.scheduler
        if (spans := scheduler.spans) is None:
            return
        child = self._new_child()
        own, core = scheduler.core_for(self.task), scheduler.core_for(child)
        assert own is not None  # noqa: S101 - nobody else is there ...
        assert core is not None  # noqa: S101 - ... and there are several
        switch_ns = scheduler.switch_ns
        for number in spans.met_by(starts_ns):
            this, now_ns = repeats.kinds[repeats.numbers[number]], int(starts_ns[number])
            forked_ns = self._tell_steps(this.fork, self.task, own, now_ns)
            spans.record(self.task, FORKS, FORK, now_ns, forked_ns)
            began_ns = forked_ns + switch_ns
            spans.record(child, SWITCH_TO, SWITCH, forked_ns, began_ns, core=core.number)
            now_ns = self._tell_steps(this.start, child, core, began_ns)
            for cause, ns in ((WORK, int(compute_ns[number])), *this.faults_ns.items()):
                spans.record(child, RUN, cause, now_ns, now_ns + ns, core=core.number)
                if count := this.fault_counts.get(cause, 0):
                    spans.record(child, FAULT, cause, now_ns, now_ns + ns, count=count)
                now_ns += ns
            now_ns = self._tell_steps(this.exit, child, core, now_ns)
            spans.record(child, CHILD, WORK, forked_ns, now_ns)
            spans.record(self.task, RUN, after[1], now_ns, now_ns + after[0], core=own.number)

    def _tell_steps(self, done: Performance, task: Task, core: Core, now_ns: int) -> int:
        """Tell who watches of an operation that begins now; when it ends."""
        spans = self._kernel.machine.scheduler.spans
        assert spans is not None  # noqa: S101 - who else would be told
        for step in done.lasting:
            if isinstance(step, Hold):
                self._kernel.locks.tell(task, step, now_ns)
            else:
                spans.record(task, RUN, step.cause, now_ns, now_ns + step.ns, core=core.number)
                now_ns += step.ns
        return now_ns

    def _new_child(self) -> Task:
        return self._kernel.machine.task(f"{self.task.name}-child")

    def _child(self, compute_ns: int, this: Round) -> Activity:
        task, spans = self._new_child(), self._kernel.machine.scheduler.spans
        if spans is not None:
            spans.begin(task, task, CHILD, WORK, self._clock.now)
        yield from self._kernel.spend(task, this.start)
        began_ns = self._clock.now
        burst = yield from task.run(compute_ns=compute_ns + this.fault_ns)
        run_ns = self._clock.now - began_ns
        self._kernel.machine.scheduler.attribute(task, this.faults_ns)
        if spans is not None and burst is not None:
            # When it faults is not said; told are the faults behind what it computes.
            spans.attribute_burst(burst, this.faults_ns.items(), compute_ns, this.fault_counts)
        yield from self._kernel.spend(task, this.exit)
        if spans is not None:
            spans.end(task, self._clock.now)
        return run_ns, task.ledger.spent()
