"""Script: what processes do to their memory, with the time and the faults of each step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
import simpy
from pydantic import AfterValidator, Field, model_validator

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, BusError
from models.memory.slots import count_killed
from models.operations.steps import Operation
from sim.arrays import IntArray
from sim.configuration import Configuration
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.machine.tasks import Task
from sim.measures.common_metrics import DURATION, STEPS
from sim.measures.metrics import Better, Group, Metric, Unit
from sim.measures.recording import Recording
from sim.units import Count, Duration
from workloads.running.demands import HELD, MOST_BYTES, SHARED, Demand
from workloads.running.faults import everything_counted
from workloads.running.pages import PAGE_BYTES, SLOT_BYTES
from workloads.running.program import Program
from workloads.running.simulated_time import check_length
from workloads.workload import Scope, Workload

FIRST = "P"
"""The process that is there at the beginning."""

_PAGES = re.compile(r"(\d{1,12})(?:-(\d{1,12})(?::(\d{1,6}))?)?")
_MOST_PAGES = 2**24


def _pages(value: str | int) -> str | int:
    match = _PAGES.fullmatch(str(value))
    if match is None or (match[2] and int(match[2]) < int(match[1])) or match[3] == "0":
        raise ValueError("expected a page, or pages such as 0-511 or 0-511:2")
    if match[2] and int(match[2]) - int(match[1]) >= _MOST_PAGES:
        raise ValueError(f"expected at most {_MOST_PAGES} pages")
    return value


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
Page = Annotated[int, Field(ge=0, lt=2**36, description="the first page of the range")]
Pages = Annotated[
    str | int, AfterValidator(_pages), Field(description="a page, 0-511, or every second: 0-511:2")
]
Extent = Annotated[Count, Field(ge=1, le=MOST_BYTES // PAGE_BYTES, description="how many pages")]
_OF_SLOT = 16
"""Bytes that are held for 2 MiB of a process's addresses, used or below used ones."""


class _ScriptStep(Configuration):
    who: Annotated[Name, Field(description="the process that does it")] = FIRST


class Map(_ScriptStep):
    """Map new pages (mmap)."""

    do: Literal["map"]
    pages: Extent
    at: Annotated[
        Page | None, Field(description="the first page; default: where there is room")
    ] = None
    writable: Annotated[bool, Field(description="whether it may be written (PROT_WRITE)")] = True
    shared: Annotated[bool, Field(description="whether children share what is written")] = False
    heap: Annotated[bool, Field(description="whether it is the area that brk moves")] = False
    populate: Annotated[bool, Field(description="whether all of it is filled now")] = False

    @model_validator(mode="after")
    def _populates_what_can_be_written(self) -> Self:
        if self.populate and self.pages > _MOST_PAGES:
            raise ValueError(f"expected at most {_MOST_PAGES} pages with populate")
        return self


class Range(_ScriptStep):
    """Change a range of pages: munmap, mprotect, MADV_DONTNEED, mremap."""

    do: Annotated[
        Literal["unmap", "protect", "unprotect", "discard", "move"],
        Field(description="munmap, mprotect without and with PROT_WRITE, MADV_DONTNEED, mremap"),
    ]
    at: Page
    pages: Extent
    to: Annotated[Page | None, Field(description="where `move` goes")] = None

    @model_validator(mode="after")
    def _moves_somewhere(self) -> Self:
        if (self.do == "move") != (self.to is not None):
            raise ValueError("expected to: with move, and with nothing else")
        return self


class Brk(_ScriptStep):
    """Make the heap so long."""

    do: Literal["brk"]
    pages: Extent


class Access(_ScriptStep):
    """Read or write pages, one after the other."""

    do: Annotated[Literal["read", "write"], Field(description="what is done to each page")]
    pages: Pages


class Fork(_ScriptStep):
    """Fork a child by a name."""

    do: Literal["fork"]
    into: Annotated[Name, Field(alias="as", description="the child's name")]


class Leave(_ScriptStep):
    """Exit, or replace the memory by an empty one."""

    do: Annotated[Literal["exit", "exec"], Field(description="which of them")]


class Sleep(_ScriptStep):
    """Let time pass."""

    do: Literal["sleep"]
    time: Annotated[Duration, Field(description="how long")]


Step = Annotated[Map | Range | Brk | Access | Fork | Leave | Sleep, Field(discriminator="do")]


class Together(Configuration):
    """Steps that begin at once, each in a thread of its own."""

    together: Annotated[
        list[Step], Field(min_length=1, max_length=64, description="steps, one a thread")
    ]


