"""The steps that an operation of a fork scheme takes, in the order a kernel takes them.

An operation is a generator of steps; whoever drives it gives them time. State changes happen inside
the generator, so an operation driven without a clock (`perform`) changes the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

from models.faults.batch import Faults
from models.memory.address_space import AddressSpace
from models.memory.lockable import Lockable
from sim.machine.causes import Cause

Mode: TypeAlias = Literal["read", "write"]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Acquire:
    """Take the lock of something in `mode`: of an address space, or of one of its areas."""

    mode: Mode
    lock: Lockable


@dataclass(frozen=True)
class Release:
    """Give a lock back."""

    mode: Mode
    lock: Lockable


@dataclass(frozen=True)
class Work:
    """Use a core for `ns` of undisturbed work.

    Attributes:
        ns: Nanoseconds.
        stream: The class of memory stream it is (`fork`, `fill`, `zap`, `copy`); None if it is
            pure computation, which does not contend.
        cause: What it is for.
    """

    ns: int
    stream: str | None
    cause: Cause


@dataclass(frozen=True)
class Hold:
    """A lock is taken, or given back, that nobody else wants.

    Attributes:
        kind: What it locks, as of `Lockable.lock_kind`.
        mode: How.
        begins: Whether it is taken.
    """

    kind: str
    mode: Mode
    begins: bool


@dataclass(frozen=True)
class Flush:
    """Have the other cores that run an address space flush their TLB (a shootdown each)."""

    mm: AddressSpace


@dataclass(frozen=True, eq=False)
class Apply:
    """Make the changes of faults, as far as there is memory for them.

    Attributes:
        mm: Where.
        faults: Which.
        by: Makes them where there is always enough.
    """

    mm: AddressSpace
    faults: Faults
    by: Callable[[AddressSpace, Faults], None]


Step: TypeAlias = Acquire | Release | Hold | Work | Flush | Apply
Operation: TypeAlias = Generator[Step, None, Result]


@dataclass(frozen=True)
class Performance:
    """What an operation did when nothing else was going on.

    Attributes:
        steps: All its steps.
    """

    steps: tuple[Step, ...]

    @cached_property
    def lasting(self) -> tuple[Work | Hold, ...]:
        """What of it can be done again where nobody else wants its locks."""
        return tuple(_lasting(self.steps))

    @property
    def parts_ns(self) -> list[tuple[Cause, int]]:
        """Its work one after the other: for what, and how long."""
        return [(step.cause, step.ns) for step in self.steps if isinstance(step, Work)]

    @cached_property
    def work_ns(self) -> int:
        """The sum of its work: all that takes time where nobody contends for anything."""
        return sum(self.by_cause.values())

    @cached_property
    def by_cause(self) -> dict[Cause, int]:
        """Its work by cause."""
        total: dict[Cause, int] = {}
        for step in self.steps:
            if isinstance(step, Work):
                total[step.cause] = total.get(step.cause, 0) + step.ns
        return total

    @cached_property
    def holds(self) -> tuple[tuple[str, Mode, int], ...]:
        """The locks that it takes, where nobody contends for anything: kind, mode, how long."""
        now_ns, holds = 0, []
        since: dict[tuple[str, Mode], list[int]] = {}
        for step in _lasting(self.steps):
            if isinstance(step, Work):
                now_ns += step.ns
            elif step.begins:
                since.setdefault((step.kind, step.mode), []).append(now_ns)
            else:
                began_ns = since[step.kind, step.mode].pop()
                holds.append((step.kind, step.mode, now_ns - began_ns))
        return tuple(holds)


def _lasting(steps: Iterable[Step]) -> Iterator[Work | Hold]:
    for step in steps:
        if isinstance(step, Acquire | Release):
            yield Hold(step.lock.lock_kind, step.mode, isinstance(step, Acquire))
        elif isinstance(step, Work | Hold):
            yield step


def perform(operation: Operation[Result]) -> tuple[Result, Performance]:
    """Drive an operation without a clock; its result and what it did."""
    steps: list[Step] = []
    while True:
        try:
            step = next(operation)
        except StopIteration as end:
            return end.value, Performance(tuple(steps))
        if isinstance(step, Apply):
            step.by(step.mm, step.faults)
        steps.append(step)
