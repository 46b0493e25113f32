"""The steps that an operation of a fork scheme takes, in the order a kernel takes them.

An operation is a generator of steps; whoever drives it gives them time. State changes happen inside
the generator, so an operation driven without a clock (`perform`) changes the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
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


Step: TypeAlias = Acquire | Release | Work | Flush | Apply
Operation: TypeAlias = Generator[Step, None, Result]


def replay(steps: Iterable[Step]) -> Operation[None]:
    """The same steps again, of an operation that was performed."""
    yield from steps


@dataclass(frozen=True)
class Performance:
    """What an operation did when nothing else was going on.

    Attributes:
        work_ns: The sum of its work.
        steps: All its steps.
    """

    work_ns: int
    steps: tuple[Step, ...]


def perform(operation: Operation[Result]) -> tuple[Result, Performance]:
    """Drive an operation without a clock; its result and what it did."""
    steps: list[Step] = []
    while True:
        try:
            step = next(operation)
        except StopIteration as end:
            work_ns = sum(step.ns for step in steps if isinstance(step, Work))
            return end.value, Performance(work_ns, tuple(steps))
        if isinstance(step, Apply):
            step.by(step.mm, step.faults)
        steps.append(step)