class ScriptConfig(Configuration):
    """Processes and what they do to their memory; at first there is one, P, without memory."""

    kind: Literal["script"]
    steps: Annotated[
        list[Step | Together],
        Field(min_length=1, max_length=1000, description="what is done, one after the other"),
    ]

    @model_validator(mode="after")
    def _knows_everybody(self) -> Self:
        alive = {FIRST}
        for number, entry in enumerate(self.steps, 1):
            steps: list[Any] = entry.together if isinstance(entry, Together) else [entry]
            busy = [step.who for step in steps]
            for step in steps:
                ends = isinstance(step, Leave) and busy.count(step.who) > 1
                if ends or (isinstance(step, Fork) and step.into in busy and len(busy) > 1):
                    what = step.do if ends else f"what {step.into} does"
                    raise ValueError(f"step {number}: {what}: expected a step of its own")
                if step.who not in alive:
                    raise ValueError(f"step {number}: {step.who}: expected a process that is there")
                if isinstance(step, Fork):
                    if step.into in alive:
                        raise ValueError(f"step {number}: as: {step.into} is there already")
                    alive.add(step.into)
                if step.do == "exit":
                    alive.remove(step.who)
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        steps: list[Any] = [
            step
            for entry in self.steps
            for step in (entry.together if isinstance(entry, Together) else [entry])
        ]
        check_length("to sleep", sum(step.time for step in steps if isinstance(step, Sleep)))
        return self


@dataclass(frozen=True)
class _Process:
    """A process: its memory, the thread that takes the steps one by one, and when it is ready."""

    mm: AddressSpace
    task: Task
    ready: simpy.Event


class ScriptRun:
    """Takes the steps, and notes what each took."""

    def __init__(self, config: ScriptConfig, kernel: Kernel) -> None:
        self._config = config
        self._kernel = kernel
        self._clock = kernel.machine.clock
        mm = kernel.start_program()
        self._memory = mm.memory
        self._processes = {FIRST: _Process(mm, kernel.thread(FIRST, mm), self._clock.timeout(0))}
        self._killed: set[str] = set()
        self._recording = Recording()

    def live(self) -> Activity:
        """All steps, one after the other."""
        for number, entry in enumerate(self._config.steps, 1):
            before, began_ns = self._memory.counts.copy(), self._clock.now
            what = "together" if isinstance(entry, Together) else f"{entry.who}_{entry.do}"
            name = f"{number:03}_{what}"
            try:
                yield from self._entry(entry)
            except ValueError as error:
                raise ValueError(f"step {number}: {error}") from error
            for process in self._processes.values():
                self._kernel.books.note(process.mm)
            counted = (self._memory.counts - before).as_dict()
            self._recording.add(
                levels={_took(name, number): self._clock.now - began_ns},
                counters={_counted(name, kind): n for kind, n in counted.items() if n},
            )

    def _entry(self, entry: Any) -> Activity:
        if isinstance(entry, Together):
            threads = [self._take(step, alone=False) for step in entry.together]
            mm = self._processes[FIRST].mm
            yield self._clock.all_of([self._kernel.process(mm, thread) for thread in threads])
        else:
            yield from self._take(entry, alone=True)

    def recording(self) -> Recording:
        """The time and the counts of each step, and of all."""
        return self._recording.add(
            counters=everything_counted(self._memory.counts), levels={DURATION: self._clock.now}
        )

    def _take(self, step: Any, *, alone: bool) -> Activity:
        process = self._processes[step.who]
        mm = process.mm
        if step.who in self._killed:
            return
        if not process.ready.processed:
            yield process.ready
        task = process.task if alone else self._kernel.thread(step.who, mm)
        if isinstance(step, Fork):
            child = yield from self._kernel.fork(task, mm)
            thread = self._kernel.thread(step.into, child)
            # The child begins at once; only who wants something of it must wait.
            ready = self._kernel.process(child, self._kernel.start(thread, child))
            self._processes[step.into] = _Process(child, thread, ready)
        elif isinstance(step, Access):
            yield from self._access(task, mm, step, alone=alone)
        elif isinstance(step, Sleep):
            yield self._clock.timeout(step.time)
        elif step.do == "exit":
            yield from self._kernel.exit(task, mm)
        else:
            yield from self._kernel.play(task, self._operation(mm, step))
        if not alone:
            self._kernel.end_thread(task)

    def _access(self, task: Task, mm: AddressSpace, step: Access, *, alone: bool) -> Activity:
        pages, writes = page_numbers(step.pages), step.do == "write"
        try:
            if alone:
                yield from self._kernel.access_alone(task, mm, pages, writes)
            else:
                yield from self._kernel.access(task, mm, pages, writes)
        except BusError:
            if step.who not in self._killed:
                self._killed.add(step.who)
                count_killed(self._memory)
                yield from self._kernel.exit(task, mm)

    def _operation(self, mm: AddressSpace, step: Any) -> Operation[Any]:
        scheme = self._kernel.scheme
        if isinstance(step, Map):
            return scheme.map(
                mm,
                step.pages,
                at=step.at,
                writable=step.writable,
                shared=step.shared,
                heap=step.heap,
                populate=step.populate,
            )
        if isinstance(step, Brk):
            return scheme.brk(mm, step.pages)
        if step.do == "exec":
            return scheme.exec(mm)
        if step.do == "move":
            return scheme.move(mm, step.at, step.pages, step.to)
        if step.do in {"protect", "unprotect"}:
            return scheme.protect(mm, step.at, step.pages, step.do == "unprotect")
        operation = scheme.unmap if step.do == "unmap" else scheme.discard
        return operation(mm, step.at, step.pages)


def _took(step: str, number: int) -> Metric:
    """How long a step took."""
    label, group = f"steps/{step}/took", Group.DETAILS
    return Metric(f"{label}_ns", Unit.NANOSECONDS, Better.LESS, label, group, STEPS, number)


def _counted(step: str, kind: str) -> Metric:
    """How often something happened in a step."""
    return Metric(f"steps/{step}/{kind}", group=Group.DETAILS)


def page_numbers(pages: str | int) -> IntArray:
    """The pages that ``0-511:2`` means."""
    match = _PAGES.fullmatch(str(pages))
    if match is None:
        raise ValueError(f"{pages}: expected pages such as 0-511")
    first = int(match[1])
    return np.arange(first, int(match[2] or first) + 1, int(match[3] or 1))


def leave_at_once(steps: Sequence[Any]) -> bool:
    """Whether all children of a script exec or exit before they or their parents do more.

    Threads of the parent that are there together with the fork go on meanwhile.

    Args:
        steps: as plain data.
    """
    waiting: dict[str, str] = {}
    for entry in steps:
        together = entry.get("together", [entry])
        parents = set(waiting.values())
        for step in together:
            who, does = step["who"], step["do"]
            if who in waiting and does in {"exec", "exit"}:
                del waiting[who]
            elif who in waiting or who in parents:
                return False
        waiting |= {step["into"]: step["who"] for step in together if step["do"] == "fork"}
    return not waiting


class Script(Workload):
    """Script: what processes do to their memory, with the time and the faults of each step."""

    name = "script"
    Config = ScriptConfig
    scope = Scope(
        "Processes that map, read, write, cut, protect and move memory, fork, exec and exit, step "
        "by step or several threads at once; the time and the faults of each step are told.",
        "What processes compute: only what they do to memory takes time.",
    )
    example = (
        "{kind: script, steps: [{do: map, pages: 1024, at: 0}, {do: write, pages: 0-1023}, "
        "{do: fork, as: C}, {do: write, who: C, pages: 0}, {do: write, pages: 0-511:2}, "
        "{do: exit, who: C}]}"
    )

    def start(self, config: ScriptConfig, kernel: Kernel, streams: Streams) -> Program:
        """The script; nothing in it is random."""
        del streams
        steps = ScriptRun(config, kernel)
        return Program([steps.live()], steps.recording)

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """See `Workload.most_at_once`; steps that are taken together."""
        return max(len(entry.get("together", [entry])) for entry in config["steps"])

    def children_exit_at_once(self, config: Mapping[str, Any]) -> bool:
        """See `Workload.children_exit_at_once`."""
        return leave_at_once(config["steps"])

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`; as if every process had all addresses, and wrote all pages."""
        entries = (entry.get("together", [entry]) for entry in config["steps"])
        steps = [step for together in entries for step in together]
        processes = 1 + sum(step["do"] == "fork" for step in steps)
        mapped = sum(s["pages"] for s in steps if s["do"] in ("map", "brk") and not s.get("at"))
        ends = [s[at] + s["pages"] for s in steps for at in ("at", "to") if s.get(at) is not None]
        slots = -(-(mapped + max(ends, default=0)) // PAGES_PER_SLOT)
        yield Demand(HELD, "steps", _OF_SLOT * slots * processes)
        yield Demand(SHARED, "steps", SLOT_BYTES * processes * len(_written_slots(steps)))


def _written_slots(steps: Iterable[Mapping[str, Any]]) -> set[int]:
    """Which 2 MiB are read or written, wherever they are."""
    slots: set[int] = set()
    for pages in {str(step["pages"]) for step in steps if step["do"] in ("read", "write")}:
        first, _, last = pages.partition(":")[0].partition("-")
        slots.update(range(int(first) // PAGES_PER_SLOT, int(last or first) // PAGES_PER_SLOT + 1))
    return slots
